"""What a tool works on: the calls in scope and their words, or the sentence that says why there is nothing."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

import anyio.lowlevel
from pydantic import Field

from agents.analysis.calls.conversation import Conversation, Line, is_english
from agents.call_tools.evidence import Evidence, clock, quote
from agents.call_tools.reading import read
from agents.call_tools.scope import ScopeParameters, call_source, scope_of, select
from agents.result import Record
from agents.sources import Call, Sources

__all__ = [
    "READ_LIMIT",
    "ROW_LIMIT",
    "SUMMARIES_SHOWN",
    "CallRow",
    "Material",
    "Quoted",
    "call_row",
    "cut_note",
    "gather",
    "in_english",
    "one_by_one",
    "quoted",
    "summary_text",
]

READ_LIMIT = 60
"""How many calls one answer reads."""
SUMMARIES_SHOWN = 3
"""How many written summaries an answer quotes."""
ROW_LIMIT = 200
"""How many things found are in the data of one answer; counts are of all."""


class CallRow(Record):
    """Which call."""

    call_id: str
    title: str
    date: str = Field(description="ISO date on which it began")
    duration_min: int
    account: str | None
    rep: str | None
    stage: str | None
    synthetic: bool = Field(description="sample data: the call never took place")


class Quoted(Record):
    """A sentence of a call and where it stands."""

    citation: str = Field(description="id of the citation that holds the whole sentence")
    at: str | None = Field(description="mm:ss from the start, or `sentence n` where the transcript has no times")
    speaker: str
    side: str = Field(description="internal (the seller's), external (the customer's) or unknown")
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """The calls in scope, newest first, and those of them that can be read.

    `nothing` is set where there is nothing to analyse, and is then the whole answer. `prose` are conversations of
    which only a summary is known; they are not among `conversations`.
    """

    calls: tuple[Call, ...]
    conversations: tuple[Conversation, ...]
    prose: tuple[Conversation, ...]
    notes: tuple[str, ...]
    nothing: str | None

    @property
    def single(self) -> bool:
        """Whether one call is meant."""
        return len(self.calls) == 1

    def evidence(self) -> Evidence:
        """Where the answer's evidence is collected; holds the summaries, which are all that is told of their calls."""
        return Evidence(self.prose)


async def gather(sources: Sources, parameters: ScopeParameters, limit: int = READ_LIMIT) -> Material:
    """Find and read the calls that are meant. Raises SourceError where the source fails."""
    source = call_source(sources)
    selection = await select(source, scope_of(parameters), parameters.newest)
    if selection.nothing is not None or not selection.calls:
        return Material((), (), (), selection.notes, selection.nothing or "No recorded calls.")
    reading = await read(source, selection.calls, limit)
    spoken = tuple(talk for talk in reading.conversations if talk.level != "prose")
    prose = tuple(talk for talk in reading.conversations if talk.level == "prose")
    nothing = None
    if not spoken:
        nothing = (
            f"Call {selection.calls[0].id} ({selection.calls[0].title}) has no transcript that could be analysed."
            if len(selection.calls) == 1
            else f"None of the {len(selection.calls)} calls in scope has a transcript that could be analysed."
        )
        nothing = "\n".join([nothing, *map(summary_text, prose[:SUMMARIES_SHOWN])])
    return Material(selection.calls, spoken, prose, (*selection.notes, *reading.notes), nothing)


def summary_text(talk: Conversation) -> str:
    """What the recorder wrote about a call, as its own words."""
    told = " ".join(quote(line.text) for line in talk.lines)
    return f"- {talk.call.started.date().isoformat()} **{talk.call.title}**, from its written summary: {told}"


def in_english(material: Material, sought: str) -> Material:
    """The same without calls in another language, in which English cue lists find nothing; `sought` names what."""
    english = tuple(talk for talk in material.conversations if is_english(talk.call))
    if len(english) == len(material.conversations):
        return material
    nothing = material.nothing
    if not english:
        nothing = (
            f"The cue lists are English and {'this call is' if material.single else 'these calls are'} in another "
            f"language, so {sought} could not be looked for. Talk statistics and search work in any language."
        )
    return replace(material, conversations=english, nothing=nothing)


async def one_by_one(conversations: Iterable[Conversation]) -> AsyncIterator[Conversation]:
    """The conversations, with a breath after each: analysing many long calls must not hold up the server."""
    for talk in conversations:
        yield talk
        await anyio.lowlevel.checkpoint()


def cut_note(found: int, what: str) -> tuple[str, ...]:
    """What is said where the data does not hold all that was found."""
    return (
        (f"The data holds {ROW_LIMIT} of {found} {what}; narrow the scope to see the others.",)
        if found > ROW_LIMIT
        else ()
    )


def call_row(call: Call) -> CallRow:
    """The call without its words."""
    return CallRow(
        call_id=call.id,
        title=call.title,
        date=call.started.date().isoformat(),
        duration_min=round(call.duration_s / 60),
        account=call.account,
        rep=call.owner,
        stage=call.deal_stage,
        synthetic=call.synthetic,
    )


def quoted(evidence: Evidence, conversation: Conversation, lines: Sequence[Line]) -> list[Quoted]:
    """The sentences as data, cited."""
    return [
        Quoted(
            citation=citation,
            at=clock(line.start_ms) if conversation.timed else f"sentence {line.number + 1}",
            speaker=line.speaker.name,
            side=line.speaker.side,
            text=line.text,
        )
        for citation, line in zip(evidence.cite(conversation, lines), lines, strict=True)
    ]
