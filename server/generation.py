"""One generation of everything an operator can change: a configuration, and the policy that it and the store amount to.

Immutable. A call keeps the generation it began with, so that a change never takes hold in the middle of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from agents.catalog import AGENTS
from agents.result import Classification
from server.bridge.cost import Budget, Price, Tariff
from server.bridge.execute import Fallback
from server.bridge.existing_routes import ExistingTool, existing_tools
from server.bridge.mapped_routes import MAPPED_ROUTES
from server.bridge.policy import Flags, Policy, Rollout
from server.config.configuration import Configuration
from server.config.switches import with_switches
from server.state.policies import UnreadableVersion, Version
from server.surface.own import OwnTool, own_tools
from server.surface.own_settings import OwnSettings, with_members
from teams.catalog import TEAMS

__all__ = ["NOTHING_SET", "Generation", "Numbered", "generation_of", "last_readable", "rollouts_of"]

NOTHING_SET = Version(number=0, at=0.0, who="nobody", why="", what="config")
"""What holds in a store where nothing was ever set."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What holds for the calls that begin now. `own` are our own tools with the members and modes configured, `existing`
    the tools of servers that have an agno route. `behind` says that of its policy version the rollouts and the switches
    hold, and the rest of a version before it."""

    configuration: Configuration
    settings: OwnSettings
    policy: Policy
    fallback: Fallback
    own: Mapping[str, OwnTool]
    tariff: Tariff
    existing: Mapping[str, ExistingTool]
    behind: bool = False

    @property
    def version(self) -> str:
        """What tells it from every other generation."""
        return f"{self.policy.version} {self.configuration.digest}"

    def cache_s(self, server: str) -> float:
        """How long an answer of a server may be given again to the same caller."""
        known = self.configuration.downstream.servers.get(server)
        return known.cache_s if known else 0.0

    def classification(self, server: str) -> Classification:
        """The label of everything a server answers; of one that is configured no more, the strictest."""
        known = self.configuration.downstream.servers.get(server)
        return known.classification if known else "confidential"

    def target_ms(self, tool: str) -> int | None:
        """The target of a tool's answers, of an existing one that of its agent; None where nobody set one."""
        own = self.serving(tool)
        return None if own is None else self.settings.of(own).response_timeout_ms

    def serving(self, tool: str) -> OwnTool | None:
        """The agent or team that serves a tool, ours or an existing one; None for a tool that only its server serves."""
        existing = self.existing.get(tool)
        return self.own.get(existing.route.agent if existing else tool)

    @property
    def movable(self) -> frozenset[str]:
        """The tools that can have both routes, and so a rollout."""
        return frozenset(self.own).intersection(MAPPED_ROUTES).union(self.existing)

    def watches(self, tool: str) -> bool:
        """Whether some calls of the tool run on their other route too: of tools of ours that change nothing."""
        own = self.own.get(tool)
        return own is not None and own.read_only and self.policy.shadow_percent > 0

    def alone(self, tool: str) -> bool:
        """Whether no configured server can be used for the other route of one of our own tools."""
        route = MAPPED_ROUTES.get(tool)
        servers = [one for one in self.configuration.downstream.servers.values() if not one.disabled]
        return route is not None and not any(
            one.capabilities is None or route.capability in one.capabilities for one in servers
        )

    def under(self, version: Version) -> "Generation":
        """The same configuration under another version of the policy. Raises UnreadableVersion."""
        return replace(self, policy=policy_of(self.configuration, version))

    def behind_under(self, version: Version) -> "Generation":
        """The rollouts and switches of a version whose configuration cannot be loaded here, over this one.

        Raises UnreadableVersion.
        """
        return replace(generation_of(with_switches(self.configuration, version.settings), version), behind=True)


def generation_of(configuration: Configuration, version: Version) -> Generation:
    """The generation that a configuration, with what was set on it, and a version of the policy amount to.

    Raises UnreadableVersion.
    """
    agents = {spec.id: spec for spec in AGENTS}
    return Generation(
        configuration,
        OwnSettings(configuration),
        policy_of(configuration, version),
        fallback_of(configuration),
        own_tools(AGENTS, [with_members(spec, agents, configuration) for spec in TEAMS]),
        tariff_of(configuration),
        existing_tools(configuration.downstream.servers),
    )


def policy_of(configuration: Configuration, version: Version) -> Policy:
    """The policy: modes, flags and the share from the configuration, the rollouts from the store."""
    agno, flags = configuration.agno, configuration.agno.feature_flags
    return Policy(
        version=version.number,
        mode=agno.bridge_mode,
        enabled=agno.enabled,
        flags=Flags(
            agno_agents=flags.enable_agno_agents,
            team_coordination=flags.enable_team_coordination,
            performance_optimization=flags.enable_performance_optimization,
            advanced_memory=flags.enable_advanced_memory,
            knowledge_sharing=flags.enable_knowledge_sharing,
            predictive_allocation=flags.enable_predictive_allocation,
            auto_scaling=flags.enable_auto_scaling,
        ),
        share=agno.ab_testing.agno_traffic_percentage if agno.ab_testing.enabled else None,
        shadow_percent=agno.rollout.shadow_percent,
        rollouts=rollouts_of(version),
    )


def rollouts_of(version: Version) -> dict[str, Rollout]:
    """The rollouts of a version, by tool. Raises UnreadableVersion: this is where what the store holds gets its types."""
    rollouts: dict[str, Rollout] = {}
    for tool, one in version.rollouts.items():
        try:
            rollouts[tool] = Rollout.from_json(one)
        except ValueError as error:
            raise UnreadableVersion(version.number, f"the rollout of `{tool[:100]}`: {error}") from error
    return rollouts


class Numbered(Protocol):
    """Versions, by their number."""

    def version(self, number: int) -> Version | None:
        """A version by its number. Raises UnreadableVersion."""
        ...


def last_readable(policies: Numbered, number: int) -> Version:
    """What held last before a version that cannot be read: that is what every process keeps."""
    for earlier in range(number - 1, 0, -1):
        try:
            version = policies.version(earlier)
            if version is not None:
                rollouts_of(version)
                return version
        except UnreadableVersion:
            continue
    return NOTHING_SET


def fallback_of(configuration: Configuration) -> Fallback:
    """What happens after a failure, as configured."""
    strategy = configuration.agno.fallback_strategy
    graceful, immediate = configuration.agno.fallback_config.graceful, configuration.agno.fallback_config.immediate
    timeout_ms = immediate.timeout_ms if strategy == "immediate" else graceful.timeout_ms
    return Fallback(strategy, max(1, graceful.retry_attempts), graceful.retry_delay_ms, timeout_ms)


def tariff_of(configuration: Configuration) -> Tariff:
    """What everything costs and what may be spent."""
    agno, servers = configuration.agno, configuration.downstream.servers
    return Tariff(
        prices={
            name: Price(price.input_per_million, price.output_per_million) for name, price in agno.prices.items()
        },
        credits_per_call={name: server.credits_per_call for name, server in servers.items()},
        budgets={
            tool: Budget(budget.credits_per_day, budget.tokens_per_day, budget.per_caller_per_day)
            for tool, budget in agno.budgets.items()
        },
    )
