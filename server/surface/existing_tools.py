"""A call of an old tool that an agent may serve: decided, and run by the agent or sent on as ever.

The agent works under the old tool's name: what it uses is booked there, what it does is measured there, and the name is
what a rollout moves. Clients are told of it in `_meta` and nowhere else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from agents.outcome import Answered, Job, Limits
from server.bridge.bridge import Bridge
from server.bridge.cost import Bill
from server.bridge.decision import Call, DownstreamMapping, Route, Tool
from server.bridge.economy import Economy
from server.bridge.execute import RouteRun
from server.bridge.existing_routes import ExistingTool
from server.bridge.explain import Explained
from server.downstream.adapters.bound import Bound
from server.downstream.connection import Connection
from server.downstream.naming import Published
from server.errors import CallerError, NotExpressible, NotThere, SophiaError, SourceDown, SourceFailed
from server.generation import Generation
from server.surface.answers import failed, served_meta
from server.surface.own import OwnTool
from server.surface.own_calls import Asking
from server.surface.own_routes import Called, OwnRoutes, Taken
from server.surface.relay import Beside, Relay, ToolAnswer, more_than_arguments

__all__ = ["ExistingTools"]

Target = tuple[Connection, Published, t.Tool]
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one call before it is decided. `worker` is the agent under the old tool's name."""

    worker: OwnTool
    call: Call
    facts: Tool
    faults: Mapping[Route, str]
    spent: Mapping[Route, str]


class ExistingTools:
    """Serves them."""

    def __init__(self, bridge: Bridge, routes: OwnRoutes, bound: Bound, economy: Economy, relay: Relay) -> None:
        self._bridge = bridge
        self._routes = routes
        self._bound = bound
        self._economy = economy
        self._relay = relay

    async def call(
        self,
        ctx: ServerRequestContext[Any, Any],
        params: t.CallToolRequestParams,
        target: Target,
        asking: Asking,
        now: Generation,
    ) -> ToolAnswer:
        """The tool's result, whoever serves it. Raises MCPError where its server does."""
        arguments, more = params.arguments or {}, more_than_arguments(params)
        beside = self._beside(arguments, more, target, asking, now)
        return await self._relay.tool(ctx, params, target, asking.time, beside)

    async def by_agent(
        self, target: Target, arguments: Mapping[str, Any], asking: Asking, now: Generation
    ) -> t.CallToolResult:
        """What the agent alone answers; where policy under `now` or the call itself leave it out, an error that says so.

        For whoever wants to know before a rollout whether it can serve. The server is not asked.
        """
        beside = self._beside(arguments, NOTHING, target, replace(asking, forced="agno"), now)
        made, worker = beside.made, self._worker(now.existing[target[1].name], target, now)
        deadline_ms = now.settings.deadline_ms(worker)
        try:
            async with beside.turn:
                executed = await self._bridge.execute(made, {"agno": beside.run}, now.fallback, deadline_ms)
        except SophiaError as error:
            return failed(error, served_meta(made.id, made.decision, made.decision.route))
        answer = executed.result
        if not isinstance(answer, t.CallToolResult):
            raise TypeError("an agent neither asks back nor raises for the server")
        return answer.model_copy(update={"meta": served_meta(made.id, made.decision, executed.route)})

    def _beside(
        self, arguments: Mapping[str, Any], more: frozenset[str], target: Target, asking: Asking, now: Generation
    ) -> Beside:
        tool = now.existing[target[1].name]
        known = self._known(tool, arguments, more, target, asking, now)
        made = self._bridge.decide(known.call, known.facts, now.policy, known.faults, known.spent)
        called = Called(known.worker, _job(tool, arguments, known.worker, now), asking.rights, now)
        called = replace(called, finish=partial(self._worn, tool, arguments))
        taken = Taken()
        run = _rendered(tool, self._routes.runs(called, taken)["agno"])
        return Beside(made, now, run, taken.shares["agno"], self._routes.turn(called, made.decision.route))

    def explain(
        self, target: Target, arguments: Mapping[str, Any], asking: Asking, now: Generation
    ) -> tuple[Explained, dict[str, Any]]:
        """What would be decided about a call and why, and what was read of it."""
        tool = now.existing[target[1].name]
        known = self._known(tool, arguments, NOTHING, target, asking, now)
        found = self._bridge.explain(known.call, known.facts, now.policy, known.faults, known.spent)
        return found, {"arguments": dict(arguments), "intent": known.call.intent}

    def facts(self, target: Target, now: Generation) -> Tool | None:
        """What a decision needs to know of the tool as things are bound now; None for one that no agent may serve."""
        tool = now.existing.get(target[1].name)
        if tool is None or not tool.is_at(target[1]):
            return None
        return self._facts(tool, self._worker(tool, target, now), now)

    def _facts(self, tool: ExistingTool, worker: OwnTool, now: Generation) -> Tool:
        facts = self._routes.facts(worker, now)
        # An agent that reads its calls elsewhere has not heard of those that this server's clients ask about.
        reads_there = set(self._bound.servers(["calls"])) == {tool.server}
        return replace(
            facts,
            agno=facts.agno if reads_there else None,
            existing=True,
            agno_mapping=tool.route.mapping,
            downstream=DownstreamMapping(tool.server, NOTHING, NOTHING, NOTHING),
            classification=self._bound.strictest({*self._routes.read(worker, now), tool.server}),
        )

    def _worker(self, tool: ExistingTool, target: Target, now: Generation) -> OwnTool:
        return replace(now.own[tool.route.agent], form=target[2].model_copy(update={"name": tool.name}))

    def _known(
        self,
        tool: ExistingTool,
        arguments: Mapping[str, Any],
        more: frozenset[str],
        target: Target,
        asking: Asking,
        now: Generation,
    ) -> _Known:
        worker = self._worker(tool, target, now)
        faults = self._routes.faults(worker, now)
        if target[0].state == "down":
            faults["downstream"] = f"the server `{tool.server}` is away"
        bills: Mapping[Route, Bill] = {
            **self._routes.bills(worker, now),
            "downstream": Bill(frozenset({tool.server})),
        }
        return _Known(
            worker,
            Call(asking.unit, tool.route.told(arguments) | more, tool.route.intent, asking.forced),
            self._facts(tool, worker, now),
            faults,
            self._economy.spent(tool.name, asking.rights, bills, now.tariff),
        )

    async def _worn(self, tool: ExistingTool, arguments: Mapping[str, Any], answered: Answered) -> Answered:
        worn = await tool.route.wear(answered, arguments, self._bound.sources)
        return replace(answered, data={tool.name: worn})


def _job(tool: ExistingTool, arguments: Mapping[str, Any], worker: OwnTool, now: Generation) -> Job:
    """The agent's job. Nobody watches it: progress under the old name is that of the old tool."""
    limits = Limits(now.settings.deadline_ms(worker), now.settings.max_model_calls(worker))
    return Job("", tool.route.asked(arguments), tool.route.intent, uuid4().hex, uuid4().hex, limits)


def _rendered(tool: ExistingTool, run: RouteRun[Answered]) -> RouteRun[ToolAnswer | MCPError]:
    """The agent's run as a result of the old tool; whatever it fails of, the tool's own server may still answer."""

    async def rendered() -> ToolAnswer:
        try:
            answered = await run.run()
        except (CallerError, NotThere) as error:
            raise NotExpressible(error.message, delivered=False) from error
        except SourceFailed as error:
            raise SourceDown(error.message, delivered=error.delivered) from error
        worn = answered.data[tool.name]
        text = json.dumps(worn, ensure_ascii=False, separators=(",", ":"))
        return t.CallToolResult(content=[t.TextContent(text=text)], structured_content=worn)

    return RouteRun(rendered, run.repeatable, run.attempts, run.wrote, run.guard, run.joins, run.borrowed)
