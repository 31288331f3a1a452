"""What a measurement of quality says: figures with their n, the goal each is held against, and the data they hold for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Goal", "Measure", "NoData", "Quality", "Row", "above", "at_least", "exactly", "under"]


class NoData(Exception):
    """There is nothing to measure on; the message says what was looked for and what to give."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure must reach."""

    how: Literal["above", "at least", "exactly", "under"]
    value: float

    def holds(self, figure: float) -> bool:
        """Whether the figure reaches it."""
        match self.how:
            case "above":
                return figure > self.value
            case "at least":
                return figure >= self.value
            case "under":
                return figure < self.value
            case "exactly":
                return figure == self.value


@dataclass(frozen=True, slots=True)
class Row:
    """One figure over `n` things (`of` names them), its goal, and what a simpler method reaches on the same data."""

    figure: str
    value: float
    n: int
    of: str
    goal: Goal | None = None
    beside: float | None = None
    beside_what: str = ""
    unit: str = ""

    @property
    def holds(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        return None if self.goal is None else self.goal.holds(self.value)


@dataclass(frozen=True, slots=True)
class Quality:
    """What one measurement found. `data` names the files and their split, `notes` what a reader must know."""

    about: str
    data: str
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


Measure = Callable[[Path | None], Quality]
"""Measures on the data at a path, or on the usual data; raises NoData where there is none."""


def above(value: float) -> Goal:
    """More than this."""
    return Goal("above", value)


def at_least(value: float) -> Goal:
    """This or more."""
    return Goal("at least", value)


def exactly(value: float) -> Goal:
    """This and nothing else."""
    return Goal("exactly", value)


def under(value: float) -> Goal:
    """Less than this."""
    return Goal("under", value)
