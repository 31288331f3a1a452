"""Samples of memory for the evidence, every few seconds for as long as the process serves."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
from anyio import to_thread

from server.bridge.decision import Route
from server.bridge.evidence import Evidence
from server.bridge.memory_use import Growth, children_rss

__all__ = ["MemorySampler"]

EVERY_S = 10.0


class MemorySampler:
    """`at_work` is the number of runs now, `logs` where each server's errors go, `server_of` which one a tool asks.

    A run's memory is that of any run of this process: what one tool's runs take is not told apart from another's.
    """

    def __init__(
        self,
        evidence: Evidence,
        at_work: Callable[[], int],
        logs: Mapping[str, Path],
        server_of: Callable[[str], str | None],
    ) -> None:
        self._evidence = evidence
        self._at_work = at_work
        self._logs = logs
        self._server_of = server_of
        self._growth = Growth()

    async def sample(self) -> None:
        """Take one sample of everything."""
        self._growth.sample(time.monotonic(), self._at_work())
        children = await to_thread.run_sync(children_rss, self._logs)
        per_run = self._growth.per_run_bytes()

        def held(tool: str, route: Route) -> float | None:
            return per_run if route == "agno" else children.get(self._server_of(tool) or "")

        self._evidence.sample_memory(held)

    async def run(self) -> None:
        """Sample until cancelled."""
        while True:
            await anyio.sleep(EVERY_S)
            await self.sample()
