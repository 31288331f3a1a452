"""What a named metric is: an expression over the view `opportunities`, with what it counts and what it leaves out.

The metrics themselves are data, in `agents.analysis.metric_catalog`.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Cohort", "Dimension", "Exclusion", "Metric", "Missing", "Unit", "says"]

Unit = Literal["usd", "count", "ratio", "days", "usd_per_day", "times", "months"]
"""`ratio` is shown as a percentage, `times` as a multiple."""

Cohort = Literal["won", "lost", "closed", "created", "open", "all", "velocity"]
"""Which deals count. won, lost, closed: by close date. created: by engagement date. open: as they stand at the
warehouse's last day, whatever the period. all: every deal, as it stands. velocity: the closed of the period beside
the open as they stand."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Deals that a reader might expect in the figure and that are not in it."""

    condition: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure.

    `value`, `numerator`, `denominator` and those in `extra` are SQL aggregates over the cohort. `detail` says in a line
    what the value is made of, `columns` what stands beside it in a table: names of those aggregates, `n`, or `share`.
    `median`: the expression over one deal whose median stands beside the value as the part `median`, in its unit.
    `additive`: the groups' values add up to the whole. `estimate`: inferred, a candidate.
    """

    id: str
    title: str
    unit: Unit
    definition: str
    cohort: Cohort
    value: str
    numerator: str
    numerator_is: str
    numerator_unit: Unit = "count"
    denominator: str | None = None
    denominator_is: str = ""
    denominator_unit: Unit = "count"
    n_is: str = "Deals"
    detail: str = ""
    columns: tuple[str, ...] = ()
    extra: tuple[tuple[str, str, Unit], ...] = ()
    median: str | None = None
    excludes: tuple[Exclusion, ...] = ()
    words: tuple[str, ...] = ()
    additive: bool = False
    less_is_better: bool = False
    estimate: bool = False
    caveat: str | None = None

    @property
    def parts(self) -> tuple[tuple[str, Unit], ...]:
        """The further columns of a result, with their units."""
        middle: tuple[tuple[str, Unit], ...] = (("median", self.unit),) if self.median else ()
        return (*((name, unit) for name, _, unit in self.extra), *middle)


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a metric can be split by. A `{date}` in `column` stands for the date that the cohort goes by."""

    id: str
    title: str
    column: str
    words: tuple[str, ...]

    @property
    def is_time(self) -> bool:
        return "{date}" in self.column


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that people ask for and that cannot be computed here."""

    id: str
    title: str
    lacks: str
    instead: tuple[str, ...]
    words: tuple[str, ...]


def says(words: str) -> tuple[str, ...]:
    """The phrases of a comma-separated line."""
    return tuple(word.strip() for word in words.split(","))
