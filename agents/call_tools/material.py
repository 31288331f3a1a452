"""What a tool works on: the calls in scope and their words, or the sentence that says why there is nothing."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import anyio.lowlevel
from pydantic import Field

from agents.analysis.calls.conversation import Conversation, Line
from agents.call_tools.evidence import Evidence, clock
from agents.call_tools.reading import read
from agents.call_tools.scope import ScopeParameters, call_source, scope_of, select
from agents.result import Record
from agents.sources import Call, Sources

__all__ = [
    "READ_LIMIT",
    "ROW_LIMIT",
    "CallRow",
    "Material",
    "Quoted",
    "call_row",
    "cut_note",
    "gather",
    "one_by_one",
    "quoted",
]

READ_LIMIT = 60
"""How many calls one answer reads."""
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
    at: str | None = Field(description="mm:ss from the start; null where the transcript has no times")
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
    return Material(selection.calls, spoken, prose, (*selection.notes, *reading.notes), nothing)


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
            at=clock(line.start_ms) if conversation.timed else None,
            speaker=line.speaker.name,
            side=line.speaker.side,
            text=line.text,
        )
        for citation, line in zip(evidence.cite(conversation, lines), lines, strict=True)
    ]
