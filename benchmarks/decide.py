"""The pure decision: how long `server.bridge.decide.decide` takes, beside an empty function and the design's limit.

Every call is timed on its own, so that the slow ones show; the empty function pays the same for the clock.
"""

import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from benchmarks.figures import Figure, Measured, Report, limit, percentile, program, progress
from server.bridge.decide import decide
from server.bridge.decision import Call, DownstreamMapping, Learned, Live, Tool
from server.bridge.policy import Flags, Policy, Rollout

__all__ = ["main"]

ABOUT = "The pure decision"
LIMIT = limit("limit of the design", 50.0, "µs")
BATCH = 1_000

MAPPING = DownstreamMapping("gong", frozenset({"call_brief"}), frozenset({"call_id"}), frozenset({"call_id"}))
BOTH_ROUTES = Tool(
    "gong_intelligence", agno="agent", downstream=MAPPING, target_ms=500, memory_limit_mb=75, services=4
)
BRIEF = Call("session:benchmark", frozenset({"call_id"}), "call_brief")
BUSY = Live(calls_last_minute=120, busy=True, downstream_p95_ms=180.0, downstream_memory_mb=80.0)
LEARNED = replace(BUSY, learned=Learned("agno", 0.95, "it was faster"))
UNDER_ROLLOUT = Policy(rollouts={"gong_intelligence": Rollout(10, "1792", "running", since=0.0, started=0.0)})


def main() -> int:
    """Run the program."""
    return program("decide", ABOUT, 20_000, "decisions of each kind", measure)


def measure(runs: int) -> Report:
    """The median and the 99th percentile of each kind of decision."""
    kinds: Mapping[str, Callable[[], object]] = {
        "empty function": _nothing,
        "one route": partial(decide, BRIEF, Tool("gong__list_calls", downstream=MAPPING), Policy(), Live()),
        "score of two routes": partial(decide, BRIEF, BOTH_ROUTES, Policy(), BUSY),
        "rollout at 10 %": partial(decide, BRIEF, BOTH_ROUTES, UNDER_ROLLOUT, BUSY),
        "learned": partial(decide, BRIEF, BOTH_ROUTES, Policy(flags=Flags(predictive_allocation=True)), LEARNED),
        "forced": partial(decide, Call("", BRIEF.arguments, BRIEF.intent, "agno"), BOTH_ROUTES, Policy(), BUSY),
    }
    took_us: dict[str, list[float]] = {kind: [] for kind in kinds}
    for done in range(0, runs, BATCH):
        progress(f"{done:,} of {runs:,}")
        for kind, call in kinds.items():
            took_us[kind] += _timed_us(call, min(BATCH, runs - done))
    empty = took_us.pop("empty function")
    return Report("invented calls of two tools", tuple(_figures(took_us, empty)))


def _figures(took_us: Mapping[str, Sequence[float]], empty: Sequence[float]) -> Generator[Figure, None, None]:
    for kind, values in took_us.items():
        p50, p99 = (Measured(f"decide, {kind}", f"p{p}", percentile(values, p), "µs", len(values)) for p in (50, 99))
        yield Figure(p50, Measured("empty function", "p50", percentile(empty, 50), "µs", len(empty)))
        yield Figure(p99, LIMIT)


def _timed_us(call: Callable[[], object], times: int) -> list[float]:
    took: list[float] = []
    for _ in range(times):
        started = time.perf_counter_ns()
        call()
        took.append((time.perf_counter_ns() - started) / 1_000)
    return took


def _nothing() -> None:
    return


if __name__ == "__main__":
    sys.exit(main())
