"""`search_calls`: the passages of all calls in scope that speak of something."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field

from agents.analysis.calls.conversation import Conversation, join
from agents.analysis.calls.searching import index_of
from agents.analysis.calls.words import plain_words
from agents.call_tools.evidence import Evidence
from agents.call_tools.material import CallRow, Quoted, call_row, gather, quoted
from agents.call_tools.reading import noted
from agents.call_tools.scope import SpokenParameters, call_source, marked, scope_of, select
from agents.call_tools.search_hits import Answer, answer, best_lines, matched_words, quoted_lines, subject
from agents.result import Record
from agents.sources import CallQuery, CallScope, CallSource, Coverage, Found, Sources
from agents.tool import Observation, Tool

__all__ = ["SEARCH_CALLS", "SearchParameters"]

_CANDIDATES = 300
"""How many passages of the source are ranked."""
_MARKS = '“”"'


class SearchParameters(SpokenParameters):
    """What to look for, and where."""

    query: str = Field(min_length=1, description="the words or the subject to look for")


class PassageFound(Record):
    """One turn that fits, by its best sentences, a question with its reply."""

    call: CallRow
    score: float
    matched: list[str] = Field(description="words of the query found here, as they are said")
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
    wanted = subject(parameters.query, scope_of(parameters), await source.as_of())
    looked = await _look(sources, source, parameters, wanted)
    index = index_of(looked.found)
    best = answer(index, looked.found, wanted, parameters.side)
    asked = [parameters.call_id] if parameters.call_id and looked.nothing is None else []
    talks = await _read(source, dict.fromkeys([*asked, *(hit.document.call_id for hit in best.hits)]))
    evidence = looked.evidence
    passages: list[PassageFound] = []
    texts: list[str] = []
    for hit in best.hits:
        talk = talks.get(hit.document.call_id)
        lines = best_lines(talk, hit) if talk else []
        if talk is None or not lines:  # changed since it was indexed
            continue
        quotes = quoted(evidence, talk, lines)
        passages.append(
            PassageFound(call=call_row(talk.call), score=hit.score, matched=matched_words(hit), quotes=quotes)
        )
        where = f"{talk.call.started.date().isoformat()} **{talk.call.title}**"
        texts.append(f"- {where} {quoted_lines(talk, lines)}")
        statement = f"{talk.call.title}: {lines[0].speaker.name} on “{parameters.query}”"
        evidence.fact(statement, talk, lines)
    data = SearchData(query=parameters.query, calls_searched=looked.found.coverage.searched, passages=passages)
    nothing_asked = index.read(wanted).empty
    text = looked.nothing or "\n".join([_headline(data, best, nothing_asked=nothing_asked), *texts])
    notes = (*looked.notes, *best.notes, *noted(list(talks.values())))
    return Observation(text, data, evidence.findings, evidence.citations, notes)


async def _look(sources: Sources, source: CallSource, parameters: SearchParameters, wanted: str) -> _Looked:
    """Candidates of the calls that are meant, a name read differently where only one fits."""
    scope = scope_of(parameters)
    found = await _search(source, parameters, scope, wanted)
    notes = (*await source.notes(), *marked(found.coverage))
    if not found.coverage.calls:
        selection = await select(source, scope, parameters.newest)
        found, notes = await _search(source, parameters, selection.scope, wanted), selection.notes
    covered = found.coverage
    if not covered.searched and covered.waiting:
        return _Looked(found, notes, Evidence(), f"None of {_counted(covered.calls)} was read yet; ask again soon.")
    if not covered.searched:
        material = await gather(sources, parameters)
        return _Looked(found, material.notes, material.evidence(), material.nothing)
    if covered.searched < covered.calls:
        notes = (*notes, _not_searched(covered))
    return _Looked(found, notes, Evidence())


async def _search(source: CallSource, parameters: SearchParameters, scope: CallScope, wanted: str) -> Found:
    query = CallQuery(wanted, scope, parameters.side, parameters.newest, _CANDIDATES)
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


def _headline(data: SearchData, best: Answer, *, nothing_asked: bool) -> str:
    query = f"“{data.query.strip(_MARKS)}”"
    if nothing_asked:
        return f"**{query} names nothing to look for.** Give the words or the subject, such as delivery times."
    searched = f"{data.calls_searched:,} transcript{'s' * (data.calls_searched != 1)} searched"
    if not data.passages:
        instead = f" The nearest words that are said: {', '.join(best.instead)}." if best.instead else ""
        return f"**{query} was not found** in the {searched}.{instead}"
    calls = len({passage.call.call_id for passage in data.passages})
    if len(data.passages) == 1:
        return f"**{query}: one passage**, in {searched}.{_said_by(data, best)}"
    on = f"on {calls} calls" if calls > 1 else "on one call"
    return f"**{query}: the {len(data.passages)} best passages**, {on}, in {searched}.{_said_by(data, best)}"


def _said_by(data: SearchData, best: Answer) -> str:
    """Who says it, where that was the question, or that it is not who was meant."""
    if best.by_others:
        return f" {best.by_others}"
    if "who" not in plain_words(data.query):
        return ""
    sides = {"internal": "seller", "external": "customer", "unknown": "side unknown"}
    first = (passage.quotes[0] for passage in data.passages)
    return f" Said by {', '.join(dict.fromkeys(f'{it.speaker} ({sides[it.side]})' for it in first))}."


SEARCH_CALLS = Tool(
    name="search_calls",
    description=(
        "Full-text search over what was said on all calls in scope; returns the best passages with call, time, "
        "speaker and quote. For any subject that no other tool covers."
    ),
    cues=("search", "find", "find calls about", "calls mention", "who mentioned", "anyone mention", "anybody mention",
          "mention", "where did", "who said", "talk about", "talked about", "talks about", "say about", "said about",
          "think of", "discuss", "brought up"),
    parameters=SearchParameters,
    data=SearchData,
    needs="calls",
    run=_run,
)  # fmt: skip
