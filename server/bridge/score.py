"""The criteria of the score: what speaks for a tool's agent, and what for the server that existed before it.

Each criterion counts when it is declared, and three of them also when it is measured: the server misses the tool's
target, the tool is called often, the server takes more memory than the agent may. `enable_performance_optimization` off
leaves out what is measured, so that the choice stays what the configuration says.
"""

from collections.abc import Callable
from dataclasses import dataclass

from server.bridge.decision import Live, Term, Tool
from server.bridge.policy import Flags

__all__ = ["CRITERIA", "Criterion", "Weighed", "is_busy", "score_terms", "weighed"]

FAST_MS = 200
BUSY_ABOVE, CALM_BELOW = 100, 70
"""Calls in a minute. Two limits, so that a tool near one of them does not change its route with every call."""

MANY_SERVICES = 3

UNMEASURED = Live()
MEASURABLE = frozenset({"performance_critical", "high_frequency", "memory_constrained"})
MEASURED_OFF = "; nothing measured counts while `enable_performance_optimization` is off"
TEAMS_NEED = "`requires_teams`, or `performance_mode: team_coordination`"

Why = Callable[[Tool, Live], str | None]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion: why it counts (None: it does not), and what would make it count."""

    name: str
    points: int
    why: Why
    needs: Callable[[Tool, Live], str]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One criterion as it stands for a tool: whether it counts and why, or what it would need to count."""

    name: str
    points: int
    counts: bool
    because: str


def is_busy(calls_last_minute: int, was_busy: bool) -> bool:
    """Whether a tool counts as called often, given whether it did so far."""
    return calls_last_minute > BUSY_ABOVE or (was_busy and calls_last_minute >= CALM_BELOW)


def score_terms(tool: Tool, live: Live, flags: Flags) -> tuple[Term, ...]:
    """The criteria that count, with their points."""
    if not flags.performance_optimization:
        live = UNMEASURED
    found = ((criterion, criterion.why(tool, live)) for criterion in CRITERIA)
    return tuple(Term(criterion.name, criterion.points, why) for criterion, why in found if why is not None)


def weighed(tool: Tool, live: Live, flags: Flags) -> tuple[Weighed, ...]:
    """Every criterion, also those that do not count."""
    counting = {term.name: term.because for term in score_terms(tool, live, flags)}

    def lacking(one: Criterion) -> str:
        off = MEASURED_OFF if one.name in MEASURABLE and not flags.performance_optimization else ""
        return f"needs {one.needs(tool, live)}{off}"

    return tuple(
        Weighed(one.name, one.points, one.name in counting, counting.get(one.name) or lacking(one))
        for one in CRITERIA
    )


def _performance(tool: Tool, live: Live) -> str | None:
    target, p95 = tool.target_ms, live.downstream_p95_ms
    if tool.performance_critical:
        return "declared"
    if target is None:
        return None
    if target < FAST_MS:
        return f"its target of {target} ms is under {FAST_MS} ms"
    if p95 is not None and p95 > target:
        return f"downstream's p95 of {p95:.0f} ms misses its target of {target} ms"
    return None


def _performance_needs(tool: Tool, live: Live) -> str:
    p95 = "not measured yet" if live.downstream_p95_ms is None else f"now {live.downstream_p95_ms:.0f} ms"
    target = (
        ""
        if tool.target_ms is None or tool.downstream is None
        else f", or downstream's p95 ({p95}) over its target of {tool.target_ms} ms"
    )
    return f"`performance_critical` or `performance_mode: high_performance`, a `response_timeout_ms` under {FAST_MS}{target}"


def _frequency(tool: Tool, live: Live) -> str | None:
    if tool.high_frequency:
        return "declared"
    if not live.busy:
        return None
    # It may be fewer by now, and still count until it is clearly less.
    off = "" if live.calls_last_minute > BUSY_ABOVE else f"; off again below {CALM_BELOW}"
    return f"{live.calls_last_minute} calls in the last minute{off}"


def _frequency_needs(_tool: Tool, live: Live) -> str:
    return f"`high_frequency`, or more than {BUSY_ABOVE} calls in the last minute (now {live.calls_last_minute})"


def _memory(tool: Tool, live: Live) -> str | None:
    limit, takes = tool.memory_limit_mb, live.downstream_memory_mb
    if tool.memory_constrained:
        return "declared"
    if limit is not None and takes is not None and takes > limit:
        return f"downstream takes {takes:.0f} MB, more than the {limit:.0f} MB that the agent may"
    return None


def _memory_needs(tool: Tool, live: Live) -> str:
    if tool.memory_limit_mb is None or tool.downstream is None:
        return "`memory_constrained`"
    takes = "not measured yet" if live.downstream_memory_mb is None else f"now {live.downstream_memory_mb:.0f} MB"
    return f"`memory_constrained`, or downstream's memory ({takes}) over the agent's limit of {tool.memory_limit_mb:.0f} MB"


def _integrations(tool: Tool, _live: Live) -> str | None:
    return f"{tool.services} services" if tool.services > MANY_SERVICES else None


def _integrations_need(tool: Tool, _live: Live) -> str:
    return f"more than {MANY_SERVICES} `mcp_services` (now {tool.services})"


def _declared(name: str, points: int, needs: str, declared: Callable[[Tool], bool]) -> Criterion:
    """A criterion that is only ever declared."""

    def why(tool: Tool, _live: Live) -> str | None:
        return "declared" if declared(tool) else None

    def needed(_tool: Tool, _live: Live) -> str:
        return needs

    return Criterion(name, points, why, needed)


CRITERIA = (
    Criterion("performance_critical", 3, _performance, _performance_needs),
    Criterion("high_frequency", 2, _frequency, _frequency_needs),
    _declared("requires_teams", 3, TEAMS_NEED, lambda tool: tool.requires_teams),
    Criterion("memory_constrained", 1, _memory, _memory_needs),
    Criterion("many_integrations", -2, _integrations, _integrations_need),
    _declared("custom_logic", -1, "`custom_logic`", lambda tool: tool.custom_logic),
    _declared("legacy_compatibility", -2, "`legacy_compatibility`", lambda tool: tool.legacy_compatibility),
)
