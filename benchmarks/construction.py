"""What an agent or a team costs to build for one call, and what the alternative costs: another server process.

Built are the real ones, from their specs, with all their tools; beside them a bare Agno `Agent`, and the start of a
downstream server up to `initialize`. Memory is that of `LIVE` objects kept alive, counted by `tracemalloc` and by the
resident set, each in a fresh process, divided by their number.
"""

import gc
import multiprocessing
import os
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import partial
from typing import Any, cast

from agents.build import build_agent
from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.ledger import Ledger
from agents.models.ladder import EMBEDDED, LadderModel, Models
from agents.outcome import Job, Limits
from agents.sources import Sources
from agents.spec import AgentSpec
from benchmarks.figures import Figure, Measured, Report, median, program, progress
from benchmarks.processes import GONG, resident_kib
from benchmarks.stdio_client import started
from teams.build import WAYS, build_team, seat
from teams.business_intelligence import BUSINESS_INTELLIGENCE
from teams.spec import TeamSpec

__all__ = ["main"]

ABOUT = "Building an agent or a team for one call"
LIVE = 1_000
BATCH = 20
STARTS_AT_MOST = 10
BARE = "bare Agno agent"
SERVER = "start of a downstream server to initialize"
PROCESS = "downstream server process"

JOB = Job("Brief me on this call", {}, None, "run", "session", Limits(deadline_ms=5_000, max_model_calls=12))
SOURCES = Sources(*([cast("Any", object())] * len(fields(Sources))))
"""All of them are there, so that every tool is offered."""

Build = Callable[[], object]


def main() -> int:
    """Run the program."""
    return program(
        "construction", ABOUT, 100, f"batches of {BATCH} objects; and starts, {STARTS_AT_MOST} at most", measure
    )


def measure(batches: int) -> Report:
    """Time and memory of each object, beside a bare agent and beside a server process."""
    took_us = _times_us(batches)
    starts = [_start() for _ in range(min(batches, STARTS_AT_MOST) + 1)][1:]  # the first leaves bytecode behind
    start = median(SERVER, [ms * 1000 for ms, _ in starts], "µs")
    process = median(PROCESS, [float(kib) for _, kib in starts], "KiB")
    times = [median(what, values, "µs") for what, values in took_us.items()]
    memory: list[Sequence[Measured]] = []
    for what in took_us:
        progress(f"{LIVE:,} live ones: {what}")
        memory.append(_memory(what))
    figures = [Figure(time, times[0]) for time in times[1:]]
    figures += [Figure(time, start) for time in times]
    figures += [Figure(ours, bare) for kinds in memory[1:] for ours, bare in zip(kinds, memory[0], strict=True)]
    figures += [Figure(resident, process) for _, resident in memory]
    return Report("the specs of the agents and teams, over sources that nobody asks", tuple(figures))


def _builders() -> Mapping[str, Build]:
    """What is built, by name; the bare agent first."""
    model = Models().resolve(EMBEDDED)
    return {
        BARE: partial(_bare, model),
        f"agent {GONG_INTELLIGENCE.id}, {len(GONG_INTELLIGENCE.tools)} tools": partial(
            _agent, GONG_INTELLIGENCE, model
        ),
        f"team {BUSINESS_INTELLIGENCE.id}, {len(BUSINESS_INTELLIGENCE.members)} members": partial(
            _team, BUSINESS_INTELLIGENCE, model
        ),
    }


def _bare(model: LadderModel) -> object:
    from agno.agent import Agent

    return Agent(id="bare", name="bare", model=model.agno, instructions=["Answer."], telemetry=False)


def _agent(spec: AgentSpec, model: LadderModel) -> object:
    return build_agent(spec, JOB, Ledger(), model=model, sources=SOURCES)


def _team(spec: TeamSpec, model: LadderModel) -> object:
    members = [
        build_agent(one, JOB, Ledger(), model=model, sources=SOURCES, role=seat(one), read_only=True)
        for one in spec.members
    ]
    return build_team(spec, WAYS[spec.mode], JOB, members, leader_model=model)


def _times_us(batches: int) -> dict[str, list[float]]:
    """Microseconds for one object, a value for each batch; the batches of the kinds alternate."""
    builders = _builders()
    took_us: dict[str, list[float]] = {what: [] for what in builders}
    for build in builders.values():
        build()
    for number in range(batches):
        progress(f"batch {number + 1} of {batches}")
        for what, build in builders.items():
            gc.collect()
            started_at = time.perf_counter()
            for _ in range(BATCH):
                build()
            took_us[what].append((time.perf_counter() - started_at) / BATCH * 1_000_000)
    return took_us


def _start() -> tuple[float, int]:
    """One start of the call server: milliseconds to the answer to `initialize`, and its resident set in KiB."""
    with started(GONG) as client:
        client.initialize()
        return client.since_spawn_ms, resident_kib(client.pid)


def _memory(what: str) -> Sequence[Measured]:
    """KiB for each of `LIVE` objects, as Python allocated them and as the resident set grew."""
    # A process of its own, so that nothing that was freed before hides what is taken now.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        allocated_kib, resident_set_kib = fresh.submit(_live_kib, what).result()
    return (
        Measured(what, "allocated by each live one", allocated_kib, "KiB", LIVE),
        Measured(what, "resident set of each live one", resident_set_kib, "KiB", LIVE),
    )


def _live_kib(what: str) -> tuple[float, float]:
    build = _builders()[what]
    build()
    resident_set_kib = _growth_kib(build, lambda: resident_kib(os.getpid()))
    tracemalloc.start()
    return _growth_kib(build, lambda: tracemalloc.get_traced_memory()[0] / 1024), resident_set_kib


def _growth_kib(build: Build, held_kib: Callable[[], float]) -> float:
    gc.collect()
    before = held_kib()
    live = [build() for _ in range(LIVE)]
    gc.collect()
    return (held_kib() - before) / len(live)


if __name__ == "__main__":
    sys.exit(main())
