"""Keyword trackers with Gong's meaning: which phrases were said, by which side, in a question or not, and when.

The fields of a definition are those of Gong's `/v2/settings/trackers`: `affiliation` is whose words count, `saidAt`
with its interval the part of the call that counts (`First` and `Last` so many minutes or percent), `includeRelatedForms`
whether inflections count. Minutes run from the first word of the call, and back from its last; percent are of that
time, or of the sentences where there are no times. Minutes without times cannot be told, and are said to be missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.interaction import questions_in
from agents.analysis.calls.phrases import Phrases

__all__ = ["Affiliation", "Occurrence", "SaidAt", "Tracker", "Unit", "needs_times", "track"]

Affiliation = Literal["Anyone", "Company", "NonCompany"]
SaidAt = Literal["Anytime", "First", "Last"]
Unit = Literal["minutes", "percent"]

_SIDES = {"Company": "internal", "NonCompany": "external"}


@dataclass(frozen=True, slots=True)
class Tracker:
    """What to look for. `interval` counts `unit` and is read only where `said_at` is not `Anytime`."""

    name: str
    phrases: tuple[str, ...]
    related_forms: bool = True
    affiliation: Affiliation = "Anyone"
    part_of_question: bool = False
    said_at: SaidAt = "Anytime"
    interval: float = 0.0
    unit: Unit = "minutes"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place where a tracker was hit; `phrase` as the tracker spells it."""

    tracker: str
    phrase: str
    line: Line


def needs_times(tracker: Tracker) -> bool:
    """Whether a tracker cannot be applied to a transcript without times."""
    return tracker.said_at != "Anytime" and tracker.unit == "minutes"


def track(conversation: Conversation, trackers: Sequence[Tracker]) -> tuple[Occurrence, ...]:
    """Every hit of every tracker, in order of time; trackers that need times the call lacks have none."""
    usable = {it.name: it for it in trackers if conversation.timed or not needs_times(it)}
    index: Phrases[str] = Phrases()
    for tracker in usable.values():
        index.add(tracker.name, tracker.phrases, related_forms=tracker.related_forms)
    asking: frozenset[int] = frozenset()
    if any(tracker.part_of_question for tracker in usable.values()):
        asking = frozenset(line.number for line, _ in questions_in(conversation))
    return tuple(
        Occurrence(met.owner, met.phrase, line)
        for line in conversation.lines
        for met in index.met_in(line.text)
        if _counts(conversation, usable[met.owner], line, asking)
    )


def _counts(conversation: Conversation, tracker: Tracker, line: Line, asking: frozenset[int]) -> bool:
    if tracker.affiliation != "Anyone" and line.speaker.side != _SIDES[tracker.affiliation]:
        return False
    if tracker.part_of_question and line.number not in asking:
        return False
    return _in_time(conversation, tracker, line)


def _in_time(conversation: Conversation, tracker: Tracker, line: Line) -> bool:
    if tracker.said_at == "Anytime":
        return True
    if tracker.unit == "percent":
        passed = 100 * conversation.share_passed(line)
        return passed <= tracker.interval if tracker.said_at == "First" else passed >= 100 - tracker.interval
    window_ms = tracker.interval * 60_000
    if tracker.said_at == "First":
        return line.start_ms - conversation.start_ms < window_ms
    return conversation.end_ms - line.start_ms <= window_ms
