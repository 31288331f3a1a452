"""`search_calls`: the passages of all calls in scope that speak of something."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.analysis.calls.conversation import Conversation, Line, join
from agents.analysis.calls.query import read_query
from agents.analysis.calls.retrieval import Hit
from agents.analysis.calls.searching import ranked
from agents.analysis.calls.words import terms
from agents.call_tools.evidence import Evidence, said
from agents.call_tools.material import CallRow, Quoted, call_row, gather, quoted
from agents.call_tools.reading import noted
from agents.call_tools.scope import SpokenParameters, call_source, marked, scope_of, select
from agents.result import Record
from agents.sources import CallQuery, CallScope, CallSource, Coverage, Found, Passage, Sources
from agents.tool import Observation, Tool

__all__ = ["SEARCH_CALLS", "SearchParameters"]

_CANDIDATES = 300
"""How many passages of the source are ranked."""
_HITS = 12
_SHOWN = 6
_TAIL = 0.5
"""Passages that score under this part of the best one are left out."""


class SearchParameters(SpokenParameters):
    """What to look for, and where."""

    query: str = Field(min_length=1, description="the words or the subject to look for")


class PassageFound(Record):
    """One turn that fits, by its best sentences."""

    call: CallRow
    score: float
    matched: list[str] = Field(description="words of the query found here, as stems")
    quotes: list[Quoted]


class SearchData(Record):
    """The best passages."""

    query: str
    calls_searched: int
    passages: list[PassageFound]


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a source has for a query, what must be said of it; `nothing` says why where there is nothing to search."""

    found: Found
    notes: tuple[str, ...]
    evidence: Evidence
    nothing: str | None = None


async def _run(sources: Sources, parameters: SearchParameters) -> Observation:
    source = call_source(sources)
    looked = await _look(sources, source, parameters)
    hits = _worth_showing(ranked(looked.found, parameters.query, _HITS, parameters.side))
    asked = [parameters.call_id] if parameters.call_id and looked.nothing is None else []
    talks = await _read(source, dict.fromkeys([*asked, *(hit.document.call_id for hit in hits)]))
    evidence = looked.evidence
    passages: list[PassageFound] = []
    texts: list[str] = []
    for hit in hits:
        talk = talks.get(hit.document.call_id)
        lines = _best_lines(talk, hit) if talk else []
        if talk is None or not lines:  # changed since it was indexed
            continue
        passages.append(
            PassageFound(
                call=call_row(talk.call),
                score=hit.score,
                matched=list(hit.matched),
                quotes=quoted(evidence, talk, lines),
            )
        )
        if len(texts) < _SHOWN:
            where = f"{talk.call.started.date().isoformat()} **{talk.call.title}**"
            texts.append(f"- {where} {said(talk, lines)}")
            statement = f"{talk.call.title}: {lines[0].speaker.name} on “{parameters.query}”"
            evidence.fact(statement, talk, lines)
    data = SearchData(query=parameters.query, calls_searched=looked.found.coverage.searched, passages=passages)
    text = looked.nothing or "\n".join([_headline(parameters.query, data, len(texts)), *texts])
    notes = (*looked.notes, *noted(list(talks.values())))
    return Observation(text, data, evidence.findings, evidence.citations, notes)


async def _look(sources: Sources, source: CallSource, parameters: SearchParameters) -> _Looked:
    """Candidates of the calls that are meant, a name read differently where only one fits."""
    scope = scope_of(parameters)
    found = await _search(source, parameters, scope)
    notes = (*await source.notes(), *marked(found.coverage))
    if not found.coverage.calls:
        selection = await select(source, scope, parameters.newest)
        found, notes = await _search(source, parameters, selection.scope), selection.notes
    covered = found.coverage
    if not covered.searched and covered.waiting:
        return _Looked(found, notes, Evidence(), f"None of {_counted(covered.calls)} was read yet; ask again soon.")
    if not covered.searched:
        material = await gather(sources, parameters)
        return _Looked(found, material.notes, material.evidence(), material.nothing)
    if covered.searched < covered.calls:
        notes = (*notes, _not_searched(covered))
    return _Looked(found, notes, Evidence())


async def _search(source: CallSource, parameters: SearchParameters, scope: CallScope) -> Found:
    query = CallQuery(parameters.query, scope, parameters.side, parameters.newest, _CANDIDATES)
    return await source.search(query)


def _counted(calls: int) -> str:
    return f"{calls:,} call{'s' * (calls != 1)}"


def _not_searched(covered: Coverage) -> str:
    """Which calls no passage can be from."""
    told = f"Searched {covered.searched:,} of {covered.calls:,} calls"
    wordless = covered.calls - covered.searched - covered.waiting
    why = [f"{covered.waiting:,} are still being read" if covered.waiting else ""]
    why.append(f"{wordless:,} {'have' if wordless > 1 else 'has'} no transcript" if wordless else "")
    return f"{told}; {', '.join(filter(None, why))}."


async def _read(source: CallSource, call_ids: Iterable[str]) -> dict[str, Conversation]:
    """The calls that hits are from, each with its words."""
    talks: dict[str, Conversation] = {}
    for call_id in call_ids:
        words = await source.transcript(call_id)
        if words is not None:
            talks |= {call.id: join(call, words) for call in await source.find(CallScope(call_id=call_id))}
    return talks


def _worth_showing(hits: Sequence[Hit[Passage]]) -> Sequence[Hit[Passage]]:
    """Without the tail that shares one word with the query and nothing else."""
    return [hit for hit in hits if hit.score >= _TAIL * hits[0].score]


def _best_lines(talk: Conversation, hit: Hit[Passage]) -> list[Line]:
    """The sentence of the turn with most of the query, and its successor, in order."""
    wanted, turn = set(hit.matched), hit.document
    spoken = talk.lines[turn.first : turn.last + 1]
    lines = [line for line in spoken if line.speaker.id == spoken[0].speaker.id]
    best = max(range(len(lines)), key=lambda at: (len(wanted & set(terms(lines[at].text))), -at), default=0)
    return lines[best : best + 2]


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
