"""Servers to connect to: scripted ones in memory, and real ones in processes of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t
import pytest
from mcp.shared.memory import create_client_server_memory_streams
from mcp.shared.message import SessionMessage

from server.config import DownstreamServer, HttpTransport, Masks, StdioTransport, Transport
from server.downstream.connection import Connection
from server.downstream.endpoint import Endpoint, endpoint_of
from server.downstream.pool import Member, Pool, running_pool
from server.downstream.proxy import call_tool
from server.errors import DownstreamDown
from server.state.store import Store, open_store

SERVERS = Path(__file__).parent / "servers"
CLIENT = t.Implementation(name="sophia", version="0")
PATIENT_S = 30.0

Result = Mapping[str, Any]


class Refusal(Exception):
    """A JSON-RPC error as a scripted server gives it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Silence(Exception):
    """A scripted server that does not answer."""


Answer = Callable[[Mapping[str, Any]], Result]


def unknown(_: Mapping[str, Any]) -> Result:
    raise Refusal(t.METHOD_NOT_FOUND, "Method not found")


def text(said: str, **more: Any) -> Result:
    return {"content": [{"type": "text", "text": said}], **more}


@dataclass
class Scripted:
    """A server of the handshake era in memory: for each method what it answers. `told` is everything it was sent.

    `takes` are the arguments of its tools by name, where they matter.
    """

    tools: list[str] = field(default_factory=lambda: ["echo"])
    takes: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    capabilities: dict[str, Any] = field(default_factory=lambda: {"tools": {"listChanged": True}})
    answers: dict[str, Answer] = field(default_factory=dict[str, Answer])
    told: list[t.JSONRPCMessage] = field(default_factory=list[t.JSONRPCMessage])
    opened: int = 0
    _write: Any = None

    def methods(self, name: str) -> int:
        return sum(getattr(message, "method", None) == name for message in self.told)

    async def notify(self, method: str) -> None:
        await self._write.send(SessionMessage(t.JSONRPCNotification(jsonrpc="2.0", method=method)))

    def says(self, method: str, result: Result) -> None:
        self.answers[method] = lambda _: result

    def refuses(self, method: str, code: int, message: str) -> None:
        def refuse(_: Mapping[str, Any]) -> Result:
            raise Refusal(code, message)

        self.answers[method] = refuse

    def ignores(self, method: str) -> None:
        def ignore(_: Mapping[str, Any]) -> Result:
            raise Silence

        self.answers[method] = ignore

    def is_like(self, tools: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Result]]]) -> None:
        """Offer these tools: by name the arguments that each takes, and what it answers to them."""
        self.tools = list(tools)
        self.takes = {name: takes for name, (takes, _) in tools.items()}
        self.answers["tools/call"] = lambda params: tools[params["name"]][1](params.get("arguments") or {})

    def asked(self, tool: str) -> list[dict[str, Any]]:
        """The arguments of every call of a tool, in order."""
        calls = [m for m in self.told if isinstance(m, t.JSONRPCRequest) and m.method == "tools/call"]
        return [call.params["arguments"] for call in calls if call.params and call.params["name"] == tool]

    async def close(self) -> None:
        await self._write.aclose()

    def connection(self, **timeouts: float) -> Connection:
        return Connection(replace(self.endpoint(), **timeouts), CLIENT, _nobody, None)

    def endpoint(self, name: str = "scripted", digest: str = "d") -> Endpoint:
        return Endpoint(name, digest, self._open, PATIENT_S, PATIENT_S, PATIENT_S, over_http=True)

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[Any, None]:
        self.opened += 1
        async with (
            create_client_server_memory_streams() as (client, (read, self._write)),
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(self._serve, read, self._write)
            yield client
            tasks.cancel_scope.cancel()

    async def _serve(self, read: Any, write: Any) -> None:
        async for item in read:
            message = item.message
            self.told.append(message)
            if isinstance(message, t.JSONRPCRequest):
                try:
                    answer = t.JSONRPCResponse(jsonrpc="2.0", id=message.id, result=dict(self._answer(message)))
                except Silence:
                    continue
                except Refusal as refusal:
                    error = t.ErrorData(code=refusal.code, message=str(refusal))
                    answer = t.JSONRPCError(jsonrpc="2.0", id=message.id, error=error)
                await write.send(SessionMessage(answer))

    def _answer(self, request: t.JSONRPCRequest) -> Result:
        usual: dict[str, Answer] = {
            "server/discover": unknown,
            "initialize": lambda _: {
                "protocolVersion": "2025-11-25",
                "capabilities": self.capabilities,
                "serverInfo": {"name": "scripted", "version": "1"},
            },
            "tools/list": lambda _: {
                "tools": [
                    {
                        "name": name,
                        "inputSchema": {
                            "type": "object",
                            "properties": {arg: {} for arg in self.takes.get(name, ())},
                        },
                    }
                    for name in self.tools
                ]
            },
            "tools/call": lambda params: text(str(params.get("arguments"))),
            "ping": lambda _: {},
        }
        return (self.answers.get(request.method) or usual.get(request.method) or unknown)(request.params or {})


async def _nobody(_: str, __: object) -> None:
    pass


@pytest.fixture
def scripted() -> Scripted:
    return Scripted()


@asynccontextmanager
async def _held(connection: Connection) -> AsyncGenerator[Connection, None]:
    with anyio.fail_after(PATIENT_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(connection.run)
            await connection.settled()
            yield connection
            tasks.cancel_scope.cancel()


@pytest.fixture
def held() -> Callable[[Connection], AbstractAsyncContextManager[Connection]]:
    """Hold a connection for the length of a block; it has connected, or failed to, once."""
    return _held


async def _call(connection: Connection, tool: str, on_progress: Any = None, **arguments: Any) -> str:
    params = t.CallToolRequestParams(name=tool, arguments=arguments)
    answer = await call_tool(connection, params, on_progress)
    assert isinstance(answer, t.CallToolResult)
    (block,) = answer.content
    assert isinstance(block, t.TextContent)
    return block.text


@pytest.fixture
def call() -> Any:
    """Call a tool and return its text."""
    return _call


@pytest.fixture
def call_until_served() -> Any:
    """Call a tool as a caller does who was told to try again in a moment."""

    async def again(connection: Connection, tool: str, **arguments: Any) -> str:
        with anyio.fail_after(PATIENT_S):
            while True:
                try:
                    return await _call(connection, tool, **arguments)
                except DownstreamDown:  # waits a moment itself
                    continue

    return again


# Processes


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "state") as opened:
        yield opened


@dataclass
class Site:
    """Configured servers, the store they are kept in, and a pool over them."""

    directory: Path
    store: Store
    members: list[Member] = field(default_factory=list[Member])

    def server(self, name: str, transport: Transport, prefix: str | None = None, **timeouts_ms: int) -> None:
        limits = {"connect_timeout_ms": 20_000, "call_timeout_ms": 20_000, "idle_timeout_ms": 20_000} | timeouts_ms
        configured = DownstreamServer(
            name=name,
            transport=transport,
            prefix=name if prefix is None else prefix,
            capabilities=None,
            agno_routes=(),
            connection_per_client=False,
            classification="internal",
            credits_per_call=0,
            max_concurrent_calls=256,
            cache_s=0,
            library_max_calls=100,
            library_max_mb=100,
            library_background=False,
            disabled=False,
            digest="d",
            **limits,
        )
        endpoint = endpoint_of(configured, os.environ, Masks(), self.directory / "logs")
        self.members.append(Member(endpoint, configured.prefix))

    def raw(self, name: str, *options: str, script: Path = SERVERS / "raw_server.py", **timeouts_ms: int) -> None:
        self.server(name, StdioTransport(sys.executable, (str(script), *options)), None, **timeouts_ms)

    def pool(self, own_names: Iterable[str] = ()) -> Pool:
        return Pool(self.members, self.store, CLIENT, frozenset(own_names), frozenset(), 0.5)

    @asynccontextmanager
    async def running(self, own_names: Iterable[str] = ()) -> AsyncGenerator[Pool, None]:
        """The pool, each server connected or failed once. Nothing in the block may take longer than a minute."""
        with anyio.fail_after(60):
            async with running_pool(self.pool(own_names)) as pool:
                await pool.settled()
                yield pool


@pytest.fixture
def site(tmp_path: Path, store: Store) -> Site:
    return Site(tmp_path, store)


@contextmanager
def _listening(port: int, *options: str) -> Generator[subprocess.Popen[str]]:
    command = [sys.executable, str(SERVERS / "lively_server.py"), "--port", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def listening() -> Callable[..., AbstractContextManager[subprocess.Popen[str]]]:
    """The lively server on a port, over HTTP, for the length of a block."""
    return _listening


@pytest.fixture
def port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def lively() -> Callable[..., Transport]:
    """How to reach the lively server: over stdio, or on a port."""

    def transport(*options: str, port: int | None = None) -> Transport:
        if port is not None:
            return HttpTransport(f"http://127.0.0.1:{port}/mcp")
        return StdioTransport(sys.executable, (str(SERVERS / "lively_server.py"), *options))

    return transport
