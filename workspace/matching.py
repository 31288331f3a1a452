"""Whether a text holds what somebody looks for: every word in any inflection, every phrase in quotation marks as it is.

Small words say nothing beside others. A word of four letters or more also finds the words that begin with it.
"""

import re
from collections.abc import Callable

__all__ = ["matcher"]

WORD = re.compile(r"\w+(?:[.,:]\d+)*")
PHRASE = re.compile(r'"([^"]{2,200})"|“([^”]{2,200})”')
PREFIX_LETTERS = 4
_SMALL = "a an the of in on at to for from by with about and or is are was were be do does did has have what who it this that"
SMALL = frozenset(_SMALL.split())
ENDINGS = ("ings", "ing", "ies", "ed", "es", "s", "e", "y")


def matcher(query: str) -> Callable[[str], bool]:
    """A test for texts; one that lets everything through where the query holds no word."""
    phrases = [(found[1] or found[2]).casefold() for found in PHRASE.finditer(query)]
    words = words_of(PHRASE.sub(" ", query))
    wanted = [stem(word) for word in words if word not in SMALL] or [stem(word) for word in words if not phrases]

    def holds(text: str) -> bool:
        folded = " ".join(text.casefold().split())
        if not all(phrase in folded for phrase in phrases):
            return False
        there = {stem(word) for word in words_of(folded)}
        return all(
            word in there or (len(word) >= PREFIX_LETTERS and any(other.startswith(word) for other in there))
            for word in wanted
        )

    return holds


def words_of(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def stem(word: str) -> str:
    """A word without its ending, as long as three letters stay."""
    ending = next((it for it in ENDINGS if word.endswith(it) and len(word) - len(it) >= 3), "")
    return word.removesuffix(ending) if word[-1:].isalpha() else word
