"""Serving streamable HTTP on loopback.

Until callers are known and their rights checked, nobody outside this machine may reach the server: it binds to a
loopback address only, and takes only requests whose Host and Origin are this machine's, so that no web page a user has
open can reach it by rebinding a name.
"""

import ipaddress
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import AbstractAsyncContextManager, contextmanager

import anyio
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette

from server.app import Sophia

__all__ = ["CannotListen", "NotLoopback", "http_app", "serve_http"]

MCP_PATH = "/mcp"
MAX_BODY_BYTES = 8 * 1024 * 1024
KEEP_ALIVE_S = 600
LEAVE_WITHIN_S = 1
LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")


class NotLoopback(ValueError):
    """The address asked for can be reached from outside; the message says which can not."""


class CannotListen(ValueError):
    """The port is taken, or the address is not this machine's."""


def http_app(sophia: Sophia, host: str = "127.0.0.1") -> Starlette:
    """The ASGI application: the MCP endpoint at `/mcp`, for this machine's names and the loopback address it binds to."""
    names = (*LOCAL_NAMES, f"[{host}]" if ":" in host else host)
    return sophia.server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        max_request_body_size=MAX_BODY_BYTES,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[name for local in names for name in (local, f"{local}:*")],
            allowed_origins=[
                f"{scheme}://{local}{port}" for scheme in ("http", "https") for local in names for port in ("", ":*")
            ],
        ),
    )


async def serve_http(
    start: Callable[[], AbstractAsyncContextManager[Sophia]],
    host: str,
    port: int,
    announce: Callable[[str], None],
) -> None:
    """Serve until told to end. `announce` is told the address once it can be connected to.

    Raises NotLoopback, and CannotListen when the port is taken or the address is not this machine's.
    """
    if host != "localhost" and not _loopback(host):
        raise NotLoopback(f"{host} can be reached from outside; use 127.0.0.1, ::1 or localhost.")
    with _listening(host, port) as listening:
        async with start() as sophia, anyio.create_task_group() as tasks:
            config = uvicorn.Config(
                http_app(sophia, host),
                log_level="warning",
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=LEAVE_WITHIN_S,
            )
            web = _Web(config)
            tasks.start_soon(_until_signal, web, sophia)
            shown, bound = listening.getsockname()[:2]
            announce(f"http://{f'[{shown}]' if ':' in shown else shown}:{bound}{MCP_PATH}")
            await web.serve(sockets=[listening])
            tasks.cancel_scope.cancel()


class _Web(uvicorn.Server):
    """uvicorn without its own handling of signals, which ends the process before anything else can be closed."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


async def _until_signal(web: _Web, sophia: Sophia) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            sophia.server.changes.listen.close()  # uvicorn would wait for open listen streams
            web.should_exit = True


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
        # asyncio turns off Nagle's delay only where it made the socket itself; small answers would wait 40 ms.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listening
    except OSError as error:
        raise CannotListen(f"{host}:{port} cannot be listened on: {error.strerror}. Choose another port.") from error


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
