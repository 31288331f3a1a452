"""`objections`: what the customer pushed back on, and how it was taken up."""

from collections import Counter
from collections.abc import Sequence

from pydantic import Field

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.cues import SOURCE
from agents.analysis.calls.objections import Objection, objections_in
from agents.call_tools.evidence import CALLS_SHOWN, Evidence, headline, more, more_calls, reference, said
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

__all__ = ["OBJECTIONS", "ObjectionView", "clearest", "objection_text", "view_objection"]

_SHOWN = 5


class ObjectionView(Record):
    """One objection."""

    call_id: str
    type: str
    quotes: list[Quoted]
    reply: list[Quoted] = Field(description="the sentences of the reply that show how it was taken up")
    handled: list[str] = Field(description="acknowledged, asked, answered; or ignored")
    pause_s: float | None = Field(description="before the reply; negative where it began early")
    relief: list[Quoted] = Field(description="what the customer said after the reply, if it sounds content")
    confidence: float


class TypeCount(Record):
    """How often one type came up, and on how many calls."""

    type: str
    objections: int
    calls: int


class ObjectionsData(Record):
    """All objections found."""

    calls: list[CallRow]
    counts: list[TypeCount]
    objections: list[ObjectionView]
    cue_source: str


async def _run(sources: Sources, parameters: ScopeParameters) -> Observation:
    material = in_english(await gather(sources, parameters), "objections")
    evidence = material.evidence()
    views: list[ObjectionView] = []
    texts: list[str] = []
    types: list[tuple[str, str]] = []
    told = 0
    async for talk in one_by_one(material.conversations):
        objections = objections_in(talk)
        if objections and told < CALLS_SHOWN:
            told += 1
            texts += _call_text(talk, objections, single=material.single)
        types += [(objection.type, talk.call.id) for objection in objections]
        for objection in objections[: ROW_LIMIT - len(views)]:
            views.append(view_objection(evidence, talk, objection))
            evidence.candidate(_statement(talk, objection), talk, objection.lines, objection.confidence)
    texts += more_calls(len({call_id for _, call_id in types}), told)
    counts = _counts(types)
    data = ObjectionsData(
        calls=[call_row(call) for call in material.calls], counts=counts, objections=views, cue_source=SOURCE
    )
    text = material.nothing or "\n".join([_headline(material.single, len(material.conversations), counts), *texts])
    return Observation(
        text, data, evidence.findings, evidence.citations, (*material.notes, *cut_note(len(types), "objections"))
    )


def _call_text(talk: Conversation, objections: Sequence[Objection], *, single: bool) -> list[str]:
    shown = clearest(objections, _SHOWN if single else 2)
    lines = [objection_text(talk, objection) for objection in shown]
    return [*([] if single else [headline(talk)]), *lines, *more(len(objections), len(shown))]


def clearest(objections: Sequence[Objection], count: int) -> list[Objection]:
    """The surest few, in order of time."""
    surest = sorted(objections, key=lambda objection: (-objection.confidence, objection.lines[0].number))[:count]
    return sorted(surest, key=lambda objection: objection.lines[0].number)


def view_objection(evidence: Evidence, talk: Conversation, objection: Objection) -> ObjectionView:
    """The objection as data; its quotes are cited."""
    return ObjectionView(
        call_id=talk.call.id,
        type=objection.type,
        quotes=quoted(evidence, talk, objection.lines),
        reply=quoted(evidence, talk, objection.telling),
        handled=list(objection.handled),
        pause_s=round(objection.pause_ms / 1000, 1) if objection.pause_ms is not None else None,
        relief=quoted(evidence, talk, [objection.relief] if objection.relief else []),
        confidence=objection.confidence,
    )


def objection_text(talk: Conversation, objection: Objection) -> str:
    """Two lines: the customer's words, the reply and what it did."""
    lines = [f"- **{objection.type.capitalize()}** {said(talk, objection.lines)}"]
    if "ignored" in objection.handled:
        after = f": {said(talk, objection.telling)}" if objection.reply else ""
        lines.append(f"  - not taken up in the reply{after}")
    else:
        lines.append(f"  - {', '.join(objection.handled)}: {said(talk, objection.telling)}")
    if objection.relief:
        lines[-1] += f" → {reference(talk, objection.relief)} sounded content"
    return "\n".join(lines)


def _statement(talk: Conversation, objection: Objection) -> str:
    who = objection.lines[0].speaker.name
    about = talk.call.account or talk.call.title
    return f"{who} ({about}) raised a {objection.type} objection; reply: {', '.join(objection.handled)}"


def _counts(types: list[tuple[str, str]]) -> list[TypeCount]:
    total = Counter(type_ for type_, _ in types)
    calls = Counter(type_ for type_, _ in set(types))
    return [
        TypeCount(type=type_, objections=number, calls=calls[type_])
        for type_, number in sorted(total.items(), key=lambda item: (-item[1], item[0]))
    ]


def _headline(single: bool, read: int, counts: list[TypeCount]) -> str:
    total = sum(count.objections for count in counts)
    where = "in the transcript" if single else f"in the {read} transcripts read"
    if not total:
        return f"**No objection found {where}.** That is no proof that there was none: the cue lists are short."
    kinds = ", ".join(
        f"{count.objections} {count.type}" + ("" if single else f" on {count.calls} call{'s' * (count.calls > 1)}")
        for count in counts
    )
    return f"**{total} possible objection{'s' * (total > 1)} {where}:** {kinds}."


OBJECTIONS = Tool(
    name="objections",
    description=(
        "Objections of the customer (price, timing, authority, need, competitor, security, integration, status quo, "
        "trust), each with the customer's words, the seller's reply and how it was taken up."
    ),
    cues=("objections", "objection", "pushback", "push back", "concerns", "concern", "hesitations", "worried about"),
    parameters=ScopeParameters,
    data=ObjectionsData,
    needs="calls",
    run=_run,
)
