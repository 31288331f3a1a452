"""`search_calls`: the passages of all calls in scope that speak of something."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.query import read_query
from agents.analysis.calls.retrieval import Hit, Index
from agents.analysis.calls.turns import Parameters, Turn, turns_of
from agents.analysis.calls.words import terms
from agents.call_tools.evidence import said
from agents.call_tools.material import CallRow, Quoted, call_row, gather, one_by_one, quoted
from agents.call_tools.scope import SpokenParameters
from agents.result import Record
from agents.sources import Sources
from agents.tool import Observation, Tool

__all__ = ["SEARCH_CALLS", "SearchParameters"]

_READ = 500
_HITS = 12
_SHOWN = 6
_TAIL = 0.5
"""Passages that score under this part of the best one are left out."""


class SearchParameters(SpokenParameters):
    """What to look for, and where."""

    query: str = Field(min_length=1, description="the words or the subject to look for")


class Passage(Record):
    """One turn that fits, by its best sentences."""

    call: CallRow
    score: float
    matched: list[str] = Field(description="words of the query found here, as stems")
    quotes: list[Quoted]


class SearchData(Record):
    """The best passages."""

    query: str
    calls_searched: int
    passages: list[Passage]


@dataclass(frozen=True, slots=True)
class _Spoken:
    talk: Conversation
    turn: Turn


async def _run(sources: Sources, parameters: SearchParameters) -> Observation:
    material = await gather(sources, parameters, limit=_READ)
    index: Index[_Spoken] = Index()
    async for talk in one_by_one(material.conversations):
        for turn in turns_of(talk.lines, Parameters()):
            index.add(_Spoken(talk, turn), turn.text, source=talk.call.id, speaker=turn.speaker.name)
    hits = _worth_showing(
        index.search(parameters.query, _HITS, where=lambda it: parameters.side in (None, it.turn.speaker.side))
    )
    evidence = material.evidence()
    passages: list[Passage] = []
    texts: list[str] = []
    for hit in hits:
        lines = _best_lines(hit)
        spoken = hit.document
        passages.append(
            Passage(
                call=call_row(spoken.talk.call),
                score=hit.score,
                matched=list(hit.matched),
                quotes=quoted(evidence, spoken.talk, lines),
            )
        )
        if len(texts) < _SHOWN:
            where = f"{spoken.talk.call.started.date().isoformat()} **{spoken.talk.call.title}**"
            texts.append(f"- {where} {said(spoken.talk, lines)}")
            statement = f"{spoken.talk.call.title}: {spoken.turn.speaker.name} on “{parameters.query}”"
            evidence.fact(statement, spoken.talk, lines)
    data = SearchData(query=parameters.query, calls_searched=len(material.conversations), passages=passages)
    text = material.nothing or "\n".join([_headline(parameters.query, data, len(texts)), *texts])
    return Observation(text, data, evidence.findings, evidence.citations, material.notes)


def _worth_showing(hits: Sequence[Hit[_Spoken]]) -> Sequence[Hit[_Spoken]]:
    """Without the tail that shares one word with the query and nothing else."""
    return [hit for hit in hits if hit.score >= _TAIL * hits[0].score]


def _best_lines(hit: Hit[_Spoken]) -> list[Line]:
    """The sentence of the turn with most of the query, and its successor, in order."""
    wanted = set(hit.matched)
    lines = hit.document.turn.lines
    best = max(range(len(lines)), key=lambda at: (len(wanted & set(terms(lines[at].text))), -at))
    return list(lines[best : best + 2])


def _headline(query: str, data: SearchData, shown: int) -> str:
    if read_query(query).empty:
        return f"**“{query}” names nothing to look for.** Give the words or the subject, such as delivery times."
    if not data.passages:
        return f"**“{query}” was not found** in the {data.calls_searched} transcripts searched."
    calls = len({passage.call.call_id for passage in data.passages})
    return (
        f"**“{query}”: the {shown} best passages**, from {data.calls_searched} transcripts searched "
        f"({len(data.passages)} passages on {calls} call{'s' * (calls > 1)} in the data)."
    )


SEARCH_CALLS = Tool(
    name="search_calls",
    description=(
        "Full-text search over what was said on all calls in scope; returns the best passages with call, time, "
        "speaker and quote. For any subject that no other tool covers."
    ),
    cues=("search", "find", "calls mention", "who mentioned", "where did", "who said", "talk about", "talked about",
          "talks about", "say about", "said about"),
    parameters=SearchParameters,
    data=SearchData,
    needs="calls",
    run=_run,
)  # fmt: skip
