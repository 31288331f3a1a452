"""Why a connection to a server failed, for people."""

import mcp_types as t
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from server.config import UnresolvedReferenceError

__all__ = ["reason"]


def reason(error: Exception) -> str:
    """Why a connection failed, in words that hold nothing of the foreign exception's text."""
    match error:
        case ExceptionGroup():
            found = reason(error.exceptions[0])
        case UnresolvedReferenceError():
            found = "something its configuration refers to is not there; `sophia doctor` says what"
        case FileNotFoundError():
            found = "its command was not found"
        case PermissionError():
            found = "its command may not be run"
        case MCPError(code=t.CONNECTION_CLOSED):
            found = "it ended before it was connected"
        case MCPError():
            found = f"it refused to connect (MCP error {error.code})"
        case ValidationError():
            found = "it lists something that is no valid MCP"
        case _:
            found = f"it cannot be reached ({type(error).__name__})"
    return found
