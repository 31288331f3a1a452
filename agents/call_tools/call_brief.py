"""`call_brief`: what a manager reads first. One call on half a page, or several at one line each."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.analysis.calls.conversation import Conversation, Line, is_english
from agents.analysis.calls.interaction import Interaction, interaction_of
from agents.analysis.calls.key_sentences import key_sentences
from agents.analysis.calls.next_steps import NextStep, closes_with_step, next_steps_in
from agents.analysis.calls.objections import Objection, objections_in
from agents.analysis.calls.questions import questions_in
from agents.call_tools.call_list import CallLine, list_calls
from agents.call_tools.evidence import Evidence, clock, headline, more, percent, quote
from agents.call_tools.material import CallRow, Material, Quoted, call_row, gather, quoted
from agents.call_tools.next_steps import NextStepView, missing_close, next_step_text, view_next_step
from agents.call_tools.objections import ObjectionView, clearest, objection_text, view_objection
from agents.call_tools.scope import ScopeParameters
from agents.result import Record
from agents.sources import Call, Sources
from agents.tool import Observation, Tool

__all__ = ["CALL_BRIEF"]

_RECAP = 4
_QUESTIONS = 2
_OBJECTIONS = 3
_STEPS = 4
_TOPICS = 6
_SECTIONS = 8


class Participant(Record):
    """Somebody on the call; `share` of the talk time, null for those who are not heard."""

    name: str
    side: str
    title: str | None
    share: float | None


class TopicView(Record):
    """A subject that the recorder found."""

    name: str
    duration_s: float


class SectionView(Record):
    """One section of the recorder's outline; `items` are its words, not what was said."""

    section: str
    at: str = Field(description="mm:ss from the start")
    duration_s: float
    items: list[str]


class Brief(Record):
    """One call."""

    call: CallRow
    participants: list[Participant]
    rep_share: float | None = Field(description="the rep's share of talk time, 0 to 1")
    customer_share: float | None
    company_questions: int
    customer_questions: int
    recap: list[Quoted] = Field(description="key sentences of the call, verbatim, in order")
    rep_asked: list[Quoted]
    customer_asked: list[Quoted]
    objections: list[ObjectionView]
    next_steps: list[NextStepView]
    closes_with_step: bool = Field(description="whether a next step was found in the last tenth of the call")
    topics: list[TopicView] = Field(description="what the recorder itself found, the longest first")
    outline: list[SectionView] = Field(description="the recorder's own outline, in its words")
    summary: str | None = Field(default=None, description="the recorder's own, where no transcript can be had")


class CallBriefData(Record):
    """One brief, or a list of calls."""

    calls: list[CallRow]
    brief: Brief | None = Field(description="where one call is meant")
    lines: list[CallLine] = Field(description="where several calls are meant, newest first")


_UNREAD = "The cue lists are English: key sentences, objections and next steps were not looked for in this call."


@dataclass(frozen=True, slots=True)
class _Parts:
    """What one conversation holds."""

    talk: Conversation
    interaction: Interaction
    objections: tuple[Objection, ...]
    steps: tuple[NextStep, ...]


async def _run(sources: Sources, parameters: ScopeParameters) -> Observation:
    material = await gather(sources, parameters)
    if not material.calls:
        data = CallBriefData(calls=[], brief=None, lines=[])
        return Observation(material.nothing or "", data, notes=material.notes)
    if not material.single:
        return await _several(material)
    if not material.conversations:
        return _without_words(material)
    return _one(material, material.conversations[0])


async def _several(material: Material) -> Observation:
    evidence = material.evidence()
    text, lines = await list_calls(evidence, material)
    data = CallBriefData(calls=[call_row(call) for call in material.calls], brief=None, lines=lines)
    return Observation(text, data, evidence.findings, evidence.citations, material.notes)


def _without_words(material: Material) -> Observation:
    """What is known of a call that cannot be read: its frame, and the recorder's summary if it has one."""
    call = material.calls[0]
    summary = " ".join(line.text for line in material.prose[0].lines) if material.prose else None
    brief = Brief(
        call=call_row(call),
        participants=[Participant(name=p.name, side=p.side, title=p.title, share=None) for p in call.parties],
        rep_share=None,
        customer_share=None,
        company_questions=0,
        customer_questions=0,
        recap=[],
        rep_asked=[],
        customer_asked=[],
        objections=[],
        next_steps=[],
        closes_with_step=False,
        topics=_topics(call),
        outline=_outline(call),
        summary=summary,
    )
    people = ", ".join(party.name for party in call.parties) or "nobody named"
    frame = f"**{call.title}** · {call.started.date().isoformat()} · {call.duration_s / 60:.0f} min · with {people}"
    told = f"The recorder's summary: {quote(summary)}" if summary else "It has no transcript: nothing can be quoted."
    data = CallBriefData(calls=[call_row(call)], brief=brief, lines=[])
    evidence = material.evidence()
    text = "\n\n".join([frame, told, *_recorded(brief)])
    return Observation(text, data, evidence.findings, evidence.citations, material.notes)


def _topics(call: Call) -> list[TopicView]:
    longest = sorted(call.topics, key=lambda topic: (-topic.duration_s, topic.name))
    return [TopicView(name=topic.name, duration_s=topic.duration_s) for topic in longest]


def _outline(call: Call) -> list[SectionView]:
    return [
        SectionView(
            section=part.section,
            at=clock(round(part.start_s * 1000)),
            duration_s=part.duration_s,
            items=list(part.items),
        )
        for part in call.outline
    ]


def _recorded(brief: Brief) -> list[str]:
    """The recorder's topics and outline, each as one short section."""
    sections: list[str] = []
    topics = [f"{topic.name} ({_minutes(topic.duration_s)})" for topic in brief.topics[:_TOPICS]]
    if topics:
        sections.append(f"**Topics, as the recorder found them:** {', '.join(topics)}")
    if brief.outline:
        parts = [
            f"- {part.at} {part.section}" + f": {'; '.join(part.items[:1])}" * bool(part.items)
            for part in brief.outline
        ]
        lines = parts[:_SECTIONS] + more(len(parts), min(len(parts), _SECTIONS))
        sections.append(_section("Outline, in the recorder's words", lines))
    return sections


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _one(material: Material, talk: Conversation) -> Observation:
    english = is_english(talk.call)
    objections, steps = (objections_in(talk), next_steps_in(talk)) if english else ((), ())
    parts = _Parts(talk, interaction_of(talk), objections, steps)
    evidence = material.evidence()
    brief = _brief(evidence, parts)
    _findings(evidence, parts)
    told = _sections(parts, brief) if english else [_UNREAD]
    text = "\n\n".join([_frame(parts), *told, *_recorded(brief)])
    data = CallBriefData(calls=[call_row(talk.call)], brief=brief, lines=[])
    return Observation(text, data, evidence.findings, evidence.citations, material.notes)


def _brief(evidence: Evidence, parts: _Parts) -> Brief:
    talk, figures = parts.talk, parts.interaction
    told = {line.number for objection in parts.objections for line in objection.lines}
    told |= {step.line.number for step in parts.steps[:_STEPS]}
    asked = questions_in(talk) if is_english(talk.call) else []
    open_ones = [line for line, kind in asked if line.speaker.side == "internal" and kind == "open"]
    customers = [
        line for line, _ in asked if line.speaker.side == "external" and line.number not in told and line.words >= 4
    ]
    shares = {part.speaker.id: part.share for part in figures.speakers}
    heard = [
        Participant(name=speaker.name, side=speaker.side, title=speaker.title, share=shares[speaker.id])
        for speaker in talk.speakers
    ]
    silent = [Participant(name=party.name, side=party.side, title=party.title, share=None) for party in talk.silent]
    return Brief(
        call=call_row(talk.call),
        participants=heard + silent,
        rep_share=figures.rep_share,
        customer_share=figures.customer_share,
        company_questions=figures.company_questions,
        customer_questions=figures.customer_questions,
        recap=quoted(evidence, talk, key_sentences(talk, _RECAP, told) if is_english(talk.call) else ()),
        rep_asked=quoted(evidence, talk, _telling(open_ones)),
        customer_asked=quoted(evidence, talk, _telling(customers)),
        objections=[view_objection(evidence, talk, objection) for objection in parts.objections],
        next_steps=[view_next_step(evidence, talk, step) for step in parts.steps],
        closes_with_step=closes_with_step(talk, parts.steps),
        topics=_topics(talk.call),
        outline=_outline(talk.call),
    )


def _telling(questions: Sequence[Line]) -> list[Line]:
    """The longest few questions, in order: short ones say little when they stand alone."""
    longest = sorted(questions, key=lambda line: (-min(line.words, 20), line.number))[:_QUESTIONS]
    return sorted(longest, key=lambda line: line.number)


def _findings(evidence: Evidence, parts: _Parts) -> None:
    talk, figures = parts.talk, parts.interaction
    if figures.rep is not None and figures.rep_share is not None:
        basis = "talk time" if talk.clocked else "words"
        evidence.metric(
            f"{figures.rep.name} has {percent(figures.rep_share)} of the {basis} (first and last sentence cited)",
            talk,
            (talk.lines[0], talk.lines[-1]),
        )
    for objection in clearest(parts.objections, _OBJECTIONS):
        statement = f"Possible {objection.type} objection; reply: {', '.join(objection.handled)}"
        evidence.candidate(statement, talk, objection.lines, objection.confidence)
    for step in parts.steps[:_STEPS]:
        due = f", due {step.due.day.isoformat()}" if step.due else ""
        evidence.candidate(f"Next step, {step.owner}: {step.action}{due}", talk, [step.line], step.confidence)


def _frame(parts: _Parts) -> str:
    """Which call, who was there, how the floor was shared."""
    talk, figures = parts.talk, parts.interaction
    lines = [headline(talk)]
    for side, label in (("internal", "Seller"), ("external", "Customer"), ("unknown", "Side unknown")):
        people = [
            f"{part.speaker.name}{f' ({part.speaker.title})' if part.speaker.title else ''} {percent(part.share)}"
            for part in figures.speakers
            if part.speaker.side == side
        ]
        people += [f"{party.name} (not heard)" for party in talk.silent if party.side == side]
        if people:
            lines.append(f"{label}: {', '.join(people)}")
    basis = "Shares are of talk time" if talk.clocked else "Shares are by words, not time"
    lines.append(
        f"{basis}; questions: {figures.company_questions} by the seller, {figures.customer_questions} by the customer."
    )
    return "  \n".join(lines)


def _sections(parts: _Parts, brief: Brief) -> list[str]:
    talk = parts.talk
    sections: list[str] = []
    if brief.recap:
        sections.append(_section("Key sentences", [_quoted_line(item) for item in brief.recap]))
    asked = [_quoted_line(item) for item in (*brief.rep_asked, *brief.customer_asked)]
    if asked:
        sections.append(_section("What was asked", asked))
    objections = [objection_text(talk, objection) for objection in clearest(parts.objections, _OBJECTIONS)]
    objections += more(len(parts.objections), len(objections))
    sections.append(_section("Objections (candidates)", objections or ["- Not found in the transcript."]))
    steps = [next_step_text(talk, step) for step in parts.steps[:_STEPS]]
    steps += more(len(parts.steps), len(steps))
    if not brief.closes_with_step:
        steps.append(f"- {missing_close()}")
    sections.append(_section("Next steps (candidates)", steps))
    return sections


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"**{title}**", *lines])


def _quoted_line(item: Quoted) -> str:
    where = f"{item.at} {item.speaker}" if item.at else item.speaker
    return f"- [{where}] {quote(item.text)}"


CALL_BRIEF = Tool(
    name="call_brief",
    description=(
        "Brief of one call (who, when, recap in its own sentences, what was asked, objections, next steps, talk "
        "split), or, when several calls are in scope, the list of them, newest first, with what stands out."
    ),
    cues=(
        "brief",
        "summary",
        "summarise",
        "summarize",
        "recap",
        "what happened",
        "overview",
        "which calls",
        "list calls",
    ),
    parameters=ScopeParameters,
    data=CallBriefData,
    needs="calls",
    run=_run,
)
