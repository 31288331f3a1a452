"""The warehouse server: four tools, and the schema as a resource."""

import mcp_types as types
from mcp import MCPError
from mcp.server.lowlevel import Server

from workspace.snowflake.schema import DESCRIPTIONS
from workspace.toolset import Toolset, ToolSpec

__all__ = ["build_server"]

INSTRUCTIONS = (
    "A read-only sales warehouse (DuckDB SQL over the Maven CRM set, a public example of a hardware seller). "
    "Read data_quality before you report. Dates count back from as_of."
)
SCHEMA = types.Resource(
    uri="warehouse://schema",
    name="schema",
    title="Tables of the warehouse",
    description="What every table and view is for.",
    mime_type="text/plain",
)


def build_server(tools: list[ToolSpec]) -> Server[object]:
    """Wire the warehouse's tools to one MCP server."""
    toolset = Toolset(tools)

    async def list_tools(_ctx: object, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=toolset.published())

    async def call_tool(_ctx: object, params: types.CallToolRequestParams) -> types.CallToolResult:
        return await toolset.call(params.name, params.arguments)

    async def list_resources(_ctx: object, _params: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=[SCHEMA])

    async def read_resource(_ctx: object, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        if str(params.uri) != SCHEMA.uri:
            raise MCPError(types.INVALID_PARAMS, f"The only resource is {SCHEMA.uri}.", {"uri": str(params.uri)})
        text = "\n".join(f"{name}: {description}" for name, description in DESCRIPTIONS.items())
        contents = types.TextResourceContents(uri=SCHEMA.uri, mime_type="text/plain", text=text)
        return types.ReadResourceResult(contents=[contents])

    return Server(
        "snowflake",
        title="Warehouse (embedded)",
        version="1.0.0",
        instructions=INSTRUCTIONS,
        get_tool_input_schema=toolset.input_schema,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )
