"""The least MCP server that the Python SDK allows: one lowlevel `Server` with one tool, over stdio or HTTP.

It is the floor under every figure that contains a start or a call: nothing built on the SDK can do with less.
Run: `python -m benchmarks.peers.bare_sdk [--http]`.
"""

import argparse
import socket
import sys
from typing import Any

import anyio
import mcp_types as t
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

__all__ = ["ECHO", "main"]

ECHO = t.Tool(
    name="echo",
    description="Say the text again.",
    input_schema={"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    annotations=t.ToolAnnotations(read_only_hint=True),
)


def main() -> None:
    """Serve until the client leaves, or until told to end."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.bare_sdk")
    parser.add_argument("--http", action="store_true", help="serve HTTP on a free port of 127.0.0.1")
    anyio.run(_serve_http if parser.parse_args().http else _serve_stdio)


def _server() -> Server[Any]:
    async def list_tools(_: object, __: object) -> t.ListToolsResult:
        return t.ListToolsResult(tools=[ECHO])

    async def call_tool(_: object, params: t.CallToolRequestParams) -> t.CallToolResult:
        return t.CallToolResult(content=[t.TextContent(text=(params.arguments or {})["text"])])

    return Server(
        "bare",
        version="1",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        get_tool_input_schema=lambda _: ECHO.input_schema,  # without it the SDK lists all tools before each call
    )


async def _serve_stdio() -> None:
    server = _server()
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


async def _serve_http() -> None:
    import uvicorn

    # The protocol is named because asyncio turns Nagle's delay off only for sockets that say they are TCP.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        sys.stderr.write(f"bare SDK serves http://127.0.0.1:{listening.getsockname()[1]}/mcp\n")
        sys.stderr.flush()
        app = _server().streamable_http_app(streamable_http_path="/mcp")
        config = uvicorn.Config(app, log_level="warning", timeout_keep_alive=600)
        await uvicorn.Server(config).serve(sockets=[listening])


if __name__ == "__main__":
    main()
