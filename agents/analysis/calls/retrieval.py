"""Which passages speak of what was asked: an index in memory over calls or documents, quick to extend.

Passages are added in order and are searchable at once. Passages of one `source` added one after the other are
neighbours, which the ranking makes use of (see `ranking`, which also serves indexes kept elsewhere). Scores depend
only on what is in the index, ties are broken by the order of adding, so the same question gives the same answer.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
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

    `matched` are the query's terms (stems) that it contains, `share` is the part of the query that they make, by
    their rarity.
    """

    document: DocumentT
    score: float
    matched: tuple[str, ...]
    share: float


@dataclass(slots=True)
class Index(Generic[DocumentT]):
    """Documents by the terms they contain."""

    _documents: list[DocumentT] = field(default_factory=list[DocumentT])
    _places: list[Place] = field(default_factory=list[Place])
    _postings: dict[str, list[tuple[int, float]]] = field(default_factory=dict[str, list[tuple[int, float]]])
    _speakers: dict[str, None] = field(default_factory=dict[str, None])
    _spelt: dict[str, str] = field(default_factory=dict[str, str])
    _terms: int = 0

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, document: DocumentT, text: str, *, source: Hashable | None = None, speaker: str = "") -> None:
        """Make a document findable by its text; without a source it has no neighbours."""
        number = len(self._documents)
        words = topic_words(text)
        before = self._places[-1] if self._places else None
        together = before is not None and source is not None and before.source == source
        start = before.start + before.words if together and before is not None else 0
        place = Place(number if source is None else source, start, count_words(text), len(words), speaker)
        self._documents.append(document)
        self._places.append(place)
        self._terms += len(words)
        if speaker:
            self._speakers[speaker] = None
        for word in words:
            self._spelt.setdefault(stem(word), word)
        for term, times in Counter(map(stem, words)).items():
            self._postings.setdefault(term, []).append((number, times))

    def read(self, text: str) -> Query:
        """What a text asks for, in view of who speaks here."""
        return read_query(text, self._speakers)

    def search(
        self, query: str | Query, limit: int, where: Callable[[DocumentT], bool] | None = None
    ) -> Sequence[Hit[DocumentT]]:
        """The documents that fit best, best first; those without any term of the query, by nobody it names, are none."""
        asked = self.read(query) if isinstance(query, str) else query
        found = {term: self._found(term) for term in asked.weights}
        usual = Usual(
            passages=len(self._documents),
            mean_terms=self._terms / max(1, len(self._documents)),
            having={term: len(postings) for term, postings in found.items()},
        )
        documents = self._documents

        def allowed(number: int) -> bool:
            return where is None or where(documents[number])

        ranked = rank(asked, self._places, found, usual, limit, allowed)
        return [Hit(documents[it.number], it.score, it.matched, it.share) for it in ranked]

    def has(self, term: str) -> bool:
        """Whether anybody uses a term."""
        return term in self._postings

    def similar(self, term: str, at_least: int = SIMILAR) -> tuple[str, ...]:
        """Words, as they are used, that may be another spelling of a term; `search` takes them for one nobody uses."""
        return tuple(self._spelt[it] for it in similar_terms(term, self._postings, at_least))

    def _found(self, term: str) -> Sequence[tuple[int, float]]:
        """Where a term stands, or where similar ones stand if it does so nowhere."""
        if term in self._postings:
            return self._postings[term]
        times: dict[int, float] = {}
        for similar in similar_terms(term, self._postings):
            for number, often in self._postings[similar]:
                times[number] = times.get(number, 0.0) + _SIMILAR_COUNTS * often
        return sorted(times.items())
