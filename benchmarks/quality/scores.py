"""Precision, recall and F1 from what was wanted and what was found."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

__all__ = ["Counts", "counts_of"]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many were wanted, found, and both."""

    wanted: int
    found: int
    hits: int

    @property
    def precision(self) -> float:
        """Of what was found, the share that was wanted; 0 where nothing was found."""
        return self.hits / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Of what was wanted, the share that was found; 0 where nothing was wanted."""
        return self.hits / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        both = self.wanted + self.found
        return 2 * self.hits / both if both else 0.0


def counts_of(pairs: Iterable[tuple[Collection[int], Collection[int]]]) -> Counts:
    """Over all (wanted, found) pairs together."""
    wanted = found = hits = 0
    for asked, got in pairs:
        wanted, found, hits = wanted + len(asked), found + len(got), hits + len(set(asked) & set(got))
    return Counts(wanted, found, hits)
