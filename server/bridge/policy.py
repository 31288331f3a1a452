"""What an operator can change about routing, as one immutable value.

A policy is made of the configuration and of what was set since: rollouts, flags. It never changes; a change is another
policy with the next version number, and a call keeps the policy it began with. Version 0 is the configuration alone,
before anything was set.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any, Literal, Self, cast, get_args

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
    def from_json(cls, content: object) -> Self:
        """The rollout that `to_json` gave; what a later release may have added is left out.

        Raises ValueError, which names the field, for what is none: every value is looked at here and nowhere else.
        """
        if not isinstance(content, Mapping):
            raise ValueError("it is no object")
        written = cast("Mapping[str, Any]", content)
        known: dict[str, Any] = {}
        for each in fields(cls):
            if each.name not in written and each.default is not MISSING:
                continue
            value = written.get(each.name)
            if isinstance(value, float) and each.name == "percent" and value.is_integer():
                value = int(value)  # JSON knows one kind of number only
            if not _FITS[each.name](value):
                raise ValueError(f"`{each.name}` is {'not what it should be' if each.name in written else 'missing'}")
            known[each.name] = value
        return cls(**known)


def _is_moment(value: Any) -> bool:
    return type(value) in {int, float} and math.isfinite(value)


_FITS: Mapping[str, Callable[[Any], bool]] = {
    "percent": lambda value: type(value) is int and 0 <= value <= 100,
    "salt": lambda value: isinstance(value, str) and bool(value),
    "state": lambda value: value in get_args(RolloutState),
    "since": _is_moment,
    "started": _is_moment,
    "automatic": lambda value: isinstance(value, bool),
    "why": lambda value: isinstance(value, str),
    "accepted": lambda value: isinstance(value, str),
}


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
