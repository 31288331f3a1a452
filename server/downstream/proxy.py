"""A call of one tool on one server, as MCP has it: the pieces both the bridge and the adapters use.

`call_for_answer` and its kin are for callers that want what a tool found and not an MCP result. What a server says when it
fails goes to the log, which hides secrets; the errors raised here carry sentences of our own.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import mcp_types as t
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from pydantic import TypeAdapter

from server.downstream.connection import Connection
from server.errors import DownstreamBroke, DownstreamGarbage, NotThere, SourceFailed

__all__ = [
    "TOOL_ANSWER",
    "Answer",
    "call_for_answer",
    "call_for_json",
    "call_for_text",
    "call_tool",
    "garbage",
    "objects_in",
    "refusal",
]

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

OPENING = re.compile(r"\A\s*[{\[]|(?<=\n\n)\{")
"""Where the JSON of an answer may begin: at once, or after an empty line."""


async def call_tool(
    connection: Connection, params: t.CallToolRequestParams, on_progress: ProgressFnT | None = None
) -> t.CallToolResult | t.InputRequiredResult:
    """The server's own answer. Raises what `Connection.ask` raises."""
    return await connection.ask(t.CallToolRequest(params=params), TOOL_ANSWER, on_progress)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answered: its text, and the JSON in it or beside it, None where there is none."""

    text: str
    json: object


async def call_for_answer(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> Answer:
    """What a tool answers, for those who know several shapes of it.

    Servers put JSON into `structuredContent`, or as text, or as text inside `structuredContent.result`, or as text
    under a line of their own; some say that they failed only by `success: false` in it.

    Raises:
        NotThere: it does not have what was asked for.
        SourceFailed: the tool itself said that it failed.
        DownstreamError: the server or the tool broke.
    """
    answer = await _called(connection, tool, arguments)
    text = _text(answer)
    structured = _wrapped(answer.structured_content)
    if isinstance(structured, str):
        text, structured = structured, None
    found = _parsed(text) if structured is None else structured
    said = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if said.get("success") is False:
        raise refusal(connection, tool, str(said.get("error") or text))
    return Answer(text, cast("object", found))


async def call_for_text(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> str:
    """The text that a tool answers with; JSON where it gives nothing else. Raises as `call_for_answer` does."""
    answer = await call_for_answer(connection, tool, arguments)
    return answer.text if answer.text or answer.json is None else json.dumps(answer.json, ensure_ascii=False)


async def call_for_json(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object that a tool answers with. Raises as `call_for_answer` does, and where there is no object."""
    answer = await call_for_answer(connection, tool, arguments)
    if isinstance(answer.json, dict):
        return cast("dict[str, Any]", answer.json)
    raise garbage(connection, tool, answer.text)


def garbage(connection: Connection, tool: str, said: str, wanted: str = "the JSON object") -> DownstreamGarbage:
    """The failure of a tool whose answer cannot be read; what it said goes to the log."""
    logger.warning("`%s` of %s answered without %s: %s", tool, connection.name, wanted, _cut(connection, said))
    return DownstreamGarbage(
        f"`{tool}` of `{connection.name}` answered without {wanted} it should give; `sophia doctor` shows how it is bound."
    )


async def _called(connection: Connection, tool: str, arguments: Mapping[str, Any]) -> t.CallToolResult:
    try:
        answer = await call_tool(connection, t.CallToolRequestParams(name=tool, arguments=dict(arguments)))
    except MCPError as error:
        if error.code == t.INVALID_PARAMS:
            raise refusal(connection, tool, error.message, absent=True) from error
        logger.warning(
            "`%s` of %s broke (%s): %s", tool, connection.name, error.code, _cut(connection, error.message)
        )
        raise DownstreamBroke(
            f"`{tool}` of the server `{connection.name}` failed inside. Try again; Sophia's log has what it said."
        ) from error
    if not isinstance(answer, t.CallToolResult):
        raise SourceFailed(f"`{tool}` of `{connection.name}` asks for input that an agent cannot give.")
    if answer.is_error:
        raise refusal(connection, tool, _text(answer))
    return answer


def refusal(connection: Connection, tool: str, said: str, *, absent: bool = False) -> SourceFailed:
    """The failure of a tool that said no; what it said goes to the log."""
    logger.info("`%s` of %s said no: %s", tool, connection.name, _cut(connection, said) or "nothing more")
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


def objects_in(listed: object) -> list[Mapping[str, Any]]:
    """The objects in a list of a foreign answer; whatever else stands there is left out."""
    items = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, dict)]


def _text(answer: t.CallToolResult) -> str:
    return "\n".join(block.text for block in answer.content if isinstance(block, t.TextContent))


def _wrapped(structured: object) -> object:
    """What stands in `structuredContent`, out of the `result` that some SDKs put a bare value into."""
    if not isinstance(structured, dict):
        return structured
    given = cast("dict[str, object]", structured)
    return given["result"] if set(given) == {"result"} else given


def _parsed(text: str) -> object:
    """The JSON object or list that a text is, or that it ends with under a heading of its own."""
    for opening in OPENING.finditer(text):
        try:
            return json.loads(text[opening.end() - 1 :])
        except (ValueError, RecursionError):
            continue
    return None
