"""Which route serves a call, and why. Pure: four values in, a decision out; no clock, no randomness, no I/O.

`decision.py` has the values, `score.py` the criteria.

Rules in their order; the first that binds wins, and each adds its reasons:

1. allowed    mode, flags, the tool's own switch, rights, classification, budgets, and a rollout at 0 say which routes
              may serve; nothing later brings one back
2. force      an operator's choice among what is left
3. mappable   what a downstream tool cannot express does not go there
4. rollout    under a rollout, calls that both routes can serve are drawn into an arm by a stable hash of their unit;
              the score is recorded and does not choose
5. score      otherwise what is declared and measured about the tool adds up; with `enable_predictive_allocation`, what
              was learned takes the place of its sign, once that is enough
6. health     a route that cannot serve now gives way to the other; the arm stays what was drawn

Where no route is left for want of a rollout only, `remedy` says what an operator can do.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b

from server.bridge.decision import (
    RESTRICTED,
    AgnoMapping,
    Call,
    Decision,
    DownstreamMapping,
    Learned,
    Live,
    Reason,
    Route,
    Term,
    Tool,
)
from server.bridge.policy import Policy, Rollout
from server.bridge.score import score_terms

__all__ = ["allowed", "beside", "decide", "share_of"]

NOTHING: Mapping[Route, str] = {}


def decide(call: Call, tool: Tool, policy: Policy, live: Live) -> Decision:
    """The decision about one call. Total: every input has one, and equal inputs have equal ones."""
    reasons: list[Reason] = []
    left = _allowed(tool, policy, call.forbidden, live.spent, reasons)
    if call.forced is not None:
        forced = _forced(call.forced, call, tool, left, reasons)
        return forced if forced.route or call.forced == "downstream" else _unserved(call, tool, policy, live, reasons)
    capable = _mappable(call, tool, left, reasons)
    if not capable:
        return _unserved(call, tool, policy, live, reasons)
    if len(capable) == 1:
        if len(left) == 1:
            reasons.append(Reason("allowed", f"{capable[0]} is the only route"))
        return _healthy(Decision(capable[0], None, ()), live, reasons)
    terms = score_terms(tool, live, policy.flags)
    score = sum(term.points for term in terms)
    rollout = policy.rollout_of(tool.name, tool.existing)
    if rollout is not None:
        return _healthy(_drawn(call, tool, rollout, score, terms, reasons), live, reasons)
    return _healthy(_scored(score, terms, live.learned, policy, reasons), live, reasons)


def allowed(tool: Tool, policy: Policy) -> tuple[Route, ...]:
    """The routes that policy leaves a tool, whoever calls; without one it is not published."""
    return _allowed(tool, policy, NOTHING, NOTHING, [])


def beside(call: Call, tool: Tool, policy: Policy, live: Live, decision: Decision) -> Route | None:
    """The route that may run beside the one that was decided, for its answer to be compared only; None where none may.

    Whatever takes a route out of the choice takes it out here, but for one: where a share stands at 0 nobody is served
    by the agent yet, and runs beside are how to see what it would say. After a rollback it stays out. A call whose route
    was asked for by name is no comparison.
    """
    if decision.route is None or call.forced is not None:
        return None
    left = _allowed(tool, policy, call.forbidden, live.spent, [], at_zero=True)
    able = _mappable(call, tool, left, [])
    return next((route for route in able if route != decision.route and route not in live.faults), None)


def _allowed(
    tool: Tool,
    policy: Policy,
    forbidden: Mapping[Route, str],
    spent: Mapping[Route, str],
    reasons: list[Reason],
    *,
    at_zero: bool = False,
) -> tuple[Route, ...]:
    """The routes that are left; with `at_zero` a share of 0 takes none away."""
    causes: dict[Route, list[str]] = {"agno": [], "downstream": []}
    if tool.agno is None:
        causes["agno"].append("no agent or team serves this tool")
    else:
        causes["agno"] += _switched_off(tool, policy)
        causes["agno"] += _not_begun(tool, policy, at_zero=at_zero)
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


def _unserved(call: Call, tool: Tool, policy: Policy, live: Live, reasons: list[Reason]) -> Decision:
    """No route is left; where the agent would serve but for its share of 0, the reasons end with what brings it back."""
    without = replace(policy, share=None, rollouts={})
    if (
        not tool.existing
        and _not_begun(tool, policy, at_zero=False)
        and "agno" in _allowed(tool, without, call.forbidden, live.spent, [])
    ):
        ends = f"`sophia rollout abort {tool.name}` ends the rollout and lets the agent answer again"
        begins = f"`sophia rollout start {tool.name}` begins a rollout, in which the agent answers again"
        reasons.append(Reason("remedy", ends if tool.name in policy.rollouts else begins))
    return Decision(None, None, tuple(reasons))


def _exists(tool: Tool, route: Route) -> bool:
    return (tool.agno if route == "agno" else tool.downstream) is not None


def _switched_off(tool: Tool, policy: Policy) -> list[str]:
    flags = policy.flags
    switches = (
        (not policy.enabled, "`agno_integration.enabled` is off"),
        (policy.mode == "traditional_only", "`bridge_mode` is traditional_only"),
        (not tool.use_agno, "`use_agno` is off for it"),
        (tool.agno == "agent" and not flags.agno_agents, "the flag `enable_agno_agents` is off"),
        (tool.agno == "team" and not flags.team_coordination, "the flag `enable_team_coordination` is off"),
    )
    return [why for off, why in switches if off]


def _not_begun(tool: Tool, policy: Policy, *, at_zero: bool) -> list[str]:
    rollout = policy.rollouts.get(tool.name)
    if rollout is not None and rollout.state == "rolled_back":
        return [_at_zero(tool, rollout)]  # whoever took it back meant it, also while nobody else can serve
    if tool.downstream is None or (policy.rollout_of(tool.name, tool.existing) or (None,))[0] != 0:
        return []
    if at_zero and (rollout is None or rollout.state != "rolled_back"):
        return []
    return [_at_zero(tool, rollout)]


def _at_zero(tool: Tool, rollout: Rollout | None) -> str:
    if rollout is None:
        return "no rollout of it has begun" if tool.existing else "`agno_traffic_percentage` is 0"
    if rollout.state == "rolled_back":
        return "its rollout was rolled back" + (f" ({rollout.why})" if rollout.why else "")
    return "its rollout stands at 0 %"


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
        takes = _names(sorted(mapping.expressible)) or "no arguments"
        return f"it cannot express {_names(inexpressible)}, it takes {takes}"
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
    return (int.from_bytes(digest, "big") >> 11) / 2**53 * 100  # as many bits as a float holds: never 100 itself


def _scored(
    score: int, terms: tuple[Term, ...], learned: Learned | None, policy: Policy, reasons: list[Reason]
) -> Decision:
    chosen: Route = "agno" if score > 0 else "downstream"
    propensity: float | None = None
    sum_ = ", ".join(f"{term.name} {term.points:+d}" for term in terms) or "nothing speaks for either"
    text = f"{score:+d} ({sum_}) is for {chosen}"
    if policy.mode == "agno_preferred":
        chosen, text = "agno", f"`bridge_mode` is agno_preferred; the score of {score:+d} does not choose"
    elif policy.flags.predictive_allocation:
        if learned is None:
            text = f"what was learned is insufficient for this call, so the score decides: {text}"
        else:
            text = f"{learned.because}; the score: {text}"
            chosen, propensity = learned.route, learned.propensity
    reasons.append(Reason("score", text))
    return Decision(chosen, _other(chosen), (), score=score, terms=terms, propensity=propensity)


def _healthy(drawn: Decision, live: Live, reasons: list[Reason]) -> Decision:
    """Give way to the other route where the drawn one cannot serve now; the arm stays what was drawn."""
    route, other = drawn.route, drawn.fallback
    fault = live.faults.get(route) if route is not None else None
    if fault is None:
        return replace(drawn, reasons=tuple(reasons))
    if other is not None and other not in live.faults:
        reasons.append(Reason("health", f"{route} cannot serve now ({fault}); {other} does"))
        propensity = drawn.propensity if drawn.arm else None
        return replace(drawn, route=other, fallback=None, propensity=propensity, reasons=tuple(reasons))
    # With nowhere else to go the call is tried all the same: a server that is being restarted may be back in time.
    reasons.append(Reason("health", f"{route} may not be able to serve now ({fault})"))
    return replace(drawn, fallback=None, reasons=tuple(reasons))


def _other(route: Route) -> Route:
    return "downstream" if route == "agno" else "agno"


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
