"""What an agent is, as data. Building one is `agents.build`; running one is `agents.run`."""

from dataclasses import dataclass

from pydantic import BaseModel

from agents.tool import AnyTool, Need

__all__ = ["AgentSpec"]


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """One agent.

    `id` is the published tool name, `description` is written for a model that has to choose between tools, `role`
    for a leader that has to choose between members. `arguments` is the typed input beside `request` and
    `session_id`. The first tool is the one to use when nothing in a request asks for another.
    """

    id: str
    title: str
    description: str
    role: str
    instructions: tuple[str, ...]
    arguments: type[BaseModel]
    tools: tuple[AnyTool, ...]

    @property
    def needs(self) -> frozenset[Need]:
        """The sources its tools ask."""
        return frozenset(tool.needs for tool in self.tools)

    @property
    def read_only(self) -> bool:
        """Whether no tool of it can change anything."""
        return not any(tool.writes for tool in self.tools)
