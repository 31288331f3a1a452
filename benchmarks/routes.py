"""Both routes of the same tool: CPU seconds and memory growth per 1,000 calls.

Each route has a server of its own, forced onto it, so that its CPU and memory, and those of its children, belong to
one route alone; blocks of calls alternate between the two. Growth is of the resident set after the calls that warm a
server up; what a server keeps on purpose, such as its newest decisions, grows until it is full.
"""

import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import anyio
from mcp import Client

from benchmarks.figures import Figure, Measured, Report, program, progress
from benchmarks.http_calls import Case
from benchmarks.processes import Served, serving, sophia
from benchmarks.questions import AGENT, DATA, METRIC, Question

__all__ = ["main"]

ABOUT = "Both routes of one tool, per 1,000 calls"
BLOCK = 50
WARM_CALLS = 100

Route = Literal["agno", "downstream"]


def main() -> int:
    """Run the program."""
    return program("routes", ABOUT, 1_000, "calls of each tool and route", measure)


def measure(calls: int) -> Report:
    """The agno route of each tool, beside its downstream route."""
    figures: list[Figure] = []
    with _server() as one, _server() as other:
        for question in (AGENT, METRIC):
            figures += anyio.run(_compared, question, calls, one, other)
    return Report(f"{DATA}; embedded model", tuple(figures))


@contextmanager
def _server() -> Generator[Served, None, None]:
    with (
        tempfile.TemporaryDirectory(prefix="sophia-benchmark-") as state,
        serving(sophia(Path(state), "--http", "127.0.0.1:0", "--operator")) as served,
    ):
        yield served


async def _compared(question: Question, calls: int, one: Served, other: Served) -> list[Figure]:
    async with Client(one.url) as client, Client(other.url) as other_client:
        agno = Case(question, one, client, route="agno", forced=True)
        downstream = Case(question, other, other_client, route="downstream", forced=True)
        for case in (agno, downstream):
            await case.warm(min(calls, WARM_CALLS))
        for done in range(0, calls, BLOCK):
            progress(f"{question.tool}: {done:,} of {calls:,} calls of each route")
            for case in (agno, downstream):
                await case.block(min(BLOCK, calls - done))
    return list(map(Figure, _per_thousand(agno), _per_thousand(downstream)))


def _per_thousand(case: Case) -> Sequence[Measured]:
    spent, thousands = case.spent, case.spent.calls / 1_000
    what = f"{case.question.tool}, route {case.route}"
    return [
        Measured(what, "CPU with children", spent.cpu_with_children_ms / 1_000 / thousands, "s", spent.calls),
        Measured(what, "CPU of the server", spent.cpu_ms / 1_000 / thousands, "s", spent.calls),
        Measured(what, "growth with children", spent.grown_with_children_kib / 1_024 / thousands, "MiB", spent.calls),
        Measured(what, "growth of the server", spent.grown_kib / 1_024 / thousands, "MiB", spent.calls),
    ]


if __name__ == "__main__":
    sys.exit(main())
