"""Figures: what was measured, and what ran beside it, as one shape that every program prints.

A figure says what, which statistic of how many values, and in which unit; beside it stands the same of a peer that
ran in the same minutes on the same machine, or a limit. `ratio` is the figure divided by what stands beside it. Times
differ between machines and hours; ratios hardly do, so they are the result.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import Machine, this_machine

__all__ = ["Figure", "Measured", "NoFigure", "Report", "limit", "median", "percentile", "program", "progress"]


PAGE_WIDTH = 140
NUMERIC = frozenset({"n", "figure", "its figure", "ratio"})


class NoFigure(Exception):
    """What was to be measured did not work; the message says what, and there is no figure."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One statistic of `n` values. `n` is None for a limit, which is set and not measured."""

    what: str
    statistic: str
    value: float
    unit: str
    n: int | None


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, and what it is held against."""

    measured: Measured
    beside: Measured | None = None

    @property
    def ratio(self) -> float | None:
        """The figure divided by the one beside it; None where that is nothing."""
        return None if self.beside is None or not self.beside.value else self.measured.value / self.beside.value


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of one run of a program, on what data, and what is to be said in words.

    `broken` are promises that did not hold while it ran; the program then ends with exit code 1, with its figures.
    """

    data: str
    figures: tuple[Figure, ...]
    notes: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least `percent` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(what: str, values: Sequence[float], unit: str) -> Measured:
    """The median of the values, as a figure."""
    return Measured(what, "median", percentile(values, 50), unit, len(values))


def limit(what: str, value: float, unit: str) -> Measured:
    """A limit to hold a figure against."""
    return Measured(what, "limit", value, unit, None)


def program(
    name: str,
    about: str,
    runs: int,
    runs_help: str,
    measure: Callable[..., Report],
    more: Mapping[str, tuple[int, str]] | None = None,
    count: str = "runs",
) -> int:
    """Run one program: understand its options, measure, print. Returns the exit code.

    `count` is the option that `runs` is the default of. `more` are further numbers that can be chosen, with their defaults, handed to `measure` by name.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    said = f"{runs_help} (default: {runs:,})"
    parser.add_argument(f"--{count}", dest="runs", type=_positive, default=runs, metavar="N", help=said)
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    for option, (default, help_) in (more or {}).items():
        said = f"{help_} (default: {default:,})"
        parser.add_argument(f"--{option}", type=_positive, default=default, metavar="N", help=said)
    options = parser.parse_args()
    chosen: dict[str, int] = {option: getattr(options, option) for option in more or {}}
    machine = this_machine()
    failures: list[str] = []
    report = Report("", ())
    try:
        report = measure(options.runs, **chosen)
    except* NoFigure as group:  # task groups wrap what their bodies raise
        failures += map(str, _leaves(group))
    if failures:
        sys.stderr.write("\n".join(failures) + "\n")
        return 1
    command = f".venv/bin/python -m benchmarks.{name} --{count} {options.runs}"
    command += "".join(f" --{option} {number}" for option, number in chosen.items())
    if options.json:
        print(json.dumps(_as_data(name, about, command, report, machine), ensure_ascii=False, indent=2))
    else:
        _show(about, command, report, machine)
    sys.stderr.writelines(f"{line}\n" for line in report.broken)
    return 1 if report.broken else 0


def progress(line: str) -> None:
    """Say how far it is, to a person who watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


def _leaves(group: BaseExceptionGroup[NoFigure]) -> list[NoFigure]:
    return [
        leaf for one in group.exceptions for leaf in (_leaves(one) if isinstance(one, BaseExceptionGroup) else [one])
    ]


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text}: write a number above 0")
    return int(text)


def _as_data(name: str, about: str, command: str, report: Report, machine: Machine) -> dict[str, object]:
    return {
        "benchmark": name,
        "about": about,
        "figures": [{**asdict(figure), "ratio": figure.ratio} for figure in report.figures],
        "data": report.data,
        "notes": list(report.notes),
        "machine": asdict(machine),
        "command": command,
    }


def _show(about: str, command: str, report: Report, machine: Machine) -> None:
    progress("")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PAGE_WIDTH
    table = Table(title=about, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("measured", "statistic", "n", "figure", "beside", "its figure", "ratio"):
        table.add_column(heading, justify="right" if heading in NUMERIC else "left")
    for figure in report.figures:
        measured, beside = figure.measured, figure.beside
        n = "" if measured.n is None else f"{measured.n:,}"
        other = ("", "") if beside is None else (beside.what, _sized(beside))
        table.add_row(measured.what, measured.statistic, n, _sized(measured), *other, _times(figure.ratio))
    console.print(table)
    for note in report.notes:
        console.print(f"note     {note}", soft_wrap=True)
    for heading, line in (("data", report.data), ("machine", machine.described), ("again", command)):
        console.print(f"{heading:8} {line}", soft_wrap=True)


def _sized(measured: Measured) -> str:
    return f"{_number(measured.value)} {measured.unit}"


def _number(value: float) -> str:
    """Three digits that say something."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def _times(ratio: float | None) -> str:
    if ratio is None:
        return ""
    return f"1/{1 / ratio:,.0f}" if 0 < ratio < 0.01 else f"x {_number(ratio)}"
