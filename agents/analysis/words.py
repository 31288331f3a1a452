"""Words as the request parser compares them: lower case, without possessive and without inflection.

The stemmer is small on purpose. It only has to make the same stem of the forms of one word ("handle", "handled",
"handling"; "company", "companies"), not a stem that means anything.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

__all__ = ["Phrases", "Word", "stem", "stems", "words"]

T = TypeVar("T")

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
POSSESSIVE = re.compile(r"['’]s?$|['’](?:ll|re|ve|d|m)$")


@dataclass(frozen=True, slots=True)
class Word:
    """A word where it stands in the text; `plain` is lower case without possessive, `stem` without inflection."""

    text: str
    plain: str
    stem: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words of a text, in order."""
    found: list[Word] = []
    for match in WORD.finditer(text):
        raw = match[0]
        plain = plain_of(raw)
        found.append(Word(raw, plain, stem(plain), match.start(), match.end()))
    return found


def stems(text: str) -> tuple[str, ...]:
    return tuple(stem(plain_of(match[0])) for match in WORD.finditer(text))


def plain_of(raw: str) -> str:
    lowered = raw.casefold()
    return POSSESSIVE.sub("", lowered) if "'" in lowered or "’" in lowered else lowered


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """What the forms of one word have in common."""
    if len(word) <= 3 or not word.isalpha():
        return word
    word = without_plural(word)
    word = without_ending(word)
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def without_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= 3 and any(vowel in root for vowel in "aeiouy"):
            doubled = root[-1] == root[-2] and root[-1] not in "lsz"
            return root[:-1] if doubled else root
    return word


class Phrases(Generic[T]):
    """Phrases and what each stands for, found in a text by stems; the longest one at a place wins.

    Where two stand for different things under the same words, the first given one does.
    """

    def __init__(self, phrases: Iterable[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        self._exact: dict[tuple[str, ...], T] = {}
        for phrase, value in phrases:
            key = stems(phrase)
            if key and key not in self._exact:
                self._exact[key] = value
                self._by_first.setdefault(key[0], []).append((key, value))
        for candidates in self._by_first.values():
            candidates.sort(key=lambda it: -len(it[0]))

    def exact(self, text: str) -> T | None:
        """What the whole text stands for."""
        return self._exact.get(stems(text.replace("_", " ")))

    def within(self, text: Sequence[Word]) -> Iterator[tuple[int, int, T]]:
        """The phrases in the text from left to right, as index of the first word, number of words, meaning."""
        at = 0
        while at < len(text):
            length = 0
            for key, value in self._by_first.get(text[at].stem, ()):
                if all(at + i < len(text) and text[at + i].stem == key[i] for i in range(1, len(key))):
                    length = len(key)
                    yield at, length, value
                    break
            at += length or 1
