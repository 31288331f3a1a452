"""The models of `agno_integration.yaml`: every key that this release reads, and no other.

The file as packaged holds every key with its default and its explanation, so nothing has a second
default here: a key that is missing after all sources are merged is an error.

`AgentConfig` and `TeamConfig` are what a file says. `AgentSettings` and `TeamSettings` are what the rest
of the program works with: overrides applied, the deadline a number, the model always named.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, create_model

from server.config.names import AgentId, TeamId
from server.config.sections import (
    AbTesting,
    Budget,
    FallbackConfig,
    FeatureFlags,
    PerformanceMonitoring,
    Price,
    ResourceManagement,
    RolloutSettings,
)
from server.config.values import (
    EMBEDDED,
    Megabytes,
    Members,
    Milliseconds,
    ModelName,
    Models,
    Services,
    Settings,
    Tools,
)

_DEADLINE_EMBEDDED_MS: Final = 5_000
_DEADLINE_REMOTE_MS: Final = 120_000

CURRENT_MODE: Final = "agno_preferred"
FORMER_MODE: Final = "agno_only"
"""The first system's name for it."""

BridgeMode: TypeAlias = Literal["hybrid", "agno_preferred", "traditional_only"]
PerformanceMode: TypeAlias = Literal["standard", "high_performance", "team_coordination"]
TeamMode: TypeAlias = Literal["coordinate", "collaborate", "route", "broadcast", "tasks"]
FallbackStrategy: TypeAlias = Literal["graceful", "immediate", "disabled"]


def _current_mode(mode: object) -> object:
    return CURRENT_MODE if mode == FORMER_MODE else mode


class AgentConfig(Settings, frozen=True):
    """`default_agent_config`: what holds for every agent that has no override."""

    model: ModelName
    performance_mode: PerformanceMode
    response_timeout_ms: Milliseconds
    deadline_ms: Milliseconds | None
    memory_limit_mb: Megabytes
    max_model_calls: Annotated[int, Field(ge=1, le=1_000)]
    use_agno: bool
    show_tool_calls: bool
    markdown: bool
    use_memory: bool
    use_knowledge: bool
    mcp_services: Services
    downstream_tools: Tools
    high_frequency: bool
    performance_critical: bool
    requires_teams: bool
    memory_constrained: bool
    custom_logic: bool
    legacy_compatibility: bool


def _partial(model: type[Settings], name: str) -> type[Settings]:
    """`model` with every key optional; a key that was not said is not in `model_fields_set`."""
    keys: dict[str, Any] = {
        key: (Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation, None)
        for key, info in model.model_fields.items()
    }
    return create_model(name, __base__=Settings, **keys)


if TYPE_CHECKING:

    class AgentOverride(AgentConfig, frozen=True):
        """One of `agent_overrides`: any key of `default_agent_config`, for this agent only."""

else:
    AgentOverride = _partial(AgentConfig, "AgentOverride")


class AgentSettings(AgentConfig, frozen=True):
    """One agent's settings as they take effect. `response_timeout_ms` is a target, `deadline_ms` a limit."""

    id: AgentId
    deadline_ms: Milliseconds


class TeamConfig(Settings, frozen=True):
    """One of `team_configs`. `model` is the leader's; null is the model of `default_agent_config`."""

    mode: TeamMode
    members: Members
    response_timeout_ms: Milliseconds
    deadline_ms: Milliseconds | None
    model: ModelName | None
    use_agno: bool
    shared_memory: bool


class TeamSettings(TeamConfig, frozen=True):
    """One team's settings as they take effect."""

    id: TeamId
    deadline_ms: Milliseconds
    model: ModelName


class AgnoIntegration(Settings, frozen=True):
    """Everything under the file's top key `agno_integration`."""

    enabled: bool
    knowledge_base: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None
    bridge_mode: Annotated[BridgeMode, BeforeValidator(_current_mode)]
    default_agent_config: AgentConfig
    agent_overrides: Mapping[AgentId, AgentOverride]
    team_configs: Mapping[TeamId, TeamConfig]
    fallback_strategy: FallbackStrategy
    fallback_config: FallbackConfig
    resource_management: ResourceManagement
    performance_monitoring: PerformanceMonitoring
    rollout: RolloutSettings
    ab_testing: AbTesting
    budgets: Mapping[str, Budget]
    prices: Mapping[ModelName, Price]
    in_house_models: Models
    feature_flags: FeatureFlags


class AgnoIntegrationFile(Settings, frozen=True):
    """The file as a whole."""

    agno_integration: AgnoIntegration


def settle_agent(agno: AgnoIntegration, agent_id: AgentId) -> AgentSettings:
    """One agent's settings: the defaults, its override laid over them, the deadline settled."""
    said: dict[str, object] = agno.default_agent_config.model_dump()
    override = agno.agent_overrides.get(agent_id)
    if override is not None:
        said |= override.model_dump(exclude_unset=True)
    deadline_ms = said["deadline_ms"] or _deadline_ms(remote=said["model"] != EMBEDDED)
    return AgentSettings.model_validate(said | {"id": agent_id, "deadline_ms": deadline_ms})


def settle_team(agno: AgnoIntegration, team_id: TeamId) -> TeamSettings:
    """One team's settings. A team with one remote model, leader or member, has the remote deadline."""
    config = agno.team_configs[team_id]
    leader = config.model or agno.default_agent_config.model
    models = {leader} | {settle_agent(agno, member).model for member in config.members}
    deadline_ms = config.deadline_ms or _deadline_ms(remote=models != {EMBEDDED})
    settled = {"id": team_id, "model": leader, "deadline_ms": deadline_ms}
    return TeamSettings.model_validate(config.model_dump() | settled)


def _deadline_ms(*, remote: bool) -> int:
    return _DEADLINE_REMOTE_MS if remote else _DEADLINE_EMBEDDED_MS
