"""Which sentences ask something, and whether they invite a story or a word.

A question mark decides where the transcript is punctuated. Where a sentence has no closing mark at all, its opening
words decide (a question word, or an auxiliary before a pronoun). Open questions are those that cannot be answered
with yes, no, a name or a number: what, why, how, and requests to tell or describe.
"""

import re
from typing import Literal

__all__ = ["QuestionKind", "question_kind"]

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


def question_kind(text: str) -> QuestionKind | None:
    """What a sentence asks for; None where it asks nothing."""
    spoken = text.strip().rstrip("\"'”’)")
    if spoken.endswith("?"):
        return _kind(_asking_part(spoken))
    bare = _FILLER_LEAD.sub("", spoken)
    if _REQUEST_TO_TELL.match(bare):
        return "open"
    if spoken.endswith((".", "!", "=", "-", "…")) or not bare:
        return None
    if _ASKING_LEAD.match(bare) or _CLOSED_LEAD.match(bare):
        return _kind(bare)
    return None


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
