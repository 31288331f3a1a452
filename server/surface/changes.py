"""Tells every connected client that a list has changed, in the way of its era.

Clients of 2026-07-28 hear it on the streams they opened with `subscriptions/listen`; for those of the handshake era we
have to remember each live connection, because the SDK keeps no list of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio
from mcp.server.connection import Connection
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.subscriptions import (
    InMemorySubscriptionBus,
    ListenHandler,
    PromptsListChanged,
    ResourcesListChanged,
    ServerEvent,
    ToolsListChanged,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from server.downstream.pool import Kind

__all__ = ["Changes"]

TELL_WITHIN_S = 2.0
EVENTS: Mapping[Kind, ServerEvent] = {
    "tools": ToolsListChanged(),
    "resources": ResourcesListChanged(),
    "prompts": PromptsListChanged(),
}
TELL: Mapping[Kind, Callable[[Connection], Awaitable[None]]] = {
    "tools": Connection.send_tool_list_changed,
    "resources": Connection.send_resource_list_changed,
    "prompts": Connection.send_prompt_list_changed,
}


async def _tell(connection: Connection, kind: Kind) -> None:
    # A client that does not read keeps nobody else from hearing it.
    with anyio.move_on_after(TELL_WITHIN_S):
        await TELL[kind](connection)


class Changes:
    """The one place that announces."""

    def __init__(self) -> None:
        self._bus = InMemorySubscriptionBus()
        self._handshake_clients: set[Connection] = set()
        self.listen = ListenHandler(self._bus)

    async def remember(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Middleware: keep each handshake connection for as long as it lives."""
        connection: Connection = ctx.session._connection  # pyright: ignore[reportPrivateUsage]
        if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS and connection not in self._handshake_clients:
            self._handshake_clients.add(connection)
            connection.exit_stack.callback(self._handshake_clients.discard, connection)
        return await call_next(ctx)

    async def announce(self, changed: frozenset[Kind]) -> None:
        """Say which lists have changed."""
        async with anyio.create_task_group() as telling:
            for kind in sorted(changed):
                telling.start_soon(self._bus.publish, EVENTS[kind])
                for connection in list(self._handshake_clients):
                    telling.start_soon(_tell, connection, kind)
