"""The agno route: one of our own tools, run by an agent or a team that is built for this call and dropped after it.

Runs on the embedded model compute in this process: of those, a few take turns, so that the first ones are done soon and
none is cut at its deadline because of the others. With auto-scaling every run takes a turn, and how many there are at a
time follows what the runs measure, apart for those that compute here and for those on remote models. Over the limit of
concurrent runs, those that wait for their turn included, a call is refused at once and told when to come back.
"""

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any, Literal, cast

import anyio
from anyio import to_thread

from agents.build import ForeignTool, build_agent
from agents.ledger import Ledger
from agents.models.ladder import LadderModel, Models, ModelUnavailable
from agents.outcome import Answered, Failed, Job, Outcome
from agents.run import run_agent
from agents.sources import Sources
from agents.spec import AgentSpec
from server.bridge.concurrency import Bounds
from server.bridge.turns import Turns
from server.config.configuration import Configuration
from server.config.names import AgentId, TeamId
from server.errors import (
    Busy,
    DeadlineExceeded,
    InternalError,
    ModelDown,
    ModelFailed,
    NotFound,
    SophiaError,
    SourceDown,
    SourceFailed,
)
from teams.run import run_team
from teams.spec import TeamSpec

__all__ = ["AgnoRoute"]

RETRY_AFTER_S = 1.0
AT_ONCE = 4
"""Embedded runs that compute at the same time, without auto-scaling."""
TURN_WITHIN_S = 30.0
EMBEDDED = "embedded"
Kind = Literal["agent", "team"]
Where = Literal["embedded", "remote"]
"""Where the model of a run computes; a team with one remote model is remote."""
Lend = Callable[[Configuration, AgentId], Sequence[ForeignTool]]
"""The downstream tools that configuration lends to an agent, as they are."""


class AgnoRoute:
    """Runs agents and teams, within the limits of the process."""

    def __init__(
        self,
        models: Models,
        sources: Callable[[], Sources],
        lend: Lend,
    ) -> None:
        self._models = models
        self._sources = sources
        self._lend = lend
        self.running: dict[Kind, int] = {"agent": 0, "team": 0}
        self._waiting: dict[Kind, int] = {"agent": 0, "team": 0}
        self._turns: Mapping[Where, Turns] = {"embedded": Turns(AT_ONCE), "remote": Turns(math.inf)}
        self._importing = anyio.Lock()
        self._imported = False

    async def warm(self) -> None:
        """Import Agno and run it once, so that no caller waits for either."""
        await self._import()
        from agents.engine import warm

        await warm()

    async def run(self, spec: AgentSpec | TeamSpec, job: Job, configuration: Configuration) -> Answered:
        """The answer. Raises SophiaError; `delivered` is true only where a tool that changes something was called."""
        kind: Kind = "agent" if isinstance(spec, AgentSpec) else "team"
        await self._import()
        async with self._place(kind, spec.title, configuration):
            return await _answer(self._measured(spec, job, configuration))

    async def run_beside(self, spec: AgentSpec | TeamSpec, job: Job, configuration: Configuration) -> Answered:
        """The same for a run that nobody waits for: it takes no place and no turn, and no limit learns from it."""
        await self._import()
        return await _answer(self._run(spec, job, configuration))

    def idle(self, spec: AgentSpec | TeamSpec, configuration: Configuration) -> bool:
        """Whether a call that came now would begin at once."""
        return self._turns[_where(spec, configuration)].idle

    def build(self, spec: AgentSpec, job: Job, configuration: Configuration) -> object:
        """An agent as a run of it has it built; nothing runs. Agno has to be warm."""
        agent_id = cast("AgentId", spec.id)
        return build_agent(
            spec,
            job,
            Ledger(),
            model=self._model_of(agent_id, configuration),
            sources=self._sources(),
            foreign=self._lend(configuration, agent_id),
            knows=_knows(agent_id, configuration),
        )

    def full(self, kind: Kind, configuration: Configuration) -> str | None:
        """Why another run of this kind would be refused now, if it would."""
        limits = configuration.agno.resource_management
        limit = limits.max_concurrent_agents if kind == "agent" else limits.max_concurrent_teams
        if self.running[kind] + self._waiting[kind] < limit:
            return None
        return f"{limit} {kind}s are running or waiting to, which is the limit"

    def turns(self) -> dict[str, Any]:
        """How many runs may be at work, how many are, how many wait, and what the limit follows; as JSON."""
        return {where: turns.card() for where, turns in self._turns.items()}

    @asynccontextmanager
    async def turn(self, spec: AgentSpec | TeamSpec, configuration: Configuration) -> AsyncGenerator[None, None]:
        """Wait until the run may begin; others go ahead. Raises Busy when that takes too long."""
        kind: Kind = "agent" if isinstance(spec, AgentSpec) else "team"
        turns = self._turns[_where(spec, configuration)]
        turns.scale(_bounds(configuration))
        self._waiting[kind] += 1
        try:
            held = await turns.take(TURN_WITHIN_S)
        finally:
            self._waiting[kind] -= 1
        if held is None:
            raise Busy(
                f"{spec.title} did not get its turn within {TURN_WITHIN_S:g} s: too much is asked at once. "
                "Try again in a moment.",
                retry_after_s=RETRY_AFTER_S,
                delivered=False,
            )
        try:
            yield
        finally:
            turns.give_back(held)

    async def _measured(self, spec: AgentSpec | TeamSpec, job: Job, configuration: Configuration) -> Outcome:
        until_s = anyio.current_time() + job.limits.deadline_ms / 1000
        with self._turns[_where(spec, configuration)].measured(spec.id) as ended:
            try:
                outcome = await self._run(spec, job, configuration)
            except anyio.get_cancelled_exc_class():
                if anyio.current_time() >= until_s:
                    ended(True)
                raise
            # A run that failed for another reason may have ended early, and says nothing about how busy we are.
            if isinstance(outcome, Answered) or outcome.kind == "deadline":
                ended(isinstance(outcome, Failed))
            return outcome

    async def _import(self) -> None:
        # In a thread, because it takes long; once, because two threads importing Agno at a time see half of it.
        if not self._imported:
            async with self._importing:
                await to_thread.run_sync(_import_agno)
                self._imported = True

    @asynccontextmanager
    async def _place(self, kind: Kind, title: str, configuration: Configuration) -> AsyncGenerator[None, None]:
        if reason := self.full(kind, configuration):
            raise Busy(
                f"{title} cannot start: {reason}. Try again in a moment.",
                retry_after_s=RETRY_AFTER_S,
                delivered=False,
            )
        self.running[kind] += 1
        try:
            yield
        finally:
            self.running[kind] -= 1

    async def _run(self, spec: AgentSpec | TeamSpec, job: Job, configuration: Configuration) -> Outcome:
        if isinstance(spec, AgentSpec):
            return await self._run_agent(spec, job, configuration)
        return await self._run_team(spec, job, configuration)

    async def _run_agent(self, spec: AgentSpec, job: Job, configuration: Configuration) -> Outcome:
        agent_id = cast("AgentId", spec.id)
        return await run_agent(
            spec,
            job,
            model=self._model_of(agent_id, configuration),
            sources=self._sources(),
            foreign=self._lend(configuration, agent_id),
            knows=_knows(agent_id, configuration),
        )

    async def _run_team(self, spec: TeamSpec, job: Job, configuration: Configuration) -> Outcome:
        settings = configuration.team(cast("TeamId", spec.id))
        return await run_team(
            spec,
            job,
            leader_model=self._models.resolve(settings.model),
            member_models=lambda agent_id: self._model_of(cast("AgentId", agent_id), configuration),
            sources=self._sources(),
            foreign={member.id: self._lend(configuration, cast("AgentId", member.id)) for member in spec.members},
            mode=settings.mode,
            knowing=[member.id for member in spec.members if _knows(cast("AgentId", member.id), configuration)],
        )

    def _model_of(self, agent_id: AgentId, configuration: Configuration) -> LadderModel:
        return self._models.resolve(configuration.agent(agent_id).model)


async def _answer(run: Awaitable[Outcome]) -> Answered:
    try:
        outcome = await run
    except ModelUnavailable as error:
        raise ModelFailed(error.message, delivered=False) from error
    if isinstance(outcome, Failed):
        raise _error(outcome)
    return outcome


def _bounds(configuration: Configuration) -> Bounds | None:
    if not configuration.agno.feature_flags.enable_auto_scaling:
        return None
    limits = configuration.agno.resource_management
    return Bounds(limits.min_concurrent_agents, limits.max_concurrent_agents, limits.memory_pool_mb)


def _where(spec: AgentSpec | TeamSpec, configuration: Configuration) -> Where:
    return "embedded" if _embedded(spec, configuration) else "remote"


def _embedded(spec: AgentSpec | TeamSpec, configuration: Configuration) -> bool:
    if isinstance(spec, AgentSpec):
        return configuration.agent(cast("AgentId", spec.id)).model == EMBEDDED
    leader = configuration.team(cast("TeamId", spec.id)).model
    return leader == EMBEDDED and all(_embedded(member, configuration) for member in spec.members)


def _knows(agent_id: AgentId, configuration: Configuration) -> bool:
    flags = configuration.agno.feature_flags
    return flags.enable_knowledge_sharing and configuration.agent(agent_id).use_knowledge


def _error(failed: Failed) -> SophiaError:
    kinds: Mapping[str, type[SophiaError]] = {
        "deadline": DeadlineExceeded,
        "limit": ModelFailed,
        "model": ModelFailed,
        "model_down": ModelDown,
        "source": SourceFailed,
        "source_down": SourceDown,
        "not_found": NotFound,
        "internal": InternalError,
    }
    passing = failed.kind in {"source_down", "model_down"} and not failed.wrote
    retry_after_s = failed.retry_after_s or (RETRY_AFTER_S if passing else None)
    return kinds[failed.kind](failed.message, delivered=failed.wrote, retry_after_s=retry_after_s)


def _import_agno() -> None:
    from agents.engine import prepare

    prepare()
    for module in ("agno.agent", "agno.team", "agents.models.embedded"):
        import_module(module)
