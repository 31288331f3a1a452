"""How the floor was shared: talk time, monologues, switches, patience, pace.

Interval arithmetic over sentence times, exact to them. Talk time is the sum of a speaker's sentence durations, so
two people who speak at once are both counted; the overlap is reported beside it. Where a transcript has no times,
shares are by words and everything else that needs a clock is None.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from agents.analysis.calls.conversation import Conversation, Line, Speaker
from agents.analysis.calls.questions import QuestionKind, questions_in
from agents.analysis.calls.turns import Parameters, Turn, turns_of
from agents.sources import Side

__all__ = ["Interaction", "SpeakerFigures", "interaction_of"]

_FILLER = re.compile(
    r"\b(?:um+|uh+|er|erm|hmm+|you know|i mean|kind of|sort of|basically|actually|literally)\b"
    r"|(?<=,)\s*(?:like|so|right)(?=\s*[,?])",
    re.IGNORECASE,
)
"""Fillers (starter list, unvalidated); `like`, `so`, `right` only between commas, where they carry nothing."""


@dataclass(frozen=True, slots=True)
class SpeakerFigures:
    """One speaker's part. `share` is of all talk time, or of all words where there are no times."""

    speaker: Speaker
    sentences: int
    talk_ms: int
    share: float
    words: int
    words_per_min: float | None
    longest_turn: Turn | None
    questions: int
    open_questions: int
    fillers: int
    fillers_per_min: float | None


@dataclass(frozen=True, slots=True)
class Interaction:
    """The figures of one conversation; None where the transcript does not carry a figure."""

    parameters: Parameters
    turns: tuple[Turn, ...]
    speakers: tuple[SpeakerFigures, ...]
    span_ms: int
    talk_ms: int
    rep: Speaker | None
    rep_share: float | None
    company_share: float | None
    customer_share: float | None
    longest_monologue: Turn | None
    longest_story: Turn | None
    switches: int
    switches_per_min: float | None
    patience_s: float | None
    patience_gaps: int
    company_questions: int
    customer_questions: int
    questions_per_hour: float | None
    overlap_ms: int
    overlap_share: float | None
    silence_ms: int
    silence_share: float | None
    longest_silence_ms: int

    def of(self, speaker: Speaker | None) -> SpeakerFigures | None:
        """The part of one speaker."""
        return next((part for part in self.speakers if speaker is not None and part.speaker.id == speaker.id), None)


def interaction_of(conversation: Conversation, parameters: Parameters | None = None) -> Interaction:
    """All figures of one conversation."""
    rules = parameters or Parameters()
    lines, timed = conversation.lines, conversation.clocked
    turns = turns_of(lines, rules)
    asked = questions_in(conversation)
    speakers = _speakers(conversation, turns, asked)
    span_ms = conversation.end_ms - conversation.start_ms
    switches = sum(1 for before, after in pairwise(turns) if _crosses(before, after))
    gaps = _reply_gaps_ms(turns) if timed else []
    overlap_ms, silence_ms, longest_silence_ms = _overlap_and_silence(lines) if timed else (0, 0, 0)
    two_sided = {"internal", "external"} <= {part.speaker.side for part in speakers}
    company_questions = sum(1 for line, _ in asked if line.speaker.side == "internal")
    rep_figures = next((part for part in speakers if part.speaker == conversation.rep), None)
    return Interaction(
        parameters=rules,
        turns=turns,
        speakers=speakers,
        span_ms=span_ms,
        talk_ms=sum(part.talk_ms for part in speakers),
        rep=conversation.rep,
        rep_share=rep_figures.share if rep_figures else None,
        company_share=_side_share(speakers, "internal"),
        customer_share=_side_share(speakers, "external"),
        longest_monologue=_longest(turns, "internal"),
        longest_story=_longest(turns, "external"),
        switches=switches,
        switches_per_min=_per(switches, span_ms, 60_000) if timed and two_sided else None,
        patience_s=median(gaps) / 1000 if gaps else None,
        patience_gaps=len(gaps),
        company_questions=company_questions,
        customer_questions=sum(1 for line, _ in asked if line.speaker.side == "external"),
        questions_per_hour=_per(company_questions, span_ms, 3_600_000) if timed and rep_figures else None,
        overlap_ms=overlap_ms,
        overlap_share=overlap_ms / (span_ms - silence_ms) if timed and span_ms > silence_ms else None,
        silence_ms=silence_ms,
        silence_share=silence_ms / span_ms if timed and span_ms else None,
        longest_silence_ms=longest_silence_ms,
    )


def _per(count: float, elapsed_ms: int, unit_ms: int) -> float | None:
    return count * unit_ms / elapsed_ms if elapsed_ms > 0 else None


def _speakers(
    conversation: Conversation, turns: Sequence[Turn], asked: Sequence[tuple[Line, QuestionKind]]
) -> tuple[SpeakerFigures, ...]:
    spoken: dict[str, list[Line]] = {speaker.id: [] for speaker in conversation.speakers}
    for line in conversation.lines:
        spoken[line.speaker.id].append(line)
    held: dict[str, list[Turn]] = {speaker.id: [] for speaker in conversation.speakers}
    for turn in turns:
        held[turn.speaker.id].append(turn)
    kinds_asked: dict[str, list[QuestionKind]] = {speaker.id: [] for speaker in conversation.speakers}
    for line, kind in asked:
        kinds_asked[line.speaker.id].append(kind)
    whole_ms = sum(line.duration_ms for line in conversation.lines)
    whole_words = sum(line.words for line in conversation.lines)
    figures: list[SpeakerFigures] = []
    for speaker in conversation.speakers:
        lines = spoken[speaker.id]
        talk_ms, words = sum(line.duration_ms for line in lines), sum(line.words for line in lines)
        part, whole = (talk_ms, whole_ms) if conversation.clocked else (words, whole_words)
        kinds = kinds_asked[speaker.id]
        fillers = sum(1 for line in lines for _ in _FILLER.finditer(line.text))
        figures.append(
            SpeakerFigures(
                speaker=speaker,
                sentences=len(lines),
                talk_ms=talk_ms,
                share=part / whole if whole else 0.0,
                words=words,
                words_per_min=_per(words, talk_ms, 60_000),
                longest_turn=max(held[speaker.id], key=_length, default=None),
                questions=len(kinds),
                open_questions=kinds.count("open"),
                fillers=fillers,
                fillers_per_min=_per(fillers, talk_ms, 60_000),
            )
        )
    return tuple(sorted(figures, key=lambda part: (-part.share, part.speaker.name)))


def _length(turn: Turn) -> tuple[int, int]:
    return turn.duration_ms, turn.words


def _side_share(speakers: Iterable[SpeakerFigures], side: Side) -> float | None:
    shares = [part.share for part in speakers if part.speaker.side == side]
    return sum(shares) if shares else None


def _longest(turns: Sequence[Turn], side: Side) -> Turn | None:
    return max((turn for turn in turns if turn.speaker.side == side), key=_length, default=None)


def _crosses(before: Turn, after: Turn) -> bool:
    return {before.speaker.side, after.speaker.side} == {"internal", "external"}


def _reply_gaps_ms(turns: Sequence[Turn]) -> list[int]:
    """The pauses between the end of a customer's turn and the beginning of the seller's; overlaps are none."""
    return [
        after.start_ms - before.end_ms
        for before, after in pairwise(turns)
        if before.speaker.side == "external" and after.speaker.side == "internal" and after.start_ms > before.end_ms
    ]


def _overlap_and_silence(lines: Sequence[Line]) -> tuple[int, int, int]:
    """Milliseconds in which several people speak at once, in which nobody speaks, and of the longest silence."""
    speaking: dict[str, int] = {}
    overlap = silence = longest = 0
    previous: int | None = None
    for at, step, speaker_id in _edges(lines):
        if previous is not None:
            if len(speaking) > 1:
                overlap += at - previous
            elif not speaking:
                silence += at - previous
                longest = max(longest, at - previous)
        count = speaking.get(speaker_id, 0) + step
        if count:
            speaking[speaker_id] = count
        else:
            speaking.pop(speaker_id, None)
        previous = at
    return overlap, silence, longest


def _edges(lines: Sequence[Line]) -> list[tuple[int, int, str]]:
    """Beginnings and ends in order of time; at one instant beginnings first, so that touching is no silence."""
    starts = [(line.start_ms, 1, line.speaker.id) for line in lines if line.duration_ms]
    ends = [(line.end_ms, -1, line.speaker.id) for line in lines if line.duration_ms]
    return sorted(starts + ends, key=lambda edge: (edge[0], -edge[1]))
