"""Words of a request and of a description, made comparable: pure functions, English.

A stem is what is left of a word when its commonest endings are taken off; it need not be a word, it only has to be
the same for `objection`, `objections` and `objected`. Words that say nothing about a subject are left out.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

__all__ = ["SILENT", "phrase", "rarity", "stem", "stems", "within"]

WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")

FILLERS = """a about all also am an and any are as at be been being but by can come comes could did do does doing
done each every few find for from get give got had has have he her him his how i if in into is it its just let like made
make many me more most much my no not now of on one only or other our out over own per please s say says she should show
so some such tell than that the their them then there these they this those to too up us use using very was we were what
when where which who whom whose why will with would you your"""
SILENT = frozenset(FILLERS.split())

OWN_STEM = {"conversion": "conversion", "conversions": "conversion"}
"""Words that would share a stem with another of another meaning: a conversation is no conversion."""
ENDINGS = ("ations", "ation", "ings", "ing", "ions", "ion", "ed", "es", "s", "ly", "er", "ers", "e")
ENDINGS_BY_LENGTH = tuple(sorted(ENDINGS, key=len, reverse=True))


def stem(word: str) -> str:
    """The stem of a lower-case word; short words stay as they are, but for their plural."""
    word = word.split("'", maxsplit=1)[0]
    if word in OWN_STEM:
        return OWN_STEM[word]
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ENDINGS_BY_LENGTH:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return undouble(word[: -len(ending)])
    if word.endswith("s") and not word.endswith("ss") and len(word) > 3:
        return word[:-1]
    return word


def undouble(word: str) -> str:
    """`plann` of `planning` is `plan`."""
    return word[:-1] if word[-1] == word[-2] and word[-1] not in "lsz" else word


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text in their order, words that say nothing left out."""
    return tuple(word for word in phrase(text) if word not in SILENT)


def phrase(text: str) -> tuple[str, ...]:
    """All words of a text in their order, as stems; those that say nothing as they are."""
    words = WORD.findall(text.lower().replace("_", " "))
    return tuple(word if word in SILENT else stem(word) for word in words)


def within(part: Sequence[str], text: Sequence[str]) -> bool:
    """Whether a phrase stands in a text, word for word."""
    size, wanted = len(part), tuple(part)
    return (
        any(tuple(text[start : start + size]) == wanted for start in range(len(text) - size + 1)) if size else False
    )


def rarity(texts: Iterable[Iterable[str]]) -> Mapping[str, float]:
    """How much each stem tells the texts apart: 1 in a single one of them, 0 in all of them."""
    bags = [set(text) for text in texts]
    if len(bags) < 2:
        return {word: 1.0 for bag in bags for word in bag}
    counts = Counter(word for bag in bags for word in bag)
    return {word: math.log(len(bags) / count) / math.log(len(bags)) for word, count in counts.items()}
