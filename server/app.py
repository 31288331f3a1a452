"""The composition root: everything that serves, built top to bottom and ended in the opposite order."""

import gc
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t

from agents.knowledge import AgnoKnowledge
from agents.models.ladder import Models
from agents.result import Classification
from agents.sources import Sources
from server.bridge.agno_route import AgnoRoute
from server.bridge.arms import Arms
from server.bridge.bridge import Bridge
from server.bridge.decision_log import DecisionLog
from server.bridge.economy import Economy
from server.bridge.evidence import Evidence
from server.bridge.figures import BYTES_PER_MB
from server.bridge.guards import Guards
from server.bridge.learning.allocation import Allocation, Learning
from server.bridge.lending import lender
from server.bridge.mapped_routes import MAPPED_ROUTES
from server.bridge.sampling import MemorySampler
from server.bridge.shadow import Shadows
from server.bridge.sharing import Sharing
from server.bridge.spending import Spending
from server.bridge.tallied import Tallier
from server.config import Configuration, Masks
from server.control import Control
from server.downstream.adapters.bound import Bound
from server.downstream.client_connections import ClientConnections
from server.downstream.endpoint import end_children_soon, endpoint_of
from server.downstream.pool import Member, Pool, running_pool
from server.gatekeeper import Gatekeeper
from server.generation import Generation
from server.library.calls import library_of
from server.state.store import Store, open_store, place_of_store
from server.surface.cards import Cards
from server.surface.confirmations import Confirmations
from server.surface.existing_tools import ExistingTools
from server.surface.fronts import Fronts
from server.surface.operator_forms import OPERATOR_TOOLS
from server.surface.operator_tools import OperatorTools
from server.surface.other_requests import OtherRequests
from server.surface.own_calls import OwnCalls
from server.surface.own_routes import OwnRoutes
from server.surface.prompts import PROMPTS
from server.surface.rating import RATE_ANSWER, RateAnswer
from server.surface.relay import Relay
from server.surface.resources import OwnResources
from server.surface.schemas import Validators
from server.surface.server import SophiaServer
from server.surface.sessions import Bounds, Kind, Sessions
from server.surface.shadowing import Shadowing
from server.surface.units import Units

__all__ = ["Sophia", "running"]

logger = logging.getLogger(__name__)

WARM_AFTER_S = 1.0
LEAVE_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Sophia:
    """Everything a running process has; each part is documented where it is made."""

    server: SophiaServer
    control: Control
    store: Store
    pool: Pool
    connections: ClientConnections
    bound: Bound
    routes: OwnRoutes
    calls: OwnCalls
    relay: Relay
    existing: ExistingTools
    bridge: Bridge
    cards: Cards
    agno: AgnoRoute
    masks: Masks


@asynccontextmanager
async def running(
    configuration: Configuration, state_dir: Path, *, operator: bool = False
) -> AsyncGenerator[Sophia, None]:
    """Sophia for the length of the block: servers connecting, Agno warming up.

    With `operator`, clients may force a route and have the operators' tools.

    `configuration` is what the files say; what operators set is laid over it here.
    Raises StoreError where the state store cannot be used, ConfigurationError where what was set does not fit.
    """
    release = version("sophia")
    ourselves = t.Implementation(name="sophia", version=release)
    masks = Masks()
    _hide_in_logs(masks)
    end_children_soon()
    servers = {name: server for name, server in configuration.downstream.servers.items() if not server.disabled}
    with open_store(place_of_store(state_dir, os.environ)) as store:
        control = Control(store.policies, configuration)
        log = DecisionLog(store)
        pool = Pool(
            [Member(endpoint_of(s, os.environ, masks, state_dir / "logs"), s.prefix) for s in servers.values()],
            store,
            ourselves,
            frozenset({*control.current.own, RATE_ANSWER.name, *OPERATOR_TOOLS}),
            frozenset(PROMPTS),
            configuration.downstream.catalog_wait_ms / 1000,
        )

        def label(server: str) -> Classification:
            return control.current.classification(server)

        bound = Bound(
            pool,
            servers,
            lambda server, feed: library_of(server, feed, state_dir, os.environ, masks),
            label,
        )
        knowledge = knowledge_of(configuration)

        def sources() -> Sources:
            return bound.sources if knowledge is None else replace(bound.sources, documents=knowledge)

        evidence = Evidence(long_hours=configuration.agno.ab_testing.test_duration_hours)
        guards = Guards({name: server.max_concurrent_calls for name, server in servers.items()})
        allocation = Allocation(
            lambda: _learning(control.current),
            lambda number: store.decisions.latest(None, 0.0, number),
        )
        arms = Arms()
        bridge = Bridge(evidence, log, guards, arms, allocation)
        models = Models()
        agno = AgnoRoute(models, sources, lender(pool))
        validators = Validators()
        sessions = Sessions(life_of(control), bounds=bounds_of(control))
        economy = Economy(Spending(store.tallies), Sharing())
        routes = OwnRoutes(agno, bound, economy, evidence)
        shadows = Shadows(log, arms)
        shadowing = Shadowing(bridge, routes, shadows, agno, economy)
        calls = OwnCalls(bridge, routes, bound, validators, sessions, shadowing)
        cards = Cards(control, bridge, pool, bound, agno, routes, economy, shadows)
        connections = ClientConnections(ourselves)
        fronts = Fronts(connections)
        relay = Relay(control, bridge, economy, validators, fronts)
        existing = ExistingTools(bridge, routes, bound, economy, relay)
        tools = OperatorTools(
            control, store, pool, bridge, calls, relay, existing, cards, validators, Confirmations()
        )
        units = Units()
        server = SophiaServer(
            release,
            control=control,
            pool=pool,
            bridge=bridge,
            calls=calls,
            resources=OwnResources(control, cards),
            relay=relay,
            others=OtherRequests(fronts),
            existing=existing,
            rating=RateAnswer(log, store.ratings, units, validators),
            units=units,
            operator=tools if operator else None,
        )
        logs = {name: state_dir / "logs" / f"{name}.log" for name in servers}
        sampler = MemorySampler(evidence, lambda: sum(agno.running.values()), logs, partial(server_of, bound, pool))
        await economy.spending.share()  # a budget that others have spent is spent for the first call already
        async with anyio.create_task_group() as tasks, running_pool(pool):
            for run in (
                log.run,
                Tallier(store.tallies, [evidence, arms]).run,
                sampler.run,
                economy.spending.run,
                economy.sharing.background.run,
                shadows.background.run,
                allocation.run,
                bound.known.run,
                sessions.run,
                bound.run,
                connections.background.run,
                Gatekeeper(store, control).run,
                partial(control.run, partial(_announce, server, calls)),
                partial(_warm, server, agno),
            ):
                tasks.start_soon(run)
            try:
                yield Sophia(
                    server,
                    control,
                    store,
                    pool,
                    connections,
                    bound,
                    routes,
                    calls,
                    relay,
                    existing,
                    bridge,
                    cards,
                    agno,
                    masks,
                )
            finally:
                gc.unfreeze()  # what stays frozen is never taken down, and libraries complain of it at the end
                tasks.cancel_scope.cancel()
                with anyio.CancelScope(shield=True), anyio.move_on_after(LEAVE_WITHIN_S):
                    await models.aclose()


async def _announce(server: SophiaServer, calls: OwnCalls, before: Generation, now: Generation) -> None:
    """Tell clients that the tools have changed, where a change of policy changed them."""
    if [tool.form for tool in calls.listed(before)] != [tool.form for tool in calls.listed(now)]:
        await server.changes.announce(frozenset({"tools"}))


def _learning(now: Generation) -> Learning:
    return now.policy.flags.predictive_allocation, now.configuration.agno.ab_testing.success_metrics


def _hide_in_logs(masks: Masks) -> None:
    """Keep what references resolved to out of everything that is logged, by whomever."""

    def hide(record: logging.LogRecord) -> bool:
        record.msg, record.args = masks.hide(record.getMessage()), None
        return True

    for handler in logging.getLogger().handlers:
        handler.addFilter(hide)


def bounds_of(control: Control) -> Bounds:
    """How much sessions may keep, as configured now."""

    def of_tool(_: Kind, name: str) -> int:
        now = control.current
        return now.settings.memory_limit_mb(now.own[name]) * BYTES_PER_MB

    return Bounds(
        of_tool, lambda: control.current.configuration.agno.resource_management.memory_pool_mb * BYTES_PER_MB
    )


def life_of(control: Control) -> Callable[[Kind], float]:
    """How many seconds a session may be idle, as configured now."""

    def of_kind(kind: Kind) -> float:
        limits = control.current.configuration.agno.resource_management
        minutes = limits.agent_cleanup_interval_minutes if kind == "agent" else limits.team_cleanup_interval_minutes
        return minutes * 60.0

    return of_kind


def server_of(bound: Bound, pool: Pool, tool: str) -> str | None:
    """Which downstream server a tool asks, ours or one of its own."""
    route = MAPPED_ROUTES.get(tool)
    named = bound.bindings.get(route.capability) if route else pool.tables.tools.by_name.get(tool)
    return None if named is None else named.server


def knowledge_of(configuration: Configuration) -> AgnoKnowledge | None:
    """The operator's own knowledge base, where one is configured; it is made when it is first asked."""
    named = configuration.agno.knowledge_base
    if named is None:
        return None
    module, _, function = named.partition(":")

    def make() -> Any:
        return getattr(import_module(module), function)()

    return AgnoKnowledge(make)


async def _warm(server: SophiaServer, agno: AgnoRoute) -> None:
    """End of starting: collect garbage again, and bring Agno up. Importing it holds the interpreter, so a list comes first."""
    with anyio.move_on_after(WARM_AFTER_S):
        await server.listed.wait()
    gc.freeze()
    gc.enable()
    try:
        await agno.warm()
    except Exception:  # a warm-up that fails costs the first caller time and nothing else
        logger.exception("Agno could not be warmed up")
