"""The living cards of agents and teams, the decisions and the status: what our own resources hold, as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

from agents.spec import AgentSpec
from server.bridge.agno_route import AgnoRoute
from server.bridge.bridge import Bridge
from server.bridge.decision import Route
from server.bridge.economy import Economy
from server.bridge.policy import Rollout
from server.bridge.shadow import Shadows
from server.bridge.thresholds import over
from server.control import Control
from server.downstream.adapters.bound import Bound
from server.downstream.pool import Pool
from server.generation import Generation
from server.state.decisions import DecisionRecord
from server.surface.own import OwnTool
from server.surface.own_routes import OwnRoutes

__all__ = ["Cards"]

LAST_RUNS = 5
ROUTES: tuple[Route, ...] = ("agno", "downstream")


class Cards:
    """Makes each card when it is read."""

    def __init__(
        self,
        control: Control,
        bridge: Bridge,
        pool: Pool,
        bound: Bound,
        agno: AgnoRoute,
        routes: OwnRoutes,
        economy: Economy,
        shadows: Shadows,
    ) -> None:
        self._shadows = shadows
        self._control = control
        self._bridge = bridge
        self._pool = pool
        self._bound = bound
        self._agno = agno
        self._routes = routes
        self._economy = economy

    def of(self, tool: OwnTool) -> dict[str, Any]:
        """One agent or team: what it is, what it takes and gives, how it ran lately."""
        now = self._control.look()
        settings, facts = now.settings.of(tool), self._routes.facts(tool, now)
        card: dict[str, Any] = {
            "id": tool.spec.id,
            "tool": tool.name,
            "kind": tool.kind,
            "title": tool.spec.title,
            "description": tool.spec.description,
            "model": settings.model,
            "target_ms": settings.response_timeout_ms,
            "deadline_ms": settings.deadline_ms,
            "routes": list(ROUTES) if facts.downstream else ["agno"],
            "downstream_route": asdict(facts.downstream) if facts.downstream else None,
            "input_schema": tool.form.input_schema,
            "output_schema": tool.form.output_schema,
            "classification": facts.classification,
            "cost": self._economy.card(tool.name, self._routes.bills(tool, now), now.tariff),
            "figures": self._figures(tool.name),
            "last_runs": [decision_card(record) for record in self._bridge.log.latest(tool.name, LAST_RUNS)],
        }
        if isinstance(tool.spec, AgentSpec):
            return card | {"role": tool.spec.role, "tools": _tools(tool.spec), "needs": self._needs(tool.spec)}
        members = [{"id": m.id, "role": m.role, "tools": [one.name for one in m.tools]} for m in tool.spec.members]
        return card | {"mode": tool.spec.mode, "members": members}

    async def decision(self, decision_id: str) -> dict[str, Any] | None:
        """One decision: what was decided and why, and how the call ended."""
        record = await self._bridge.log.find(decision_id)
        return None if record is None else decision_card(record)

    def status(self) -> dict[str, Any]:
        """The bridge as it stands: policy, servers, what is bound to what, what runs, what was measured."""
        now = self._control.look()
        return {
            "policy": {**asdict(now.policy), "rollouts": {t: _rollout(r) for t, r in now.policy.rollouts.items()}},
            "behind": now.behind,
            "fallback": asdict(now.fallback),
            "cost": self._economy.status(now.tariff),
            "running": dict(self._agno.running),
            "turns": self._agno.turns(),
            "shadows": self._shadows.card(),
            "guards": self._bridge.guards.health(),
            "servers": {
                name: {
                    "state": connection.state,
                    "fault": connection.fault,
                    "restarts": connection.restarts,
                    "protocol": connection.offer.protocol_version if connection.offer else None,
                    "tools": len(connection.offer.tools) if connection.offer else 0,
                }
                for name, connection in self._pool.connections.items()
            },
            "bindings": {c: {"server": b.server, "tool": b.tool.name} for c, b in self._bound.bindings.items()},
            "over_thresholds": self._over(now),
            "figures": {
                f"{tool}/{route}": self._window(tool, route) for tool, route in self._bridge.evidence.windows()
            },
        }

    def _over(self, now: Generation) -> dict[str, Sequence[str]]:
        """What measured too much in the last hour, by tool and route; nothing where nothing did."""
        limits = now.configuration.agno.performance_monitoring.thresholds
        kinds: dict[str, Literal["agent", "team"]] = dict.fromkeys(now.existing, "agent")
        kinds |= {name: own.kind for name, own in now.own.items()}
        found = {
            f"{name}/{route}": over(self._bridge.evidence.figures(name, route), kind, limits)
            for name, kind in kinds.items()
            for route in ROUTES
        }
        return {name: lines for name, lines in found.items() if lines}

    def _figures(self, tool: str) -> Mapping[str, Any]:
        long = self._bridge.evidence.figures
        return {route: {**self._window(tool, route), "long": asdict(long(tool, route, "long"))} for route in ROUTES}

    def _window(self, tool: str, route: Route) -> dict[str, Any]:
        return asdict(self._bridge.evidence.figures(tool, route))

    def _needs(self, spec: AgentSpec) -> dict[str, bool]:
        return {need: getattr(self._bound.sources, need) is not None for need in sorted(spec.needs)}


def _tools(spec: AgentSpec) -> Sequence[Mapping[str, Any]]:
    return [
        {"name": tool.name, "description": tool.description, "cues": tool.cues, "needs": tool.needs}
        for tool in spec.tools
    ]


def _rollout(rollout: Rollout) -> dict[str, Any]:
    """Without the salt: whoever knows it can name himself so that he is drawn as he likes."""
    return {name: value for name, value in rollout.to_json().items() if name != "salt"}


def decision_card(record: DecisionRecord) -> dict[str, Any]:
    """A decision as a client reads it."""
    return {"id": record.id, "at": record.at, "tool": record.tool, **record.content}
