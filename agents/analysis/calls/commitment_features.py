"""What a promise sounds like: who is to act, how sure that is put, what kind of doing.

A promise names its owner early ("I'll", "we will", "let me"), puts a verb of doing after it, and often a time. Those
are the features, beside single words and pairs. Hesitations and repeated beginnings ("I'll - I'll") are taken out
first; apostrophes stay, since "we'll" and "well" part here.
"""

import itertools
import re
from collections.abc import Sequence

__all__ = ["may_promise", "promise_phrases", "promise_words"]

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")
_HESITATIONS_WORDS = "um uh eh ah mmm mm er"
_OWNERS_WORDS = "i i'll i'm i'd i've we we'll we're we'd we've let let's"
_MODALS_WORDS = """
    will gonna going can could would should shall must need want wanna try plan have may might gotta
"""
_ADVERBS_WORDS = """
    just also probably definitely maybe certainly really then actually quickly still first now gladly happily
    simply sort kind of like either
"""
_DOING_WORDS = """
    add adjust analyze annotate ask attach book bring build buy call change check collect come compare compile
    complete compute confirm connect contact convert copy create cut deliver discuss do document draft draw drop
    edit email explain figure fill find finish fix follow forward generate get give go grab handle help hold
    implement improve include install introduce invite join keep label leave let listen look mail make measure
    meet merge modify move order organize pass pay pick ping plan play post prepare present print process propose
    provide pull push put read record redo remove replace reply report request review rewrite run save schedule
    search see send set share shift show sign sit sort speak split start stay stick stop submit switch take talk
    tell test think train transcribe translate try turn type update upload use verify wait walk work wrap write
"""
_MINDING_WORDS = """
    think see say guess mean know believe suppose imagine hope wonder remember want need like love hear feel
"""
_TIMES_WORDS = """
    tomorrow tonight monday tuesday wednesday thursday friday saturday sunday week month weekend later soon next
    today afternoon evening morning after before until by
"""
_PAST_WORDS = "did was were had said been"
_LEAD_WORDS = """
    well so and uh um oh ok okay o k but yeah yes no right like mmm hmm mhm then now see ah eh hm mmhmm alright
    actually
"""
_HESITATIONS = frozenset(_HESITATIONS_WORDS.split())
_OWNERS = frozenset(_OWNERS_WORDS.split())
_MODALS = frozenset(_MODALS_WORDS.split())
_LINKS = _MODALS | frozenset(["to", "be", "able", "do", "planning", "trying", "not", "ahead"])
_ADVERBS = frozenset(_ADVERBS_WORDS.split())
_DOING = frozenset(_DOING_WORDS.split())
_MINDING = frozenset(_MINDING_WORDS.split())
_TIMES = frozenset(_TIMES_WORDS.split())
_PAST = frozenset(_PAST_WORDS.split())
_LEAD = frozenset(_LEAD_WORDS.split())
_ANNOUNCES = _OWNERS | _MODALS - {"may", "might", "must", "shall", "need", "have", "gotta"} | {"my"}
_REACH = 6
"""Words between owner and verb that are looked through."""


def promise_words(text: str) -> list[str]:
    """The words alone, without hesitations and repeated beginnings."""
    words: list[str] = []
    for word in _WORD.findall(text.lower().replace("_", "").replace("’", "'")):
        if word in _HESITATIONS or (words and words[-1] == word):
            continue
        if len(words) >= 2 and words[-2] == word and word in _OWNERS and words[-1] in _OWNERS | _MODALS:
            words.pop()
            continue
        words.append(word)
    return words


def may_promise(words: Sequence[str]) -> bool:
    """A cheap look: whether anybody of the speaker's side, or a verb of doing at the beginning, is there at all."""
    return len(words) > 1 and (not _ANNOUNCES.isdisjoint(words) or words[_start(words)] in _DOING)


def promise_phrases(words: Sequence[str]) -> list[str]:
    """The features of one sentence."""
    marked = ["^", *words, "$"]
    found = [*words, *(f"{one} {two}" for one, two in itertools.pairwise(marked))]
    count, start = len(words), _start(words)
    found.append(f"#{count if count < 8 else 8 + min(4, (count - 8) // 4)}")
    if words and words[start] in _DOING:
        found += ["DOING", "DOING long" if count - start > 3 else "DOING short"]
    refused = any(word in {"not", "never"} or word.endswith("n't") for word in words)
    timed, conditional, past = not _TIMES.isdisjoint(words), "if" in words, not _PAST.isdisjoint(words)
    found += [f"not{refused:d}", f"time{timed:d}", f"if{conditional:d}", f"past{past:d}"]
    for at, word in enumerate(words):
        if word not in _OWNERS:
            continue
        chain, verb = _what_follows(words, at)
        place = "early" if at - start <= 1 else "middle" if at - start <= 4 else "late"
        plan, head, kind = _owner(word) + _plan(word, chain), " ".join([word, *chain][:3]), _verb_class(verb)
        found += [f"{head}:", f"{head}:{kind}", f"{head}:{kind} {place}", f"{word}:{kind}", f"{head}:{verb}"]
        found += [f"{plan}:{kind}", f"{plan}:{kind} {place}", f"{plan}:{kind} time{timed:d}", f"{plan}:{verb}"]
        found += [f"{plan}: not{refused:d} if{conditional:d} past{past:d}", f"{plan}: {min(4, count // 5)}"]
    return found


def _start(words: Sequence[str]) -> int:
    first = 0
    while first < len(words) - 1 and words[first] in _LEAD:
        first += 1
    return first


def _what_follows(words: Sequence[str], at: int) -> tuple[list[str], str]:
    """The modal words after an owner, and the first word that is none."""
    chain: list[str] = []
    for word in words[at + 1 : at + 1 + _REACH]:
        if word in _ADVERBS:
            continue
        if word not in _LINKS:
            return chain, word
        chain.append(word)
    return chain, "$"


def _owner(word: str) -> str:
    return "I" if word.startswith("i") else "WE"


def _plan(word: str, chain: Sequence[str]) -> str:
    """How sure it is put."""
    said = set(chain)
    if word.endswith("'ll") or said & {"will", "gonna", "going"}:
        return " WILL"
    if said & {"can", "could"}:
        return " CAN"
    if word.endswith("'d") or "would" in said:
        return " WOULD"
    if said & {"should", "need", "must", "gotta", "have"}:
        return " SHOULD"
    if said & {"want", "wanna", "plan", "try", "planning", "trying"}:
        return " WANT"
    return " LET" if word.startswith("let") else ""


def _verb_class(verb: str) -> str:
    if verb in _DOING:
        return "DO"
    if verb in _MINDING:
        return "MIND"
    if verb.endswith("ing"):
        return "ING"
    if verb.endswith("ed"):
        return "ED"
    return verb if verb == "$" else "OTHER"
