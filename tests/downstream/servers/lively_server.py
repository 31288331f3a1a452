"""An MCP server on the SDK whose list of tools grows, over stdio or HTTP.

It speaks both eras; with `--handshake` it does not know `server/discover`, as servers before 2026-07-28.
"""

import json
import os
import sys
from typing import Any

import anyio
import mcp_types as t
import uvicorn
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared._context_streams import create_context_streams
from mcp.shared.message import SessionMessage

Context = ServerRequestContext[Any, Any]
BURST = 5

names = ["pid", "grow", "hang", "cancelled", "large"]
cancelled: list[str] = []
bus = InMemorySubscriptionBus()


async def list_tools(_: Context, __: t.PaginatedRequestParams | None) -> t.ListToolsResult:
    return t.ListToolsResult(tools=[t.Tool(name=name, input_schema={"type": "object"}) for name in names])


async def call_tool(ctx: Context, params: t.CallToolRequestParams) -> t.CallToolResult:
    said = ""
    match params.name:
        case "pid":
            said = str(os.getpid())
        case "grow":
            names.extend(f"new{n}" for n in range(BURST))
            for _ in range(BURST):
                await bus.publish(ToolsListChanged())
                await ctx.session.send_tool_list_changed()
        case "hang":
            try:
                await ctx.session.report_progress(1, None, "started")
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                cancelled.append("hang")
                raise
        case "cancelled":
            said = json.dumps(cancelled)
        case _:
            said = "x" * (params.arguments or {})["bytes"]
    return t.CallToolResult(content=[t.TextContent(text=said)])


class Lively(Server[Any]):
    def create_initialization_options(
        self, notification_options: NotificationOptions | None = None, *args: Any, **kwargs: Any
    ) -> InitializationOptions:
        return super().create_initialization_options(
            notification_options or NotificationOptions(tools_changed=True), *args, **kwargs
        )


server = Lively(
    "lively",
    version="1",
    on_list_tools=list_tools,
    on_call_tool=call_tool,
    on_subscriptions_listen=ListenHandler(bus),
)
NO_DISCOVER = t.ErrorData(code=t.METHOD_NOT_FOUND, message="Method not found")


async def over_stdio(*, handshake: bool) -> None:
    async with stdio_server() as (read, write), anyio.create_task_group() as tasks:
        to_server, from_client = create_context_streams[Any](0)

        async def pump() -> None:
            async with to_server:
                async for item in read:
                    asked = item.message if isinstance(item, SessionMessage) else None
                    if handshake and isinstance(asked, t.JSONRPCRequest) and asked.method == "server/discover":
                        await write.send(
                            SessionMessage(t.JSONRPCError(jsonrpc="2.0", id=asked.id, error=NO_DISCOVER))
                        )
                    else:
                        await to_server.send(item)

        tasks.start_soon(pump)
        await server.run(from_client, write, server.create_initialization_options())


def over_http(port: int, *, handshake: bool) -> None:
    app = server.streamable_http_app()

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if handshake and (b"mcp-method", b"server/discover") in scope.get("headers", ()):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await app(scope, receive, send)

    class Announcing(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            sys.stdout.write("ready\n")
            sys.stdout.flush()

    Announcing(uvicorn.Config(serve, host="127.0.0.1", port=port, log_level="error")).run()


if __name__ == "__main__":
    old = "--handshake" in sys.argv
    if "--port" in sys.argv:
        over_http(int(sys.argv[sys.argv.index("--port") + 1]), handshake=old)
    else:
        anyio.run(lambda: over_stdio(handshake=old))
