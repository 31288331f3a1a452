"""The fixed thresholds of the old coaching tools, each with where it comes from.

They are shown with every observation, since a threshold without its source is an opinion.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workspace.gong.stats import CallStats
from workspace.toolset import Json

__all__ = ["Observation", "observe"]

TALK_RATIO_HIGH = 0.65
TALK_RATIO_LOW = 0.30
MONOLOGUE_HIGH_S = 150.0
QUESTIONS_PER_HOUR_LOW = 18.0
PATIENCE_LOW_S = 0.6


@dataclass(frozen=True, slots=True)
class Observation:
    """One measured thing, held against a threshold."""

    area: str
    kind: Literal["strength", "improvement"]
    value: float
    threshold: str
    advice: str

    def shaped(self) -> Json:
        return {
            "area": self.area,
            "kind": self.kind,
            "value": self.value,
            "threshold": self.threshold,
            "advice": self.advice,
        }


def observe(stats: CallStats) -> Sequence[Observation]:
    """What the figures of a call, or the mean figures of several, say by the thresholds."""
    found = [_talk_ratio(stats.talk_ratio)] if stats.talk_ratio is not None else []
    if stats.longest_monologue_s is not None:
        found.append(_at_most("longest_monologue_s", stats.longest_monologue_s, MONOLOGUE_HIGH_S))
    if stats.questions_per_hour is not None:
        found.append(_at_least("questions_per_hour", stats.questions_per_hour, QUESTIONS_PER_HOUR_LOW))
    if stats.patience_s is not None:
        found.append(_at_least("patience_s", stats.patience_s, PATIENCE_LOW_S))
    return found


ADVICE = {
    "longest_monologue_s": "Stop for a question every two minutes.",
    "questions_per_hour": "Ask before you explain.",
    "patience_s": "Wait a breath after the customer stops.",
}
SOURCE = "range quoted in public notes on Gong, unverified"


def _talk_ratio(value: float) -> Observation:
    threshold = f"{TALK_RATIO_LOW} to {TALK_RATIO_HIGH} (upper end: Gong Labs, talk-to-listen ratio)"
    if value > TALK_RATIO_HIGH:
        return Observation("talk_ratio", "improvement", value, threshold, "Talk less: let the customer explain.")
    if value < TALK_RATIO_LOW:
        return Observation("talk_ratio", "improvement", value, threshold, "Lead more: the customer carried the call.")
    return Observation("talk_ratio", "strength", value, threshold, "Keep this balance.")


def _at_most(area: str, value: float, limit: float) -> Observation:
    kind = "strength" if value <= limit else "improvement"
    return Observation(
        area, kind, value, f"at most {limit:g} ({SOURCE})", "Keep it." if value <= limit else ADVICE[area]
    )


def _at_least(area: str, value: float, limit: float) -> Observation:
    kind = "strength" if value >= limit else "improvement"
    return Observation(
        area, kind, value, f"at least {limit:g} ({SOURCE})", "Keep it." if value >= limit else ADVICE[area]
    )
