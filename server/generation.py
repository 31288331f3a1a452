"""One generation of everything an operator can change: a configuration, and the policy that it amounts to.

Immutable. A call keeps the generation it began with, so that a change never takes hold in the middle of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.catalog import AGENTS
from server.bridge.execute import Fallback
from server.bridge.policy import Flags, Policy
from server.config.configuration import Configuration
from server.surface.own import OwnTool, own_tools
from server.surface.own_settings import OwnSettings, with_members
from teams.catalog import TEAMS

__all__ = ["Generation", "first_generation"]


@dataclass(frozen=True, slots=True)
class Generation:
    """What holds for the calls that begin now. `own` are our own tools with the members and modes configured."""

    configuration: Configuration
    settings: OwnSettings
    policy: Policy
    fallback: Fallback
    own: Mapping[str, OwnTool]


def first_generation(configuration: Configuration) -> Generation:
    """The generation that a configuration amounts to alone."""
    agents = {spec.id: spec for spec in AGENTS}
    return Generation(
        configuration,
        OwnSettings(configuration),
        policy_of(configuration),
        fallback_of(configuration),
        own_tools(AGENTS, [with_members(spec, agents, configuration) for spec in TEAMS]),
    )


def policy_of(configuration: Configuration) -> Policy:
    """The policy that a configuration amounts to before anything else was set."""
    agno, flags = configuration.agno, configuration.agno.feature_flags
    return Policy(
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
    )


def fallback_of(configuration: Configuration) -> Fallback:
    """What happens after a failure, as configured."""
    strategy = configuration.agno.fallback_strategy
    graceful, immediate = configuration.agno.fallback_config.graceful, configuration.agno.fallback_config.immediate
    timeout_ms = immediate.timeout_ms if strategy == "immediate" else graceful.timeout_ms
    return Fallback(strategy, max(1, graceful.retry_attempts), graceful.retry_delay_ms, timeout_ms)
