"""One call end to end: an MCP client over HTTP, an agent or a team with the embedded model, and back.

Beside the agent run a proxied call to the same data and the echo of a bare SDK server: the same client, the same
minutes. Latency is the client's, CPU the server process's own and that of its children with it.
"""

import sys
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path

import anyio
from mcp import Client

from benchmarks.figures import Figure, Measured, Report, percentile, program, progress
from benchmarks.http_calls import Case
from benchmarks.processes import BARE_SDK, Served, serving, sophia
from benchmarks.questions import AGENT, COORDINATE_TEAM, DATA, ECHO, PROXIED, ROUTE_TEAM

__all__ = ["main"]

ABOUT = "One call over HTTP, embedded model, seen by the client"
BLOCK = 20
WARM_CALLS = 20


def main() -> int:
    """Run the program."""
    return program("agent_call", ABOUT, 200, "calls of each case", measure)


def measure(calls: int) -> Report:
    """Latency and CPU of each case, beside the echo, and of the agent beside the proxied call."""
    with (
        tempfile.TemporaryDirectory(prefix="sophia-benchmark-") as state,
        serving(sophia(Path(state), "--http", "127.0.0.1:0")) as ours,
        serving((*BARE_SDK, "--http")) as bare,
    ):
        cases = anyio.run(_measured, calls, ours, bare)
    return Report(DATA, tuple(_figures(*cases)))


async def _measured(calls: int, ours: Served, bare: Served) -> Sequence[Case]:
    async with Client(ours.url) as sophia_client, Client(bare.url) as bare_client:
        cases = [
            Case(AGENT, ours, sophia_client, route="agno"),
            Case(PROXIED, ours, sophia_client, route="downstream"),
            Case(ROUTE_TEAM, ours, sophia_client, route="agno"),
            Case(COORDINATE_TEAM, ours, sophia_client, route="agno"),
            Case(ECHO, bare, bare_client),
        ]
        for case in cases:
            await case.warm(min(calls, WARM_CALLS))
        for done in range(0, calls, BLOCK):
            progress(f"{done} of {calls} calls of each case")
            for case in cases:
                await case.block(min(BLOCK, calls - done))
        return cases


def _figures(agent: Case, proxied: Case, *others: Case) -> Generator[Figure, None, None]:
    *teams, echo = others
    for case, beside in [(agent, proxied), *((case, echo) for case in (agent, proxied, *teams))]:
        yield from map(Figure, _statistics(case), _statistics(beside))


def _statistics(case: Case) -> Sequence[Measured]:
    what, spent = case.question.what, case.spent
    return [
        *(Measured(what, f"p{p}", percentile(spent.latencies_ms, p), "ms", spent.calls) for p in (50, 95)),
        Measured(what, "CPU of the server, mean", spent.cpu_ms / spent.calls, "ms", spent.calls),
        Measured(what, "CPU with children, mean", spent.cpu_with_children_ms / spent.calls, "ms", spent.calls),
    ]


if __name__ == "__main__":
    sys.exit(main())
