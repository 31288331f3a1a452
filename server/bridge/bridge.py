"""The bridge in service: what is known now, handed to `decide`; what was decided, run and remembered.

Two kinds of calls pass here. Our own tools may have an agno route and a downstream route. A downstream tool under its
published name has one route; its decision is made once per policy and shared by all its calls.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from time import time
from typing import Any, TypeVar

from server.bridge.arm_evidence import unit_bucket
from server.bridge.arms import OF_THE_CALLER, UNAVAILABLE, Arm, Arms, Counted
from server.bridge.cost import free_again_in_s, spent_limits
from server.bridge.decide import beside, decide
from server.bridge.decision import Call, Decision, DownstreamMapping, Live, Reason, Route, Tool
from server.bridge.decision_log import DecisionLog, new_id
from server.bridge.evidence import Evidence
from server.bridge.execute import Attempt, Executed, Fallback, RouteRun, execute
from server.bridge.explain import Explained, explained
from server.bridge.guards import Beside, Guards
from server.bridge.learning.allocation import Allocation
from server.bridge.policy import Policy
from server.errors import BudgetSpent, InternalError, SophiaError
from server.state.decisions import DecisionRecord

__all__ = ["Bridge", "Made"]

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
NOTHING: frozenset[str] = frozenset()
NO_ROUTES: Mapping[Route, str] = {}


@dataclass(frozen=True, slots=True)
class Draw:
    """The arm of a rollout that a call was drawn into, whose call it is, and what its answer is held against."""

    arm: Arm
    unit: str
    target_ms: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """A decision about one call, with the id it is known by.

    `server` is the one behind its downstream route; `spent`: a spent budget took a route away; `context`: what
    a model may learn from; `policy`: the version it was decided under; `unit`: the number its caller is counted under;
    `target_ms`: in which the tool is to answer.
    """

    id: str
    tool: str
    decision: Decision
    server: str | None = None
    spent: bool = False
    context: Mapping[str, Any] | None = None
    policy: int = 0
    unit: int | None = None
    draw: Draw | None = None
    target_ms: int | None = None


class Bridge:
    """Decides and runs."""

    def __init__(
        self,
        evidence: Evidence,
        log: DecisionLog,
        guards: Guards,
        arms: Arms,
        allocation: Allocation | None = None,
    ) -> None:
        """Without `allocation` nothing is learned."""
        self.arms = arms
        self._allocation = allocation
        self.guards = guards
        self.evidence = evidence
        self.log = log
        self._only_routes: dict[str, Decision] = {}
        self._only_routes_under: Policy | None = None

    def explain(
        self,
        call: Call,
        tool: Tool,
        policy: Policy,
        faults: Mapping[Route, str],
        spent: Mapping[Route, str] = NO_ROUTES,
    ) -> Explained:
        """What would be decided about a call of our own tool now. Asking changes nothing.

        `spent` are the routes without a budget left, with the reason in words.
        """
        return explained(call, tool, policy, self._learned(call, tool, policy, self._live(tool, faults, spent)))

    def decide(
        self,
        call: Call,
        tool: Tool,
        policy: Policy,
        faults: Mapping[Route, str],
        spent: Mapping[Route, str] = NO_ROUTES,
    ) -> Made:
        """Decide about a call of our own tool."""
        live = self._learned(call, tool, policy, self._live(tool, faults, spent))
        server = tool.downstream.server if tool.downstream else None
        context = self._allocation.context(call, tool, live) if self._allocation else None
        decision = decide(call, tool, policy, live)
        return Made(
            new_id(),
            tool.name,
            decision,
            server,
            bool(spent),
            context,
            policy.version,
            unit_bucket(call.unit),
            _drawn(call, tool, policy, decision),
            tool.target_ms,
        )

    def beside(
        self,
        call: Call,
        tool: Tool,
        policy: Policy,
        faults: Mapping[Route, str],
        spent: Mapping[Route, str],
        made: Made,
    ) -> tuple[Route, Beside] | None:
        """The route that may run beside a call as things stand now, and what stands before it; None where none may."""
        route = beside(call, tool, policy, self._live(tool, faults, spent), made.decision)
        return None if route is None else (route, Beside(self.guards.of(made.tool, route, made.server)))

    def _learned(self, call: Call, tool: Tool, policy: Policy, live: Live) -> Live:
        if self._allocation is None:
            return live
        return replace(live, learned=self._allocation.learned(call, tool, live, policy))

    def _live(self, tool: Tool, faults: Mapping[Route, str], spent: Mapping[Route, str]) -> Live:
        return Live(
            faults={**self.guards.faults(tool), **faults},
            spent=spent,
            calls_last_minute=self.evidence.calls_last_minute(tool.name),
            busy=self.evidence.busy(tool.name),
            downstream_p95_ms=self.evidence.downstream_p95_ms(tool.name),
            downstream_memory_mb=self.evidence.downstream_memory_mb(tool.name),
        )

    def decide_proxied(self, name: str, server: str, policy: Policy, spent: Mapping[Route, str] = NO_ROUTES) -> Made:
        """The one decision there is about a downstream tool for as long as its budget is not spent."""
        if policy is not self._only_routes_under:
            self._only_routes, self._only_routes_under = {}, policy
        decision = None if spent else self._only_routes.get(name)
        if decision is None:
            only = Tool(name, downstream=DownstreamMapping(server, NOTHING, NOTHING, NOTHING))
            decision = decide(Call(unit=""), only, policy, Live(spent=spent))
            if not spent:
                self._only_routes[name] = decision
        return Made(new_id(), name, decision, server, bool(spent))

    def refused(self, name: str, error: SophiaError) -> Made:
        """A call that never came to a decision: its arguments, or what it asked of us, are not acceptable."""
        made = Made(new_id(), name, Decision(None, None, (Reason("allowed", f"the call was refused: {error.kind}"),)))
        self._note(made, {"ended": "refused", "error": error.kind, "attempts": []})
        return made

    def _note(self, made: Made, outcome: Mapping[str, Any]) -> None:
        content = {
            **asdict(made.decision),
            "policy": made.policy,
            "unit": made.unit,
            "context": made.context,
            "outcome": outcome,
        }
        self.log.note(DecisionRecord(made.id, time(), made.tool, content))
        if self._allocation is not None:
            self._allocation.saw(made.tool, content)

    async def execute(
        self,
        made: Made,
        runs: Mapping[Route, RouteRun[ResultT]],
        fallback: Fallback,
        deadline_ms: int,
        caller_ms: float | None = None,
    ) -> Executed[ResultT]:
        """Run a decision and remember how it ended. `caller_ms` is what the caller gave it. Raises SophiaError."""
        outcome: dict[str, Any] = {"attempts": []}
        own: list[Attempt] = []  # what the route that was decided came to by itself
        self.evidence.called(made.tool)
        guarded: dict[Route, RouteRun[ResultT]] = {
            # Whoever joins a run sends nothing: there is nothing to guard.
            route: run if run.joins() else replace(run, guard=self.guards.of(made.tool, route, made.server))
            for route, run in runs.items()
        }

        def observe(attempt: Attempt) -> None:
            error, borrowed = attempt.error, runs[attempt.route].borrowed()
            if not borrowed:  # what another call's run did is that call's evidence
                self.evidence.record(made.tool, attempt.route, attempt.latency_ms, error)
            if not borrowed and attempt.standing != "fallback":
                own.append(attempt)
            if isinstance(error, InternalError):
                logger.error("decision %s: %s failed inside on the %s route", made.id, made.tool, attempt.route)
            outcome["attempts"].append(
                {
                    "route": attempt.route,
                    "standing": attempt.standing,
                    "latency_ms": round(attempt.latency_ms, 2),
                    "error": error.kind if error else None,
                    "refused": attempt.refused,
                    "borrowed": borrowed,
                }
            )

        try:
            if made.decision.route is None and made.spent:
                raise _spent(made.tool, made.decision)
            executed = await execute(
                made.decision, guarded, fallback, deadline_ms, observe, caller_ms, made.target_ms
            )
        except SophiaError as error:
            outcome |= {"ended": "failed", "error": error.kind}
            raise
        except BaseException:
            outcome |= {"ended": "cancelled"}
            raise
        else:
            outcome |= {"ended": "served", "route": executed.route, "fallback_reason": executed.fallback_reason}
            return executed
        finally:
            counted = _counted(made.decision, own)
            self._note(made, outcome if counted is None else {**outcome, "counted": asdict(counted)})
            if (draw := made.draw) is not None and counted is not None:
                self.arms.record(draw.arm, draw.unit, counted.took_ms, counted.error, draw.target_ms)


def _counted(decision: Decision, own: Sequence[Attempt]) -> Counted | None:
    """How a call counts for the arm it was drawn into: by how that arm's own route did, a fallback hiding nothing.

    None where it was drawn into none, or says nothing of it.
    """
    if decision.arm is None:
        return None
    if decision.route != decision.arm:
        return Counted(None, UNAVAILABLE)
    if not own or isinstance(own[-1].error, OF_THE_CALLER):
        return None
    error = own[-1].error
    return Counted(round(sum(attempt.latency_ms for attempt in own), 2), error.kind if error else None)


def _drawn(call: Call, tool: Tool, policy: Policy, decision: Decision) -> Draw | None:
    rollout = policy.rollouts.get(tool.name)
    if rollout is None or decision.arm is None:
        return None
    return Draw(Arm(tool.name, rollout.salt, rollout.share, decision.arm), call.unit, tool.target_ms)


def _spent(tool: str, decision: Decision) -> BudgetSpent:
    causes: dict[str, list[str]] = {}
    for reason in decision.reasons:
        route, _, cause = reason.text.partition(" is out: ")
        causes.setdefault(cause or reason.text, []).extend([route] if cause else [])
    said = [_out(routes, cause) if routes else cause for cause, routes in causes.items()]
    keys = spent_limits(" ".join(causes))
    raised = " or ".join(f"`sophia policy set budgets.{tool}.{key} NUMBER`" for key in keys)
    return BudgetSpent(
        f"A budget for this call is spent: {'; '.join(said)}. Ask again then; an operator can raise it at once with "
        f"{raised}.",
        retry_after_s=free_again_in_s(datetime.now(UTC)),
        delivered=False,
    )


def _out(routes: Sequence[str], cause: str) -> str:
    return f"{' and '.join(routes)} {'are' if len(routes) > 1 else 'is'} out: {cause}"
