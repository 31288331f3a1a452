"""The command: `python -m benchmarks.quality NAME [--data PATH] [--json]`; NAME `all` runs every one.

Leaves 0 when everything named was measured, 3 when there was no data for something. Whether a goal is reached is said
in the output and is no error: a figure that falls short is a figure.
"""

import argparse
import json
import sys
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import Machine, this_machine
from benchmarks.quality.row import Measure, NoData, Quality, Row

NAMES = (
    "interaction",
    "questions",
    "commitments",
    "retrieval",
    "kpis",
    "routing",
    "citations",
    "determinism",
    "injection",
)
PAGE_WIDTH = 140
NO_DATA = 3


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("name", choices=(*NAMES, "all"))
    parser.add_argument("--data", type=Path, help="other files of the same shape")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    if given.name == "all" and given.data is not None:
        parser.error("--data belongs to one measurement; name it")
    names = NAMES if given.name == "all" else (given.name,)
    machine = this_machine()
    missing = False
    for name in names:
        measure: Measure = import_module(f"benchmarks.quality.{name}").measure
        try:
            quality = measure(given.data)
        except NoData as nothing:
            print(f"{name}: not measured. {nothing}", file=sys.stderr)
            missing = True
            continue
        if given.json:
            print(json.dumps(_as_json(name, given.data, quality, machine)))
        else:
            _show(name, given.data, quality, machine)
    return NO_DATA if missing else 0


def _as_json(name: str, data: Path | None, quality: Quality, machine: Machine) -> dict[str, object]:
    rows = [{**asdict(row), "holds": row.holds} for row in quality.rows]
    return {
        "quality": name,
        **asdict(quality),
        "rows": rows,
        "command": _command(name, data),
        "machine": asdict(machine),
    }


def _show(name: str, data: Path | None, quality: Quality, machine: Machine) -> None:
    console = Console(width=PAGE_WIDTH, highlight=False)
    table = Table("figure", "value", "n", "goal", "", "beside", box=box.SIMPLE, title_justify="left")
    for row in quality.rows:
        table.add_row(*_cells(row))
    console.print(f"[bold]{quality.about}[/bold]")
    console.print(f"data: {quality.data}", soft_wrap=True)
    console.print(table)
    for note in quality.notes:
        console.print(f"note: {note}", soft_wrap=True)
    console.print(f"{_command(name, data)}\n{machine.described}\n", soft_wrap=True, style="dim")


def _cells(row: Row) -> tuple[str, ...]:
    goal = "" if row.goal is None else f"{row.goal.how} {_number(row.goal.value)}"
    verdict = {None: "", True: "holds", False: "FALLS SHORT"}[row.holds]
    beside = "" if row.beside is None else f"{_number(row.beside)} {row.beside_what}"
    unit = f" {row.unit}" if row.unit else ""
    return (row.figure, f"{_number(row.value)}{unit}", f"{row.n:,} {row.of}", goal, verdict, beside)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) and abs(value) >= 10 else f"{value:.3f}"


def _command(name: str, data: Path | None) -> str:
    return f".venv/bin/python -m benchmarks.quality {name}" + ("" if data is None else f" --data {data}")


if __name__ == "__main__":
    sys.exit(main())
