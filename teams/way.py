"""A way of working together: how Agno is set up for it, what the leader is told, and what counts as the answer.

Agno accepts any mode and silently runs an unknown one as coordinate, and it has no collaborate; so the ways are ours,
one file each, and each says which of Agno's modes carries it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from agents.ledger import Ledger
from agents.outcome import Outcome
from agents.spec import AgentSpec

__all__ = ["Member", "Together", "Way"]


@dataclass(frozen=True, slots=True)
class Member:
    """One member's part of a run. `outcome` is None for a member that was not asked."""

    spec: AgentSpec
    ledger: Ledger
    outcome: Outcome | None = None
    model: str = ""


@dataclass(frozen=True, slots=True)
class Together:
    """A finished run of a team: the leader's prose as far as the evidence carries it, and every member in team order.

    `order` is to whom the leader handed the request, as far as it handed it to some. `reasons` is what the leader said when it handed the request over, by member.
    """

    title: str
    prose: str | None
    members: tuple[Member, ...]
    order: tuple[str, ...]
    reasons: Mapping[str, str]
    model: str
    dropped_sentences: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """One way of working. `mode` is Agno's; `settle` says what the run comes to.

    `speaks`: whose prose the caller reads. `verbatim`: members get the caller's message as it is, not the leader's words. `shares`: members see what the others
    answered before them.
    """

    name: str
    mode: Literal["coordinate", "route", "broadcast", "tasks"]
    instructions: tuple[str, ...]
    settle: Callable[[Together], Outcome]
    speaks: Literal["leader", "member"] = "leader"
    verbatim: bool = False
    shares: bool = False

    @property
    def named(self) -> str:
        """The line by which a leader knows the way; the embedded model reads it back."""
        return f"Way of working: {self.name}."
