"""Which sentences ask something, and whether they invite a story or a word.

A question mark decides where the transcript is punctuated. Where a sentence has no closing mark, or a long transcript
no question mark at all, a model trained on recorded meetings decides in `asked_in`: from the words, and where there
are times from what is said around them and after what pause (`models/README.md` says how often it is right). A
sentence that stands alone (`question_kind`) is judged by its opening words. Open questions are those that cannot be
answered with yes, no, a name or a number: what, why, how, and requests to tell or describe.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agents.analysis.calls.conversation import Conversation, Line, is_english, once
from agents.analysis.calls.question_features import REACH, phrases, spoken_words, surroundings
from agents.analysis.calls.sentence_model import SentenceModel, load_model, probability

__all__ = ["Asked", "QuestionKind", "asked_in", "question_kind", "questions_in"]

QuestionKind = Literal["open", "closed", "tag"]
"""`tag`: "right?", "okay?": it keeps contact and asks nothing, and is left out of question counts."""

_TAG = re.compile(
    r"(?:(?:right|okay|ok|yeah|yes|no|huh|correct|really|sorry|pardon|hello|you know|you see|"
    r"(?:is|was|does|do|did|are|has|have|would|could|can|wo|should)(?:n't)? (?:it|that|they|you|we|he|she|i))\W*)",
    re.IGNORECASE,
)
_FACTUAL = re.compile(
    r"\bhow (?:many|much|long|often|soon|big|large|far|old|late|early)\b|"
    r"\bwhat (?:time|day|date|year|month|number)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:what|why|how|how's|what's)\b|\b(?:tell|walk|take|talk) (?:me|us) (?:through|about|a bit|more)\b|"
    r"\bhelp (?:me|us) understand\b|\b(?:describe|elaborate|say more|paint (?:me )?a picture)\b",
    re.IGNORECASE,
)
_CLOSED_LEAD = re.compile(
    r"(?:is|are|was|were|do|does|did|have|has|had|can|could|will|would|should|may|might|shall|am)(?:n't)? "
    r"(?:i|you|we|he|she|it|they|that|this|these|those|there|the|your|our|any|anyone|somebody|someone)\b",
    re.IGNORECASE,
)
_ASKING_LEAD = re.compile(
    r"(?:what|what's|why|how|how's|who|who's|where|where's|when|which|whose)\b"
    r"(?! (?:i|we) (?:mean|want|need|can|do|have)\b)",
    re.IGNORECASE,
)
_FILLER_LEAD = re.compile(
    r"^\W*(?:(?:so|and|but|well|okay|ok|um|uh|er|yeah|yes|now|right|oh|great|sure|then|also|alright|actually)\b[\s,.\-]*)+",
    re.IGNORECASE,
)
_REQUEST_TO_TELL = re.compile(
    r"^(?:please )?(?:tell (?:me|us) (?:more )?about|walk (?:me|us) through|help (?:me|us) understand|"
    r"(?:can|could|would) you (?:tell|walk|describe|help))\b",
    re.IGNORECASE,
)
_OPEN_TAIL_WORDS = 14
"""A question word this far before the question mark still decides; before that the sentence tells something else."""
_CLOSING_MARKS = (".", "!", "=", "-", "…")
_SUREST = 0.99
_NEVER_MARKED_LINES = 50
"""A transcript of this many sentences without one question mark comes from a recorder that writes none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. `confidence` is 1 for a question mark or a plain request to tell, and under 1 for the model's."""

    line: Line
    kind: QuestionKind
    confidence: float


@once
def asked_in(conversation: Conversation) -> tuple[Asked, ...]:
    """The sentences that ask something, in order, tags ("right?") among them."""
    lines = conversation.lines
    ends = [_ending(line.text) for line in lines]
    unmarked = len(lines) >= _NEVER_MARKED_LINES and not any(end.endswith("?") for end in ends)
    guessed = _guesses(
        conversation,
        [n for n, end in enumerate(ends) if unmarked or not end.endswith(("?", *_CLOSING_MARKS))],
    )
    asked: list[Asked] = []
    for line, end in zip(lines, ends, strict=True):
        if end.endswith("?"):
            asked.append(Asked(line, _kind(_asking_part(end)), 1.0))
        elif _REQUEST_TO_TELL.match(bare := _FILLER_LEAD.sub("", end)):
            asked.append(Asked(line, "open", 1.0))
        elif line.number in guessed:
            asked.append(Asked(line, _kind(bare or end), guessed[line.number]))
    return tuple(asked)


def questions_in(conversation: Conversation) -> list[tuple[Line, QuestionKind]]:
    """The sentences that ask something, in order; tags ("right?") are not among them."""
    return [(asked.line, asked.kind) for asked in asked_in(conversation) if asked.kind != "tag"]


def question_kind(text: str) -> QuestionKind | None:
    """What a sentence by itself asks for; None where it asks nothing."""
    spoken = _ending(text)
    if spoken.endswith("?"):
        return _kind(_asking_part(spoken))
    bare = _FILLER_LEAD.sub("", spoken)
    if _REQUEST_TO_TELL.match(bare):
        return "open"
    if spoken.endswith(_CLOSING_MARKS) or not bare:
        return None
    if _ASKING_LEAD.match(bare) or _CLOSED_LEAD.match(bare):
        return _kind(bare)
    return None


def _ending(text: str) -> str:
    """A sentence up to its closing mark."""
    return text.strip().rstrip("\"'”’)")


def _guesses(conversation: Conversation, numbers: Sequence[int]) -> dict[int, float]:
    """The lines among `numbers` that ask without a mark, with their confidence."""
    if not numbers or not is_english(conversation.call):
        return {}
    lines, model = conversation.lines, load_model("questions")
    looked_at = {i for number in numbers for i in range(number - REACH, number + REACH + 1)}
    words = [spoken_words(line.text) if i in looked_at else [] for i, line in enumerate(lines)]
    scores = [model.words_score(phrases(spoken)) if i in looked_at else 0.0 for i, spoken in enumerate(words)]
    found = {i: _confidence(model, conversation, words, scores, i) for i in numbers}
    return {number: sure for number, sure in found.items() if sure is not None}


def _confidence(
    model: SentenceModel,
    conversation: Conversation,
    words: Sequence[Sequence[str]],
    scores: Sequence[float],
    at: int,
) -> float | None:
    """How sure it is that a line asks; None where it is taken not to."""
    score, threshold = scores[at], model.threshold
    if conversation.timed:
        if score < model.floor:
            return None
        score, threshold = (
            model.context_score(surroundings(conversation.lines, words, scores, at)),
            model.context_threshold,
        )
    return min(_SUREST, round(probability(score), 2)) if score >= threshold else None


def _asking_part(text: str) -> str:
    """Where the question itself stands: the last clause from its question word on, or else the end of it."""
    clause = _FILLER_LEAD.sub("", re.split(r"(?<=[.!;:])\s|\s[–—-]\s", text)[-1])
    if _ASKING_LEAD.match(clause):
        return clause
    return " ".join(clause.split()[-_OPEN_TAIL_WORDS:])


def _kind(text: str) -> QuestionKind:
    bare = _FILLER_LEAD.sub("", text)
    if _TAG.fullmatch(text) or _TAG.fullmatch(bare) or not re.search(r"\w", bare):
        return "tag"
    if _FACTUAL.search(bare):
        return "closed"
    if _CLOSED_LEAD.match(bare) and not _REQUEST_TO_TELL.match(bare):
        return "closed"
    return "open" if _OPEN.search(bare) else "closed"
