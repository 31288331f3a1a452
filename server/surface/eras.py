"""What differs for clients of the handshake era (up to 2025-11-25): shapes that only 2026-07-28 has.

There an output schema may be of any type and a structured result any JSON value; before, both are objects.
"""

import json

import mcp_types as t

from server.errors import SophiaError
from server.surface.answers import failed

__all__ = ["for_handshake", "listable"]


def listable(tool: t.Tool) -> t.Tool:
    """The tool as a handshake client can take it: without an output schema that is no object's."""
    schema = tool.output_schema
    if schema is None or schema.get("type") == "object":
        return tool
    return tool.model_copy(update={"output_schema": None})


def for_handshake(answer: t.CallToolResult | t.InputRequiredResult) -> t.CallToolResult:
    """The result as a handshake client can take it; a structured result that is no object travels as JSON text."""
    if isinstance(answer, t.InputRequiredResult):
        error = SophiaError(
            "This tool asks for input in the middle of a call, in the way of protocol 2026-07-28, which your client "
            "does not speak. Use a client that does, or give all arguments at once.",
        )
        return failed(error, answer.meta or {})
    if answer.structured_content is None or isinstance(answer.structured_content, dict):
        return answer
    said = json.dumps(answer.structured_content, ensure_ascii=False)
    texts = [block.text for block in answer.content if isinstance(block, t.TextContent)]
    content = answer.content if said in texts else [*answer.content, t.TextContent(text=said)]
    return answer.model_copy(update={"structured_content": None, "content": content})
