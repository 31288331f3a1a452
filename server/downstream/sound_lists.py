"""Lists of a downstream, without the items that are no valid MCP.

The SDK holds a list against the protocol as one: a single tool of a wrong form costs all others. So each page is looked
at before the SDK sees it; what would make it fail is taken out, and said.
"""

from collections.abc import Mapping
from typing import Any, cast

import mcp_types as t
from mcp.shared.message import SessionMessage
from mcp_types.methods import parse_server_result
from pydantic import ValidationError

__all__ = ["SoundLists"]

LISTS: Mapping[str, str] = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}
"""Where the items of each list stand."""
MOST_NAMED = 20
SHOWN_NAME = 60


class SoundLists:
    """Watches one connection. `left_out` says, by list, which items were taken out of it."""

    def __init__(self) -> None:
        self._asked: dict[object, str] = {}
        self._version = "2025-11-25"
        self._left_out: dict[str, list[str]] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """One sentence for each item, in the order of the lists."""
        return tuple(said for key in LISTS.values() for said in self._left_out.get(key, ()))

    def sent(self, item: SessionMessage) -> None:
        """Take note of a request for a list."""
        request = item.message
        if isinstance(request, t.JSONRPCRequest) and (request.method in LISTS or request.method == "initialize"):
            self._asked[request.id] = request.method
            meta: Mapping[str, Any] = (request.params or {}).get("_meta") or {}
            self._version = meta.get(t.PROTOCOL_VERSION_META_KEY, self._version)
            if request.method in LISTS and not (request.params or {}).get("cursor"):
                self._left_out[LISTS[request.method]] = []

    def received(self, item: SessionMessage) -> SessionMessage:
        """The message; where it is the page of a list, with its sound items only."""
        answer = item.message
        if not isinstance(answer, t.JSONRPCResponse | t.JSONRPCError):
            return item
        method = self._asked.pop(answer.id, None)
        if method is None or isinstance(answer, t.JSONRPCError):
            return item
        if method == "initialize":
            self._version = str(answer.result.get("protocolVersion", self._version))
            return item
        key = LISTS[method]
        items: Any = answer.result.get(key)
        if not isinstance(items, list) or self._sound(method, answer.result):
            return item
        listed = cast("list[Any]", items)
        kept: list[Any] = []
        odd: list[Any] = []
        for one in listed:
            (kept if self._sound(method, {**answer.result, key: [one]}) else odd).append(one)
        self._left_out[key] += [_said(key, one) for one in odd[:MOST_NAMED]]
        result = {**answer.result, key: kept}
        return SessionMessage(answer.model_copy(update={"result": result}), metadata=item.metadata)

    def _sound(self, method: str, page: Mapping[str, Any]) -> bool:
        try:
            parse_server_result(method, self._version, page)
        except (ValidationError, RecursionError):
            return False
        except (KeyError, ValueError):  # a version the SDK does not know: it checks nothing either
            return True
        return True


def _said(key: str, one: Any) -> str:
    named: Any = cast("Mapping[str, Any]", one).get("name") if isinstance(one, dict) else None
    which = f"`{named[:SHOWN_NAME]}`" if isinstance(named, str) else "one without a name"
    return f"{which} of its {key} is left out: its form is not valid MCP"
