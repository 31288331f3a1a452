"""The sentences that tell most of a call, in its own words: the recap is a selection, never a paraphrase.

A sentence scores by how much of the call's vocabulary it carries (words that come back, but not everywhere), by what
it talks about (a need, a problem, a number, a decision), and for being the customer's. Then the best are taken one
by one, each new one discounted by what it shares with those already taken.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.questions import question_kind
from agents.analysis.calls.word_index import WordIndex, cue, word_index
from agents.analysis.calls.words import terms

__all__ = ["key_sentences"]

_MIN_WORDS, _MAX_WORDS = 8, 40
_FIRST_OF_PART = 2.0
_FULL_OF_CONTENT = 6
_SUBSTANCE = cue(
    r"\b(?:need\w*|problem\w*|challeng\w*|issue\w*|goal\w*|plan\w*|because|decid\w*|decision\w*|deadline\w*|budget\w*|replac\w*|"
    r"struggl\w*|important|require\w*|priorit\w*|renew\w*|approv\w*|cost\w*|sav(?:e|es|ing)\w*|risk\w*|grow\w*|wait\w*|"
    r"fail\w*|current(?:ly)?|today|want\w*|looking (?:for|to)|trying to|main|biggest|slow\w*|manual\w*|pilot\w*|rollout|"
    r"contract\w*|evaluat\w*|criteria|success\w*|team|compare\w*)\b",
)
_SMALL_TALK = cue(
    r"\b(?:thanks? (?:you )?(?:for|so much|again)|good (?:morning|afternoon)|nice to (?:meet|see)|how are you|weather|weekend|"
    r"can you hear|share my screen|recording|have a (?:good|great|nice)|talk soon|pleasure)\b",
)
_FIGURE = re.compile(r"\d|\b(?:percent|hundred|thousand|million|dozen)\b")


def key_sentences(conversation: Conversation, count: int, leave_out: Collection[int] = ()) -> tuple[Line, ...]:
    """Up to `count` sentences, in order of time; those whose numbers are in `leave_out` are told elsewhere."""
    index = word_index(conversation)
    bags = [terms(line.text) for line in conversation.lines]
    spread = Counter(term for bag in bags for term in set(bag))
    frequency = Counter(term for bag in bags for term in bag)
    weight = {
        term: (1 + math.log(times)) * math.log(1 + len(bags) / spread[term]) if times > 1 else 0.5
        for term, times in frequency.items()
    }
    scored = [
        (_score(conversation, line, bag, weight), line, set(bag))
        for line, bag in zip(conversation.lines, bags, strict=True)
        if line.number not in leave_out and _eligible(index, line)
    ]
    return _diverse(_spread(conversation, scored, count), count)


def _spread(
    conversation: Conversation, scored: Sequence[tuple[float, Line, set[str]]], count: int
) -> list[tuple[float, Line, set[str]]]:
    """Raise the best of each part of the call, so that the recap tells its whole course."""
    parts = [min(count - 1, int(conversation.share_passed(line) * count)) for _, line, _ in scored]
    best: dict[int, float] = {}
    for part, (score, _, _) in zip(parts, scored, strict=True):
        best[part] = max(best.get(part, 0.0), score)
    return [
        (score * _FIRST_OF_PART if score == best[part] else score, line, bag)
        for part, (score, line, bag) in zip(parts, scored, strict=True)
    ]


def _eligible(index: WordIndex, line: Line) -> bool:
    return (
        _MIN_WORDS <= line.words <= _MAX_WORDS
        and index.search(_SMALL_TALK, line.number, line.text) is None
        and question_kind(line.text) is None
    )


def _score(conversation: Conversation, line: Line, bag: Sequence[str], weight: dict[str, float]) -> float:
    if not bag:
        return 0.0
    score = sum(weight[term] for term in set(bag)) / math.sqrt(line.words + 4)
    score *= min(1.0, len(set(bag)) / _FULL_OF_CONTENT)
    if word_index(conversation).may_match(_SUBSTANCE, line.number):
        score *= 1 + 0.25 * min(2, sum(1 for _ in _SUBSTANCE.finditer(line.text)))
    if line.speaker.side == "external":
        score *= 1.35
    if _FIGURE.search(line.text):
        score *= 1.15
    passed = conversation.share_passed(line)
    return score * (0.8 if passed < 0.03 or passed > 0.97 else 1.0)


def _diverse(scored: Sequence[tuple[float, Line, set[str]]], count: int) -> tuple[Line, ...]:
    left = sorted(scored, key=lambda item: (-item[0], item[1].number))[: 8 * count]
    taken: list[tuple[Line, set[str]]] = []
    while left and len(taken) < count:
        best = max(left, key=lambda item: (item[0] * (1 - _overlap(item[2], taken)), -item[1].number))
        left.remove(best)
        taken.append((best[1], best[2]))
    return tuple(sorted((line for line, _ in taken), key=lambda line: line.number))


def _overlap(bag: set[str], taken: Sequence[tuple[Line, set[str]]]) -> float:
    return max((len(bag & other) / max(1, min(len(bag), len(other))) for _, other in taken), default=0.0)
