"""What an operator can change about routing, as one immutable value.

A policy is made of the configuration and of what was set since: rollouts, flags. It never changes; a change is another
policy with the next version number, and a call keeps the policy it began with. Version 0 is the configuration alone,
before anything was set.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

__all__ = ["Flags", "Mode", "Policy", "Rollout", "RolloutState"]

Mode = Literal["hybrid", "agno_preferred", "traditional_only"]
RolloutState = Literal["running", "held", "rolled_back"]


@dataclass(frozen=True, slots=True)
class Flags:
    """The seven feature flags; each is `enable_` and its name in the configuration."""

    agno_agents: bool = True
    team_coordination: bool = True
    performance_optimization: bool = True
    advanced_memory: bool = True
    knowledge_sharing: bool = True
    predictive_allocation: bool = False
    auto_scaling: bool = False


@dataclass(frozen=True, slots=True)
class Rollout:
    """How far one tool has moved to its agent.

    `salt` decides which units an arm draws; it stays through a rollout, so that a growing percent only ever adds some.
    `since` and `started` are seconds since 1970: of this stage, and of the rollout. A held rollout keeps its percent; a
    rolled back one serves nobody, whatever percent it had reached. `accepted` is the reason for which it stands there
    without the evidence that it should have.
    """

    percent: int
    salt: str
    state: RolloutState
    since: float
    started: float
    automatic: bool = False
    why: str = ""
    accepted: str = ""

    @property
    def share(self) -> int:
        """The percent of the units that the agent serves now."""
        return 0 if self.state == "rolled_back" else self.percent

    def to_json(self) -> dict[str, Any]:
        """The rollout as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The rollout that `to_json` gave; what a later release may have added is left out."""
        return cls(**{name: value for name, value in content.items() if name in cls.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of it. `enabled` is the kill switch: off, everything is served as if there were no agents.

    `share` is the percent of the units that agents serve of tools without a rollout of their own; None leaves those to
    the score. `shadow_percent` is the percent of the calls whose other route is run beside, only to be compared.
    """

    version: int = 0
    mode: Mode = "hybrid"
    enabled: bool = True
    flags: Flags = field(default_factory=Flags)
    share: int | None = None
    shadow_percent: int = 0
    rollouts: Mapping[str, Rollout] = field(default_factory=dict[str, Rollout])

    def rollout_of(self, tool: str, existing: bool) -> tuple[int, str] | None:
        """The percent of the units that an agent serves and the salt they are drawn with; None where nothing is drawn.

        A tool that existed before its agent (`existing`) stays with its server until a rollout of its own begins.
        """
        rollout = self.rollouts.get(tool)
        if rollout is not None:
            return rollout.share, rollout.salt
        if existing:
            return 0, ""
        return None if self.share is None else (self.share, "")
