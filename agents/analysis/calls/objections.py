"""Objections of the customer, and what the seller made of them: candidates, with both quotes.

An objection is a sentence of the customer's side that a cue list knows. What follows is looked at, not judged: was
there an acknowledgement, a question, an answer that takes up the subject, and how long was the pause. Words such as
"resolved" are used only for what the customer said afterwards.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agents.analysis.calls.conversation import Conversation, Line, once
from agents.analysis.calls.cues import (
    ACKNOWLEDGES,
    FIGURE,
    NO_WORRY,
    OBJECTION_CUES,
    RELIEF,
    WORRY,
    ObjectionCue,
    ObjectionType,
)
from agents.analysis.calls.questions import question_kind
from agents.analysis.calls.word_index import word_index
from agents.analysis.calls.words import terms

__all__ = ["Handling", "Objection", "objections_in"]

Handling = Literal["acknowledged", "asked", "answered", "ignored"]

_SAME_MOMENT_MS = 20_000
_REPLY_LINES = 8
_ANSWER_MIN_WORDS = 6
_ASIDE_MAX_WORDS = 3
_TOPIC_LINES = 3
_MIN_WORDS = 3
_PROMISES = re.compile(r"\W*(?:i|we)(?:'ll|’ll| will) (?:send|share|get|bring|check|ask)\b", re.IGNORECASE)
_HYPOTHETICAL = re.compile(r"\b(?:if|unless|what if|suppose)\b", re.IGNORECASE)
_PASSED = re.compile(r"\b(?:used to be|was|were|had|years? ago|back then)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Objection:
    """One objection. `pause_ms` is negative where the reply began before the customer had finished."""

    type: ObjectionType
    lines: tuple[Line, ...]
    reply: tuple[Line, ...]
    handled: tuple[Handling, ...]
    pause_ms: int | None
    relief: Line | None
    confidence: float

    @property
    def telling(self) -> tuple[Line, ...]:
        """The one or two sentences of the reply that show how it took the objection up."""
        acknowledged = [line for line in self.reply[:3] if ACKNOWLEDGES.search(line.text)]
        asked = [line for line in self.reply if question_kind(line.text) in {"open", "closed"}]
        long = [line for line in self.reply if line.words >= _ANSWER_MIN_WORDS]
        chosen = [*acknowledged[:1], *asked[:1], *long[:1], *self.reply[:1]]
        return tuple(sorted(set(chosen[:2]), key=lambda line: line.number))


@once
def objections_in(conversation: Conversation) -> tuple[Objection, ...]:
    """The objections in order of time."""
    found: list[tuple[ObjectionType, list[Line], float]] = []
    index = word_index(conversation)
    possible = [(cue, index.lines_with(*cue.patterns)) for cue in OBJECTION_CUES]
    for line in conversation.lines:
        if line.speaker.side != "external" or line.words < _MIN_WORDS:
            continue
        cues = [cue for cue, numbers in possible if line.number in numbers]
        if not cues:
            continue
        match = _match(cues, line.text, conversation.lines[max(0, line.number - _TOPIC_LINES) : line.number])
        if match is None:
            continue
        type_, confidence = match
        if found and _same_moment(found[-1][0], found[-1][1], type_, line):
            found[-1][1].append(line)
            found[-1] = (type_, found[-1][1], max(confidence, found[-1][2]))
        else:
            found.append((type_, [line], confidence))
    return tuple(_objection(conversation, type_, lines, confidence) for type_, lines, confidence in found)


def _match(cues: Sequence[ObjectionCue], text: str, before: Sequence[Line]) -> tuple[ObjectionType, float] | None:
    """The type a sentence is counted for, and how sure that is; `before` is what was said just before."""
    if NO_WORRY.search(text) or _PROMISES.match(text):
        return None
    worried = WORRY.search(text) is not None
    for cue in cues:
        confidence = _confidence(cue, text, before, worried=worried)
        if confidence:
            if question_kind(text) is not None or _HYPOTHETICAL.search(text) or _PASSED.search(text):
                confidence -= 0.1
            return cue.type, round(confidence, 2)
    return None


def _confidence(cue: ObjectionCue, text: str, before: Sequence[Line], *, worried: bool) -> float:
    if cue.strong.search(text):
        return 0.65 if worried else 0.55
    if cue.vague is not None and cue.vague.search(text) and any(_names_topic(cue, line) for line in before):
        return 0.55
    return 0.4 if worried and cue.topic is not None and cue.topic.search(text) else 0.0


def _names_topic(cue: ObjectionCue, line: Line) -> bool:
    about_price = cue.type == "price" and FIGURE.search(line.text) is not None
    return about_price or (cue.topic is not None and cue.topic.search(line.text) is not None)


def _same_moment(before: ObjectionType, lines: Sequence[Line], type_: ObjectionType, line: Line) -> bool:
    last = lines[-1]
    near = line.number - last.number <= 3 and line.start_ms - last.end_ms <= _SAME_MOMENT_MS
    return before == type_ and near and last.speaker.id == line.speaker.id


def _objection(
    conversation: Conversation, type_: ObjectionType, lines: Sequence[Line], confidence: float
) -> Objection:
    reply = _reply(conversation, lines[-1])
    return Objection(
        type=type_,
        lines=tuple(lines),
        reply=reply,
        handled=_handled(lines, reply),
        pause_ms=_pause_ms(conversation, lines[-1], reply),
        relief=_relief(conversation, reply),
        confidence=confidence,
    )


def _reply(conversation: Conversation, objection: Line) -> tuple[Line, ...]:
    """What the seller's side says next, until the customer speaks again for more than an aside."""
    reply: list[Line] = []
    for number in range(objection.number + 1, len(conversation.lines)):
        line = conversation.lines[number]
        if line.speaker.side == "internal":
            reply.append(line)
            if len(reply) == _REPLY_LINES:
                break
        elif reply and line.words > _ASIDE_MAX_WORDS:
            break
    return tuple(reply)


def _handled(objection: Sequence[Line], reply: Sequence[Line]) -> tuple[Handling, ...]:
    handled: list[Handling] = []
    if any(ACKNOWLEDGES.search(line.text) for line in reply[:3]):
        handled.append("acknowledged")
    if any(question_kind(line.text) in {"open", "closed"} for line in reply):
        handled.append("asked")
    subject = {term for line in objection for term in terms(line.text)}
    answers = [line for line in reply if line.words >= _ANSWER_MIN_WORDS and question_kind(line.text) is None]
    taken_up = any(subject & set(terms(line.text)) for line in answers)
    if answers and (taken_up or sum(line.words for line in answers) >= 2 * _ANSWER_MIN_WORDS):
        handled.append("answered")
    return tuple(handled) or ("ignored",)


def _pause_ms(conversation: Conversation, objection: Line, reply: Sequence[Line]) -> int | None:
    """From the end of the customer's turn to the reply."""
    if not reply or not conversation.timed:
        return None
    before = conversation.lines[objection.number : reply[0].number]
    ended_ms = max(line.end_ms for line in before if line.speaker.id == objection.speaker.id)
    return reply[0].start_ms - ended_ms


def _relief(conversation: Conversation, reply: Sequence[Line]) -> Line | None:
    """What the customer said right after the reply, if it sounds content."""
    if not reply:
        return None
    after = conversation.lines[reply[0].number + 1 : reply[-1].number + 4]
    for line in after:
        if line.speaker.side == "external" and RELIEF.search(line.text) and not WORRY.search(line.text):
            return line
    return None
