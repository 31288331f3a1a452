"""`questions`: who asked what, open or closed."""

from collections.abc import Sequence

from pydantic import Field

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.questions import Asked, asked_in
from agents.call_tools.evidence import CALLS_SHOWN, headline, more, more_calls, said
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
from agents.call_tools.scope import ScopeParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["QUESTIONS"]

_SHOWN = 4
_SIDES = (("internal", "the seller"), ("external", "the customer"), ("unknown", "speakers of unknown side"))


class QuestionView(Record):
    """One question."""

    call_id: str
    kind: str = Field(description="open (invites a story) or closed (yes, no, a name or a number answers it)")
    quote: Quoted
    confidence: float = Field(
        description="1 for a question mark or a plain request to tell; less where wording and what followed decided"
    )


class QuestionCount(Record):
    """How many questions one side asked on one call."""

    call_id: str
    side: str
    questions: int
    open: int


class QuestionsData(Record):
    """All questions found; tags such as "right?" are left out."""

    calls: list[CallRow]
    counts: list[QuestionCount]
    questions: list[QuestionView]


async def _run(sources: Sources, parameters: ScopeParameters) -> Observation:
    material = in_english(await gather(sources, parameters), "questions")
    evidence = material.evidence()
    counts: list[QuestionCount] = []
    views: list[QuestionView] = []
    texts: list[str] = []
    number = guessed = 0
    async for talk in one_by_one(material.conversations):
        number += 1
        asked = [one for one in asked_in(talk) if one.kind != "tag"]
        guessed += sum(one.confidence < 1 for one in asked)
        show = number <= CALLS_SHOWN
        texts.append("" if material.single or not show else headline(talk))
        for side, label in _SIDES:
            theirs = [one for one in asked if one.line.speaker.side == side]
            if not theirs:
                continue
            open_count = sum(1 for one in theirs if one.kind == "open")
            counts.append(QuestionCount(call_id=talk.call.id, side=side, questions=len(theirs), open=open_count))
            if show:
                texts.append(f"**{len(theirs)} questions by {label}**, {open_count} of them open")
                texts += _side_text(talk, theirs, _SHOWN if material.single else 2)
            shown = _longest(theirs, _SHOWN)
            evidence.metric(f"{talk.call.title}: {len(theirs)} questions by {label}, {open_count} open", talk, shown)
        views += [
            QuestionView(
                call_id=talk.call.id,
                kind=one.kind,
                quote=quoted(evidence, talk, [one.line])[0],
                confidence=one.confidence,
            )
            for one in asked[: ROW_LIMIT - len(views)]
        ]
        if not asked and show:
            texts.append("No question found in the transcript.")
    texts += more_calls(len(material.conversations), CALLS_SHOWN)
    notes = (*material.notes, *_guessed_note(guessed))
    data = QuestionsData(calls=[call_row(call) for call in material.calls], counts=counts, questions=views)
    total = sum(count.questions for count in counts)
    text = material.nothing or "\n".join(text for text in texts if text)
    return Observation(text, data, evidence.findings, evidence.citations, (*notes, *cut_note(total, "questions")))


def _guessed_note(guessed: int) -> tuple[str, ...]:
    if not guessed:
        return ()
    what = (
        "1 question has no question mark and was"
        if guessed == 1
        else f"{guessed} questions have no question mark and were"
    )
    return (f"{what} found by the wording and by what followed; some may be missed, and some may be none.",)


def _side_text(talk: Conversation, asked: Sequence[Asked], count: int) -> list[str]:
    kinds = {one.line.number: one.kind for one in asked}
    shown = _longest(asked, count)
    return [f"- {kinds[line.number]}: {said(talk, [line])}" for line in shown] + more(len(asked), len(shown))


def _longest(asked: Sequence[Asked], count: int) -> list[Line]:
    """Open ones first, then long ones: they tell most when they stand alone."""
    ranked = sorted(asked, key=lambda one: (one.kind != "open", -one.line.words, one.line.number))
    return sorted((one.line for one in ranked[:count]), key=lambda line: line.number)


QUESTIONS = Tool(
    name="questions",
    description="Questions asked on calls, by side, open or closed, with quotes and counts.",
    cues=("questions", "question", "asked", "ask", "discovery questions", "open questions", "what did they ask"),
    parameters=ScopeParameters,
    data=QuestionsData,
    needs="calls",
    run=_run,
)
