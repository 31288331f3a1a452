"""A server with a tool that reads and one that writes, in memory, and the ways to wait for it."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import mcp_types as t
from mcp import Client
from mcp.server.lowlevel import Server
from mcp.shared.memory import create_client_server_memory_streams

from server.app import Sophia
from server.config import DownstreamServer
from server.downstream.endpoint import Endpoint

CALL = "7400171024000301"
READS = t.ToolAnnotations(read_only_hint=True)
ANALYSIS = {"title": "A call", "started": "2017-10-24", "duration_s": 60, "objections": [], "next_steps": []}
Starts = Callable[..., AbstractAsyncContextManager[tuple[Sophia, Client]]]


@dataclass
class Crm:
    """A server with a tool that reads and one that writes; both answer when they are let."""

    asked: list[str] = field(default_factory=list[str])
    cancelled: int = 0
    let: anyio.Event = field(default_factory=anyio.Event)
    arrived: anyio.Event = field(default_factory=anyio.Event)
    fails: bool = False

    async def _list(self, _: Any, __: Any) -> t.ListToolsResult:
        schema = {"type": "object", "properties": {"call_id": {"type": "string"}}}
        return t.ListToolsResult(
            tools=[
                t.Tool(name="gong_call_analysis", input_schema=schema, annotations=READS),
                t.Tool(name="look", input_schema=schema, annotations=READS),
                t.Tool(name="write", input_schema=schema),
            ]
        )

    async def _call(self, ctx: Any, params: t.CallToolRequestParams) -> t.CallToolResult:
        self.asked.append(params.name)
        self.arrived.set()
        await ctx.session.report_progress(1, 2, "half")
        try:
            await self.let.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        said = json.dumps(ANALYSIS) if params.name == "gong_call_analysis" else f"answer {len(self.asked)}"
        return t.CallToolResult(content=[t.TextContent(text=said)], is_error=self.fails)

    def server(self) -> Server[Any]:
        return Server("crm", on_list_tools=self._list, on_call_tool=self._call)


def in_memory(configured: DownstreamServer, server: Server[Any]) -> Endpoint:
    @asynccontextmanager
    async def opened() -> AsyncGenerator[Any]:
        async with (
            create_client_server_memory_streams() as (client, (read, write)),
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(lambda: server.run(read, write, server.create_initialization_options()))
            yield client
            tasks.cancel_scope.cancel()

    return Endpoint(configured.name, configured.digest, opened, 30, 30, 30)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await anyio.lowlevel.checkpoint()
