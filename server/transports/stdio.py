"""Serving over stdin and stdout, with three things the SDK's own way lacks.

Clients probe with `server/discover` before they send `initialize`; a probe must not decide the era of the connection,
or the handshake after it is refused. So probes are answered here until another request comes.

A line that cannot be read is answered or mended (`unreadable`); the SDK gives it up without a word.

On SIGTERM and SIGINT the process ends at once: the thread that reads stdin is blocked and cannot be woken, so after
everything else has been closed, and every child has ended, the process leaves without it.
"""

import logging
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import mcp_types as t
from mcp.server.stdio import stdio_server
from mcp.shared._context_streams import create_context_streams
from mcp.shared.message import SessionMessage
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from server.app import Sophia
from server.surface.server import SophiaServer
from server.transports.unreadable import mended

__all__ = ["serve_stdio"]


async def serve_stdio(start: Callable[[], AbstractAsyncContextManager[Sophia]]) -> None:
    """Serve one client until it closes stdin or the process is told to end."""
    told_to_end = False
    async with stdio_server() as (read, write):
        async with start() as sophia, anyio.create_task_group() as tasks:
            to_server, from_client = create_context_streams[Any](0)

            async def until_signal(scope: anyio.CancelScope) -> None:
                nonlocal told_to_end
                with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                    async for _ in signals:
                        told_to_end = True
                        scope.cancel()
                        return

            async def pump() -> None:
                decided = False
                async with to_server:
                    async for line in read:
                        item = mended(line) if isinstance(line, Exception) else line
                        if isinstance(item, t.JSONRPCError):
                            await write.send(SessionMessage(item))
                        if not isinstance(item, SessionMessage):
                            continue
                        request = item.message
                        if not decided and isinstance(request, t.JSONRPCRequest):
                            if request.method == "server/discover":
                                await write.send(_discovered(sophia.server, request))
                                continue
                            decided = True
                        await to_server.send(item)

            tasks.start_soon(until_signal, tasks.cancel_scope)
            tasks.start_soon(pump)
            await sophia.server.run(from_client, write, sophia.server.create_initialization_options())
            tasks.cancel_scope.cancel()
        if told_to_end:
            logging.shutdown()
            os._exit(0)


def _discovered(server: SophiaServer, request: t.JSONRPCRequest) -> SessionMessage:
    result = t.DiscoverResult(
        supported_versions=list(MODERN_PROTOCOL_VERSIONS),
        capabilities=server.get_capabilities(protocol_version=MODERN_PROTOCOL_VERSIONS[-1]),
        instructions=server.instructions,
    ).model_dump(by_alias=True, mode="json", exclude_none=True)
    result.setdefault("_meta", {})[t.SERVER_INFO_META_KEY] = server.server_info_stamp
    return SessionMessage(t.JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result))
