"""What searching the words of calls means: which calls are in scope, what a passage is, which are candidates and how
they are ranked.

A source that keeps its calls in memory answers with `found_among`. One that keeps an index of its own stores the
`passages_of` each call and answers with those that hold a term of the query; `ranked` then puts the candidates of
either in order, so that both find the same.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.query import read_query, similar_terms
from agents.analysis.calls.ranking import Place, Usual, rank
from agents.analysis.calls.retrieval import Hit
from agents.analysis.calls.turns import Parameters, turns_of
from agents.analysis.calls.words import count_words, terms
from agents.sources import Call, CallQuery, CallScope, Coverage, Found, Passage, Side

__all__ = ["found_among", "in_scope", "passages_of", "ranked"]

_SIMILAR_COUNTS = 0.6
"""A similar term stands for the one that was asked for, but not quite."""


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
    """The turns of a call, each with its neighbours."""
    turns = turns_of(talk.lines, Parameters())
    texts = ["", *(turn.text for turn in turns), ""]
    passages: list[Passage] = []
    said = 0
    for at, turn in enumerate(turns, start=1):
        passages.append(
            Passage(
                call_id=talk.call.id,
                first=turn.lines[0].number,
                last=turn.lines[-1].number,
                start=said,
                speaker=turn.speaker.name,
                side=turn.speaker.side,
                text=texts[at],
                before=texts[at - 1],
                after=texts[at + 1],
            )
        )
        said += turn.words
    return tuple(passages)


def ranked(found: Found, text: str, limit: int, side: Side | None = None) -> Sequence[Hit[Passage]]:
    """The candidates that fit a query best, best first; with a side only what that side said is an answer."""
    passages = found.passages
    held = [Counter(terms(passage.text)) for passage in passages]
    places = [
        Place(passage.call_id, passage.start, count_words(passage.text), words.total(), passage.speaker)
        for passage, words in zip(passages, held, strict=True)
    ]
    asked = read_query(text, dict.fromkeys(passage.speaker for passage in passages))
    postings = {term: _found(term, held) for term in asked.weights}
    having = {term: found.having.get(term) or len(places) for term, places in postings.items()}
    usual = Usual(found.turns, found.mean_terms, having)
    best = rank(asked, places, postings, usual, limit, lambda number: side in (None, passages[number].side))
    return [Hit(passages[one.number], one.score, one.matched) for one in best]


def _found(term: str, held: Sequence[Counter[str]]) -> list[tuple[int, float]]:
    """Where a term stands and how often, or where similar ones stand if it does so nowhere."""
    if own := [(number, float(words[term])) for number, words in enumerate(held) if words[term]]:
        return own
    similar = similar_terms(term, {word for words in held for word in words})
    times = ((number, sum(words[word] for word in similar)) for number, words in enumerate(held))
    return [(number, _SIMILAR_COUNTS * often) for number, often in times if often]


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
