"""The values of a decision: what goes into it, and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agents.result import Classification

__all__ = [
    "BOTH",
    "RESTRICTED",
    "AgnoMapping",
    "Call",
    "Decision",
    "DownstreamMapping",
    "Learned",
    "Live",
    "Reason",
    "Route",
    "Rule",
    "Term",
    "Tool",
]

Route = Literal["agno", "downstream"]
Rule = Literal["allowed", "force", "mappable", "rollout", "score", "health", "remedy"]

BOTH: frozenset[Route] = frozenset({"agno", "downstream"})

RESTRICTED: Classification = "confidential"
"""The class of data that stays in the house."""


@dataclass(frozen=True, slots=True)
class DownstreamMapping:
    """What a downstream route can say of a call: the intents it knows, what it needs, what it can express."""

    server: str
    intents: frozenset[str]
    required: frozenset[str]
    expressible: frozenset[str]


@dataclass(frozen=True, slots=True)
class AgnoMapping:
    """What an agent can say of a call of a tool that existed before it."""

    required: frozenset[str]
    expressible: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tool:
    """What is declared about one published tool. `agno` is None where no agent or team serves it.

    `existing` is a tool of a server that an agent learned to serve: its server takes every call, the agent those that
    `agno_mapping` covers, and none before a rollout. `classification` is of what it reads; `in_house` are the routes
    on which that never leaves the house.
    """

    name: str
    agno: Literal["agent", "team"] | None = None
    downstream: DownstreamMapping | None = None
    existing: bool = False
    agno_mapping: AgnoMapping | None = None
    use_agno: bool = True
    classification: Classification = "internal"
    in_house: frozenset[Route] = BOTH
    target_ms: int | None = None
    memory_limit_mb: float | None = None
    services: int = 0
    performance_critical: bool = False
    high_frequency: bool = False
    requires_teams: bool = False
    memory_constrained: bool = False
    custom_logic: bool = False
    legacy_compatibility: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What a decision may know of a call: whose it is, which arguments are given, what it is after.

    `forbidden` are routes that its caller has no right to, with the reason in words.
    """

    unit: str
    arguments: frozenset[str] = frozenset()
    intent: str | None = None
    forced: Route | None = None
    forbidden: Mapping[Route, str] = field(default_factory=dict[Route, str])


@dataclass(frozen=True, slots=True)
class Learned:
    """Which route a call takes by what was learned and by its draw, and how likely that was; `because` says it whole.

    Where too little was learned it is the score's route, but for the few calls that are drawn to learn from.
    """

    route: Route
    propensity: float
    because: str


@dataclass(frozen=True, slots=True)
class Live:
    """How things stand now: why a route cannot serve (absent: it can), which budgets are spent, what was measured.

    What was measured is the last that is known, also when nothing has been measured for long; None where nothing ever
    was. `busy` is what `is_busy` said. `downstream_memory_mb` is of the process behind the downstream route.
    """

    faults: Mapping[Route, str] = field(default_factory=dict[Route, str])
    spent: Mapping[Route, str] = field(default_factory=dict[Route, str])
    calls_last_minute: int = 0
    busy: bool = False
    downstream_p95_ms: float | None = None
    downstream_memory_mb: float | None = None
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a decision, in words."""

    rule: Rule
    text: str


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the score that counts."""

    name: str
    points: int
    because: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The route, or None when none is left; the other route that may serve after a failure; how it came about.

    `score` and `terms` are there whenever both routes could serve, also where they did not choose. `propensity` is how
    likely a draw was to fall as it did: to `arm` under a rollout, to `route` without one. None where nothing was drawn,
    and where health put another route in the place of the learned one.
    """

    route: Route | None
    fallback: Route | None
    reasons: tuple[Reason, ...]
    arm: Route | None = None
    score: int | None = None
    terms: tuple[Term, ...] = ()
    propensity: float | None = None
