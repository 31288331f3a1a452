"""Calls over HTTP, counted: how long each took for the client, and what the server used for a block of them.

Blocks of different cases alternate, so that whatever else the machine does falls on all of them alike. A block's CPU is
read from the kernel before and after it.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import mcp_types as t
from mcp import Client

from benchmarks.figures import NoFigure
from benchmarks.processes import Served, usage
from benchmarks.questions import Question
from server.surface.answers import META_ROUTE

__all__ = ["Case", "Spent"]

SHOWN_CHARS = 500


@dataclass(slots=True)
class Spent:
    """What the calls of a case took so far."""

    latencies_ms: list[float] = field(default_factory=list[float])
    cpu_ms: float = 0.0
    cpu_with_children_ms: float = 0.0
    grown_kib: int = 0
    grown_with_children_kib: int = 0

    @property
    def calls(self) -> int:
        """How many there were."""
        return len(self.latencies_ms)


@dataclass(frozen=True, slots=True)
class Case:
    """One question to one server. `route` is the one that must serve it; with `forced` it is asked for by name."""

    question: Question
    server: Served
    client: Client
    route: str | None = None
    forced: bool = False
    spent: Spent = field(default_factory=Spent)

    async def warm(self, calls: int) -> None:
        """Calls that do not count."""
        for _ in range(calls):
            await self._call()

    async def block(self, calls: int) -> None:
        """Calls that count."""
        before = usage(self.server.pid)
        for _ in range(calls):
            started = time.perf_counter()
            await self._call()
            self.spent.latencies_ms.append((time.perf_counter() - started) * 1000)
        after = usage(self.server.pid)
        self.spent.cpu_ms += (after.cpu_s - before.cpu_s) * 1000
        self.spent.cpu_with_children_ms += (after.cpu_with_children_s - before.cpu_with_children_s) * 1000
        self.spent.grown_kib += after.resident_kib - before.resident_kib
        self.spent.grown_with_children_kib += after.resident_with_children_kib - before.resident_with_children_kib

    async def _call(self) -> None:
        meta: Any = {META_ROUTE: self.route} if self.forced else None
        try:
            result = await self.client.call_tool(self.question.tool, dict(self.question.arguments), meta=meta)
        except RuntimeError as error:  # how the SDK's client says that a result breaks the tool's output schema
            raise NoFigure(str(error)[:SHOWN_CHARS]) from error
        if result.is_error:
            raise NoFigure(f"{self.question.tool} failed: {_text(result)}")
        served: Mapping[str, Any] = result.meta or {}
        if self.route is not None and served.get(META_ROUTE) != self.route:
            raise NoFigure(f"{self.question.tool} was served by route {served.get(META_ROUTE)}, not {self.route}")


def _text(result: t.CallToolResult) -> str:
    return " ".join(block.text for block in result.content if isinstance(block, t.TextContent))[:SHOWN_CHARS]
