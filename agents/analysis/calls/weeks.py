"""A figure over time: per-call values averaged by ISO week, and before and after a day.

Every call counts once, as Gong averages. A week without calls is left out, and a change is always from the week with
calls before it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean

__all__ = ["BeforeAfter", "Week", "before_and_after", "by_iso_week"]


@dataclass(frozen=True, slots=True)
class Week:
    """One ISO week; `change` is from the last week before it that has calls."""

    label: str
    monday: date
    mean: float
    calls: int
    change: float | None


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """Means on both sides of a day, which itself is after; None where a side has no calls."""

    day: date
    before: float | None
    calls_before: int
    after: float | None
    calls_after: int

    @property
    def change(self) -> float | None:
        """After minus before."""
        return None if self.before is None or self.after is None else self.after - self.before


def by_iso_week(values: Iterable[tuple[date, float]]) -> list[Week]:
    """The weeks in order."""
    weeks: dict[date, list[float]] = {}
    for day, value in values:
        weeks.setdefault(day - timedelta(days=day.weekday()), []).append(value)
    found: list[Week] = []
    for monday in sorted(weeks):
        mean = fmean(weeks[monday])
        change = mean - found[-1].mean if found else None
        iso = monday.isocalendar()
        found.append(Week(f"{iso.year}-W{iso.week:02d}", monday, mean, len(weeks[monday]), change))
    return found


def before_and_after(values: Iterable[tuple[date, float]], day: date) -> BeforeAfter:
    """The means of the calls before a day, and of those from it on."""
    known = list(values)
    before = [value for at, value in known if at < day]
    after = [value for at, value in known if at >= day]
    return BeforeAfter(
        day, fmean(before) if before else None, len(before), fmean(after) if after else None, len(after)
    )
