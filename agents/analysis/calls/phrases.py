"""Finding many phrases in many sentences in one pass.

A phrase is a row of words. With related forms its words are compared by their stems, so `discount` is met by
"discounts" and "discounted"; without, as they are written, upper and lower case alike. What is met is counted once per
place: of two phrases that begin at the same word the longer one.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agents.analysis.calls.words import stem

__all__ = ["Met", "Phrases"]

OwnerT = TypeVar("OwnerT", bound=Hashable)

_WORD = re.compile(r"[^\W_]+(?:['\-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Met(Generic[OwnerT]):
    """A phrase in a sentence: whose it is, how its owner spells it, and at which word it begins."""

    owner: OwnerT
    phrase: str
    at: int


@dataclass(frozen=True, slots=True)
class _Row(Generic[OwnerT]):
    owner: OwnerT
    phrase: str
    words: tuple[str, ...]


@dataclass(slots=True)
class Phrases(Generic[OwnerT]):
    """Phrases by their first word; one that several owners have is found for each of them."""

    _written: dict[str, list[_Row[OwnerT]]] = field(default_factory=dict[str, "list[_Row[OwnerT]]"])
    _stemmed: dict[str, list[_Row[OwnerT]]] = field(default_factory=dict[str, "list[_Row[OwnerT]]"])

    def add(self, owner: OwnerT, phrases: Iterable[str], *, related_forms: bool) -> None:
        """Look for these, too."""
        rows = self._stemmed if related_forms else self._written
        for phrase in phrases:
            words = _words(phrase)
            words = [stem(word) for word in words] if related_forms else words
            if words:
                rows.setdefault(words[0], []).append(_Row(owner, phrase, tuple(words)))
                rows[words[0]].sort(key=lambda row: -len(row.words))

    def met_in(self, text: str) -> Iterator[Met[OwnerT]]:
        """What a sentence contains, in its order."""
        written = _words(text)
        stemmed = [stem(word) for word in written] if self._stemmed else []
        taken: dict[OwnerT, int] = {}
        starts = [at for at, word in enumerate(written) if word in self._written]
        starts += [at for at, word in enumerate(stemmed) if word in self._stemmed]
        for at in sorted(set(starts)):
            for words, rows in ((written, self._written), (stemmed, self._stemmed)):
                for row in rows.get(words[at], ()) if words else ():
                    end = at + len(row.words)
                    if taken.get(row.owner, 0) <= at and tuple(words[at:end]) == row.words:
                        taken[row.owner] = end
                        yield Met(row.owner, row.phrase, at)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower().replace("’", "'"))
