"""What a search asks for: the words that matter, each with its weight, and the people whose words are meant.

"What did Dana Fox say about the delivery?" looks for `delivery`, said by or near Dana Fox; "what", "say" and "about"
only make it a question. Words that can be a subject but mostly frame one ("decision", "group") count for less, unless
they are part of one, as in "decision maker".
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from agents.analysis.calls.words import STOP_WORDS, plain_words, stem

__all__ = ["SIMILAR", "Query", "read_query", "similar_terms"]

_ASKING = """
    anybody anyone anything call calls client clients come came customer customers discuss discussed discussing
    discussion discussions during everybody everyone everything find list look looking main mainly mention mentioned mentioning mentions opinion
    opinions passage passages people person regarding said say saying says search show since someone speak speaking spoke
    summarise summarize summary talk talked talking talks tell thinks thinking thought told towards transcript
    transcripts upon whether whole
"""
_FRAMING = """
    agree agreed conclude concluded conclusion decide decided decision decisions describe described disagree explain
    explained group idea introduce introduced meeting meetings member members part perspective present presentation
    presentations presented presenting reason reasons recommend recommended respond response team time times view
    views
"""
_TITLES = "am dr hon mp mr mrs ms prof sir the"
ASKING_WORDS = frozenset(_ASKING.split())
"""Words that only say that something is sought, of those that are no stop words."""
FRAMING_WORDS = frozenset(_FRAMING.split())
_TITLE_WORDS = frozenset(_TITLES.split())
_FRAMING_WEIGHT = 0.4

_NAME_WORD = re.compile(r"[^\W_]+")
_BRACKETS = re.compile(r"\([^)]*\)")
_NAMES_SOMEBODY = re.compile(r"(?:\A|\b(?:did|does|do|has|had|by|from|is|was|the|and|with|of)\s+)\Z", re.IGNORECASE)
_ASKS_WHAT_THEY_SAY = re.compile(r"\b(?:did|does|has|had|by)\s+(?:the\s+)?\Z", re.IGNORECASE)

SIMILAR = 85
_SIMILAR_FROM = 5
"""Shorter words are too close to too many others."""


@dataclass(frozen=True, slots=True)
class Query:
    """`weights` are the stems sought, in the order asked; `speakers` the names, of those given, that are meant.

    `words` are the stems as they were asked for.
    """

    weights: Mapping[str, float]
    speakers: frozenset[str] = frozenset()
    words: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def empty(self) -> bool:
        """Whether it names neither a subject nor a speaker."""
        return not self.weights and not self.speakers


def read_query(text: str, speakers: Iterable[str] = ()) -> Query:
    """What a text asks for. The names of speakers whose words are sought are no subject."""
    named, rest = _apart(text, speakers)
    weights: dict[str, float] = {}
    words: dict[str, str] = {}
    said = plain_words(rest)
    for word, following in zip(said, [*said, ""][1:], strict=True):
        if word in STOP_WORDS or word in ASKING_WORDS or len(word) < 2:
            continue
        term = stem(word)
        words.setdefault(term, word)
        weight = _FRAMING_WEIGHT if word in FRAMING_WORDS and not _is_subject(following) else 1.0
        weights[term] = max(weight, weights.get(term, 0.0))
    return Query(weights, named, words)


def _is_subject(word: str) -> bool:
    return bool(word) and word not in STOP_WORDS | ASKING_WORDS | FRAMING_WORDS


def similar_terms(term: str, known: Iterable[str], at_least: int = SIMILAR) -> tuple[str, ...]:
    """Terms that may be another spelling or form of one that nobody uses, the most similar first.

    `at_least` is how much they have in common, in percent.
    """
    if len(term) < _SIMILAR_FROM or term.isdigit():
        return ()
    near = process.extract(
        term, [it for it in known if it[0] == term[0]], scorer=fuzz.ratio, score_cutoff=at_least, limit=3
    )
    return tuple(it for it, _, _ in near)


def _apart(text: str, speakers: Iterable[str]) -> tuple[frozenset[str], str]:
    """The speakers a text names, and the text without their names."""
    words = [(it.group().lower(), it.start(), it.end()) for it in _NAME_WORD.finditer(text)]
    possible = _with_any(words, speakers)
    named: set[str] = set()
    used: set[int] = set()
    for name, parts in sorted(possible.items(), key=lambda it: (-len(it[1]), it[0])):
        for at in _whole_name(text, words, parts):
            named.add(name)
            used.update(range(at, at + len(parts)))
    whole = frozenset(used)
    for name in sorted(possible.keys() - named):
        for at, (word, start, _) in enumerate(words):
            apart = whole.isdisjoint({at - 1, at, at + 1})
            if apart and word in possible[name] and _ASKS_WHAT_THEY_SAY.search(text[:start]):
                named.add(name)
                used.add(at)
    rest = list(text)
    for at in used:
        _, start, end = words[at]
        rest[start:end] = " " * (end - start)
    return frozenset(named), "".join(rest)


def _with_any(words: Sequence[tuple[str, int, int]], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The names that share a word with a text, by their words; a library knows thousands who do not."""
    asked = {word for word, _, _ in words} | {stem(word) for word, _, _ in words}
    shared = re.compile(r"(?<![^\W_])(?:" + "|".join(map(re.escape, sorted(asked))) + ")", re.IGNORECASE)
    parts = {name: _name_words(name) for name in names if asked and shared.search(name)}
    return {name: words for name, words in parts.items() if any({it, stem(it)} & asked for it in words)}


def _name_words(name: str) -> tuple[str, ...]:
    words = (it.group().lower() for it in _NAME_WORD.finditer(_BRACKETS.sub(" ", name)))
    return tuple(word for word in words if word not in _TITLE_WORDS)


def _whole_name(text: str, words: Sequence[tuple[str, int, int]], parts: Sequence[str]) -> list[int]:
    """Where all words of a name stand together; a name of one word only where a person can stand."""
    stems = [stem(part) for part in parts]
    found: list[int] = []
    for at in range(len(words) - len(parts) + 1):
        if len(parts) == 1:
            if words[at][0] == parts[0] and _NAMES_SOMEBODY.search(text[: words[at][1]]):
                found.append(at)
        elif parts and [stem(word) for word, _, _ in words[at : at + len(parts)]] == stems:
            found.append(at)
    return found
