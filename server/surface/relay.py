"""Tool calls that go to a downstream server as they are.

What comes back is the server's own answer, errors included. On a tool result our keys stand beside the server's in
`_meta`, and what says who the server is gives way to what says who we are.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from typing import Any

import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from server.bridge.bridge import Bridge, Made
from server.bridge.cost import Bill
from server.bridge.decision import RESTRICTED, Route
from server.bridge.economy import Asked, Economy
from server.bridge.execute import Executed, RouteRun
from server.bridge.sharing import Share, Tell, Terms
from server.bridge.spending import Charge
from server.control import Control
from server.downstream.connection import Connection
from server.downstream.fronts import ANSWER_WITHIN_S
from server.downstream.naming import Published
from server.downstream.proxy import call_tool
from server.errors import SophiaError
from server.generation import Generation
from server.surface.answers import failed, served_meta, shared_meta
from server.surface.deadlines import CallerTime
from server.surface.eras import for_handshake
from server.surface.fronts import Fronts, conversed
from server.surface.hops import TRACING, onward_meta, our_meta
from server.surface.pace import Pace
from server.surface.schemas import Validators
from server.surface.units import rights_of

__all__ = ["Beside", "Relay", "ToolAnswer", "more_than_arguments"]

Context = ServerRequestContext[Any, Any]
SLACK_MS = 1_000

ToolAnswer = t.CallToolResult | t.InputRequiredResult
Runs = dict[Route, RouteRun[ToolAnswer | MCPError]]


@dataclass(frozen=True, slots=True)
class Beside:
    """An agent's route beside the server's own, made ready for one call that was decided under `now`. `turn` is held
    while the call runs."""

    made: Made
    now: Generation
    run: RouteRun[ToolAnswer | MCPError]
    share: Share
    turn: AbstractAsyncContextManager[None]


class Relay:
    """Sends calls on."""

    def __init__(
        self,
        control: Control,
        bridge: Bridge,
        economy: Economy,
        validators: Validators,
        fronts: Fronts,
    ) -> None:
        self._control = control
        self._fronts = fronts
        self._bridge = bridge
        self._economy = economy
        self._validators = validators

    async def tool(
        self,
        ctx: Context,
        params: t.CallToolRequestParams,
        target: tuple[Connection, Published, t.Tool],
        time: CallerTime,
        beside: Beside | None = None,
    ) -> ToolAnswer:
        """Call a downstream tool under its published name, within the time that the caller gives it; an agent serves it
        where one stands `beside` and the decision says so."""
        connection, published, form = target
        now, rights = beside.now if beside else self._control.look(), rights_of(ctx)
        if beside is None:
            spent = self.spent(published, rights, now)
            made = self._bridge.decide_proxied(published.name, published.server, now.policy, spent)
        else:
            made = beside.made
        onward = params.model_copy(update={"name": published.original, "meta": onward_meta(ctx)})
        pace = Pace()

        async def watched(progress: float, total: float | None, message: str | None) -> None:
            if pace.allows():
                await ctx.session.report_progress(progress, total, message)

        async def work(tell: Tell, _: Charge) -> ToolAnswer | MCPError:
            async def progressed(progress: float, total: float | None, message: str | None) -> None:
                await tell(progress, total, message)

            async def send(params: t.CallToolRequestParams) -> ToolAnswer:
                return await call_tool(own, params, progressed)

            try:
                async with self._fronts.connection(ctx, connection) as (front, own):
                    return await conversed(front, send, onward)
            except MCPError as error:  # the server's own answer, for the client and not for us
                return error

        asked = Asked(published.name, rights, _said(onward), now.version, now.tariff)
        asks = self._fronts.asks(ctx)
        # What a server may ask this client for is for nobody else.
        alone = asks and connection.endpoint.per_client
        share, terms = Share(), None if alone else _terms(form, onward, published.server, now)
        run = self._economy.run(asked, "downstream", work, watched, share, terms)
        hints = form.annotations or t.ToolAnnotations()
        repeatable = bool(hints.read_only_hint or hints.idempotent_hint)
        # The server's own limits come first: their errors say which of its settings to look at.
        deadline_ms = round((connection.endpoint.call_timeout_s + (ANSWER_WITHIN_S if asks else 0)) * 1000) + SLACK_MS
        try:
            self._validators.check(published.name, form.input_schema, params.arguments or {}, ours=False)
        except SophiaError as error:
            return failed(error, served_meta(self._bridge.refused(published.name, error).id, made.decision, None))
        try:
            route = RouteRun(
                run,
                repeatable,
                now.fallback.attempts,
                joins=lambda: terms is not None and self._economy.sharable(asked, "downstream"),
                borrowed=lambda: share.borrowed,
            )
            executed = await self._executed(made, {"downstream": route}, now, deadline_ms, time, beside)
        except SophiaError as error:
            return failed(error, served_meta(made.id, made.decision, made.decision.route))
        meta = served_meta(made.id, made.decision, executed.route, executed.fallback_reason)
        shared = beside.share if beside and executed.route == "agno" else share
        return self._worn(ctx, executed.result, meta | shared_meta(shared))

    async def _executed(
        self, made: Made, runs: Runs, now: Generation, deadline_ms: int, time: CallerTime, beside: Beside | None
    ) -> Executed[ToolAnswer | MCPError]:
        if beside is None:
            return await self._bridge.execute(made, runs, now.fallback, deadline_ms, time.left_ms())
        async with AsyncExitStack() as held:
            with time.waiting():
                await held.enter_async_context(beside.turn)
            both: Runs = {**runs, "agno": beside.run}
            return await self._bridge.execute(made, both, now.fallback, deadline_ms, time.left_ms())

    def spent(self, published: Published, rights: str, now: Generation) -> Mapping[Route, str]:
        """Why a tool may not be called for want of a budget."""
        bills: Mapping[Route, Bill] = {"downstream": Bill(frozenset({published.server}))}
        return self._economy.spent(published.name, rights, bills, now.tariff)

    @staticmethod
    def _worn(ctx: Context, answer: ToolAnswer | MCPError, meta: Mapping[str, Any]) -> ToolAnswer:
        if isinstance(answer, MCPError):
            raise answer
        # A copy: others may be given the same answer.
        answer = answer.model_copy(update={"meta": {**(our_meta(answer.meta) or {}), **meta}})
        if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS:
            return answer
        return for_handshake(answer)


def more_than_arguments(params: t.CallToolRequestParams) -> frozenset[str]:
    """What a call brings besides its arguments: that it is a later part of a conversation, for one."""
    return frozenset(params.model_dump(exclude={"name", "arguments", "meta"}, exclude_none=True))


def _said(onward: t.CallToolRequestParams) -> dict[str, Any]:
    """What the answer to a call depends on; what only follows its trace is left out."""
    meta: Mapping[str, Any] = onward.meta or {}
    return {"arguments": onward.arguments or {}, "meta": {k: v for k, v in meta.items() if k not in TRACING}}


def _terms(
    form: t.Tool, onward: t.CallToolRequestParams, server: str, now: Generation
) -> Terms[ToolAnswer | MCPError] | None:
    """On which terms a call is shared: only what the server says only reads, what is not restricted, and what is no
    later part of a conversation."""
    hints = form.annotations
    reads = hints is not None and hints.read_only_hint is True
    if not reads or more_than_arguments(onward) or now.classification(server) == RESTRICTED:
        return None
    return Terms(now.cache_s(server), _bytes, common=lambda answer: not isinstance(answer, t.InputRequiredResult))


def _bytes(answer: ToolAnswer | MCPError) -> int | None:
    """How large an answer is that may be kept; errors and questions are not."""
    if not isinstance(answer, t.CallToolResult) or answer.is_error:
        return None
    return len(answer.model_dump_json())
