"""Which calls of our own tools are run beside on their other route, and how that run is made ready.

Only calls of a tool that changes nothing; only where policy leaves the call the other route, so that what must not leave
the house does not leave it this way; only within half of a budget; only into places that nobody waits for.

The run is alone: it joins no other and none joins it. It remembers nothing and is given nothing to remember, tells
nobody how far it is, and is booked to the tool and to no caller. Of an agent's session it knows what the call itself
says: the arguments that a follow-up took over are among them.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from uuid import uuid4

from agents.outcome import Answered, silent
from server.bridge.agno_route import AgnoRoute
from server.bridge.bridge import Bridge, Made
from server.bridge.decision import Call, Route
from server.bridge.economy import Economy
from server.bridge.execute import RouteRun
from server.bridge.shadow import Pair, Shadows, sampled
from server.bridge.sharing import Share, Tell
from server.bridge.spending import Charge
from server.generation import Generation
from server.surface.own import OwnTool
from server.surface.own_routes import Called, OwnRoutes

__all__ = ["Shadowing"]

logger = logging.getLogger(__name__)

NOBODY = "shadow"
"""Whose account runs beside are booked to."""


@dataclass(frozen=True, slots=True)
class Shadowing:
    """Chooses calls that came to their end, and hands them to the runs beside."""

    bridge: Bridge
    routes: OwnRoutes
    shadows: Shadows
    agno: AgnoRoute
    economy: Economy

    def served(self, called: Called, call: Call, made: Made, answer: Answered | None) -> None:
        """A call came to its end; `answer` is what the decided route itself gave. Raises nothing."""
        if not sampled(made.id, called.now.policy.shadow_percent):
            return
        try:
            pair = self._pair(called, call, made, answer)
        except Exception:  # the call has been answered: what is wrong here is no matter of its caller's
            logger.exception("decision %s could not be run beside", made.id)
        else:
            if pair is not None:
                self.shadows.begin(pair)

    def _pair(self, called: Called, call: Call, made: Made, answer: Answered | None) -> Pair | None:
        tool, now = called.tool, called.now
        record = self.bridge.log.newest(made.id)
        if not tool.read_only or record is None:
            return None
        facts, faults = self.routes.facts(tool, now), self.routes.faults(tool, now)
        found = self.bridge.beside(call, facts, now.policy, faults, self._spent(tool, now), made)
        if found is None:
            return None
        route, guard = found
        if route == "agno" and not self.agno.idle(tool.spec, now.configuration):
            self.shadows.leave_out("somebody waits for a turn")
            return None
        run = self._agno(called) if route == "agno" else self._downstream(called)
        if run is None:
            return None
        rollout, deadline_ms = now.policy.rollouts.get(tool.name), now.settings.deadline_ms(tool)
        run = replace(run, guard=guard)
        return Pair(record, answer, route, run, now.fallback, deadline_ms, rollout, call.unit, facts.target_ms)

    def _spent(self, tool: OwnTool, now: Generation) -> Mapping[Route, str]:
        half = {name: budget.for_shadows for name, budget in now.tariff.budgets.items()}
        bills = self.routes.bills(tool, now)
        return self.economy.spent(tool.name, NOBODY, bills, replace(now.tariff, budgets=half))

    def _agno(self, called: Called) -> RouteRun[Answered]:
        async def work(_: Tell, charge: Charge) -> Answered:
            alone = uuid4().hex
            job = replace(
                called.job,
                run_id=alone,
                session_id=alone,
                progress=silent,
                memory=None,
                on_write=None,
                on_spent=charge.thought,
            )
            return await self.agno.run_beside(called.tool.spec, job, called.now.configuration)

        return RouteRun(self._booked(called, "agno", work), repeatable=False, attempts=1)

    def _downstream(self, called: Called) -> RouteRun[Answered] | None:
        work = self.routes.by_server(called)
        if work is None:
            return None
        attempts = called.now.settings.attempts
        return RouteRun(self._booked(called, "downstream", work), repeatable=True, attempts=attempts)

    def _booked(
        self, called: Called, route: Route, work: Callable[[Tell, Charge], Awaitable[Answered]]
    ) -> Callable[[], Awaitable[Answered]]:
        asked = replace(called.asked, rights=NOBODY)
        return self.economy.run(asked, route, work, silent, Share(), None)
