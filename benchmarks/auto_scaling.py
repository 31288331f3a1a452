"""Auto-scaling off and on: throughput, and how long a run takes once it has its turn.

First a simulated server with a knee, where the right limit is known, with the fixed limit of four beside it. Then real
runs of one agent on the embedded model in this process, over the bundled workspace: those compute, so that more of them
at a time cannot be quicker, and what counts is that the limit does not run away.
"""

import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import anyio

from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.outcome import Job, Limits
from benchmarks.figures import Figure, Measured, Report, percentile, program, progress
from benchmarks.knee import Server, simulate
from benchmarks.questions import AGENT, DATA
from server.app import running
from server.bridge.concurrency import Bounds, Gradient, Ran
from server.config import Configuration
from server.config.loading import load

__all__ = ["main"]

ABOUT = "Auto-scaling on, beside the fixed limit of four runs at a time"
BOUNDS = Bounds(lowest=4, highest=1_000, memory_mb=10_240)
CALLERS = 64
KNEES = (2, 16, 60)
SIMULATED_RUNS = 8_000
START_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Fixed:
    """A limit that does not move."""

    limit: int = 4

    def saw(self, ran: Ran) -> None:
        """Nothing is learned."""


def main() -> int:
    """Run the program."""
    return program("auto_scaling", ABOUT, 400, "real runs with auto-scaling off, and as many with it on", measure)


def measure(runs: int) -> Report:
    """The simulated rows and the real ones."""
    real = anyio.run(_real, runs)
    return Report(f"simulated; and {DATA}, {CALLERS} callers at once", (*_simulated(), *real))


def _simulated() -> Generator[Figure, None, None]:
    for knee in KNEES:
        progress(f"simulated, {knee} runs at full speed")
        on, off = (
            simulate(limit, Server(knee), callers=200, runs=SIMULATED_RUNS) for limit in (Gradient(BOUNDS), Fixed())
        )
        what = f"simulated, {knee} at full speed"
        for statistic, unit, ours, theirs in (
            ("throughput", "1/s", on.per_second, off.per_second),
            ("run p95", "ms", percentile(on.latencies_ms, 95), percentile(off.latencies_ms, 95)),
            ("limit at the end", "runs", on.limits[-1], off.limits[-1]),
        ):
            yield _beside(what, statistic, unit, SIMULATED_RUNS, ours, theirs)


async def _real(runs: int) -> Sequence[Figure]:
    off = load(None, {})
    flags = off.agno.feature_flags.model_copy(update={"enable_auto_scaling": True})
    on = replace(off, agno=off.agno.model_copy(update={"feature_flags": flags}))
    with tempfile.TemporaryDirectory(prefix="sophia-benchmark-") as state:
        one = await _asked(on, runs, Path(state))
        other = await _asked(off, runs, Path(state))
    what = f"{AGENT.tool} in process"
    return [
        _beside(what, statistic, unit, runs, ours, theirs)
        for (statistic, unit, ours), (_, _, theirs) in zip(one, other, strict=True)
    ]


async def _asked(configuration: Configuration, runs: int, state: Path) -> Sequence[tuple[str, str, float]]:
    latencies_ms: list[float] = []
    left = runs
    async with running(configuration, state) as sophia:
        await sophia.agno.warm()
        with anyio.fail_after(START_WITHIN_S):
            while sophia.bound.sources.calls is None:  # noqa: ASYNC110  (nothing tells when)
                await anyio.sleep(0.05)

        async def caller() -> None:
            nonlocal left
            while left > 0:
                left -= 1
                async with sophia.agno.turn(GONG_INTELLIGENCE, configuration):
                    started = time.perf_counter()
                    await sophia.agno.run(GONG_INTELLIGENCE, _job(), configuration)
                    latencies_ms.append((time.perf_counter() - started) * 1000)

        started = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(CALLERS):
                tasks.start_soon(caller)
        took_s = time.perf_counter() - started
        limit = sophia.agno.turns()["embedded"]["limit"]
    return [
        ("throughput", "1/s", runs / took_s),
        ("run p50", "ms", percentile(latencies_ms, 50)),
        ("run p95", "ms", percentile(latencies_ms, 95)),
        ("limit at the end", "runs", limit),
    ]


def _job() -> Job:
    return Job("", AGENT.arguments, "call_brief", uuid4().hex, uuid4().hex, Limits(60_000, 12))


def _beside(what: str, statistic: str, unit: str, runs: int, ours: float, theirs: float) -> Figure:
    return Figure(
        Measured(f"auto-scaling on: {what}", statistic, ours, unit, runs),
        Measured("auto-scaling off", statistic, theirs, unit, runs),
    )


if __name__ == "__main__":
    sys.exit(main())
