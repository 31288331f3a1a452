"""What differs for clients of the handshake era (up to 2025-11-25): shapes that only 2026-07-28 has.

There an output schema may be of any type and a structured result any JSON value; before, both are objects.
"""

import json
import logging
from collections.abc import Sequence

import mcp_types as t
from mcp_types.methods import validate_server_result
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from server.errors import SophiaError
from server.surface.answers import failed

__all__ = ["for_handshake", "listable"]


logger = logging.getLogger(__name__)


def listable(tools: Sequence[t.Tool], version: str) -> list[t.Tool]:
    """The tools as a client of this protocol version can take them; a tool whose form it cannot take is left out."""
    if version in MODERN_PROTOCOL_VERSIONS:
        return list(tools)
    taken = [_with_object_output(tool) for tool in tools]
    if _takes(version, taken):
        return taken
    kept: list[t.Tool] = []
    odd: list[t.Tool] = []
    for tool in taken:
        (kept if _takes(version, [tool]) else odd).append(tool)
    left = ", ".join(tool.name for tool in odd)
    logger.debug("left out of the list for a client of %s: %s", version, left)
    return kept


def _takes(version: str, tools: Sequence[t.Tool]) -> bool:
    """Whether the SDK can send these to a client of this version: it holds the list against the protocol as one."""
    listed = [tool.model_dump(by_alias=True, mode="json", exclude_none=True) for tool in tools]
    try:
        validate_server_result("tools/list", version, {"tools": listed})
    except ValidationError:
        return False
    return True


def _with_object_output(tool: t.Tool) -> t.Tool:
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
