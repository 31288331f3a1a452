"""Intervals from resampling whole users, since calls of one user are alike; the same values and seed give the same ones."""

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "FEWEST_ANSWERS",
    "FEWEST_USERS",
    "RESAMPLES",
    "Difference",
    "Interval",
    "Verdict",
    "compared_resamples",
    "dice",
    "interval",
    "mean",
    "quantile",
    "resamples",
]

RESAMPLES = 500
SEED = 20_171
FEWEST_USERS = 8
FEWEST_ANSWERS = 40
"""Below so many the 95th percentile is the slowest answer but one, and resamples of it say nothing."""
TAIL = 0.025

Interval = tuple[float, float]
Verdict = Literal["better", "worse", "no difference shown"]


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the agent does better than the server beside it, and between what that lies; below zero it does worse."""

    figure: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Better or worse only where the whole interval says so."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "no difference shown"


def dice() -> random.Random:
    """What resamples are drawn with."""
    return random.Random(SEED)  # noqa: S311 - resampling, no secret


def resamples(users: Sequence[Sequence[float]], drawn_by: random.Random) -> Iterator[list[float]]:
    """`RESAMPLES` times the values of as many users, drawn with replacement, in order; none of too few users."""
    for _ in range(RESAMPLES if len(users) >= FEWEST_USERS else 0):
        yield sorted(value for user in drawn_by.choices(users, k=len(users)) for value in user)


def compared_resamples(
    agno: Sequence[float], downstream: Sequence[float], better: Callable[[float, float], float]
) -> Interval | None:
    """Between what a comparison of a figure of both arms lies; None where either has too few users."""
    return interval([better(one, other) for one, other in zip(agno, downstream, strict=False)])


def interval(values: Sequence[float]) -> Interval | None:
    """The middle 95 % of what the resamples gave."""
    if not values:
        return None
    ordered, last = sorted(values), len(values) - 1
    return ordered[round(TAIL * last)], ordered[round((1 - TAIL) * last)]


def quantile(ordered: Sequence[float], p: float) -> float | None:
    """The value that a share `p` lies at or below; None of nothing."""
    return ordered[max(0, math.ceil(p * len(ordered)) - 1)] if ordered else None


def mean(values: Iterable[float]) -> float | None:
    """Their mean; None of nothing."""
    found = list(values)
    return sum(found) / len(found) if found else None
