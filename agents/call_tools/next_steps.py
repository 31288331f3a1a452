"""`next_steps`: who promised what by when, on one call or on many."""

from collections.abc import Sequence

from pydantic import Field

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.cues import SOURCE
from agents.analysis.calls.next_steps import CLOSING_SHARE, NextStep, closes_with_step, next_steps_in
from agents.call_tools.evidence import CALLS_SHOWN, Evidence, headline, more, more_calls, reference
from agents.call_tools.material import (
    ROW_LIMIT,
    CallRow,
    Quoted,
    call_row,
    cut_note,
    gather,
    in_english,
    one_by_one,
    quoted,
)
from agents.call_tools.scope import Speaking, SpokenParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["NEXT_STEPS", "NextStepView", "missing_close", "next_step_text", "view_next_step"]

_SHOWN = 5


class StepParameters(SpokenParameters):
    """Whose next steps of which calls."""

    side: Speaking | None = Field(
        default=None,
        description="`internal` for what the seller's side has to do, `external` for the customer's; both if left out",
    )


class NextStepView(Record):
    """One promise, request or plan."""

    call_id: str
    owner: str = Field(description="a name, or `both`")
    owner_side: str = Field(description="internal, external, unknown or both")
    action: str
    due: str | None = Field(description="ISO date, counted from the day of the call")
    due_phrase: str | None
    quotes: list[Quoted]
    agreed: list[Quoted] = Field(description="the other side's reply, if it agreed at once")
    closing: bool = Field(description="in the last tenth of the call")
    confidence: float


class NextStepsData(Record):
    """All next steps found."""

    calls: list[CallRow]
    next_steps: list[NextStepView]
    calls_without_closing_step: list[str] = Field(description="ids of calls whose last tenth holds none")
    cue_source: str


async def _run(sources: Sources, parameters: StepParameters) -> Observation:
    whose = parameters.side
    material = in_english(await gather(sources, parameters), "next steps")
    evidence = material.evidence()
    views: list[NextStepView] = []
    texts: list[str] = []
    open_ended: list[Conversation] = []
    found = 0
    number = 0
    async for talk in one_by_one(material.conversations):
        number += 1
        every = next_steps_in(talk)
        steps = [step for step in every if whose is None or step.owner_side in (whose, "both")]
        if not closes_with_step(talk, every):
            open_ended.append(talk)
        if material.single or number <= CALLS_SHOWN:
            texts += _call_text(talk, steps, single=material.single, whose=whose)
        found += len(steps)
        for step in steps[: ROW_LIMIT - len(views)]:
            views.append(view_next_step(evidence, talk, step))
            evidence.candidate(_statement(step), talk, [step.line], step.confidence)
    texts += more_calls(len(material.conversations), CALLS_SHOWN)
    data = NextStepsData(
        calls=[call_row(call) for call in material.calls],
        next_steps=views,
        calls_without_closing_step=[talk.call.id for talk in open_ended],
        cue_source=SOURCE,
    )
    head = _headline(found, len(material.conversations), [] if whose else open_ended, whose)
    text = material.nothing or "\n".join([head, *texts])
    return Observation(
        text, data, evidence.findings, evidence.citations, (*material.notes, *cut_note(found, "next steps"))
    )


def _call_text(talk: Conversation, steps: Sequence[NextStep], *, single: bool, whose: Speaking | None) -> list[str]:
    shown = steps[: _SHOWN if single else 3]
    lines = [next_step_text(talk, step) for step in shown] + more(len(steps), len(shown))
    if single and whose is None and not closes_with_step(talk, steps):
        lines.append(f"- {missing_close()}")
    return lines if single else [headline(talk), *(lines or ["- not found in the transcript"])]


def view_next_step(evidence: Evidence, talk: Conversation, step: NextStep) -> NextStepView:
    """The next step as data; its sentence is cited."""
    return NextStepView(
        call_id=talk.call.id,
        owner=step.owner,
        owner_side=step.owner_side,
        action=step.action,
        due=step.due.day.isoformat() if step.due else None,
        due_phrase=step.due.phrase if step.due else None,
        quotes=quoted(evidence, talk, [step.line]),
        agreed=quoted(evidence, talk, [step.agreed] if step.agreed else []),
        closing=step.closing,
        confidence=step.confidence,
    )


def next_step_text(talk: Conversation, step: NextStep) -> str:
    """One line: owner, action, due date, where."""
    owner = "Both sides" if step.owner == "both" else step.owner
    due = f" · due {step.due.day.isoformat()} (“{step.due.phrase}”)" if step.due else ""
    agreed = f" · {step.agreed.speaker.name} agreed" if step.agreed else ""
    return f"- **{owner}**: {step.action}{due}{agreed} {reference(talk, step.line)}"


def missing_close() -> str:
    """What is said of a call that ends without a next step."""
    return f"No next step found in the last {CLOSING_SHARE * 100:.0f} % of the call."


def _statement(step: NextStep) -> str:
    due = f", due {step.due.day.isoformat()}" if step.due else ""
    return f"{'Both sides' if step.owner == 'both' else step.owner}: {step.action}{due}"


def _headline(found: int, read: int, open_ended: Sequence[Conversation], whose: Speaking | None) -> str:
    if whose is not None:
        side = "the seller's side" if whose == "internal" else "the customer's side"
        on = "the transcript" if read == 1 else f"{read} transcripts"
        return f"**{found or 'No'} possible promise{'s' * (found != 1)} of {side} in {on}**, most likely first:"
    if read == 1:
        if not found:
            return "**No next step found in the transcript.** That is no proof that none was agreed."
        return f"**{found} possible next step{'s' * (found > 1)}**, most likely first:"
    head = f"**{found} possible next steps on {read} calls.**"
    if not open_ended:
        return head
    named = [f"{talk.call.started.date().isoformat()} {talk.call.title}" for talk in open_ended[:CALLS_SHOWN]]
    rest = f"; and {len(open_ended) - len(named)} more" if len(open_ended) > len(named) else ""
    share = f"{CLOSING_SHARE * 100:.0f} %"
    return f"{head} None was found in the last {share} of {len(open_ended)} of them: {'; '.join(named)}{rest}."


NEXT_STEPS = Tool(
    name="next_steps",
    description=(
        "Next steps, commitments and follow-ups: owner, action, due date resolved against the day of the call, with "
        "the sentence that says so; also says which calls end without one."
    ),
    cues=(
        "next steps", "next step", "follow up", "follow-up", "follow-ups", "action items", "commitments", "promised",
        "promise", "agreed to do", "to do", "due",
    ),
    parameters=StepParameters,
    data=NextStepsData,
    needs="calls",
    run=_run,
)  # fmt: skip
