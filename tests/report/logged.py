"""Decisions as the log keeps them, made up: what a test needs to say of a call, and nothing else."""

from typing import Any

from server.state.decisions import DecisionRecord

__all__ = ["TOOL", "call", "calls"]

TOOL = "gong_intelligence"
FIRST_AT = 1_790_000_000.0


def call(
    number: int, arm: str | None, took_ms: float = 100.0, error: str | None = None, **more: Any
) -> DecisionRecord:
    """A call of user `number % 20`, a minute after the one before."""
    counted = None if arm is None else {"took_ms": took_ms, "error": error}
    outcome = {"counted": counted, "ended": "served", "route": arm or "agno", **more.pop("outcome", {})}
    content = {"arm": arm, "route": arm, "unit": number % 20, "propensity": 0.5, "outcome": outcome, **more}
    return DecisionRecord(f"{number:08d}{arm}", FIRST_AT + 60 * number, TOOL, content)


def calls(arm: str, took_ms: float, number: int = 200, **more: Any) -> list[DecisionRecord]:
    """So many calls of twenty users."""
    return [call(one, arm, took_ms + one % 7, **more) for one in range(number)]
