"""Members of a team held back, each until it is its turn: every order in which they can finish, without a clock.

The tools of every member are wrapped. A tool waits for its member's turn; the turn passes on when the tools that the
member began have ended. Nothing sleeps and nothing is random.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio

from agents.sources import Sources
from agents.spec import AgentSpec
from agents.tool import AnyTool, Observation
from teams.spec import TeamSpec

__all__ = ["Turns", "held_back"]


class Turns:
    """Whose turn it is. Members that `order` does not name never wait; `began` are those whose tools ran, in order."""

    def __init__(self, order: Sequence[str]) -> None:
        self._turn = {name: anyio.Event() for name in order}
        self._running = dict.fromkeys(order, 0)
        self._order = list(order)
        self.began: list[str] = []
        self._pass_on()

    async def begin(self, member: str) -> None:
        """Wait for the member's turn."""
        if member in self._turn:
            self._running[member] += 1
            await self._turn[member].wait()
        if member not in self.began:
            self.began.append(member)

    def end(self, member: str) -> None:
        """A tool of the member ended; with its last one the turn passes on."""
        if member not in self._turn:
            return
        self._running[member] -= 1
        if not self._running[member]:
            self._pass_on()

    def _pass_on(self) -> None:
        waiting = next((name for name in self._order if not self._turn[name].is_set()), None)
        if waiting is not None:
            self._turn[waiting].set()


def held_back(team: TeamSpec, turns: Turns) -> TeamSpec:
    """The team with members that wait for their turn."""
    return replace(team, members=tuple(_held(member, turns) for member in team.members))


def _held(member: AgentSpec, turns: Turns) -> AgentSpec:
    return replace(member, tools=tuple(_waiting(member.id, tool, turns) for tool in member.tools))


def _waiting(member: str, tool: AnyTool, turns: Turns) -> AnyTool:
    async def run(sources: Sources, parameters: Any) -> Observation:
        await turns.begin(member)
        try:
            return await tool.run(sources, parameters)
        finally:
            turns.end(member)

    return replace(tool, run=run)
