"""Who said how much, by rules so plain that any tool can share them: marks, letters and times, no model, no cue list.

The first call analysis counts like this, and an answer that takes its place has to mean the same. What sets these
figures apart from those of `interaction`:

* a word is a run of letters, digits and `$%'’`, so that "go-to-market" is three;
* a question is a sentence with a question mark at its end, "right?" included, "tell me about it." not;
* a short sound ends nobody's turn only where it begins while the other still talks; one in a pause does;
* the word passes between the sides whenever the side changes, a side that nobody knows included, and the minutes are
  those of the recording, not of the talk in it.

A turn is one person's sentences with gaps of at most 3 s. A short sound has fewer than three words and lasts at most a
second.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from agents.sources import Call, Sentence, Side, Transcript

__all__ = ["MarkedPart", "MarkedTalk", "marked_talk"]

MAX_GAP_MS = 3_000
SHORT_WORDS = 3
SHORT_MS = 1_000

_WORD = re.compile(r"[A-Za-z0-9$%'’]+")


@dataclass(frozen=True, slots=True)
class MarkedPart:
    """What one voice said. `side` is that of the party with this speaker id."""

    speaker_id: str
    side: Side
    words: int
    questions: int


@dataclass(frozen=True, slots=True)
class MarkedTalk:
    """The figures of one call, its voices in the order in which they are first heard."""

    parts: tuple[MarkedPart, ...]
    company_questions: int
    customer_questions: int
    longest_company_turn_ms: int | None
    switches_per_min: float


@dataclass(frozen=True, slots=True)
class _Turn:
    speaker_id: str
    start_ms: int
    end_ms: int


def marked_talk(call: Call, transcript: Transcript) -> MarkedTalk:
    """The figures of a call; its sentences have times that run forwards, and stand in order of their start."""
    sentences = transcript.sentences
    sides: dict[str, Side] = {}
    for party in call.parties:
        if party.speaker_id is not None:
            sides.setdefault(party.speaker_id, party.side)
    parts = tuple(
        _part(speaker_id, sides.get(speaker_id, "unknown"), sentences)
        for speaker_id in dict.fromkeys(sentence.speaker_id for sentence in sentences)
    )
    turns = _turns(sentences)
    company = {part.speaker_id for part in parts if part.side == "internal"}
    own_ms = [turn.end_ms - turn.start_ms for turn in turns if turn.speaker_id in company]
    return MarkedTalk(
        parts=parts,
        company_questions=sum(part.questions for part in parts if part.side == "internal"),
        customer_questions=sum(part.questions for part in parts if part.side == "external"),
        longest_company_turn_ms=max(own_ms, default=0) if company else None,
        switches_per_min=_switches_per_min(turns, sides, call.duration_s),
    )


def _part(speaker_id: str, side: Side, sentences: Sequence[Sentence]) -> MarkedPart:
    own = [sentence.text for sentence in sentences if sentence.speaker_id == speaker_id]
    return MarkedPart(speaker_id, side, sum(map(_words, own)), sum(text.rstrip().endswith("?") for text in own))


def _words(text: str) -> int:
    return len(_WORD.findall(text))


def _turns(sentences: Sequence[Sentence]) -> list[_Turn]:
    turns: list[_Turn] = []
    for sentence in sentences:
        last = turns[-1] if turns else None
        if last and last.speaker_id == sentence.speaker_id and sentence.start_ms - last.end_ms <= MAX_GAP_MS:
            turns[-1] = _Turn(last.speaker_id, last.start_ms, max(last.end_ms, sentence.end_ms))
        elif last is None or not _is_sound(sentence, last):
            turns.append(_Turn(sentence.speaker_id, sentence.start_ms, sentence.end_ms))
    return turns


def _is_sound(sentence: Sentence, turn: _Turn) -> bool:
    inside = sentence.start_ms < turn.end_ms
    return inside and sentence.end_ms - sentence.start_ms <= SHORT_MS and _words(sentence.text) < SHORT_WORDS


def _switches_per_min(turns: Sequence[_Turn], sides: Mapping[str, Side], duration_s: float) -> float:
    heard = [sides.get(turn.speaker_id, "unknown") for turn in turns]
    switches = sum(before != after for before, after in pairwise(heard))
    return switches / (duration_s / 60) if duration_s else 0.0
