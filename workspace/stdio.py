"""Serve one MCP server over stdin and stdout, and leave cleanly.

Two things that the SDK's `stdio_server` does not do for us:

* Some clients probe with `server/discover` and then still open with `initialize`. The SDK takes the probe
  for the choice of an era and refuses the handshake. Here a probe is answered beside the server, so the
  era is chosen by the first request that is not a probe.
* The thread that reads stdin cannot be cancelled. After SIGTERM or SIGINT the work is cancelled and the
  process ends at once; on end of input it ends by itself.

Promise: the process is gone within a second of end of input, SIGTERM or SIGINT.
"""

import logging
import os
import signal
import sys

import anyio
import mcp_types as types
from anyio.abc import TaskGroup
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared._context_streams import ContextReceiveStream, ContextSendStream, create_context_streams
from mcp.shared.message import SessionMessage
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

__all__ = ["serve"]

Incoming = SessionMessage | Exception


def serve(server: Server[object]) -> None:
    """Run `server` until the client closes stdin or the process is told to stop."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    anyio.run(_serve, server)


async def _serve(server: Server[object]) -> None:
    stopped_by_signal = False
    async with stdio_server() as (incoming, outgoing):
        to_server, server_input = create_context_streams[Incoming](0)

        async def watch_signals(group: TaskGroup) -> None:
            nonlocal stopped_by_signal
            with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
                async for _ in signals:
                    stopped_by_signal = True
                    group.cancel_scope.cancel()
                    return

        async with anyio.create_task_group() as group:
            group.start_soon(_answer_probes, server, incoming, to_server, outgoing)
            group.start_soon(watch_signals, group)
            await server.run(server_input, outgoing, server.create_initialization_options())
            group.cancel_scope.cancel()
        if stopped_by_signal:
            logging.shutdown()
            os._exit(0)  # the reader thread still blocks on stdin: a normal exit would wait for it


async def _answer_probes(
    server: Server[object],
    incoming: ContextReceiveStream[Incoming],
    to_server: ContextSendStream[Incoming],
    outgoing: ContextSendStream[SessionMessage],
) -> None:
    """Pass messages on; answer `server/discover` here for as long as nothing else was asked."""
    era_is_chosen = False
    async with to_server:
        async for item in incoming:
            message = item.message if isinstance(item, SessionMessage) else None
            if isinstance(message, types.JSONRPCRequest) and not era_is_chosen:
                if message.method == "server/discover":
                    await outgoing.send(_discovery(server, message.id))
                    continue
                era_is_chosen = True
            await to_server.send(item)


def _discovery(server: Server[object], request_id: types.RequestId) -> SessionMessage:
    found = types.DiscoverResult(
        supported_versions=list(MODERN_PROTOCOL_VERSIONS),
        capabilities=server.get_capabilities(protocol_version=MODERN_PROTOCOL_VERSIONS[-1]),
        instructions=server.instructions,
    )
    result = found.model_dump(by_alias=True, mode="json", exclude_none=True)
    result.setdefault("_meta", {})[types.SERVER_INFO_META_KEY] = server.server_info_stamp
    return SessionMessage(types.JSONRPCResponse(jsonrpc="2.0", id=request_id, result=result))
