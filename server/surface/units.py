"""The unit of a call: whose calls stay together when a rollout draws.

The `session_id` argument, else the session of the connection, else this process for today. A subject comes between the
last two once callers have one.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

__all__ = ["Units", "rights_of"]

SESSION_HEADER = "mcp-session-id"
LONGEST_CALL_S = 3_600


class Units:
    """Names units; the process has an id of its own that means nothing outside."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(8)

    def of(self, ctx: ServerRequestContext[Any, Any], session_id: object) -> str:
        """The unit of one call."""
        if isinstance(session_id, str) and session_id:
            return f"session:{session_id}"
        if session := _http_session(ctx):
            return f"connection:{session}"
        return self._on(datetime.now(UTC))

    def of_then(self, ctx: ServerRequestContext[Any, Any], session_id: object, at: float) -> frozenset[str]:
        """Every unit that this caller's call may have been counted under at that moment (seconds since 1970)."""
        # Without a session the unit is the day's, and what is asked about began some time before.
        days = (datetime.fromtimestamp(at - earlier_s, UTC) for earlier_s in (0, LONGEST_CALL_S))
        without = {self.of(ctx, None)} if _http_session(ctx) else {self._on(day) for day in days}
        return frozenset({self.of(ctx, session_id), *without})

    def _on(self, day: datetime) -> str:
        return f"process:{self._process}:{day:%Y-%m-%d}"


def rights_of(ctx: ServerRequestContext[Any, Any]) -> str:
    """Under whose rights a call runs: those of its HTTP session where there is one, else of the local user."""
    session = _http_session(ctx)
    return f"connection:{session}" if session else "local"


def _http_session(ctx: ServerRequestContext[Any, Any]) -> str | None:
    if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
        return None  # it has no sessions: whatever a client sends under that name, nobody gave it out
    headers: Any = getattr(ctx.request, "headers", None)
    return headers.get(SESSION_HEADER) if headers is not None else None
