"""The two routes of our own tools: what is known of them before a call, and how each of them is run.

What a tool's agents may ask, and of which models, decides more than the run itself: whether what it reads may leave the
house, whom a call may have to pay, which answers may be shared.
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field, replace

import anyio

from agents.models.spent import Spent
from agents.outcome import Answered, Job
from agents.result import Classification
from agents.tool import Need
from server.bridge.agno_route import AgnoRoute
from server.bridge.cost import Bill
from server.bridge.decision import BOTH, RESTRICTED, Route, Tool
from server.bridge.economy import Asked, Economy
from server.bridge.evidence import Evidence
from server.bridge.execute import RouteRun
from server.bridge.mapped_routes import MAPPED_ROUTES
from server.bridge.run_cost import run_cost
from server.bridge.sharing import Share, Tell, Terms
from server.bridge.spending import Charge
from server.downstream.adapters.bound import Bound
from server.generation import Generation
from server.surface.own import OwnTool

__all__ = ["Called", "OwnRoutes", "Taken"]

IN_HOUSE: frozenset[Route] = frozenset({"downstream"})
"""The route on which nothing leaves the house whatever the models: the server that has it answers itself."""


async def _as_it_is(answered: Answered) -> Answered:
    return answered


@dataclass(frozen=True, slots=True)
class Called:
    """One call of one tool, under the rights of its caller and the generation it began with.

    `finish` is what becomes of the agent's answer before the run has ended, on the run's account.
    """

    tool: OwnTool
    job: Job
    rights: str
    now: Generation
    finish: Callable[[Answered], Awaitable[Answered]] = _as_it_is

    @property
    def asked(self) -> Asked:
        """The call, as far as paying and sharing care."""
        said = {"request": self.job.request, "arguments": dict(self.job.arguments), "intent": self.job.intent}
        return Asked(self.tool.name, self.rights, said, self.now.version, self.now.tariff)


@dataclass(frozen=True, slots=True)
class Taken:
    """What the routes of one call took: milliseconds, and whose run it was."""

    ms: dict[Route, float] = field(default_factory=dict[Route, float])
    shares: Mapping[Route, Share] = field(default_factory=lambda: {"agno": Share(), "downstream": Share()})


class OwnRoutes:
    """Knows and runs them."""

    def __init__(self, agno: AgnoRoute, bound: Bound, economy: Economy, evidence: Evidence) -> None:
        self._evidence = evidence
        self._agno = agno
        self._bound = bound
        self._economy = economy

    def facts(self, tool: OwnTool, now: Generation) -> Tool:
        """What a decision needs to know of the tool as things are bound now."""
        route = MAPPED_ROUTES.get(tool.name)
        binding = self._bound.bindings.get(route.capability) if route else None
        facts = now.settings.facts(tool, route.mapping(binding) if route and binding else None)
        in_house = BOTH if now.settings.in_house(tool) else IN_HOUSE
        return replace(facts, classification=self._bound.strictest(self.read(tool, now)), in_house=in_house)

    def read(self, tool: OwnTool, now: Generation, members: frozenset[str] | None = None) -> frozenset[str]:
        """The servers that the tool's agents may ask, or those of some of them."""
        chosen = [member for member in tool.members if members is None or member.id in members]
        needs = frozenset[Need]().union(*(member.needs for member in chosen))
        return self._bound.servers(needs, now.settings.lent(chosen))

    def bills(self, tool: OwnTool, now: Generation) -> dict[Route, Bill]:
        """Whom each route may have to pay."""
        bills: dict[Route, Bill] = {"agno": Bill(self.read(tool, now), now.settings.models(tool))}
        if (server := self._server(tool)) is not None:
            bills["downstream"] = Bill(frozenset({server}))
        return bills

    def spent(self, tool: OwnTool, rights: str, now: Generation) -> Mapping[Route, str]:
        """The routes that a spent budget takes away, with the reason in words."""
        return self._economy.spent(tool.name, rights, self.bills(tool, now), now.tariff)

    def faults(self, tool: OwnTool, now: Generation) -> dict[Route, str]:
        """The routes that cannot serve now, with the reason in words."""
        faults: dict[Route, str] = {}
        if full := self._agno.full(tool.kind, now.configuration):
            faults["agno"] = full
        route = MAPPED_ROUTES.get(tool.name)
        door = self._bound.at(route.capability) if route else None
        if door is not None and door[0].state == "down":
            faults["downstream"] = f"the server `{door[0].name}` is away"
        return faults

    def turn(self, called: Called, route: Route | None) -> AbstractAsyncContextManager[None]:
        """Wait until a run that computes here may begin; whoever joins one that has begun need not."""
        if route != "agno" or self._joins(called, "agno"):
            return nullcontext()
        return self._agno.turn(called.tool.spec, called.now.configuration)

    def runs(self, called: Called, taken: Taken) -> dict[Route, RouteRun[Answered]]:
        """The routes made ready for a call. `taken` is told of each attempt."""
        tool, now = called.tool, called.now
        writing = anyio.Event()

        async def agno(tell: Tell, charge: Charge) -> Answered:
            def spent(used: Spent) -> None:
                charge.thought(used)
                cost = run_cost(used, now.tariff)
                self._evidence.spent(
                    tool.name,
                    "agno",
                    used.model_calls,
                    used.input_tokens,
                    used.output_tokens,
                    cost,
                    used.first_token_ms,
                )

            job = replace(called.job, progress=tell, on_write=writing.set, on_spent=spent)
            return await called.finish(await self._agno.run(tool.spec, job, now.configuration))

        # Whether an agent's run may be repeated depends on what it called, and the error says so; its model's
        # provider has retried already.
        runs: dict[Route, RouteRun[Answered]] = {
            "agno": RouteRun(
                self._ready(called, "agno", agno, taken),
                repeatable=False,
                attempts=1,
                wrote=writing.is_set,
                joins=lambda: self._joins(called, "agno"),
                borrowed=lambda: taken.shares["agno"].borrowed,
            )
        }
        downstream = self.by_server(called)
        if downstream is not None:
            runs["downstream"] = RouteRun(
                self._ready(called, "downstream", downstream, taken),
                repeatable=True,
                attempts=now.settings.attempts,
                joins=lambda: self._joins(called, "downstream"),
                borrowed=lambda: taken.shares["downstream"].borrowed,
            )
        return runs

    def by_server(self, called: Called) -> Callable[[Tell, Charge], Awaitable[Answered]] | None:
        """How the server behind the downstream route answers a call; None where none is bound."""
        route = MAPPED_ROUTES.get(called.tool.name)
        door = self._bound.at(route.capability) if route else None
        if route is None or door is None:
            return None
        serve, (connection, binding) = route.serve, door

        async def work(_: Tell, __: Charge) -> Answered:
            return await serve(connection, binding, called.job.arguments)

        return work

    def classification(self, called: Called, route: Route, answer: Answered) -> Classification:
        """The label of an answer: the strictest among the servers that whoever took part in it may have asked."""
        server = self._server(called.tool)
        if route == "downstream" and server is not None:
            return self._bound.strictest([server])
        members = frozenset(member.id for member in answer.members) if called.tool.kind == "team" else None
        return self._bound.strictest(self.read(called.tool, called.now, members))

    def _ready(
        self, called: Called, route: Route, work: Callable[[Tell, Charge], Awaitable[Answered]], taken: Taken
    ) -> Callable[[], Awaitable[Answered]]:
        run = self._economy.run(
            called.asked, route, work, called.job.progress, taken.shares[route], self._terms(called, route)
        )

        async def timed() -> Answered:
            started = time.perf_counter()
            try:
                return await run()
            finally:
                taken.ms[route] = (time.perf_counter() - started) * 1000

        return timed

    def _terms(self, called: Called, route: Route) -> Terms[Answered] | None:
        """On which terms a run is shared. An agent's only where it changes nothing and no session is remembered."""
        if route == "agno":
            return Terms(0, _bytes) if self._may_share(called) else None
        server = self._server(called.tool)
        if server is None or self._bound.strictest([server]) == RESTRICTED:
            return None
        return Terms(called.now.cache_s(server), _bytes)

    def _joins(self, called: Called, route: Route) -> bool:
        """Whether the call would join a run that is under way, or be answered with what was kept."""
        return self._terms(called, route) is not None and self._economy.sharable(called.asked, route)

    def _may_share(self, called: Called) -> bool:
        reads = called.tool.read_only and called.job.memory is None
        return reads and self._bound.strictest(self.read(called.tool, called.now)) != RESTRICTED

    def _server(self, tool: OwnTool) -> str | None:
        """The server behind the downstream route."""
        route = MAPPED_ROUTES.get(tool.name)
        binding = self._bound.bindings.get(route.capability) if route else None
        return binding.server if binding else None


def _bytes(answer: Answered) -> int | None:
    """About how much an answer holds; nothing that is not whole is kept."""
    if answer.partial:
        return None
    quotes = [citation.model_dump_json() for citation in answer.citations]
    return len(answer.answer) + len(json.dumps(dict(answer.data))) + sum(map(len, quotes))
