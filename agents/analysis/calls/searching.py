"""What searching the words of calls means: which calls are in scope, what a passage is, which are candidates and how
they are ranked.

A source that keeps its calls in memory answers with `found_among`. One that keeps an index of its own stores the
`passages_of` each call and answers with those that hold a term of the query; `index_of` then ranks the candidates of
either, so that both find the same.
"""

from collections import Counter
from collections.abc import Iterable

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.ranking import Usual
from agents.analysis.calls.retrieval import Index
from agents.analysis.calls.turns import Parameters, turns_of
from agents.analysis.calls.words import terms
from agents.sources import Call, CallQuery, CallScope, Coverage, Found, Passage

__all__ = ["found_among", "in_scope", "index_of", "passages_of"]


def in_scope(call: Call, scope: CallScope) -> bool:
    """Whether a call is meant: names by their letters whatever the case, days inclusive."""
    day = call.started.date()
    return (
        scope.call_id in (None, call.id)
        and (scope.account is None or (call.account or "").casefold() == scope.account.casefold())
        and (scope.rep is None or (call.owner or "").casefold() == scope.rep.casefold())
        and (scope.from_date is None or day >= scope.from_date)
        and (scope.to_date is None or day <= scope.to_date)
    )


def passages_of(talk: Conversation) -> tuple[Passage, ...]:
    """The turns of a call, in order."""
    passages: list[Passage] = []
    start = 0
    for turn in turns_of(talk.lines, Parameters()):
        first, last = turn.lines[0].number, turn.lines[-1].number
        speaker = turn.speaker
        passages.append(Passage(talk.call.id, first, last, start, speaker.name, speaker.side, turn.text))
        start += turn.words
    return tuple(passages)


def index_of(found: Found) -> Index[Passage]:
    """An index over the candidates that ranks them by what is usual in everything searched."""
    index: Index[Passage] = Index(Usual(found.turns, found.mean_terms, found.having))
    for it in found.passages:
        index.add(it, it.text, source=it.call_id, start=it.start, speaker=it.speaker)
    return index


def found_among(calls: Iterable[Call], talks: Iterable[Conversation], query: CallQuery) -> Found:
    """Search calls that are at hand; `talks` are those of them that have words; a summary is none."""
    meant = sorted((call for call in calls if in_scope(call, query.scope)), key=lambda call: call.id)
    meant = sorted(meant, key=lambda call: call.started, reverse=True)
    readable = [call for call in meant if not call.private][: query.newest]
    spoken = {talk.call.id: talk for talk in talks if talk.level != "prose"}
    searched = [talk for call in readable if (talk := spoken.get(call.id)) is not None]
    passages = [passage for talk in searched for passage in passages_of(talk)]
    held = [frozenset(terms(passage.text)) for passage in passages]
    return Found(
        passages=tuple(passages),
        coverage=Coverage(
            calls=len(readable),
            searched=len(searched),
            private=sum(call.private for call in meant),
            synthetic=sum(call.synthetic for call in readable),
        ),
        turns=len(passages),
        mean_terms=sum(len(terms(passage.text)) for passage in passages) / max(1, len(passages)),
        having=Counter(term for words in held for term in words),
    )
