"""A call of one tool on one server, as MCP has it: the pieces both the bridge and the adapters use."""

import json
from collections.abc import Mapping
from typing import Any, cast

import mcp_types as t
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from server.downstream.connection import Connection
from server.errors import DownstreamGarbage, SourceFailed

__all__ = ["TOOL_ANSWER", "call_for_json", "call_tool"]

TOOL_ANSWER: TypeAdapter[t.CallToolResult | t.InputRequiredResult] = TypeAdapter(
    t.CallToolResult | t.InputRequiredResult
)


async def call_tool(
    connection: Connection, params: t.CallToolRequestParams, on_progress: ProgressFnT | None = None
) -> t.CallToolResult | t.InputRequiredResult:
    """The server's own answer. Raises what `Connection.ask` raises."""
    return await connection.ask(t.CallToolRequest(params=params), TOOL_ANSWER, on_progress)


async def call_for_json(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object that a tool answers with, wherever the server puts it.

    Servers put it into `structuredContent`, or as text, or as text inside `structuredContent.result`.

    Raises:
        SourceFailed: the tool itself said that it failed; its text is the message.
        DownstreamError: the server failed, or its answer holds no JSON object.
    """
    try:
        answer = await call_tool(connection, t.CallToolRequestParams(name=tool, arguments=dict(arguments)))
    except MCPError as error:
        raise SourceFailed(f"`{tool}` of `{connection.name}` refused the call: {error.message[:300]}") from error
    if not isinstance(answer, t.CallToolResult):
        raise SourceFailed(f"`{tool}` of `{connection.name}` asks for input that an agent cannot give.")
    text = "\n".join(block.text for block in answer.content if isinstance(block, t.TextContent))
    if answer.is_error:
        raise SourceFailed(text[:500] or f"`{tool}` of `{connection.name}` failed and did not say why.")
    found = _object(answer.structured_content, text)
    if found is None:
        raise DownstreamGarbage(f"`{tool}` of `{connection.name}` answered without the JSON object it should give.")
    if found.get("success") is False:
        raise SourceFailed(str(found.get("error") or text)[:500])
    return found


def _object(structured: Any, text: str) -> dict[str, Any] | None:
    wrapped = cast("dict[str, Any]", structured) if isinstance(structured, dict) else None
    if wrapped is not None and not (set(wrapped) == {"result"} and isinstance(wrapped["result"], str)):
        return wrapped
    try:
        parsed: Any = json.loads(wrapped["result"] if wrapped else text)
    except ValueError:
        return None
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
