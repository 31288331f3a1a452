"""Which passages speak of what was asked: BM25 over turns, small enough to keep and quick to extend.

Okapi BM25 with the usual k1 and b. Documents are added one by one and are searchable at once; scores depend only on
what is in the index, ties are broken by the order of adding, so the same question gives the same answer.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agents.analysis.calls.words import terms

__all__ = ["Hit", "Index"]

DocumentT = TypeVar("DocumentT")

_K1 = 1.2
_B = 0.75


@dataclass(frozen=True, slots=True)
class Hit(Generic[DocumentT]):
    """A document and how well it fits; `matched` are the query's terms (stems) that it contains."""

    document: DocumentT
    score: float
    matched: tuple[str, ...]


@dataclass(slots=True)
class Index(Generic[DocumentT]):
    """Documents by the terms they contain."""

    _documents: list[DocumentT] = field(default_factory=list[DocumentT])
    _lengths: list[int] = field(default_factory=list[int])
    _postings: dict[str, list[tuple[int, int]]] = field(default_factory=dict[str, list[tuple[int, int]]])
    _total_length: int = 0

    def __len__(self) -> int:
        return len(self._documents)

    def add(self, document: DocumentT, text: str) -> None:
        """Make a document findable by its text."""
        number = len(self._documents)
        words = terms(text)
        self._documents.append(document)
        self._lengths.append(len(words))
        self._total_length += len(words)
        for term, times in Counter(words).items():
            self._postings.setdefault(term, []).append((number, times))

    def search(
        self, query: str, limit: int, where: Callable[[DocumentT], bool] | None = None
    ) -> Sequence[Hit[DocumentT]]:
        """The documents that fit best, best first; those without any term of the query are none."""
        wanted = list(dict.fromkeys(terms(query)))
        scores: dict[int, float] = {}
        matched: dict[int, list[str]] = {}
        average = self._total_length / max(1, len(self._documents)) or 1.0
        for term in wanted:
            postings = self._postings.get(term, [])
            rarity = math.log(1 + (len(self._documents) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, times in postings:
                norm = times + _K1 * (1 - _B + _B * self._lengths[number] / average)
                scores[number] = scores.get(number, 0.0) + rarity * times * (_K1 + 1) / norm
                matched.setdefault(number, []).append(term)
        ranked = sorted(scores, key=lambda number: (-scores[number], number))
        hits: list[Hit[DocumentT]] = []
        for number in ranked:
            if where is None or where(self._documents[number]):
                hits.append(Hit(self._documents[number], round(scores[number], 4), tuple(matched[number])))
            if len(hits) == limit:
                break
        return hits
