"""In which sentences of a conversation a cue can be met at all, by the words they hold.

Searching every sentence for every cue is what makes a long call slow. A `Cue` is a pattern that knows which letters
it cannot match without; the `WordIndex` of a conversation knows in which sentences they stand. What is left out has
been shown not to match, so results are the same with and without it. A short conversation is not worth an index: there
every sentence is a possible one.
"""

import re
from bisect import bisect_right
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from agents.analysis.calls.conversation import Conversation, once
from agents.analysis.calls.needs import AllOf, AnyOf, Need, needs_of

__all__ = ["Cue", "WordIndex", "cue", "index_of_texts", "word_index"]

INDEXED_LINES = 300
"""Shorter conversations are searched sooner than indexed."""
_WORD = re.compile(r"[\w']+")
_SAME_LETTERS = str.maketrans({"’": "'", "ſ": "s", "ı": "i", "İ": "i"})
"""Letters that a pattern takes for others when it ignores case."""


@dataclass(frozen=True, eq=False)
class Cue:
    """A pattern and what it cannot match without."""

    pattern: re.Pattern[str]

    @cached_property
    def needs(self) -> Need | None:
        """What every match contains; None where nothing is certain."""
        return needs_of(self.pattern)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in a text."""
        return self.pattern.search(text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches in a text, in order."""
        return self.pattern.finditer(text)


def cue(pattern: str, flags: re.RegexFlag = re.IGNORECASE) -> Cue:
    """A cue, upper and lower case alike."""
    return Cue(re.compile(pattern, flags))


@dataclass(frozen=True, slots=True)
class WordIndex:
    """The sentences of a conversation by their words; `lines_with` gives the numbers of those where a cue can match."""

    count: int
    vocabulary: str = ""
    """All words, each once, with a space between; empty where everything is to be searched."""
    ends: Sequence[int] = ()
    """Where in the vocabulary the next word begins, by the place of the word."""
    standing: Sequence[Sequence[int]] = ()
    """The sentences of each word, by its place."""
    _sought: dict[Cue, Container[int]] = field(default_factory=dict[Cue, Container[int]], init=False)
    _known: dict[Need, frozenset[int]] = field(default_factory=dict["Need", frozenset[int]], init=False)

    def lines_with(self, *cues: Cue) -> Container[int]:
        """The numbers of the sentences in which at least one of the cues can match."""
        everywhere = range(self.count)
        if not self.vocabulary:
            return everywhere
        found: set[int] = set()
        for it in cues:
            if it.needs is None:
                return everywhere
            found |= self._having(it.needs)
        return found

    def may_match(self, cue: Cue, number: int) -> bool:
        """Whether a cue can match in a sentence."""
        numbers = self._sought.get(cue)
        if numbers is None:
            numbers = self._sought[cue] = self.lines_with(cue)
        return number in numbers

    def search(self, cue: Cue, number: int, text: str) -> re.Match[str] | None:
        """The first match in the text of a sentence, which may have its apostrophes straightened."""
        return cue.search(text) if self.may_match(cue, number) else None

    def _having(self, need: Need) -> frozenset[int]:
        known = self._known.get(need)
        if known is None:
            known = self._known[need] = self._look_up(need)
        return known

    def _look_up(self, need: Need) -> frozenset[int]:
        match need:
            case AnyOf(parts):
                return frozenset[int]().union(*map(self._having, parts))
            case AllOf(parts):
                fewest, *others = sorted(map(self._having, parts), key=len)
                return fewest.intersection(*others)
            case str():
                return self._with_letters(need)

    def _with_letters(self, letters: str) -> frozenset[int]:
        """The sentences of all words that contain the letters."""
        found: set[int] = set()
        at = self.vocabulary.find(letters)
        while at >= 0:
            word = bisect_right(self.ends, at)
            found.update(self.standing[word])
            at = self.vocabulary.find(letters, self.ends[word])
        return frozenset(found)


@once
def word_index(conversation: Conversation) -> WordIndex:
    """The index of a conversation, made when it is first asked for."""
    if len(conversation.lines) < INDEXED_LINES:
        return WordIndex(len(conversation.lines))
    return index_of_texts([line.text for line in conversation.lines])


def index_of_texts(texts: Sequence[str]) -> WordIndex:
    """An index of sentences, numbered from 0."""
    postings: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        plain = text if text.isascii() else text.translate(_SAME_LETTERS)
        for word in _WORD.findall(plain.lower()):
            postings.setdefault(word, []).append(number)
    ends = tuple(accumulate(len(word) + 1 for word in postings))
    return WordIndex(len(texts), " ".join(postings), ends, tuple(postings.values()))
