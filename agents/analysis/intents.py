"""Which of a set of tools a request asks for, by the cue words of each tool.

A cue occurs when its words stand in the request in their order, inflected as they like, with at most two words
between them ("next steps" in "next concrete steps"). The tool whose strongest cue is longest wins: more words beat
fewer, unbroken beats interrupted, then letters count; words like "who" and "about" weigh nothing. Equally strong cues
are settled by how many cues of each tool occur. What still ties is no intent: two things were asked, and neither
stands for the request.

What a writer says they do not want ("not about pricing", "instead of a summary") is not read.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from agents.analysis.words import Word, stem, stems

__all__ = ["choose_intent", "unwanted"]

MAX_GAP = 2
LIGHT = frozenset(
    stem(word)
    for word in [
        "a",
        "an",
        "the",
        "of",
        "by",
        "to",
        "in",
        "on",
        "for",
        "with",
        "about",
        "from",
        "at",
        "as",
        "than",
        "is",
        "are",
        "was",
        "were",
        "be",
        "do",
        "does",
        "did",
        "done",
        "has",
        "have",
        "had",
        "can",
        "could",
        "should",
        "would",
        "will",
        "who",
        "what",
        "which",
        "how",
        "many",
        "much",
        "where",
        "when",
        "why",
        "my",
        "our",
        "your",
        "their",
        "his",
        "her",
        "its",
        "we",
        "i",
        "you",
        "they",
        "us",
        "me",
        "this",
        "that",
        "these",
        "those",
        "last",
        "and",
        "or",
        "it",
        "there",
    ]
)
"""Words that say nothing about what is wanted; a cue is as strong as its other words."""
UNWANTED = re.compile(
    r"\b(?:not\s+(?:about|the|a|an|interested\s+in|looking\s+for)|do(?:n['’]?t|\s+not)\s+(?:want|need|show|give|include|send|bother)"
    r"|instead\s+of|rather\s+than|other\s+than|apart\s+from|except(?:\s+for)?|skip|ignore|leave\s+out|no\s+need\s+for)\b"
    r"[^.,;:?!\n]{0,60}?(?=[.,;:?!\n]|\b(?:but|just|only|show|give|tell)\b|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class Strength:
    """How strongly a cue occurs; greater is stronger."""

    words: int
    unbroken: bool
    letters: int


def unwanted(text: str) -> tuple[tuple[int, int], ...]:
    """The stretches of a text that say what is not wanted."""
    return tuple(match.span() for match in UNWANTED.finditer(text))


def choose_intent(sentence: Sequence[Word], intents: Mapping[str, tuple[str, ...]]) -> str | None:
    """The tool that the words ask for, or None where none or no single one is asked for."""
    at: defaultdict[str, list[int]] = defaultdict(list)
    for position, word in enumerate(sentence):
        at[word.stem].append(position)
    ranked: list[tuple[Strength, int, str]] = []
    for tool, cues in intents.items():
        heard = [strength for cue in cues if (strength := heard_as(stems_of(cue), at)) is not None]
        if heard:
            ranked.append((max(heard), len(heard), tool))
    ranked.sort(reverse=True, key=lambda it: it[:2])
    if not ranked or (len(ranked) > 1 and ranked[0][:2] == ranked[1][:2]):
        return None
    return ranked[0][2]


@lru_cache(maxsize=2048)
def stems_of(cue: str) -> tuple[str, ...]:
    return stems(cue)


def heard_as(cue: tuple[str, ...], at: Mapping[str, list[int]]) -> Strength | None:
    if not cue or any(part not in at for part in cue):
        return None
    heavy = [part for part in cue if part not in LIGHT]
    best: Strength | None = None
    for start in at[cue[0]]:
        position, unbroken = start, True
        for part in cue[1:]:
            following = next((it for it in at[part] if position < it <= position + 1 + MAX_GAP), None)
            if following is None:
                break
            unbroken = unbroken and following == position + 1
            position = following
        else:
            found = Strength(len(heavy), unbroken, sum(map(len, heavy)))
            best = found if best is None or found > best else best
            if unbroken:
                break
    return best
