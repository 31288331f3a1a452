"""Which route serves a call, and why. Pure: four values in, a decision out; no clock, no randomness, no I/O.

Rules in their order; the first that binds wins, and each adds its reasons:

1. allowed    mode, flags, the tool's own switch, rights, classification, budgets, and a rollout at 0 say which routes
              may serve; nothing later brings one back
2. force      an operator's choice among what is left
3. mappable   what a downstream tool cannot express does not go there
4. rollout    under a rollout, calls that both routes can serve are drawn into an arm by a stable hash of their unit;
              the score is recorded and does not choose
5. score      otherwise what is declared and measured about the tool adds up
6. health     a route that cannot serve now gives way to the other; the arm stays what was drawn
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Literal

from agents.result import Classification
from server.bridge.policy import Policy

__all__ = [
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
    "allowed",
    "decide",
    "is_busy",
    "score_terms",
    "share_of",
]

Route = Literal["agno", "downstream"]
BOTH: frozenset[Route] = frozenset({"agno", "downstream"})
Rule = Literal["allowed", "force", "mappable", "rollout", "score", "health"]

FAST_MS = 200
BUSY_ABOVE, CALM_BELOW = 100, 70
"""Calls in a minute. Two limits, so that a tool near one of them does not change its route with every call."""

MANY_SERVICES = 3

RESTRICTED: Classification = "confidential"
NOTHING: Mapping[Route, str] = {}


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
    """What a model learned from earlier calls would choose, and how likely that was; None where it knows too little."""

    route: Route | None
    propensity: float | None
    because: str


@dataclass(frozen=True, slots=True)
class Live:
    """How things stand now: why a route cannot serve (absent: it can), which budgets are spent, what was measured."""

    faults: Mapping[Route, str] = field(default_factory=dict[Route, str])
    spent: Mapping[Route, str] = field(default_factory=dict[Route, str])
    calls_last_minute: int = 0
    busy: bool = False
    downstream_p95_ms: float | None = None
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of a decision, in words."""

    rule: Rule
    text: str


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the score."""

    name: str
    points: int
    because: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The route, or None when none is left; the other route that may serve after a failure; how it came about.

    `propensity` is how likely a draw was to fall as it did: to `arm` under a rollout, to `route` without one. None where
    nothing was drawn.
    """

    route: Route | None
    fallback: Route | None
    reasons: tuple[Reason, ...]
    arm: Route | None = None
    score: int | None = None
    terms: tuple[Term, ...] = ()
    propensity: float | None = None


def decide(call: Call, tool: Tool, policy: Policy, live: Live) -> Decision:
    """The decision about one call. Total: every input has one, and equal inputs have equal ones."""
    reasons: list[Reason] = []
    left = _allowed(tool, policy, call.forbidden, live.spent, reasons)
    if call.forced is not None:
        return _forced(call.forced, call, tool, left, reasons)
    capable = _mappable(call, tool, left, reasons)
    if not capable:
        return Decision(None, None, tuple(reasons))
    if len(capable) == 1:
        if len(left) == 1:
            reasons.append(Reason("allowed", f"{capable[0]} is the only route"))
        return _healthy(Decision(capable[0], None, ()), live, reasons)
    terms = score_terms(tool, live)
    score = sum(term.points for term in terms)
    rollout = policy.rollout_of(tool.name, tool.existing)
    if rollout is not None:
        return _healthy(_drawn(call, tool, rollout, score, terms, reasons), live, reasons)
    chosen = _scored(score, terms, policy, reasons)
    return _healthy(Decision(chosen, _other(chosen), (), score=score, terms=terms), live, reasons)


def allowed(tool: Tool, policy: Policy) -> tuple[Route, ...]:
    """The routes that policy leaves a tool, whoever calls; without one it is not published."""
    return _allowed(tool, policy, NOTHING, NOTHING, [])


def _allowed(
    tool: Tool,
    policy: Policy,
    forbidden: Mapping[Route, str],
    spent: Mapping[Route, str],
    reasons: list[Reason],
) -> tuple[Route, ...]:
    causes: dict[Route, list[str]] = {"agno": [], "downstream": []}
    if tool.agno is None:
        causes["agno"].append("no agent or team serves this tool")
    else:
        causes["agno"] += _switched_off(tool, policy)
    if tool.downstream is None:
        causes["downstream"].append("no configured server offers it")
    for route, removed in causes.items():
        if tool.classification == RESTRICTED and route not in tool.in_house:
            removed.append(f"what it reads is {RESTRICTED} and would leave the house")
        removed += [why[route] for why in (forbidden, spent) if route in why]
    left: tuple[Route, ...] = tuple(route for route, removed in causes.items() if not removed)
    for route, removed in causes.items():
        if removed and (_exists(tool, route) or not left):
            reasons.append(Reason("allowed", f"{route} is out: {'; '.join(removed)}"))
    return left


def _exists(tool: Tool, route: Route) -> bool:
    return (tool.agno if route == "agno" else tool.downstream) is not None


def _switched_off(tool: Tool, policy: Policy) -> list[str]:
    flags, rollout = policy.flags, policy.rollouts.get(tool.name)
    at_zero = tool.downstream is not None and (policy.rollout_of(tool.name, tool.existing) or (None,))[0] == 0
    switches = (
        (not policy.enabled, "`agno_integration.enabled` is off"),
        (policy.mode == "traditional_only", "`bridge_mode` is traditional_only"),
        (not tool.use_agno, "`use_agno` is off for it"),
        (tool.agno == "agent" and not flags.agno_agents, "the flag `enable_agno_agents` is off"),
        (tool.agno == "team" and not flags.team_coordination, "the flag `enable_team_coordination` is off"),
        (at_zero and rollout is not None and rollout.state != "rolled_back", "its rollout stands at 0 %"),
        (at_zero and rollout is not None and rollout.state == "rolled_back", "its rollout was rolled back"),
        (at_zero and rollout is None and tool.existing, "no rollout of it has begun"),
        (at_zero and rollout is None and not tool.existing, "`agno_traffic_percentage` is 0"),
    )
    return [why for off, why in switches if off]


def _forced(forced: Route, call: Call, tool: Tool, allowed: tuple[Route, ...], reasons: list[Reason]) -> Decision:
    if forced not in allowed:
        reasons.append(Reason("force", f"{forced} was asked for by name and is not allowed"))
        return Decision(None, None, tuple(reasons))
    reasons.append(Reason("force", f"{forced} was asked for by name"))
    if forced not in _mappable(call, tool, allowed, reasons):
        return Decision(None, None, tuple(reasons))
    return Decision(forced, None, tuple(reasons))


def _mappable(call: Call, tool: Tool, left: tuple[Route, ...], reasons: list[Reason]) -> tuple[Route, ...]:
    """A tool's own server takes every call of it, and so does a tool's own agent; the other one what it is mapped to."""
    if tool.agno is None or tool.downstream is None:
        return left
    route: Route = "agno" if tool.existing else "downstream"
    cannot = _cannot(call, tool.agno_mapping if tool.existing else tool.downstream) if route in left else None
    if cannot is None:
        return left
    name = "agno" if tool.existing else f"`{tool.downstream.server}`"
    reasons.append(Reason("mappable", f"{name} cannot take this call: {cannot}"))
    return tuple(one for one in left if one != route)


def _cannot(call: Call, mapping: AgnoMapping | DownstreamMapping | None) -> str | None:
    if mapping is None:
        return "nothing says how its arguments are understood"
    if isinstance(mapping, DownstreamMapping):
        if call.intent is None:
            return "the request does not say clearly what it wants"
        if call.intent not in mapping.intents:
            return f"it does not know `{call.intent}`"
    if missing := sorted(mapping.required - call.arguments):
        return f"it needs {_names(missing)}"
    if inexpressible := sorted(call.arguments - mapping.expressible):
        return f"it cannot express {_names(inexpressible)}"
    return None


def _drawn(
    call: Call, tool: Tool, rollout: tuple[int, str], score: int, terms: tuple[Term, ...], reasons: list[Reason]
) -> Decision:
    percent, salt = rollout
    on_agno = share_of(tool.name, salt, call.unit) < percent
    arm: Route = "agno" if on_agno else "downstream"
    reasons.append(Reason("rollout", f"{percent} % of the callers are served by agno; this one falls to {arm}"))
    propensity = (percent if on_agno else 100 - percent) / 100
    return Decision(arm, _other(arm), (), arm=arm, score=score, terms=terms, propensity=propensity)


def share_of(tool: str, salt: str, unit: str) -> float:
    """Where a unit stands between 0 and 100, the same in every process; a growing share only ever adds units."""
    # A unit may come from a client, and JSON can hold half a character.
    digest = blake2b(f"{tool}\x1f{salt}\x1f{unit}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64 * 100


def score_terms(tool: Tool, live: Live) -> tuple[Term, ...]:
    """What speaks for the agent and what for the server that exists, as declared and as measured."""
    candidates = (
        ("performance_critical", 3, _performance(tool, live)),
        ("high_frequency", 2, _frequency(tool, live)),
        ("requires_teams", 3, "declared" if tool.requires_teams else None),
        ("memory_constrained", 1, "declared" if tool.memory_constrained else None),
        ("many_integrations", -2, f"{tool.services} services" if tool.services > MANY_SERVICES else None),
        ("custom_logic", -1, "declared" if tool.custom_logic else None),
        ("legacy_compatibility", -2, "declared" if tool.legacy_compatibility else None),
    )
    return tuple(Term(name, points, because) for name, points, because in candidates if because is not None)


def _performance(tool: Tool, live: Live) -> str | None:
    target, p95 = tool.target_ms, live.downstream_p95_ms
    if tool.performance_critical:
        return "declared"
    if target is not None and target < FAST_MS:
        return f"its target of {target} ms is under {FAST_MS} ms"
    if target is not None and p95 is not None and p95 > target:
        return f"downstream's p95 of {p95:.0f} ms misses its target of {target} ms"
    return None


def _frequency(tool: Tool, live: Live) -> str | None:
    if tool.high_frequency:
        return "declared"
    if live.busy:
        return f"{live.calls_last_minute} calls in the last minute"
    return None


def is_busy(calls_last_minute: int, was_busy: bool) -> bool:
    """Whether a tool counts as called often, given whether it did so far."""
    return calls_last_minute > BUSY_ABOVE or (was_busy and calls_last_minute >= CALM_BELOW)


def _scored(score: int, terms: tuple[Term, ...], policy: Policy, reasons: list[Reason]) -> Route:
    if policy.mode == "agno_preferred":
        reasons.append(Reason("score", "`bridge_mode` is agno_preferred"))
        return "agno"
    chosen: Route = "agno" if score > 0 else "downstream"
    sum_ = ", ".join(f"{term.name} {term.points:+d}" for term in terms) or "nothing speaks for either"
    reasons.append(Reason("score", f"{score:+d} ({sum_}) is for {chosen}"))
    return chosen


def _healthy(drawn: Decision, live: Live, reasons: list[Reason]) -> Decision:
    """Give way to the other route where the drawn one cannot serve now; the arm stays what was drawn."""
    route, other = drawn.route, drawn.fallback
    fault = live.faults.get(route) if route is not None else None
    if fault is None:
        return replace(drawn, reasons=tuple(reasons))
    if other is not None and other not in live.faults:
        reasons.append(Reason("health", f"{route} cannot serve now ({fault}); {other} does"))
        return replace(drawn, route=other, fallback=None, reasons=tuple(reasons))
    # With nowhere else to go the call is tried all the same: a server that is being restarted may be back in time.
    reasons.append(Reason("health", f"{route} may not be able to serve now ({fault})"))
    return replace(drawn, fallback=None, reasons=tuple(reasons))


def _other(route: Route) -> Route:
    return "downstream" if route == "agno" else "agno"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
