"""What crosses from the client's connection to the server's and back: `_meta` without what describes one of the two."""

from collections.abc import Mapping
from typing import Any

import mcp_types as t
from mcp.server.context import ServerRequestContext

from server.downstream.watched import ABLE_KEY

__all__ = ["TRACING", "onward_meta", "our_meta"]

OF_THE_HOP = frozenset(
    {t.PROTOCOL_VERSION_META_KEY, t.CLIENT_INFO_META_KEY, t.CLIENT_CAPABILITIES_META_KEY, "progressToken"}
)
"""`_meta` keys that describe one connection and never cross to the next."""

OURS = "sophia/"
TRACING = frozenset({"traceparent", "tracestate", "baggage"})


def onward_meta(ctx: ServerRequestContext[Any, Any]) -> Any:
    """The front's `_meta` without what describes the front's own connection, and without what is meant for us."""
    raw: Mapping[str, Any] = (ctx.params or {}).get("_meta") or {}
    kept = {k: v for k, v in raw.items() if k not in OF_THE_HOP and not k.startswith(OURS)}
    able = ctx.session.client_capabilities
    if able is not None:
        kept[ABLE_KEY] = able.model_dump(by_alias=True, mode="json", exclude_none=True)
    return kept or None


def our_meta(meta: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A server's `_meta` without what says who it is: to the client we are the server."""
    kept = {key: value for key, value in (meta or {}).items() if key != t.SERVER_INFO_META_KEY}
    return kept or None
