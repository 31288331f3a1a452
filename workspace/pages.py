"""A long list in pages: a limit, and a cursor that belongs to one request."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from workspace.toolset import Json, ToolError, string

__all__ = ["CURSOR", "NEXT_CURSOR", "Page", "limit", "page_of"]

ItemT = TypeVar("ItemT")

CURSOR = string("The next_cursor of the same request's last answer, for what follows.", maxLength=400)
NEXT_CURSOR: Json = {"type": ["string", "null"], "description": "Present while more follows."}


@dataclass(frozen=True, slots=True)
class Page(Generic[ItemT]):
    """Some of the items, and the cursor for the next ones while there are any."""

    items: tuple[ItemT, ...]
    next_cursor: str | None


def limit(default: int, most: int) -> Json:
    """Schema of the argument `limit`."""
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


def page_of(items: Sequence[ItemT], arguments: Mapping[str, Any], default: int) -> Page[ItemT]:
    """The page that `limit` and `cursor` ask for. Raises ToolError for a cursor of another request."""
    asked = {name: value for name, value in arguments.items() if name not in {"limit", "cursor", "after"}}
    cursor = arguments.get("cursor") or arguments.get("after")
    start = _start(cursor, asked) if cursor else 0
    size: int = arguments.get("limit", default)
    more = start + size < len(items)
    following = base64.urlsafe_b64encode(json.dumps([start + size, asked]).encode()).decode() if more else None
    return Page(tuple(items[start : start + size]), following)


def _start(cursor: str, asked: Mapping[str, Any]) -> int:
    try:
        start, of_request = json.loads(base64.urlsafe_b64decode(cursor))
    except (ValueError, TypeError):
        start, of_request = -1, None
    if of_request != asked or not isinstance(start, int) or start < 0:
        raise ToolError("bad_cursor", "This cursor belongs to another request. Ask again without it.")
    return start
