"""Which route serves a call, and why. Pure: four values in, a decision out; no clock, no randomness, no I/O.

Rules in their order; the first that binds wins, and each adds its reasons:

1. allowed    mode, flags and the tool's own switch say which routes may serve; nothing later brings one back
2. force      an operator's choice among what is left
3. mappable   what a downstream tool cannot express does not go there
4. rollout    under a rollout, calls that both routes can serve are drawn into an arm by a stable hash of their unit
5. score      otherwise what is declared and measured about the tool adds up
6. health     a route that cannot serve now gives way to the other; the arm stays what was drawn
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Literal

__all__ = [
    "Call",
    "Decision",
    "DownstreamMapping",
    "Live",
    "Mode",
    "Policy",
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
Rule = Literal["allowed", "force", "mappable", "rollout", "score", "health"]
Mode = Literal["hybrid", "agno_preferred", "traditional_only"]

FAST_MS = 200
BUSY_ABOVE, CALM_BELOW = 100, 70
"""Calls in a minute. Two limits, so that a tool near one of them does not change its route with every call."""

MANY_SERVICES = 3


@dataclass(frozen=True, slots=True)
class DownstreamMapping:
    """What a downstream route can say of a call: the intents it knows, what it needs, what it can express."""

    server: str
    intents: frozenset[str]
    required: frozenset[str]
    expressible: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tool:
    """What policy says of one published tool. `agno` is None where no agent or team serves it."""

    name: str
    agno: Literal["agent", "team"] | None = None
    downstream: DownstreamMapping | None = None
    use_agno: bool = True
    target_ms: int | None = None
    services: int = 0
    performance_critical: bool = False
    high_frequency: bool = False
    requires_teams: bool = False
    memory_constrained: bool = False
    custom_logic: bool = False
    legacy_compatibility: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator can change; one immutable version of it.

    `agno_percent` is the share of the calls that both routes can serve; None where nothing is under rollout.
    """

    version: str
    mode: Mode = "hybrid"
    agents_enabled: bool = True
    teams_enabled: bool = True
    agno_percent: int | None = None
    salt: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """What a decision may know of a call: whose it is, which arguments are given, what it is after."""

    unit: str
    arguments: frozenset[str] = frozenset()
    intent: str | None = None
    forced: Route | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """How things stand now: why a route cannot serve (absent: it can), and what was measured."""

    faults: Mapping[Route, str] = field(default_factory=dict[Route, str])
    calls_last_minute: int = 0
    busy: bool = False
    downstream_p95_ms: float | None = None


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
    """The route, or None when none is left; the other route that may serve after a failure; how it came about."""

    route: Route | None
    fallback: Route | None
    reasons: tuple[Reason, ...]
    arm: Route | None = None
    score: int | None = None
    terms: tuple[Term, ...] = ()


def decide(call: Call, tool: Tool, policy: Policy, live: Live) -> Decision:
    """The decision about one call. Total: every input has one, and equal inputs have equal ones."""
    reasons: list[Reason] = []
    allowed = _allowed(tool, policy, reasons)
    if call.forced is not None:
        return _forced(call.forced, call, tool, allowed, reasons)
    capable = _mappable(call, tool, allowed, reasons)
    if not capable:
        return Decision(None, None, tuple(reasons))
    if len(capable) == 1:
        if len(allowed) == 1:
            reasons.append(Reason("allowed", f"{capable[0]} is the only route"))
        return _healthy(Decision(capable[0], None, ()), live, reasons)
    if policy.agno_percent is not None:
        arm = _arm(call, tool, policy.agno_percent, policy.salt, reasons)
        return _healthy(Decision(arm, _other(arm), (), arm=arm), live, reasons)
    terms = score_terms(tool, live)
    score = sum(term.points for term in terms)
    chosen = _scored(score, terms, policy, reasons)
    return _healthy(Decision(chosen, _other(chosen), (), score=score, terms=terms), live, reasons)


def allowed(tool: Tool, policy: Policy) -> tuple[Route, ...]:
    """The routes that policy leaves a tool; without one it is not published."""
    return _allowed(tool, policy, [])


def _allowed(tool: Tool, policy: Policy, reasons: list[Reason]) -> tuple[Route, ...]:
    routes: list[Route] = []
    off = _agno_off(tool, policy)
    if off is None:
        routes.append("agno")
    elif tool.agno is not None:
        reasons.append(Reason("allowed", f"agno is out: {off}"))
    if tool.downstream is not None:
        routes.append("downstream")
    elif off is not None:
        reasons.append(Reason("allowed", "downstream is out: no configured server offers it"))
    return tuple(routes)


def _agno_off(tool: Tool, policy: Policy) -> str | None:
    switches = (
        (tool.agno is None, "no agent or team serves this tool"),
        (not tool.use_agno, "`use_agno` is off for it"),
        (tool.agno == "agent" and not policy.agents_enabled, "the flag `enable_agno_agents` is off"),
        (tool.agno == "team" and not policy.teams_enabled, "the flag `enable_team_coordination` is off"),
        (policy.mode == "traditional_only", "`bridge_mode` is traditional_only"),
        (tool.downstream is not None and policy.agno_percent == 0, "its rollout stands at 0 %"),
    )
    return next((why for off, why in switches if off), None)


def _forced(forced: Route, call: Call, tool: Tool, allowed: tuple[Route, ...], reasons: list[Reason]) -> Decision:
    if forced not in allowed:
        reasons.append(Reason("force", f"{forced} was asked for by name and is not allowed"))
        return Decision(None, None, tuple(reasons))
    reasons.append(Reason("force", f"{forced} was asked for by name"))
    if forced == "downstream" and forced not in _mappable(call, tool, allowed, reasons):
        return Decision(None, None, tuple(reasons))
    return Decision(forced, None, tuple(reasons))


def _mappable(call: Call, tool: Tool, allowed: tuple[Route, ...], reasons: list[Reason]) -> tuple[Route, ...]:
    mapping = tool.downstream
    if tool.agno is None or mapping is None or "downstream" not in allowed:
        return allowed
    cannot: str | None = None
    if call.intent is None:
        cannot = "the request does not say clearly what it wants"
    elif call.intent not in mapping.intents:
        cannot = f"it does not know `{call.intent}`"
    elif missing := sorted(mapping.required - call.arguments):
        cannot = f"it needs {_names(missing)}"
    elif inexpressible := sorted(call.arguments - mapping.expressible):
        cannot = f"it cannot express {_names(inexpressible)}"
    if cannot is None:
        return allowed
    reasons.append(Reason("mappable", f"`{mapping.server}` cannot take this call: {cannot}"))
    return tuple(route for route in allowed if route != "downstream")


def _arm(call: Call, tool: Tool, percent: int, salt: str, reasons: list[Reason]) -> Route:
    arm: Route = "agno" if share_of(tool.name, salt, call.unit) < percent else "downstream"
    reasons.append(Reason("rollout", f"{percent} % of the callers are served by agno; this one falls to {arm}"))
    return arm


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
