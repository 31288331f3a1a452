"""An MCP server that has tools and nothing else."""

from collections.abc import Sequence

import mcp_types as types
from mcp.server.lowlevel import Server

from workspace.toolset import Toolset, ToolSpec

__all__ = ["tool_server"]


def tool_server(name: str, title: str, instructions: str, tools: Sequence[ToolSpec]) -> Server[object]:
    """Wire tools to one MCP server."""
    toolset = Toolset(tools)

    async def list_tools(_ctx: object, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=toolset.published())

    async def call_tool(_ctx: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await toolset.call(params.name, params.arguments)

    return Server(
        name,
        title=title,
        version="1.0.0",
        instructions=instructions,
        get_tool_input_schema=toolset.input_schema,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )
