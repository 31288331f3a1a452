"""Which passages speak of what was asked: an index in memory over calls or documents, quick to extend.

Passages are added in order and are searchable at once. Passages of one `source` added one after the other are
neighbours, which the ranking makes use of (see `ranking`, which also serves indexes kept elsewhere). Scores depend
only on what is in the index, ties are broken by the order of adding, so the same question gives the same answer.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from agents.analysis.calls.query import SIMILAR, Query, read_query, similar_terms
from agents.analysis.calls.ranking import Place, Usual, rank
from agents.analysis.calls.words import count_words, stem, topic_words

__all__ = ["Hit", "Index"]

DocumentT = TypeVar("DocumentT")

_SIMILAR_COUNTS = 0.6
"""A similar term stands for the one that was asked for, but not quite."""


@dataclass(frozen=True, slots=True)
class Hit(Generic[DocumentT]):
    """A document and how well it fits.

    `matched` are the query's terms (stems) that it contains, or those that are meant by them; `share` is the part of the query that they make, by
    their rarity.
    """

    document: DocumentT
    score: float
    matched: tuple[str, ...]
    share: float


@dataclass(slots=True)
class Index(Generic[DocumentT]):
    """Documents by the terms they contain.

    `usual` says what is usual where these documents are only the candidates out of many more.
    """

    usual: Usual | None = None
    _documents: list[DocumentT] = field(default_factory=list[DocumentT], init=False)
    _places: list[Place] = field(default_factory=list[Place], init=False)
    _postings: dict[str, list[tuple[int, float]]] = field(
        default_factory=dict[str, list[tuple[int, float]]], init=False
    )
    _speakers: dict[str, None] = field(default_factory=dict[str, None], init=False)
    _spelt: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _terms: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self._documents)

    def add(
        self,
        document: DocumentT,
        text: str,
        *,
        source: Hashable | None = None,
        start: int | None = None,
        speaker: str = "",
    ) -> None:
        """Make a document findable by its text; without a source it has no neighbours.

        `start` counts the words of the source before it: those added so far where nothing else is said.
        """
        number = len(self._documents)
        words = topic_words(text)
        if start is None:
            before = self._places[-1] if self._places and source is not None else None
            start = before.start + before.words if before is not None and before.source == source else 0
        place = Place(number if source is None else source, start, count_words(text), len(words), speaker)
        self._documents.append(document)
        self._places.append(place)
        self._terms += len(words)
        if speaker:
            self._speakers[speaker] = None
        terms = [stem(word) for word in words]
        for term, word in zip(terms, words, strict=True):
            self._spelt.setdefault(term, word)
        for term, times in Counter(terms).items():
            self._postings.setdefault(term, []).append((number, times))

    def read(self, text: str) -> Query:
        """What a text asks for, in view of who speaks here."""
        return read_query(text, self._speakers)

    def search(
        self, query: str | Query, limit: int, where: Callable[[DocumentT], bool] | None = None
    ) -> Sequence[Hit[DocumentT]]:
        """The documents that fit best, best first; those without any term of the query, by nobody it names, are none."""
        asked = self.read(query) if isinstance(query, str) else query
        meant = {term: self._meant(term) for term in asked.weights}
        found = {term: self._found(term, meant[term]) for term in asked.weights}
        documents = self._documents

        def allowed(number: int) -> bool:
            return where is None or where(documents[number])

        def standing(number: int, matched: Sequence[str]) -> tuple[str, ...]:
            terms = dict.fromkeys(it for term in matched for it in meant[term])
            return tuple(it for it in terms if it in asked.weights or self._stands(it, number))

        ranked = rank(asked, self._places, found, self._usual(found), limit, allowed)
        return [Hit(documents[it.number], it.score, standing(it.number, it.matched), it.share) for it in ranked]

    def similar(self, term: str, at_least: int = SIMILAR) -> tuple[str, ...]:
        """Words, as they are used, that may be another spelling of a term; `search` takes them for one nobody uses."""
        return tuple(self._spelt[it] for it in similar_terms(term, self._postings, at_least))

    def _usual(self, found: Mapping[str, Sequence[tuple[int, float]]]) -> Usual:
        here = {term: len(postings) for term, postings in found.items()}
        if self.usual is None:
            count = len(self._documents)
            return Usual(count, self._terms / max(1, count), here)
        having = self.usual.having
        return replace(self.usual, having={term: having.get(term) or number for term, number in here.items()})

    def _meant(self, term: str) -> tuple[str, ...]:
        """The term itself, or similar ones if nobody uses it."""
        return (term,) if term in self._postings else similar_terms(term, self._postings)

    def _found(self, term: str, meant: Sequence[str]) -> Sequence[tuple[int, float]]:
        """Where a term stands, or what is meant by it."""
        if term in self._postings:
            return self._postings[term]
        times: dict[int, float] = {}
        for similar in meant:
            for number, often in self._postings[similar]:
                times[number] = times.get(number, 0.0) + _SIMILAR_COUNTS * often
        return sorted(times.items())

    def _stands(self, term: str, number: int) -> bool:
        return any(number == it for it, _ in self._postings[term])
