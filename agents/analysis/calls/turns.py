"""Turns: what one person says until somebody else takes the floor.

Vendors do not publish their rules, and the rules matter: on recorded meetings, whether a murmured "yeah" counts
halves or doubles the number of switches. So the rules stand here with their parameters, and every figure that
depends on them is shown with them.

The rule (Amazon's call analytics merges like this; Revenue.io tells backchannels from interruptions the same way):
sentences of one speaker with gaps of up to 3 s are one turn; a sentence of fewer than 3 words and at most 1 s inside
somebody else's turn is a backchannel, which neither switches the floor nor breaks a turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.analysis.calls.conversation import Line, Speaker

__all__ = ["Parameters", "Turn", "turns_of"]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the interaction figures depend on."""

    turn_gap_ms: int = 3000
    backchannel_under_words: int = 3
    backchannel_max_ms: int = 1000


@dataclass(frozen=True, slots=True)
class Turn:
    """Sentences of one speaker, one after the other."""

    speaker: Speaker
    lines: tuple[Line, ...]
    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        """From the first word to the last, short pauses included."""
        return self.end_ms - self.start_ms

    @property
    def text(self) -> str:
        """All that was said in it."""
        return " ".join(line.text for line in self.lines)

    @property
    def words(self) -> int:
        """How many words were said in it."""
        return sum(line.words for line in self.lines)


def turns_of(lines: Sequence[Line], parameters: Parameters) -> tuple[Turn, ...]:
    """The turns in order of their start; backchannels belong to none."""
    turns: list[Turn] = []
    spoken: list[Line] = []
    end_ms = 0
    for line in _without_backchannels(lines, parameters):
        same = bool(spoken) and spoken[-1].speaker.id == line.speaker.id
        if spoken and not (same and line.start_ms - end_ms <= parameters.turn_gap_ms):
            turns.append(_turn(spoken, end_ms))
            spoken = []
        end_ms = max(end_ms, line.end_ms) if spoken else line.end_ms
        spoken.append(line)
    if spoken:
        turns.append(_turn(spoken, end_ms))
    return tuple(turns)


def _turn(lines: Sequence[Line], end_ms: int) -> Turn:
    return Turn(lines[0].speaker, tuple(lines), lines[0].start_ms, end_ms)


def _without_backchannels(lines: Sequence[Line], parameters: Parameters) -> list[Line]:
    short = [
        line.words < parameters.backchannel_under_words and line.duration_ms <= parameters.backchannel_max_ms
        for line in lines
    ]
    following = _next_long(lines, short)
    kept: list[Line] = []
    for position, line in enumerate(lines):
        before = kept[-1] if kept else None
        after = following[position]
        if short[position] and before is not None and _inside(line, before, after, parameters):
            continue
        kept.append(line)
    return kept


def _next_long(lines: Sequence[Line], short: Sequence[bool]) -> list[Line | None]:
    """For each sentence the next one that cannot be a backchannel."""
    following: list[Line | None] = []
    upcoming: Line | None = None
    for line, is_short in zip(reversed(lines), reversed(short), strict=True):
        following.append(upcoming)
        if not is_short:
            upcoming = line
    following.reverse()
    return following


def _inside(line: Line, before: Line, after: Line | None, parameters: Parameters) -> bool:
    if before.speaker.id == line.speaker.id:
        return False
    if line.end_ms <= before.end_ms:  # spoken over, while the other goes on
        return line.duration_ms > 0 or before.duration_ms > 0
    goes_on = after is not None and after.speaker.id == before.speaker.id
    return goes_on and after is not None and after.start_ms - before.end_ms <= parameters.turn_gap_ms
