"""What a team is, as data. Running one is `teams.run`."""

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from agents.spec import AgentSpec

__all__ = ["Mode", "TeamSpec"]

Mode = Literal["coordinate", "collaborate", "route", "broadcast", "tasks"]
"""coordinate: the leader plans, members work at once, the leader puts it together. collaborate: every member answers,
sees the others' answers, answers again. route: exactly one member answers. broadcast: everybody answers the same
question. tasks: the leader keeps a list of tasks until all are done."""


@dataclass(frozen=True, slots=True)
class TeamSpec:
    """One team; `id` names it in configuration, and it is published as `{id}_team`.

    The mode and the members can be changed by configuration; these are the ones it is made for. A team changes nothing:
    members are not offered their writing tools when a team runs them.
    """

    id: str
    title: str
    description: str
    mode: Mode
    members: tuple[AgentSpec, ...]
    instructions: tuple[str, ...]
    arguments: type[BaseModel]

    @property
    def tool(self) -> str:
        """The published tool name."""
        return f"{self.id}_team"
