"""Comparing one seller's calls with the team's without claiming more than the numbers carry.

Each call counts once. Under five calls on either side nothing is compared: a percentile out of three calls is noise,
and it is about a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

__all__ = ["MIN_CALLS", "Comparison", "Place", "compare", "slope_per_call", "standing"]

MIN_CALLS = 5


@dataclass(frozen=True, slots=True)
class Comparison:
    """A seller's mean beside the team's other calls. Median and percentile are None where either side has too few.

    `percentile` is the share of the team's calls, 0 to 100, whose value is below the seller's mean.
    """

    mean: float
    calls: int
    team_median: float | None
    team_percentile: int | None
    team_calls: int


def compare(own: Sequence[float], team: Sequence[float]) -> Comparison | None:
    """The comparison, or None where the seller has no value at all."""
    if not own:
        return None
    mean = fmean(own)
    enough = len(own) >= MIN_CALLS and len(team) >= MIN_CALLS
    below = sum(1 for value in team if value < mean) + sum(1 for value in team if value == mean) / 2
    return Comparison(
        mean=mean,
        calls=len(own),
        team_median=median(team) if enough else None,
        team_percentile=round(100 * below / len(team)) if enough else None,
        team_calls=len(team),
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lies among others: the share of them below it, 0 to 100, and their median."""

    percentile: int
    median: float


def standing(value: float, others: Sequence[float]) -> Place | None:
    """The place of one call's figure, or of a mean, among other calls; None under five of them."""
    if len(others) < MIN_CALLS:
        return None
    below = sum(1 for other in others if other < value) + sum(1 for other in others if other == value) / 2
    return Place(round(100 * below / len(others)), median(others))


def slope_per_call(values: Sequence[float]) -> float | None:
    """The least-squares change from one call to the next, oldest first; None under five calls."""
    if len(values) < MIN_CALLS:
        return None
    middle, mean = (len(values) - 1) / 2, fmean(values)
    spread = sum((at - middle) ** 2 for at in range(len(values)))
    return sum((at - middle) * (value - mean) for at, value in enumerate(values)) / spread
