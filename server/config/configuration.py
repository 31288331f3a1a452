"""The configuration as the program holds it: settled, immutable, and able to say where each value came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from server.config.agno_integration import AgentSettings, AgnoIntegration, TeamSettings
from server.config.documents import Value
from server.config.layers import Source
from server.config.names import AgentId, TeamId
from server.config.problems import Problem
from server.config.servers import Downstream


@dataclass(frozen=True, slots=True)
class Files:
    """Where a configuration was read from, so that it can be read again: the operator's directory, the variables."""

    config_dir: Path | None
    environ: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Configuration:
    """Everything that one load found. Two loads of the same values have the same `digest`.

    `values` and `provenance` have the same keys, the dotted path of every value in effect. No secret is in
    them that was written as a reference; `show` masks those that were not.
    """

    files: Files
    agno: AgnoIntegration
    downstream: Downstream
    agents: Mapping[AgentId, AgentSettings]
    teams: Mapping[TeamId, TeamSettings]
    values: Mapping[str, Value] = field(repr=False)
    provenance: Mapping[str, Source] = field(repr=False)
    warnings: tuple[Problem, ...]
    digest: str

    def agent(self, agent_id: AgentId) -> AgentSettings:
        """One agent's settings, its override applied and its deadline settled."""
        return self.agents[agent_id]

    def team(self, team_id: TeamId) -> TeamSettings:
        """One team's settings, its leader's model and its deadline settled."""
        return self.teams[team_id]
