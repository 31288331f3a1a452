"""How a downstream server is reached: the three transports of MCP behind one way to open them."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import httpx2
from anyio import to_thread
from mcp import StdioServerParameters
from mcp.client import stdio
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from server.config import (
    DownstreamServer,
    HttpTransport,
    Masks,
    StdioTransport,
    Transport,
    resolve_transport,
)
from server.config.servers import digest, variables

__all__ = ["Endpoint", "end_children_soon", "endpoint_of"]

MAX_SSE_EVENT_BYTES = 16 * 1024 * 1024
"""The SDK's own limit of 1 MiB fails on results that the same server may send as JSON."""

CONNECT_TIMEOUT_S = 30.0

OpenTransport = Callable[[], AbstractAsyncContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One configured server.

    `digest` identifies its configuration and the variables that it refers to, so that what is kept of one server, or of
    one account on it, is never taken for another's.
    `idle_timeout_s` bounds the silence in a call and starts again with each progress; `call_timeout_s` bounds it whole.
    With `per_client`, clients that can be asked have connections of their own.
    `hide` takes this process's secrets out of what the server says.
    """

    name: str
    digest: str
    open: OpenTransport
    connect_timeout_s: float
    call_timeout_s: float
    idle_timeout_s: float
    over_http: bool = False
    per_client: bool = False
    hide: Callable[[str], str] = str


def end_children_soon() -> None:
    """Give children that ignore the end of their input less time than the SDK's four seconds: we promise one."""
    stdio.PROCESS_TERMINATION_TIMEOUT = 0.5
    stdio.FORCE_KILL_TIMEOUT = 0.3


def endpoint_of(server: DownstreamServer, environ: Mapping[str, str], masks: Masks, log_dir: Path) -> Endpoint:
    """The endpoint of a configured server. Its references are resolved each time it is connected, never before."""

    @asynccontextmanager
    async def opened() -> AsyncGenerator[Any, None]:
        # Resolving may read files and run `esc`.
        transport = await to_thread.run_sync(resolve_transport, server.transport, environ, masks)
        async with _open(transport, log_dir / f"{server.name}.log") as streams:
            yield streams

    return Endpoint(
        name=server.name,
        digest=digest([server.digest, variables(server.transport, environ)]),
        open=opened,
        connect_timeout_s=server.connect_timeout_ms / 1000,
        call_timeout_s=server.call_timeout_ms / 1000,
        idle_timeout_s=server.idle_timeout_ms / 1000,
        over_http=isinstance(server.transport, HttpTransport),
        per_client=server.connection_per_client,
        hide=masks.hide,
    )


@asynccontextmanager
async def _open(transport: Transport, log_file: Path) -> AsyncGenerator[Any, None]:
    match transport:
        case StdioTransport(command, args, env, cwd):
            parameters = StdioServerParameters(
                command=command, args=list(args), env=dict(env), cwd=cwd, encoding_error_handler="replace"
            )
            with _opened_log(log_file) as log:
                async with stdio_client(parameters, errlog=log) as streams:
                    yield streams
        case HttpTransport(url, headers, "sse"):
            async with sse_client(url, headers=dict(headers)) as streams:
                yield streams
        case HttpTransport(url, headers):
            # The caller's own credentials never go there: these headers and no others.
            timeout = httpx2.Timeout(CONNECT_TIMEOUT_S, read=None, pool=None)
            # A call holds its connection until it is answered; one too many would break all of them.
            limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20)
            async with (
                httpx2.AsyncClient(headers=dict(headers), timeout=timeout, limits=limits) as client,
                streamable_http_client(url, http_client=client, max_sse_event_size=MAX_SSE_EVENT_BYTES) as streams,
            ):
                yield streams


def _opened_log(file: Path) -> TextIO:
    """Where a child's stderr is kept, beside the store, for `doctor`: what this attempt says, so emptied first.

    Written at its end whatever happens, because children of other processes may write there too.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"")
    return file.open("a", encoding="utf-8")
