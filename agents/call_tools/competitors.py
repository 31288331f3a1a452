"""`competitors`: rivals that were named, with what was said about them."""

from pydantic import Field

from agents.analysis.calls.competitors import Competitor, competitors_in
from agents.analysis.calls.conversation import Conversation
from agents.call_tools.evidence import Evidence, more, said
from agents.call_tools.material import CallRow, Quoted, call_row, gather, in_english, one_by_one, quoted
from agents.call_tools.scope import ScopeParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["COMPETITORS"]

_SHOWN = 5
_UNNAMED = "an unnamed rival"


class MentionView(Record):
    """One mention."""

    call_id: str
    quote: Quoted


class CompetitorView(Record):
    """One rival and everything said of it."""

    name: str | None = Field(description="null for rivals that stay unnamed, such as `another vendor`")
    mentions: int
    by_customer: int = Field(description="mentions by the customer's side")
    calls: list[str]
    confidence: float
    quotes: list[MentionView]


class CompetitorsData(Record):
    """All rivals found."""

    calls: list[CallRow]
    competitors: list[CompetitorView]


async def _run(sources: Sources, parameters: ScopeParameters) -> Observation:
    material = in_english(await gather(sources, parameters), "competitors")
    evidence = material.evidence()
    rivals: dict[str | None, list[tuple[Conversation, Competitor]]] = {}
    known: set[str] = set()
    async for talk in one_by_one(material.conversations):
        known |= {rival.name for rival in competitors_in(talk) if rival.name}
    async for talk in one_by_one(material.conversations):
        for rival in competitors_in(talk, sorted(known)):
            rivals.setdefault(rival.name, []).append((talk, rival))
    ranked = sorted(rivals, key=lambda name: (name is None, -_mentions(rivals[name]), name or ""))
    views = [_view(evidence, name, rivals[name]) for name in ranked]
    texts: list[str] = []
    for name in ranked[:_SHOWN]:
        texts += _text(name, rivals[name], single=material.single)
    texts += more(len(ranked), min(len(ranked), _SHOWN))
    data = CompetitorsData(calls=[call_row(call) for call in material.calls], competitors=views)
    where = "the transcript" if material.single else f"{len(material.conversations)} transcripts"
    named = sum(1 for name in ranked if name)
    head = (
        f"**{named} possible rival{'s' * (named != 1)} named in {where}**"
        if ranked
        else f"**No rival found in {where}.**"
    )
    return Observation(
        material.nothing or "\n".join([head, *texts]), data, evidence.findings, evidence.citations, material.notes
    )


def _mentions(found: list[tuple[Conversation, Competitor]]) -> int:
    return sum(len(rival.lines) for _, rival in found)


def _view(evidence: Evidence, name: str | None, found: list[tuple[Conversation, Competitor]]) -> CompetitorView:
    quotes: list[MentionView] = []
    for talk, rival in found:
        quotes += [MentionView(call_id=talk.call.id, quote=item) for item in quoted(evidence, talk, rival.lines)]
        statement = f"{name or _UNNAMED} comes up as a rival ({talk.call.title}, {len(rival.lines)} mentions)"
        evidence.candidate(statement, talk, rival.lines[:3], rival.confidence)
    return CompetitorView(
        name=name,
        mentions=len(quotes),
        by_customer=sum(1 for item in quotes if item.quote.side == "external"),
        calls=[talk.call.id for talk, _ in found],
        confidence=max(rival.confidence for _, rival in found),
        quotes=quotes,
    )


def _text(name: str | None, found: list[tuple[Conversation, Competitor]], *, single: bool) -> list[str]:
    total = _mentions(found)
    calls = "" if single else f" on {len(found)} call{'s' * (len(found) > 1)}"
    lines = [f"- **{name or _UNNAMED.capitalize()}**, {total} mention{'s' * (total > 1)}{calls}"]
    quotes = [(talk, line) for talk, rival in found for line in rival.lines]
    quotes.sort(key=lambda item: item[1].speaker.side != "external")  # the customer's own words first
    for talk, line in quotes[:2]:
        where = "" if single else f"{talk.call.started.date().isoformat()} {talk.call.title} "
        lines.append(f"  - {where}{said(talk, [line])}")
    return lines


COMPETITORS = Tool(
    name="competitors",
    description="Competitors that were named on calls, with who said what about them and when.",
    cues=("competitors", "competitor", "competition", "rival", "rivals", "alternatives", "other vendors", "versus"),
    parameters=ScopeParameters,
    data=CompetitorsData,
    needs="calls",
    run=_run,
)
