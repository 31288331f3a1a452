"""`framework_coverage`: what a deal's calls hold for MEDDICC, MEDDPICC, SPICED or BANT, and what to ask next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.analysis.calls.competitors import competitors_in
from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.frameworks import Coverage, Element, Status, cover
from agents.call_tools.evidence import CALLS_SHOWN, Evidence, headline, more_calls, quote, reference
from agents.call_tools.material import CallRow, Material, Quoted, call_row, gather, in_english, one_by_one, quoted
from agents.call_tools.packaged import packaged
from agents.call_tools.scope import ScopeParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["FRAMEWORK_COVERAGE", "Framework", "FrameworkFile"]

Framework = Literal["MEDDICC", "MEDDPICC", "SPICED", "BANT"]

_QUOTES = 3
_CONFIDENCE: Mapping[Status, float] = {"evidence": 0.5, "mentioned": 0.3}
_FULL_WORDS = 25


class ElementEntry(BaseModel):
    """One letter of the packaged file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    ask: str
    evidence: tuple[str, ...]
    mention: tuple[str, ...] = ()
    needs: Literal["figure", "date"] | None = None
    never: tuple[str, ...] = ()


class FrameworkFile(BaseModel):
    """The packaged file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    frameworks: Mapping[Framework, tuple[str, ...]]
    elements: Mapping[str, ElementEntry]


class FrameworkParameters(ScopeParameters):
    """Which framework on which calls."""

    framework: Framework | None = Field(default=None, description="MEDDICC if left out")


class LetterView(Record):
    """One letter. There is no score: a status stands beside the quotes that carry it, or beside none."""

    id: str
    name: str
    status: Status = Field(
        description="`none found` says that no listed phrase occurred, not that it was not covered"
    )
    quotes: list[Quoted]
    found: int = Field(description="sentences that a phrase marks with this status")
    gap: str | None = Field(description="what is missing; null where there is evidence")
    ask_next: str | None = Field(description="the question to ask next; null where there is evidence")


class CallCoverage(Record):
    """One call's letters by status, as names."""

    call_id: str
    evidence: list[str]
    mentioned: list[str]
    none_found: list[str]


class FrameworkData(Record):
    """The coverage of the calls in scope taken together, and of each."""

    framework: Framework
    calls: list[CallRow]
    letters: list[LetterView]
    by_call: list[CallCoverage]
    source: str


@dataclass(frozen=True, slots=True)
class _Letter:
    """A letter and the sentence that stands for it in the text."""

    view: LetterView
    first: tuple[Conversation, Line] | None


Covered = Sequence[tuple[Conversation, Sequence[Coverage]]]


async def _run(sources: Sources, parameters: FrameworkParameters) -> Observation:
    chosen: Framework = parameters.framework or "MEDDICC"
    known = packaged("frameworks", FrameworkFile)
    elements = [_element(id_, known.elements[id_]) for id_ in known.frameworks[chosen]]
    material = in_english(await gather(sources, parameters), f"{chosen} evidence")
    evidence = material.evidence()
    covered = [(talk, cover(talk, elements, _rivals(talk))) async for talk in one_by_one(material.conversations)]
    told = [_letter(evidence, element, covered) for element in elements]
    letters = [letter.view for letter in told]
    data = FrameworkData(
        framework=chosen,
        calls=[call_row(call) for call in material.calls],
        letters=letters if covered else [],
        by_call=[_by_call(talk, found) for talk, found in covered],
        source=known.source,
    )
    text = material.nothing or _text(material, chosen, told, covered)
    notes = (*material.notes, f"{chosen} is read by phrases ({known.source}); what was said otherwise is not seen.")
    return Observation(text, data, evidence.findings, evidence.citations, notes)


def _rivals(talk: Conversation) -> Mapping[str, Sequence[Line]]:
    """Sentences that name a rival speak of the competition, whatever their words."""
    return {"competition": [line for rival in competitors_in(talk) for line in rival.lines]}


def _element(id_: str, entry: ElementEntry) -> Element:
    return Element(id_, entry.name, entry.ask, entry.evidence, entry.mention, entry.needs, entry.never)


def _letter(evidence: Evidence, element: Element, covered: Covered) -> _Letter:
    status, lines = _best(element, covered)
    views: list[Quoted] = []
    telling = _telling(lines)
    for talk, line in telling:
        views += quoted(evidence, talk, [line])
        statement = (
            f"{element.name}: {'customer evidence' if status == 'evidence' else 'mentioned'} on {talk.call.title}"
        )
        evidence.candidate(statement, talk, [line], _CONFIDENCE[status])
    missing = None
    if status == "mentioned":
        missing = "It came up, but no sentence of the customer's carries it."
    elif status == "none found":
        missing = "No listed phrase occurred; it may have been covered in other words."
    view = LetterView(
        id=element.id,
        name=element.name,
        status=status,
        quotes=views,
        found=len(lines),
        gap=missing,
        ask_next=element.ask if missing else None,
    )
    return _Letter(view, telling[0] if telling else None)


def _best(element: Element, covered: Covered) -> tuple[Status, list[tuple[Conversation, Line]]]:
    """The strongest status on any of the calls, and the sentences that have it."""
    own = [(talk, found) for talk, every in covered for found in every if found.element.id == element.id]
    statuses: tuple[Status, ...] = ("evidence", "mentioned")
    for status in statuses:
        lines = [(talk, line) for talk, found in own if found.status == status for line in found.lines]
        if lines:
            return status, lines
    return "none found", []


def _telling(lines: Sequence[tuple[Conversation, Line]]) -> list[tuple[Conversation, Line]]:
    """The few that tell most when they stand alone: the customer's, and the fuller ones."""
    ranked = sorted(
        lines,
        key=lambda item: (item[1].speaker.side != "external", -min(item[1].words, _FULL_WORDS)),
    )
    return ranked[:_QUOTES]


def _by_call(talk: Conversation, found: Sequence[Coverage]) -> CallCoverage:
    def named(status: Status) -> list[str]:
        return [it.element.name for it in found if it.status == status]

    return CallCoverage(
        call_id=talk.call.id,
        evidence=named("evidence"),
        mentioned=named("mentioned"),
        none_found=named("none found"),
    )


def _text(material: Material, framework: Framework, told: Sequence[_Letter], covered: Covered) -> str:
    letters = [letter.view for letter in told]
    proven = sum(letter.status == "evidence" for letter in letters)
    where = headline(covered[0][0]) if material.single else f"{len(covered)} calls together"
    lines = [f"**{framework}** on {where}", f"Customer evidence for {proven} of {len(letters)} letters."]
    lines += [_letter_text(letter, single=material.single) for letter in told]
    gaps = [letter for letter in letters if letter.ask_next]
    if gaps:
        lines += ["", "**Ask next**", *(f"- {letter.name}: “{letter.ask_next}”" for letter in gaps)]
    if not material.single:
        lines += ["", "**Call by call**", *(_call_text(talk, found) for talk, found in covered[:CALLS_SHOWN])]
        lines += more_calls(len(covered), CALLS_SHOWN)
    return "\n".join(lines)


def _letter_text(letter: _Letter, *, single: bool) -> str:
    head = f"- **{letter.view.name}**: {letter.view.status}"
    if letter.first is None:
        return head
    talk, line = letter.first
    where = "" if single else f"{talk.call.started.date().isoformat()} {talk.call.title} "
    return f"{head} {where}{reference(talk, line)} {quote(line.text)}"


def _call_text(talk: Conversation, found: Sequence[Coverage]) -> str:
    proven = [it.element.name for it in found if it.status == "evidence"]
    day = talk.call.started.date().isoformat()
    return f"- {day} **{talk.call.title}**: {', '.join(proven) or 'no customer evidence found'}"


FRAMEWORK_COVERAGE = Tool(
    name="framework_coverage",
    description=(
        "How far calls cover MEDDICC, MEDDPICC, SPICED or BANT: per letter none found, mentioned or customer evidence, "
        "with quotes and times, the gap, and the question to ask next."
    ),
    cues=(
        "meddicc", "meddic", "meddpicc", "spiced", "bant", "qualification", "qualified", "framework", "methodology",
        "economic buyer", "decision criteria", "champion", "what is missing",
    ),
    parameters=FrameworkParameters,
    data=FrameworkData,
    needs="calls",
    run=_run,
)  # fmt: skip
