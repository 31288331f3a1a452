"""Words of spoken English: how they are counted, normalised and told from filling.

Counting is for rates (words per minute), terms are for matching (search, key sentences, whether a reply takes up
what was said). Terms are cut to a light stem, so that `integrations`, `integrating` and `integration` meet.
"""

import re
from functools import lru_cache

__all__ = ["STOP_WORDS", "count_words", "plain_words", "stem", "terms", "topic_words"]

_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+(?:'[^\W_]+)*")
_SPELT_OUT = re.compile(r"(?<![^\W_])[^\W\d_](?:[._][^\W\d_])+(?![^\W_])")
"""Letters said one by one, as transcribers write them: `S.O.C.`, `L_C_D_`."""

_STOP_WORDS = """
    a about actually after again all also am an and any anything are aren't as at back be because been before being
    but by can can't could couldn't did didn't do does doesn't doing don't done down each else er even ever every
    everything few for from further get gets getting go goes going gonna good got great guess had hadn't has hasn't
    have haven't having he he's hello her here here's hers hey hi him his how how's however i i'd i'll i'm i've if in
    into is isn't it it'd it'll it's its itself just kind know know like little lot make many maybe me mean mine
    more most much my myself need no nor not now of off oh ok okay on once one only or other our ours out over own
    perhaps please pretty quite really right said same say see she she's should shouldn't so some something sort
    still such sure take tell than thank thanks that that'd that'll that's the their theirs them then there there's
    these they they'd they'll they're they've thing things think this those though through to too uh um under until
    up us use very want was wasn't way we we'd we'll we're we've well went were weren't what what's when where
    where's which while who who's why will with won't would wouldn't yeah yep yes yet you you'd you'll you're you've
    your yours
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())
"""Words that say nothing about the topic."""

# Longest first: the first ending that leaves a stem of four letters or more is cut.
_ENDINGS = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ions",
    "ion",
    "ers",
    "ies",
    "ed",
    "er",
    "es",
    "s",
    "y",
    "e",
)

_DOUBLED = re.compile(r"([bdgmnpt])\1\Z")
"""What an ending doubled: `running`, `shipped`."""
_SHORT_PLURAL = re.compile(r"[a-z]{2}[^\W\dsu]s")


@lru_cache(maxsize=65536)
def count_words(text: str) -> int:
    """How many words were spoken; punctuation marks that stand alone are none."""
    tokens = text.split()
    return len(tokens) - sum(1 for token in tokens if not token[0].isalnum() and not any(map(str.isalnum, token)))


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The part of a lower-case word that its inflections share; short words stay whole."""
    word = word.removesuffix("'s").removesuffix("’s")
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return _DOUBLED.sub(r"\1", word[: -len(ending)])
    return word[:-1] if _SHORT_PLURAL.fullmatch(word) else word


def plain_words(text: str) -> list[str]:
    """The words in lower case, in order; parts of a compound are words, letters spelt out are one."""
    joined = text.replace("’", "'")
    if "_" in joined or "." in joined[:-1]:  # nothing is spelt out with a full stop alone
        joined = _SPELT_OUT.sub(lambda letters: re.sub(r"[._]", "", letters.group()), joined)
    if joined.isascii():
        return _TOKEN.findall(joined.lower())
    return [word.lower() for word in _TOKEN.findall(joined)]


def topic_words(text: str) -> list[str]:
    """The words that carry a topic, in lower case and in order, repeated as often as they occur."""
    return [word for word in plain_words(text) if word not in STOP_WORDS and len(word) > 1]


def terms(text: str) -> list[str]:
    """The stems of the words that carry a topic, in order, repeated as often as they occur."""
    return [stem(word) for word in topic_words(text)]
