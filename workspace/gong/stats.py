"""How people shared a call, by rules that stand here and nowhere else in this server.

A *turn* is one person's sentences with gaps of at most 3 s; what others say inside it in fewer than three
words and at most a second ("mm-hm") is a backchannel and neither ends the turn nor counts as one.
Talk time is the sum of sentence times. A question is a sentence with a question mark at its end.
Gong's own formulas for Interactivity and Patience are not public: `switches_per_min` and `patience_s`
are ours. Times in seconds.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from workspace.gong.call import Call, Sentence

__all__ = ["CallStats", "SpeakerStats", "Turn", "call_stats", "turns"]

MAX_GAP_MS = 3_000
BACKCHANNEL_WORDS = 3
BACKCHANNEL_MS = 1_000

_WORD = re.compile(r"[A-Za-z0-9$%'’]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """An uninterrupted stretch of one speaker."""

    speaker_id: str
    start_ms: int
    end_ms: int

    @property
    def length_s(self) -> float:
        return (self.end_ms - self.start_ms) / 1000


@dataclass(frozen=True, slots=True)
class SpeakerStats:
    """One voice on the call."""

    speaker_id: str
    talk_s: float
    talk_share: float
    words: int
    questions: int
    longest_turn_s: float


@dataclass(frozen=True, slots=True)
class CallStats:
    """The whole call. Ratios are None where nobody of that side was heard or nobody spoke."""

    speakers: tuple[SpeakerStats, ...]
    talk_ratio: float | None
    """The company's share of all talk time."""
    longest_monologue_s: float | None
    longest_customer_story_s: float | None
    company_questions: int
    customer_questions: int
    questions_per_hour: float | None
    switches_per_min: float
    patience_s: float | None
    """Mean silence between a customer's turn and the company's next one; overlaps left out."""


def turns(sentences: Sequence[Sentence]) -> list[Turn]:
    """Merge sentences, in order of time, into turns."""
    merged: list[Turn] = []
    for sentence in sentences:
        last = merged[-1] if merged else None
        if last and last.speaker_id == sentence.speaker_id and sentence.start_ms - last.end_ms <= MAX_GAP_MS:
            merged[-1] = Turn(last.speaker_id, last.start_ms, max(last.end_ms, sentence.end_ms))
        elif not (last and _is_backchannel(sentence, last)):
            merged.append(Turn(sentence.speaker_id, sentence.start_ms, sentence.end_ms))
    return merged


def call_stats(call: Call) -> CallStats:
    """All figures of one call; a call without words has zeros and Nones."""
    sentences = call.sentences or ()
    stretches = turns(sentences)
    total_s = sum(_length_s(sentence) for sentence in sentences)
    speakers = tuple(
        _speaker(speaker_id, sentences, stretches, total_s)
        for speaker_id in dict.fromkeys(sentence.speaker_id for sentence in sentences)
    )
    company = [s for s in speakers if call.affiliation(s.speaker_id) == "Internal"]
    customer = [s for s in speakers if call.affiliation(s.speaker_id) == "External"]
    minutes = call.card.duration_s / 60
    company_questions = sum(s.questions for s in company)
    return CallStats(
        speakers=speakers,
        talk_ratio=round(sum(s.talk_s for s in company) / total_s, 4) if total_s and company else None,
        longest_monologue_s=max((s.longest_turn_s for s in company), default=None),
        longest_customer_story_s=max((s.longest_turn_s for s in customer), default=None),
        company_questions=company_questions,
        customer_questions=sum(s.questions for s in customer),
        questions_per_hour=round(company_questions / minutes * 60, 1) if minutes and company else None,
        switches_per_min=round(_switches(call, stretches) / minutes, 2) if minutes else 0.0,
        patience_s=_patience_s(call, stretches),
    )


def _speaker(
    speaker_id: str, sentences: Sequence[Sentence], stretches: Sequence[Turn], total_s: float
) -> SpeakerStats:
    own = [sentence for sentence in sentences if sentence.speaker_id == speaker_id]
    talk_s = sum(_length_s(sentence) for sentence in own)
    return SpeakerStats(
        speaker_id=speaker_id,
        talk_s=round(talk_s, 3),
        talk_share=round(talk_s / total_s, 4) if total_s else 0.0,
        words=sum(len(_WORD.findall(sentence.text)) for sentence in own),
        questions=sum(sentence.text.rstrip().endswith("?") for sentence in own),
        longest_turn_s=max((turn.length_s for turn in stretches if turn.speaker_id == speaker_id), default=0.0),
    )


def _length_s(sentence: Sentence) -> float:
    return (sentence.end_ms - sentence.start_ms) / 1000


def _is_backchannel(sentence: Sentence, turn: Turn) -> bool:
    """A short sound made while another talks, or in the breath after it."""
    short = len(_WORD.findall(sentence.text)) < BACKCHANNEL_WORDS
    inside = sentence.start_ms < turn.end_ms
    return short and inside and sentence.end_ms - sentence.start_ms <= BACKCHANNEL_MS


def _switches(call: Call, stretches: Sequence[Turn]) -> int:
    """How often the word passed between the company and the customer."""
    sides = [call.affiliation(turn.speaker_id) for turn in stretches]
    return sum(a != b for a, b in pairwise(sides))


def _patience_s(call: Call, stretches: Sequence[Turn]) -> float | None:
    gaps = [
        (later.start_ms - earlier.end_ms) / 1000
        for earlier, later in pairwise(stretches)
        if call.affiliation(earlier.speaker_id) == "External"
        and call.affiliation(later.speaker_id) == "Internal"
        and later.start_ms > earlier.end_ms
    ]
    return round(fmean(gaps), 2) if gaps else None
