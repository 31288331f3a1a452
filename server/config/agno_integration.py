"""The models of `agno_integration.yaml`: every key that this release reads, and no other.

The file as packaged holds every key with its default and its explanation, so nothing has a second
default here: a key that is missing after all sources are merged is an error.

`AgentConfig` and `TeamConfig` are what a file says. `AgentSettings` and `TeamSettings` are what the rest
of the program works with: overrides applied, the deadline a number, the model always named.
"""

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, create_model
from pydantic_core import PydanticCustomError

from server.config.names import AgentId, TeamId
from server.config.problems import advise

EMBEDDED: Final = "embedded"
_MODEL = re.compile(r"[a-z0-9_-]+:\S+", re.IGNORECASE)
_DEADLINE_EMBEDDED_MS = 5_000
_DEADLINE_REMOTE_MS = 120_000


class Settings(BaseModel, frozen=True):
    """What all our settings share: unknown keys and near-miss types are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def _model_name(name: str) -> str:
    if name == EMBEDDED or _MODEL.fullmatch(name):
        return name
    vendors = {"claude": "anthropic", "gpt": "openai", "gemini": "google"}
    vendor = next((vendor for family, vendor in vendors.items() if name.startswith(family)), None)
    suggestion = f"did you mean {vendor}:{name}?" if vendor else "for example anthropic:... or openai:..."
    raise PydanticCustomError("model_name", "must be 'embedded' or 'provider:model'", {"suggestion": suggestion})


def _known_service(name: str, info: ValidationInfo[Collection[str] | None]) -> str:
    """A server that is configured, or one that may be; `validate` hands in which those are."""
    known = info.context
    if known is None or name in known:
        return name
    raise PydanticCustomError(
        "service", "there is no server {name}", {"name": repr(name), "suggestion": advise(name, tuple(known))}
    )


def _distinct(items: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(items)) < len(items):
        raise PydanticCustomError("distinct", "names the same one twice")
    return items


def _current_mode(mode: object) -> object:
    return "agno_preferred" if mode == "agno_only" else mode  # the first system's name for it


BridgeMode: TypeAlias = Literal["hybrid", "agno_preferred", "traditional_only"]
PerformanceMode: TypeAlias = Literal["standard", "high_performance", "team_coordination"]
TeamMode: TypeAlias = Literal["coordinate", "collaborate", "route", "broadcast", "tasks"]
FallbackStrategy: TypeAlias = Literal["graceful", "immediate", "disabled"]

Milliseconds: TypeAlias = Annotated[int, Field(ge=1, le=86_400_000)]
Minutes: TypeAlias = Annotated[int, Field(ge=1, le=10_080)]
ModelName: TypeAlias = Annotated[str, AfterValidator(_model_name)]
# A YAML list is a Python list: lax for the container only, the items stay strict.
Services: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(_known_service)], ...],
    Field(strict=False),
    AfterValidator(_distinct),
]
Tools: TypeAlias = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_distinct)]
Members: TypeAlias = Annotated[tuple[AgentId, ...], Field(strict=False, min_length=1), AfterValidator(_distinct)]


class AgentConfig(Settings, frozen=True):
    """`default_agent_config`: what holds for every agent that has no override."""

    model: ModelName
    performance_mode: PerformanceMode
    response_timeout_ms: Milliseconds
    deadline_ms: Milliseconds | None
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


class GracefulFallback(Settings, frozen=True):
    retry_attempts: Annotated[int, Field(ge=0, le=100)]
    retry_delay_ms: Annotated[int, Field(ge=0, le=60_000)]
    timeout_ms: Milliseconds


class ImmediateFallback(Settings, frozen=True):
    timeout_ms: Milliseconds


class FallbackConfig(Settings, frozen=True):
    graceful: GracefulFallback
    immediate: ImmediateFallback


class ResourceManagement(Settings, frozen=True):
    max_concurrent_agents: Annotated[int, Field(ge=1, le=1_000_000)]
    max_concurrent_teams: Annotated[int, Field(ge=1, le=1_000_000)]
    agent_cleanup_interval_minutes: Minutes
    team_cleanup_interval_minutes: Minutes


class AbTesting(Settings, frozen=True):
    agno_traffic_percentage: Annotated[int, Field(ge=0, le=100)] | None


class FeatureFlags(Settings, frozen=True):
    enable_agno_agents: bool
    enable_team_coordination: bool
    enable_advanced_memory: bool
    enable_knowledge_sharing: bool


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
    ab_testing: AbTesting
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
