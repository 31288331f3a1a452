"""What the configuration says about one of our own tools, agent or team, under one set of questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast

from agents.models.ladder import EMBEDDED
from agents.spec import AgentSpec
from server.bridge.decision import DownstreamMapping, Tool
from server.config.agno_integration import AgentSettings, TeamSettings
from server.config.configuration import Configuration
from server.config.names import AgentId, TeamId
from server.surface.own import OwnTool
from teams.spec import TeamSpec

__all__ = ["OwnSettings", "Shown", "with_members"]


@dataclass(frozen=True, slots=True)
class Shown:
    """How the text of an answer is written."""

    markdown: bool
    tool_calls: bool


class OwnSettings:
    """Reads the configuration for the tools of the static catalog."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration

    def facts(self, tool: OwnTool, downstream: DownstreamMapping | None) -> Tool:
        """What a decision needs to know of the tool."""
        settings = self.of(tool)
        facts = Tool(
            name=tool.name,
            agno=tool.kind,
            downstream=downstream,
            use_agno=settings.use_agno,
            target_ms=settings.response_timeout_ms,
        )
        if isinstance(settings, TeamSettings):
            return replace(facts, requires_teams=True)
        return replace(
            facts,
            memory_limit_mb=settings.memory_limit_mb,
            services=len(settings.mcp_services),
            performance_critical=settings.performance_critical or settings.performance_mode == "high_performance",
            high_frequency=settings.high_frequency,
            requires_teams=settings.requires_teams or settings.performance_mode == "team_coordination",
            memory_constrained=settings.memory_constrained,
            custom_logic=settings.custom_logic,
            legacy_compatibility=settings.legacy_compatibility,
        )

    def of(self, tool: OwnTool) -> AgentSettings | TeamSettings:
        """The tool's own settings."""
        if isinstance(tool.spec, AgentSpec):
            return self._configuration.agent(cast("AgentId", tool.spec.id))
        return self._configuration.team(cast("TeamId", tool.spec.id))

    def deadline_ms(self, tool: OwnTool) -> int:
        """The limit of a call."""
        return self.of(tool).deadline_ms

    def max_model_calls(self, tool: OwnTool) -> int:
        """How often models may be asked in a call: an agent's own limit; for a team all members' and as much again."""
        limits = [self._configuration.agent(cast("AgentId", member.id)).max_model_calls for member in tool.members]
        return limits[0] if tool.kind == "agent" else sum(limits) * 2

    def memory_limit_mb(self, tool: OwnTool) -> int:
        """What it may keep in memory; a team's is that of an agent without settings of its own."""
        settings = self.of(tool)
        if isinstance(settings, TeamSettings):
            return self._configuration.agno.default_agent_config.memory_limit_mb
        return settings.memory_limit_mb

    def models(self, tool: OwnTool) -> frozenset[str]:
        """The models that a call may ask: an agent's own; a team's leader's and its members'."""
        members = {self._configuration.agent(cast("AgentId", member.id)).model for member in tool.members}
        return frozenset(members | {self.of(tool).model})

    def lent(self, members: Iterable[AgentSpec]) -> tuple[str, ...]:
        """The tools of servers that these agents are lent, by published name."""
        lent = (self._configuration.agent(cast("AgentId", member.id)).downstream_tools for member in members)
        return tuple(name for names in lent for name in names)

    def in_house(self, tool: OwnTool) -> bool:
        """Whether all its models are in the house: the embedded one, and those that the configuration names."""
        return self.models(tool) <= {EMBEDDED, *self._configuration.agno.in_house_models}

    def remembers(self, tool: OwnTool) -> bool:
        """Whether its sessions are remembered."""
        settings, flags = self.of(tool), self._configuration.agno.feature_flags
        if isinstance(settings, TeamSettings):
            return settings.shared_memory and flags.enable_knowledge_sharing
        return settings.use_memory and flags.enable_advanced_memory

    def shown(self, tool: OwnTool) -> Shown:
        """How its answers are written; a team's as its first member's."""
        settings = self._configuration.agent(cast("AgentId", tool.members[0].id))
        return Shown(settings.markdown, settings.show_tool_calls)

    @staticmethod
    def typed_intent(tool: OwnTool, given: Mapping[str, object]) -> str | None:
        """What typed arguments alone are after: the tool of the agent of which most were given that mean it."""
        if tool.kind != "agent":
            return None
        meant = [one for one in tool.members[0].tools if one.meant_by and all(map(given.get, one.meant_by))]
        return max(meant, key=lambda one: len(one.meant_by)).name if meant else None

    @staticmethod
    def default_intent(tool: OwnTool) -> str | None:
        """What a call without words is after: what the agent does when nothing asks for another."""
        return tool.members[0].tools[0].name if tool.kind == "agent" else None

    @property
    def attempts(self) -> int:
        """How often a route that only reads may be tried."""
        return self._configuration.agno.fallback_config.graceful.retry_attempts


def with_members(spec: TeamSpec, agents: Mapping[str, AgentSpec], configuration: Configuration) -> TeamSpec:
    """The team with the members and the mode that the configuration gives it."""
    settings = configuration.team(cast("TeamId", spec.id))
    return replace(spec, members=tuple(agents[member] for member in settings.members), mode=settings.mode)
