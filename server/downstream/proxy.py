"""A call of one tool on one server, as MCP has it: the pieces both the bridge and the adapters use.

`call_for_text` and `call_for_json` are for callers that want an answer and not a result. What a server says when it
fails goes to the log, which hides secrets; the errors raised here carry sentences of our own.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any, cast

import mcp_types as t
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from server.downstream.connection import Connection
from server.errors import DownstreamBroke, DownstreamGarbage, NotThere, SourceFailed

__all__ = ["TOOL_ANSWER", "call_for_json", "call_for_text", "call_tool"]

logger = logging.getLogger(__name__)

TOOL_ANSWER: TypeAdapter[t.CallToolResult | t.InputRequiredResult] = TypeAdapter(
    t.CallToolResult | t.InputRequiredResult
)
SAID_CHARS = 2_000
NOT_FOUND = re.compile(
    r"\b(?:not found|could(?: not|n't) (?:be )?f(?:i|ou)nd|does(?: not|n't) exist|there is no|no such|unknown id|"
    r"no \w+ (?:returned|found) for|status(?: code)?:? 404|404 not|object_not_found|channel_not_found)\b",
    re.IGNORECASE,
)
"""How servers say that something does not exist: the phrases of those in docs/configuring.md, and HTTP's number."""

OPENING = re.compile(r"\A\s*\{|(?<=\n\n)\{")
"""Where the JSON of an answer may begin: at once, or after an empty line."""


async def call_tool(
    connection: Connection, params: t.CallToolRequestParams, on_progress: ProgressFnT | None = None
) -> t.CallToolResult | t.InputRequiredResult:
    """The server's own answer. Raises what `Connection.ask` raises."""
    return await connection.ask(t.CallToolRequest(params=params), TOOL_ANSWER, on_progress)


async def call_for_text(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> str:
    """The text that a tool answers with; its structured content as JSON where it gives nothing else.

    Raises as `call_for_json` does.
    """
    answer = await _called(connection, tool, arguments)
    structured = _wrapped(answer.structured_content)
    if isinstance(structured, str):
        return structured
    text = _text(answer)
    return text if text or structured is None else json.dumps(structured, ensure_ascii=False)


async def call_for_json(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object that a tool answers with, wherever the server puts it.

    Servers put it into `structuredContent`, or as text, or as text inside `structuredContent.result`, or as text under
    a line of their own.

    Raises:
        NotThere: it does not have what was asked for.
        SourceFailed: the tool itself said that it failed.
        DownstreamError: the server or the tool broke, or its answer holds no JSON object.
    """
    answer = await _called(connection, tool, arguments)
    text = _text(answer)
    found = _object(answer.structured_content, text)
    if found is None:
        logger.warning("`%s` of %s answered without a JSON object: %s", tool, connection.name, _cut(connection, text))
        raise DownstreamGarbage(f"`{tool}` of `{connection.name}` answered without the JSON object it should give.")
    if found.get("success") is False:
        raise _refusal(connection, tool, str(found.get("error") or text))
    return found


async def _called(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> t.CallToolResult:
    try:
        answer = await call_tool(connection, t.CallToolRequestParams(name=tool, arguments=dict(arguments)))
    except MCPError as error:
        if error.code == t.INVALID_PARAMS:
            raise _refusal(connection, tool, error.message, absent=True) from error
        logger.warning(
            "`%s` of %s broke (%s): %s", tool, connection.name, error.code, _cut(connection, error.message)
        )
        raise DownstreamBroke(
            f"`{tool}` of the server `{connection.name}` failed inside. Try again; Sophia's log has what it said."
        ) from error
    if not isinstance(answer, t.CallToolResult):
        raise SourceFailed(f"`{tool}` of `{connection.name}` asks for input that an agent cannot give.")
    if answer.is_error:
        raise _refusal(connection, tool, _text(answer))
    return answer


def _refusal(connection: Connection, tool: str, said: str, *, absent: bool = False) -> SourceFailed:
    logger.warning("`%s` of %s said no: %s", tool, connection.name, _cut(connection, said) or "nothing more")
    if absent or NOT_FOUND.search(said[:SAID_CHARS]):
        return NotThere(
            f"`{tool}` of the server `{connection.name}` does not have what was asked for. Check the names and ids.",
            said=said,
        )
    return SourceFailed(
        f"`{tool}` of the server `{connection.name}` could not do what was asked. Ask for something else, or look "
        "into Sophia's log: it has what the server said.",
        said=said,
    )


def _cut(connection: Connection, said: str) -> str:
    """For the log. Secrets go first: a cut could leave half of one that is no longer recognised."""
    return connection.endpoint.hide(said)[:SAID_CHARS]


def _text(answer: t.CallToolResult) -> str:
    return "\n".join(block.text for block in answer.content if isinstance(block, t.TextContent))


def _wrapped(structured: object) -> object:
    """What stands in `structuredContent`, out of the `result` that some SDKs put a bare value into."""
    if not isinstance(structured, dict):
        return structured
    given = cast("dict[str, object]", structured)
    return given["result"] if set(given) == {"result"} else given


def _object(structured: object, text: str) -> dict[str, Any] | None:
    given = _wrapped(structured)
    if isinstance(given, dict):
        return cast("dict[str, Any]", given)
    return _parsed(given if isinstance(given, str) else text)


def _parsed(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, or that it ends with under a heading of its own."""
    for opening in OPENING.finditer(text):
        try:
            parsed: object = json.loads(text[opening.end() - 1 :])
        except ValueError:
            continue
        return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
    return None
