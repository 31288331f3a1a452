"""The unit of a call: whose calls stay together when a rollout draws.

The `session_id` argument, else the session of the connection, else this process for today. A subject comes between the
last two once callers have one.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

from mcp.server.context import ServerRequestContext

__all__ = ["Units"]

SESSION_HEADER = "mcp-session-id"


class Units:
    """Names units; the process has an id of its own that means nothing outside."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(8)

    def of(self, ctx: ServerRequestContext[Any, Any], session_id: object) -> str:
        """The unit of one call."""
        if isinstance(session_id, str) and session_id:
            return f"session:{session_id}"
        headers: Any = getattr(ctx.request, "headers", None)
        if headers is not None and (session := headers.get(SESSION_HEADER)):
            return f"connection:{session}"
        return f"process:{self._process}:{datetime.now(UTC):%Y-%m-%d}"
