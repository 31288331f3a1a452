"""Names that exist, and how people write them: in another case, in part, or misspelt.

A name is read, in this order, as it stands (case, hyphens and spaces aside), by a part that only one name has ("Acme"
for Acme Corporation, "Darcel" for Darcel Schlecht), and by its spelling: one letter off in names of five letters and
more, two in names of nine and more, the first letter always right. What fits two names fits none of them.

In a sentence a part or a misspelling must look like a name: capitalised where the writer capitalises at all,
otherwise after a word like "with" or "of". So "newer deals of the wisdom team" names neither Newex nor Isdom.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from agents.analysis.words import Word, words

__all__ = ["Found", "Roster", "Unclear", "roster"]

How = Literal["exact", "part", "spelling"]
LEGAL = frozenset(
    {"corporation", "corp", "company", "inc", "ltd", "llc", "gmbh", "plc", "group", "holding", "partners"}
)
ORDINARY = LEGAL | frozenset(
    {"the", "new", "and", "co", "york", "capital", "oil", "olive", "cheers", "will", "mark", "may", "april", "june"}
    | {"august", "grace", "hope", "rose", "reed", "best", "price", "art", "rich", "frank", "grant", "chase", "bill"}
)
"""Words of names that also occur without meaning one: alone they need a capital letter, and no part is made of them."""
LEADS_TO_NAME = frozenset(
    {"with", "of", "at", "for", "from", "about", "to", "account", "customer", "rep", "and", "or", "does", "is", "did"}
    | {"by", "vs", "versus", "on", "has", "how", "coach", "between"}
)
SHORTEST_FORM = 3
"""The letters that a shortened name needs: "y/y" is no "Y-corporation"."""
SPELLING_FROM = 5
SPELLING_TWO_FROM = 9


@dataclass(frozen=True, slots=True)
class Found:
    """A name in a sentence: word `at`, `length` words long, `written` so, read as `name`."""

    name: str
    how: How
    written: str
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Unclear:
    """Words that fit several names or none; `nearest` are the candidates, best first."""

    written: str
    nearest: tuple[str, ...]
    several: bool


class Roster:
    """The names of one kind. `people`: any word of a name may stand for it, else its beginning only."""

    def __init__(self, names: Iterable[str], *, people: bool = False) -> None:
        self._names = tuple(dict.fromkeys(name for name in names if name.strip()))
        by_words: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        by_part: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for name in self._names:
            key = tuple(word.plain for word in words(name))
            for form in forms(key):
                by_words[form].add(name)
            for part in parts(key, people=people):
                by_part[part].add(name)
        self._exact = only(by_words)
        self._parts = {part: name for part, name in only(by_part).items() if part not in by_words}
        self._shared = {part: tuple(sorted(names)) for part, names in by_part.items() if len(names) > 1}
        self._longest_from: defaultdict[str, int] = defaultdict(int)
        for key in (*self._exact, *self._parts, *self._shared):
            self._longest_from[key[0]] = max(self._longest_from[key[0]], len(key))
        self._spellings = {"".join(key): name for key, name in (self._exact | self._parts).items()}

    def read(self, text: str) -> Found | Unclear:
        """The name that a whole text means."""
        key = tuple(word.plain for word in words(text))
        if name := self._exact.get(key) or self._exact.get(("".join(key),)):
            return Found(name, "exact", text, 0, len(key))
        if name := self._parts.get(key):
            return Found(name, "part", text, 0, len(key))
        if shared := self._shared.get(key):
            return Unclear(text, shared, several=True)
        near = self._spelt("".join(key))
        if len(near) == 1:
            return Found(near[0], "spelling", text, 0, len(key))
        return Unclear(text, near or self._nearest(text), several=bool(near))

    def within(self, sentence: Sequence[Word], free: Callable[[int], bool]) -> Iterator[Found | Unclear]:
        """The names in a sentence, among its `free` words. Misspellings are looked for where nothing else was."""
        capitals = any(word.text[0].isupper() and word.text[1:2].islower() for word in sentence[1:])
        taken: set[int] = set()
        sure = False
        for found in self._as_written(sentence, free, capitals=capitals):
            sure = True
            if isinstance(found, Found):
                taken.update(range(found.at, found.at + found.length))
            yield found
        if not sure:
            yield from self._misspelt(sentence, free, capitals=capitals)

    def _as_written(
        self, sentence: Sequence[Word], free: Callable[[int], bool], *, capitals: bool
    ) -> Iterator[Found | Unclear]:
        at = 0
        while at < len(sentence):
            found = self._here(sentence, at, free, capitals=capitals)
            if found is not None:
                yield found
            at += found.length if isinstance(found, Found) else 1

    def _here(
        self, sentence: Sequence[Word], at: int, free: Callable[[int], bool], *, capitals: bool
    ) -> Found | Unclear | None:
        longest = self._longest_from.get(sentence[at].plain, 0)
        for length in range(min(longest, len(sentence) - at), 0, -1):
            if not all(free(i) for i in range(at, at + length)):
                continue
            key = tuple(word.plain for word in sentence[at : at + length])
            written = " ".join(word.text for word in sentence[at : at + length])
            named = looks_like_name(sentence, at, capitals=capitals)
            name = self._exact.get(key)
            if name is not None and (not ORDINARY.issuperset(key) or (named and at > 0)):
                return Found(name, "exact", written, at, length)
            if named and (name := self._parts.get(key)):
                return Found(name, "part", written, at, length)
            if named and (shared := self._shared.get(key)):
                return Unclear(written, shared, several=True)
        return None

    def _misspelt(
        self, sentence: Sequence[Word], free: Callable[[int], bool], *, capitals: bool
    ) -> Iterator[Found | Unclear]:
        shortest = SPELLING_FROM if capitals else SPELLING_FROM + 1
        at = 0
        while at < len(sentence):
            step = 1
            if looks_like_name(sentence, at, capitals=capitals):
                for length in range(min(3, len(sentence) - at), 0, -1):
                    chosen = sentence[at : at + length]
                    joined = "".join(word.plain for word in chosen)
                    if (
                        len(joined) < shortest
                        or joined in ORDINARY
                        or not all(free(i) for i in range(at, at + length))
                    ):
                        continue
                    near = self._spelt(joined)
                    if near:
                        written = " ".join(word.text for word in chosen)
                        yield (
                            Found(near[0], "spelling", written, at, length)
                            if len(near) == 1
                            else Unclear(written, near, several=True)
                        )
                        step = length
                        break
            at += step

    def _spelt(self, joined: str) -> tuple[str, ...]:
        """The names that are within the allowed number of letters, the nearest ones only."""
        if len(joined) < SPELLING_FROM:
            return ()
        from rapidfuzz import process  # 0.05 s to import, and most requests need none of it
        from rapidfuzz.distance import OSA

        near = process.extract(joined, self._spellings.keys(), scorer=OSA.distance, score_cutoff=2, limit=None)
        fitting = [
            (int(distance), self._spellings[spelling])
            for spelling, distance, _ in near
            if spelling[0] == joined[0] and distance <= allowed(spelling)
        ]
        best = min((distance for distance, _ in fitting), default=0)
        return tuple(dict.fromkeys(name for distance, name in fitting if distance == best))

    def _nearest(self, text: str) -> tuple[str, ...]:
        from rapidfuzz import fuzz, process, utils

        near = process.extract(text, self._names, scorer=fuzz.WRatio, processor=utils.default_process, limit=3)
        return tuple(name for name, _, _ in near)


@lru_cache(maxsize=32)
def roster(names: tuple[str, ...], *, people: bool = False) -> Roster:
    """The roster of these names, made once."""
    return Roster(names, people=people)


def forms(key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The ways to write a whole name: as it is, or in one of its other forms where those are long enough to mean it."""
    yield key
    yield from (form for form in other_forms(key) if len("".join(form)) >= SHORTEST_FORM)


def other_forms(key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Without "The" or its legal form, with "and" or without, in one word."""
    if len(key) > 1:
        yield ("".join(key),)
    if len(key) > 2 and key[0] == "the":
        yield key[1:]
    if len(key) > 1 and key[-1] == "co":
        yield (*key[:-1], "and", "co")
        yield key[:-1]
    if len(key) > 1 and key[-1] in LEGAL:
        yield key[:-1]


def parts(key: tuple[str, ...], *, people: bool) -> Iterator[tuple[str, ...]]:
    """The single words and beginnings that may stand for a name."""
    if len(key) < 2:
        return
    for word in key if people else key[:1]:
        if len(word) >= 3 and (people or word not in ORDINARY):
            yield (word,)
    if not people:
        for length in range(2, len(key)):
            if key[0] not in ORDINARY:
                yield key[:length]


def only(many: dict[tuple[str, ...], set[str]]) -> dict[tuple[str, ...], str]:
    return {key: next(iter(names)) for key, names in many.items() if len(names) == 1}


def looks_like_name(sentence: Sequence[Word], at: int, *, capitals: bool) -> bool:
    if sentence[at].text[0].isupper() and (capitals or at == 0):
        return True
    return not capitals and (at == 0 or sentence[at - 1].plain in LEADS_TO_NAME)


def allowed(spelling: str) -> int:
    if len(spelling) < SPELLING_FROM:
        return 0
    return 2 if len(spelling) >= SPELLING_TWO_FROM else 1
