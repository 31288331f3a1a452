"""What a call was worth, between 0 and 1: the one place that says so.

The plain mean of what the operator's `success_metrics` name:

    error_rate_reduction         1 for an answer, 0 for a failure that is not the caller's own
    response_time_improvement    target / (target + latency): a half at the target, and 0 without an answer
    memory_efficiency            of the route as a whole, 0 to 1, as it was measured
    user_satisfaction            of the route as a whole, 0 to 1, as its callers rated it

The last two are not known call by call, so they are handed in for both routes, and left out where one has no figure.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from server.bridge.decision import Route

__all__ = ["Background", "Ended", "ended", "utility"]

BOTH_THE_SAME = frozenset({"caller", "invalid_arguments", "not_found", "source", "unknown_tool"})
"""Kinds of failures that are the caller's own, or that the other route would have met as well."""

Background = Mapping[str, Mapping[Route, float]]
"""By metric and route: what is known of a route as a whole, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a call went on the route that it was decided for, whatever another route made of it then."""

    answered: bool
    latency_ms: float


def ended(route: Route, outcome: Mapping[str, Any]) -> Ended | None:
    """How it went; None where that says nothing about the route: cancelled, or the caller's own mistake."""
    attempts = [attempt for attempt in outcome.get("attempts", ()) if attempt["route"] == route]
    if any(attempt["error"] in BOTH_THE_SAME for attempt in attempts) or outcome.get("ended") in {
        "cancelled",
        "refused",
    }:
        return None
    # A route that could not serve at all was not even attempted: it failed.
    answered = bool(attempts) and attempts[-1]["error"] is None
    return Ended(answered, sum(attempt["latency_ms"] for attempt in attempts))


def utility(
    route: Route, how: Ended, target_ms: float, metrics: Collection[str], background: Background | None = None
) -> float:
    """What the call was worth."""
    values: list[float] = []
    for metric in sorted(metrics):
        if metric == "error_rate_reduction":
            values.append(float(how.answered))
        elif metric == "response_time_improvement":
            values.append(target_ms / (target_ms + how.latency_ms) if how.answered else 0.0)
        elif len(known := (background or {}).get(metric, {})) == 2:
            values.append(known[route])
    # An operator who asks for nothing that is known of a call still does not want failures.
    return sum(values) / len(values) if values else float(how.answered)
