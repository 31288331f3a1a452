"""The MCP server object: one for both protocol eras, for stdio and for HTTP.

Everything here is a lookup and a hand-over: ours is served by `own_calls`, `resources` and `prompts`, everybody else's
by `relay`. Nothing foreign is ever raised to the SDK, which would show its text to handshake clients.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

import anyio
import mcp_types as t
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.models import InitializationOptions
from mcp.shared.exceptions import MCPError

from agents.outcome import silent
from server.bridge.bridge import Bridge
from server.bridge.decision import Route
from server.control import Control
from server.downstream.connection import Connection
from server.downstream.naming import Published
from server.downstream.pool import Pool
from server.errors import NoRoute, SophiaError
from server.generation import Generation
from server.nearest import nearest_hint
from server.surface.answers import failed, served_meta
from server.surface.changes import Changes
from server.surface.completions import complete
from server.surface.deadlines import caller_time
from server.surface.eras import listable
from server.surface.existing_tools import ExistingTools
from server.surface.operator_forms import FORMS, OPERATOR_TOOLS
from server.surface.operator_tools import OperatorTools
from server.surface.other_requests import OtherRequests
from server.surface.own import OwnTool
from server.surface.own_calls import Asking, OwnCalls
from server.surface.prompts import PROMPTS, filled
from server.surface.rating import RATE_ANSWER, RateAnswer
from server.surface.relay import Relay
from server.surface.resources import OwnResources
from server.surface.units import Units, rights_of
from server.wellformed import MAX_DEPTH, TooDeep, well_formed

__all__ = ["SophiaServer"]

logger = logging.getLogger(__name__)

Context = ServerRequestContext[Any, Any]
P = ParamSpec("P")
R = TypeVar("R")
FORCE_KEY = "sophia/route"
PROGRESS_CHARS = 200
FIRST_WAIT_S = 15.0
INSTRUCTIONS = (
    "Sophia answers questions about sales calls, deals, pipeline and metrics with agents and teams that cite their "
    "sources, and republishes the tools of the MCP servers behind it as SERVER__TOOL. Prefer the agent tools: give them "
    "a `request` in plain words, and typed arguments where you have them. Every result says which route, agent and "
    "model served it."
)


class SophiaServer(Server[Any]):
    """The server that clients connect to."""

    def __init__(
        self,
        version: str,
        *,
        control: Control,
        pool: Pool,
        bridge: Bridge,
        calls: OwnCalls,
        resources: OwnResources,
        relay: Relay,
        others: OtherRequests,
        rating: RateAnswer,
        units: Units,
        existing: ExistingTools,
        operator: OperatorTools | None,
    ) -> None:
        self._control = control
        self._pool = pool
        self._bridge = bridge
        self._calls = calls
        self._resources = resources
        self._relay = relay
        self._others = others
        self._rating = rating
        self._units = units
        self._existing = existing
        self._operator = operator
        self.changes = Changes()
        self.listed = anyio.Event()
        super().__init__(
            "sophia",
            version=version,
            title="Sophia",
            instructions=INSTRUCTIONS,
            on_list_tools=_guarded(self._list_tools),
            on_call_tool=_guarded(self._call_tool),
            on_list_resources=_guarded(self._list_resources),
            on_list_resource_templates=_guarded(self._list_templates),
            on_read_resource=_guarded(self._read_resource),
            on_list_prompts=_guarded(self._list_prompts),
            on_get_prompt=_guarded(self._get_prompt),
            on_completion=_guarded(self._complete),
            on_subscriptions_listen=self.changes.listen,
            # Without it the SDK lists all tools before each modern HTTP call.
            get_tool_input_schema=self._input_schema,
        )
        self.add_request_handler("resources/subscribe", t.SubscribeRequestParams, _guarded(self._watch))
        self.add_request_handler("resources/unsubscribe", t.UnsubscribeRequestParams, _guarded(self._unwatch))
        self.add_request_handler("logging/setLevel", t.SetLevelRequestParams, _guarded(self._set_log_level))
        self.middleware.append(_well_formed)
        self.middleware.append(self.changes.remember)
        pool.on_change(self.changes.announce)

    def create_initialization_options(
        self, notification_options: NotificationOptions | None = None, *args: Any, **kwargs: Any
    ) -> InitializationOptions:
        """Say that lists change; the SDK's HTTP way asks without options and would deny it."""
        everything = NotificationOptions(tools_changed=True, resources_changed=True, prompts_changed=True)
        return super().create_initialization_options(notification_options or everything, *args, **kwargs)

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        if own := self._control.current.own.get(name):
            return own.form.input_schema
        if name == RATE_ANSWER.name:
            return RATE_ANSWER.input_schema
        if self._operator is not None and name in OPERATOR_TOOLS:
            return OPERATOR_TOOLS[name].input_schema
        found = self._pool.tool(name)
        return found[2].input_schema if found else None

    async def _list_tools(self, ctx: Context, _: t.PaginatedRequestParams | None) -> t.ListToolsResult:
        tables = await self._pool.listed()
        ours = [tool.form for tool in self._calls.listed(self._control.look())]
        ours.append(RATE_ANSWER)
        if self._operator is not None:
            ours += FORMS
        self.listed.set()
        return t.ListToolsResult(tools=[*ours, *listable(list(tables.tool_forms.values()), ctx.protocol_version)])

    async def _call_tool(
        self, ctx: Context, params: t.CallToolRequestParams
    ) -> t.CallToolResult | t.InputRequiredResult:
        now = self._control.look()
        own = now.own.get(params.name)
        if own is not None and await self._listed(own, now):
            return await self._call_own(ctx, params, own, now)
        if params.name == RATE_ANSWER.name:
            return await self._rating.call(ctx, params)
        if self._operator is not None and params.name in OPERATOR_TOOLS:
            return await self._operator.call(ctx, params)
        target = self._pool.tool(params.name) or await self._first_seen(params.name)
        if target is None:
            raise MCPError(t.INVALID_PARAMS, self._unknown(params.name))
        try:
            time = caller_time(ctx)
            forced = self._forced(ctx)
            existing = now.existing.get(params.name)
            if existing is not None and existing.is_at(target[1]):
                asking = Asking(self._units.of(ctx, None), forced, silent, time, rights_of(ctx))
                return await self._existing.call(ctx, params, target, asking, now)
            if forced == "agno":
                raise NoRoute(f"`{params.name}` is a server's own tool; no agent serves it.", delivered=False)
        except SophiaError as error:
            return self._refused(params.name, error)
        return await self._relay.tool(ctx, params, target, time)

    async def _listed(self, own: OwnTool, now: Generation) -> bool:
        """Whether one of ours has a route; right after a first start its server may be about to say that it is one."""
        if not self._calls.is_listed(own, now) and own.name in now.movable:
            with anyio.move_on_after(FIRST_WAIT_S):
                await self._pool.until(lambda: self._calls.is_listed(own, now))
        return self._calls.is_listed(own, now)

    async def _first_seen(self, name: str) -> tuple[Connection, Published, t.Tool] | None:
        """A tool that nobody knew yet: right after a first start its server may be about to say that it has it."""
        if self._pool.unseen(name):
            with anyio.move_on_after(FIRST_WAIT_S):
                await self._pool.until(lambda: self._pool.tool(name) is not None)
        return self._pool.tool(name)

    async def _call_own(
        self, ctx: Context, params: t.CallToolRequestParams, own: OwnTool, now: Generation
    ) -> t.CallToolResult:
        try:
            time = caller_time(ctx)
            forced = self._forced(ctx)
        except SophiaError as error:
            return self._refused(own.name, error)
        if self._calls.unready(own):
            with anyio.move_on_after(FIRST_WAIT_S):
                await self._pool.until(lambda: not self._calls.unready(own))
        arguments = params.arguments or {}
        unit = self._units.of(ctx, arguments.get("session_id"))
        rights = rights_of(ctx)
        asking = Asking(unit=unit, forced=forced, progress=_progress(ctx), time=time, rights=rights)
        return await self._calls.call(own, arguments, asking, now)

    def _forced(self, ctx: Context) -> Route | None:
        """The route that an operator asks for. Raises NoRoute."""
        said: Mapping[str, Any] = (ctx.params or {}).get("_meta") or {}
        forced = said.get(FORCE_KEY)
        if forced is None:
            return None
        if self._operator is None:
            raise NoRoute(
                f"`{FORCE_KEY}` is for operators; leave it out, or start Sophia with --operator.", delivered=False
            )
        if forced not in ("agno", "downstream"):
            raise NoRoute(f"`{FORCE_KEY}` is `agno` or `downstream`.", delivered=False)
        return forced

    def _refused(self, name: str, error: SophiaError) -> t.CallToolResult:
        made = self._bridge.refused(name, error)
        return failed(error, served_meta(made.id, made.decision, None))

    async def _list_resources(self, _: Context, __: t.PaginatedRequestParams | None) -> t.ListResourcesResult:
        tables = await self._pool.listed()
        theirs = [resource.form for resource in tables.resources.listed.values()]
        return t.ListResourcesResult(resources=[*self._resources.listed(), *theirs])

    async def _list_templates(self, _: Context, __: t.PaginatedRequestParams | None) -> t.ListResourceTemplatesResult:
        tables = await self._pool.listed()
        theirs = [template.form for template in tables.resources.templates]
        return t.ListResourceTemplatesResult(resource_templates=[*self._resources.templates(), *theirs])

    async def _read_resource(
        self, ctx: Context, params: t.ReadResourceRequestParams
    ) -> t.ReadResourceResult | t.InputRequiredResult:
        uri = str(params.uri)
        ours = await self._resources.read(uri)
        if ours is not None:
            return ours
        found = self._resource_owner(uri)
        if found is None:
            raise MCPError(
                t.INVALID_PARAMS,
                f"There is no resource {uri[:200]}. `resources/list` has them all; one that a server does not list is "
                "read as sophia://downstream/SERVER/ and its percent-encoded address.",
                data={"uri": uri},
            )
        connection, original = found
        return await self._others.resource(ctx, params, connection, original)

    def _resource_owner(self, uri: str) -> tuple[Connection, str] | None:
        """The connection to whose resource it is, and its address there."""
        owner = self._pool.tables.resources.owner(uri)
        if owner is None or owner[0] not in self._pool.connections:
            return None
        server, original = owner
        return self._pool.connections[server], original

    async def _watch(self, ctx: Context, params: t.SubscribeRequestParams) -> t.EmptyResult:
        connection, original = self._watchable(str(params.uri))
        return await self._others.watch(ctx, connection, original, str(params.uri))

    async def _unwatch(self, ctx: Context, params: t.UnsubscribeRequestParams) -> t.EmptyResult:
        connection, original = self._watchable(str(params.uri))
        return await self._others.unwatch(ctx, connection, original)

    def _watchable(self, uri: str) -> tuple[Connection, str]:
        found = self._resource_owner(uri)
        if found is None:
            raise MCPError(
                t.INVALID_PARAMS,
                f"No server behind Sophia has {uri[:200]}, so nobody can watch it.",
                data={"uri": uri},
            )
        return found

    async def _set_log_level(self, ctx: Context, params: t.SetLevelRequestParams) -> t.EmptyResult:
        await self._others.log_level(ctx, params.level)
        return t.EmptyResult()

    async def _list_prompts(self, _: Context, __: t.PaginatedRequestParams | None) -> t.ListPromptsResult:
        tables = await self._pool.listed()
        return t.ListPromptsResult(prompts=[*(p.form for p in PROMPTS.values()), *tables.prompt_forms.values()])

    async def _get_prompt(
        self, ctx: Context, params: t.GetPromptRequestParams
    ) -> t.GetPromptResult | t.InputRequiredResult:
        if params.name in PROMPTS:
            return filled(params.name, params.arguments)
        found = self._pool.prompt(params.name)
        if found is None:
            raise MCPError(t.INVALID_PARAMS, f"There is no prompt `{params.name[:100]}`.")
        connection, published = found
        return await self._others.prompt(ctx, params, connection, published.original)

    async def _complete(self, ctx: Context, params: t.CompleteRequestParams) -> t.CompleteResult:
        ref = params.ref
        if isinstance(ref, t.PromptReference):
            found = self._pool.prompt(ref.name)
            if found is not None:
                connection, published = found
                onward = params.model_copy(update={"ref": ref.model_copy(update={"name": published.original})})
                return await self._others.completion(ctx, onward, connection)
        elif server := self._pool.tables.resources.template_owner(ref.uri):
            return await self._others.completion(ctx, params, self._pool.connections[server])
        return complete(ref, params.argument, await self._calls.names(), self._control.current.own)

    def _unknown(self, name: str) -> str:
        known = [*self._control.current.own, RATE_ANSWER.name, *self._pool.tables.tool_forms]
        if name in self._control.current.own:
            return f"`{name}` is switched off: policy leaves it no route. `sophia explain {name}` says why."
        return f"There is no tool `{name[:100]}`.{nearest_hint(name, known)} `tools/list` has them all."


def _progress(ctx: Context) -> Callable[[str], Awaitable[None]]:
    told = 0

    async def progress(message: str) -> None:
        nonlocal told
        told += 1
        await ctx.session.report_progress(told, None, message[:PROGRESS_CHARS])

    return progress


async def _well_formed(ctx: Context, call_next: CallNext) -> HandlerResult:
    """Middleware: no half characters and no endless nesting, neither in nor out; either would end a connection."""
    try:
        params = well_formed(ctx.params)
    except TooDeep as error:
        raise MCPError(t.INVALID_PARAMS, f"The parameters are nested more than {MAX_DEPTH} levels deep.") from error
    result = await call_next(ctx if params is ctx.params else replace(ctx, params=params))
    try:
        return well_formed(result) if isinstance(result, dict) else result
    except TooDeep as error:
        raise MCPError(t.INTERNAL_ERROR, f"The result is nested more than {MAX_DEPTH} levels deep.") from error


def _guarded(handler: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    """The handler, with anything unforeseen turned into an error that says nothing of how we are built."""

    async def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await handler(*args, **kwargs)
        except MCPError:
            raise
        except Exception as error:  # the last line: what comes here is a fault of ours
            logger.exception("a request failed")
            raise MCPError(t.INTERNAL_ERROR, "Sophia failed inside; its log on stderr has the details.") from error

    return guarded
