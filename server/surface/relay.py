"""Calls that go to a downstream server as they are: tools, resources, prompts and completions.

What comes back is the server's own answer, errors included. On a tool result our keys stand beside the server's in
`_meta`, and what says who the server is gives way to what says who we are.
"""

from collections.abc import Mapping
from typing import Any

import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import TypeAdapter

from server.bridge.bridge import Bridge
from server.bridge.decide import Route
from server.bridge.execute import RouteRun
from server.control import Control
from server.downstream.connection import Connection
from server.downstream.naming import Published
from server.downstream.proxy import call_tool
from server.errors import SophiaError
from server.surface.answers import failed, served_meta
from server.surface.deadlines import CallerTime
from server.surface.eras import for_handshake
from server.surface.pace import Pace
from server.surface.schemas import Validators

__all__ = ["Relay"]

Context = ServerRequestContext[Any, Any]
READ: TypeAdapter[t.ReadResourceResult | t.InputRequiredResult] = TypeAdapter(
    t.ReadResourceResult | t.InputRequiredResult
)
GOT: TypeAdapter[t.GetPromptResult | t.InputRequiredResult] = TypeAdapter(t.GetPromptResult | t.InputRequiredResult)
COMPLETED: TypeAdapter[t.CompleteResult] = TypeAdapter(t.CompleteResult)

OF_THE_HOP = frozenset(
    {t.PROTOCOL_VERSION_META_KEY, t.CLIENT_INFO_META_KEY, t.CLIENT_CAPABILITIES_META_KEY, "progressToken"}
)
"""`_meta` keys that describe one connection and never cross to the next."""

OURS = "sophia/"
SLACK_MS = 1_000

ToolAnswer = t.CallToolResult | t.InputRequiredResult


class Relay:
    """Sends calls on."""

    def __init__(self, control: Control, bridge: Bridge, validators: Validators) -> None:
        self._control = control
        self._bridge = bridge
        self._validators = validators

    async def tool(
        self,
        ctx: Context,
        params: t.CallToolRequestParams,
        target: tuple[Connection, Published, t.Tool],
        time: CallerTime,
    ) -> ToolAnswer:
        """Call a downstream tool under its published name, within the time that the caller gives it."""
        connection, published, form = target
        now = self._control.look()
        made = self._bridge.decide_proxied(published.name, published.server, now.policy)
        meta = served_meta(made.id, made.decision, "downstream")
        onward = params.model_copy(update={"name": published.original, "meta": _onward(ctx)})

        pace = Pace()

        async def run() -> ToolAnswer | MCPError:
            async def progressed(progress: float, total: float | None, message: str | None) -> None:
                if pace.allows():
                    await ctx.session.report_progress(progress, total, message)

            try:
                return await call_tool(connection, onward, progressed)
            except MCPError as error:  # the server's own answer, for the client and not for us
                return error

        hints = form.annotations or t.ToolAnnotations()
        repeatable = bool(hints.read_only_hint or hints.idempotent_hint)
        # The server's own limits come first: their errors say which of its settings to look at.
        deadline_ms = round(connection.endpoint.call_timeout_s * 1000) + SLACK_MS
        try:
            self._validators.check(published.name, form.input_schema, params.arguments or {}, ours=False)
        except SophiaError as error:
            return failed(error, served_meta(self._bridge.refused(published.name, error).id, made.decision, None))
        try:
            runs: Mapping[Route, RouteRun[ToolAnswer | MCPError]] = {
                "downstream": RouteRun(run, repeatable, now.fallback.attempts)
            }
            executed = await self._bridge.execute(made, runs, now.fallback, deadline_ms, time.left_ms())
        except SophiaError as error:
            return failed(error, meta)
        return self._worn(ctx, executed.result, meta)

    async def resource(
        self, ctx: Context, params: t.ReadResourceRequestParams, connection: Connection, uri: str
    ) -> t.ReadResourceResult | t.InputRequiredResult:
        """Read a resource under the server's own URI. Raises MCPError."""
        onward = params.model_copy(update={"uri": uri, "meta": _onward(ctx)})
        return await self._asked(connection, t.ReadResourceRequest(params=onward), READ)

    async def prompt(
        self, ctx: Context, params: t.GetPromptRequestParams, connection: Connection, name: str
    ) -> t.GetPromptResult | t.InputRequiredResult:
        """Get a prompt under the server's own name. Raises MCPError."""
        onward = params.model_copy(update={"name": name, "meta": _onward(ctx)})
        return await self._asked(connection, t.GetPromptRequest(params=onward), GOT)

    async def completion(
        self, ctx: Context, params: t.CompleteRequestParams, connection: Connection
    ) -> t.CompleteResult:
        """Complete an argument of a prompt or a template of the server's. Raises MCPError."""
        onward = params.model_copy(update={"meta": _onward(ctx)})
        return await self._asked(connection, t.CompleteRequest(params=onward), COMPLETED)

    @staticmethod
    async def _asked(connection: Connection, request: t.Request[Any, Any], answer: TypeAdapter[Any]) -> Any:
        try:
            result = await connection.ask(request, answer)
        except SophiaError as error:
            raise MCPError(t.INTERNAL_ERROR, error.message) from error
        result.meta = _ours(result.meta)
        return result

    @staticmethod
    def _worn(ctx: Context, answer: ToolAnswer | MCPError, meta: Mapping[str, Any]) -> ToolAnswer:
        if isinstance(answer, MCPError):
            raise answer
        answer.meta = {**(_ours(answer.meta) or {}), **meta}
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return answer
        return for_handshake(answer)


def _onward(ctx: Context) -> Any:
    """The front's `_meta` without what describes the front's own connection, and without what is meant for us."""
    raw: Mapping[str, Any] = (ctx.params or {}).get("_meta") or {}
    return {k: v for k, v in raw.items() if k not in OF_THE_HOP and not k.startswith(OURS)} or None


def _ours(meta: Mapping[str, Any] | None) -> dict[str, Any] | None:
    kept = {key: value for key, value in (meta or {}).items() if key != t.SERVER_INFO_META_KEY}
    return kept or None
