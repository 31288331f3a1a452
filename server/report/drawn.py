"""The decision log read for a comparison: the calls that were drawn between both routes, each with what it came to.

Only those are compared: who else took a route was sent there for a reason that may explain the difference by itself. A
call counts for its arm as the gates count it, before a fallback hides a failure. A rating counts for an arm where that
arm's own route gave the answer; an answer that another route gave says nothing of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from server.bridge.decision import Route
from server.state.decisions import DecisionRecord

__all__ = ["Drawn", "DrawnCall", "drawn_calls"]


@dataclass(frozen=True, slots=True)
class DrawnCall:
    """One call of an arm. `user` is the number that its caller is counted under; `at` in seconds since 1970.

    `stage` is the share in percent that the agent had then, `score` what the user gave the answer, 1 to 5.
    """

    arm: Route
    user: int
    at: float
    took_ms: float
    error: str | None
    stage: int | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """The calls to compare, and how many decisions and ratings stand outside of them."""

    calls: tuple[DrawnCall, ...]
    not_drawn: int
    not_counted: int
    rated_elsewhere: int

    def of(self, arm: Route) -> list[DrawnCall]:
        """The calls of one arm."""
        return [call for call in self.calls if call.arm == arm]


def drawn_calls(records: Iterable[DecisionRecord], scores: Mapping[str, float]) -> Drawn:
    """What the decisions about one tool give; `scores` by decision id."""
    calls: list[DrawnCall] = []
    not_drawn = not_counted = elsewhere = 0
    for record in records:
        content, score = record.content, scores.get(record.id)
        outcome: Mapping[str, Any] = content.get("outcome") or {}
        arm: Route | None = content.get("arm")
        counted: Mapping[str, Any] | None = outcome.get("counted")
        if arm is None or counted is None:
            not_drawn += arm is None
            not_counted += arm is not None
            elsewhere += score is not None
            continue
        own = outcome.get("route") == arm
        elsewhere += score is not None and not own
        calls.append(
            DrawnCall(
                arm,
                int(content["unit"]),
                record.at,
                float(counted["took_ms"] or 0.0),
                counted["error"],
                _stage(arm, content.get("propensity")),
                score if own else None,
            )
        )
    return Drawn(tuple(calls), not_drawn, not_counted, elsewhere)


def _stage(arm: Route, propensity: float | None) -> int | None:
    if propensity is None:
        return None
    return round(100 * (propensity if arm == "agno" else 1 - propensity))
