"""What a client on stdio is told when its line could not be read.

The SDK gives such a line up without a word, and whoever sent it would wait for ever. Where the line is JSON after all,
but for half a character, it is mended and goes on; where it has an id, that id gets an error.
"""

import json
from typing import Any, cast

import mcp_types as t
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from server.wellformed import TooDeep, well_formed

__all__ = ["mended"]


def mended(unreadable: Exception) -> SessionMessage | t.JSONRPCError | None:
    """The message as it was meant, the error that answers it, or None where nobody waits for an answer."""
    found = _message(unreadable)
    if found is None:
        return t.JSONRPCError(
            jsonrpc="2.0", id=None, error=t.ErrorData(code=t.PARSE_ERROR, message="The line is no JSON object.")
        )
    try:
        message = t.jsonrpc_message_adapter.validate_python(well_formed(found), by_name=False)
    except (ValidationError, TooDeep, RecursionError) as error:
        named: Any = found.get("id")
        if not isinstance(named, int | str) or isinstance(named, bool):
            return None
        deep = (
            "It is nested too deeply."
            if isinstance(error, TooDeep | RecursionError)
            else "It is no JSON-RPC request."
        )
        return t.JSONRPCError(
            jsonrpc="2.0",
            id=well_formed(named),
            error=t.ErrorData(code=t.INVALID_REQUEST, message=f"The message cannot be taken. {deep}"),
        )
    return SessionMessage(message)


def _message(unreadable: Exception) -> dict[str, Any] | None:
    """The JSON object that the line was, where it was one."""
    if not isinstance(unreadable, ValidationError):
        return None
    for fault in unreadable.errors(include_url=False, include_context=False):
        given: Any = fault["input"]
        if fault["type"] == "json_invalid" and isinstance(given, str):
            try:
                given = json.loads(given)
            except (ValueError, RecursionError):
                return None
        # The message is a union: beside the field that one kind of it lacks stands the whole message.
        if isinstance(given, dict) and (fault["type"] in {"json_invalid", "missing"}):
            return cast("dict[str, Any]", given)
    return None
