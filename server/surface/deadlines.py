"""The time that a caller gives a call.

MCP has no field for it: a client's timeout is its own affair, and all a server hears of it is the cancellation, when it
comes at all. Whoever knows, such as a server that chains calls, says so in `_meta` under `sophia/deadline_ms`, in
milliseconds from when the call arrives. It can only shorten what the tool has. A call that did not end in it says so
in time, and nobody is held to have failed, unless the time was at least the tool's target: then a route that did not answer
in it has failed, or callers who are in a hurry would hide one that never answers.
"""

import math
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext

from server.errors import CallerDeadline, InvalidArguments

__all__ = ["DEADLINE_KEY", "CallerTime", "caller_time"]

DEADLINE_KEY = "sophia/deadline_ms"
MOST_MS = 1e12
"""Thirty years: more is no limit, and may be more than a clock holds."""


@dataclass(frozen=True, slots=True)
class CallerTime:
    """Until when the caller waits, on the clock of the event loop; for ever where it said nothing."""

    until: float = math.inf

    def left_ms(self) -> float | None:
        """What is left of it now; None where there is no end to it."""
        return None if self.until == math.inf else (self.until - anyio.current_time()) * 1000

    @contextmanager
    def waiting(self) -> Generator[None]:
        """Bounds what happens before a route is asked. Raises CallerDeadline."""
        with anyio.CancelScope(deadline=self.until) as scope:
            yield
        if scope.cancelled_caught:
            raise CallerDeadline(
                "The call was still waiting to begin when the time that it was given was over. Give it more time.",
                delivered=False,
            )


def caller_time(ctx: ServerRequestContext[Any, Any]) -> CallerTime:
    """The time that the caller of a request gives it, counted from now. Raises InvalidArguments."""
    said: Mapping[str, Any] = (ctx.params or {}).get("_meta") or {}
    given_ms = said.get(DEADLINE_KEY)
    if given_ms is None:
        return CallerTime()
    if isinstance(given_ms, bool) or not isinstance(given_ms, int | float) or not 0 <= given_ms < math.inf:
        raise InvalidArguments(f"`{DEADLINE_KEY}` is a number of milliseconds, 0 or more.", delivered=False)
    if given_ms > MOST_MS:
        return CallerTime()
    return CallerTime(anyio.current_time() + given_ms / 1000)
