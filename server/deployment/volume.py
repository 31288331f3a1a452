"""How much a tool is used, from the decision log, and how long the gates would wait for enough of it. Pure.

The floor is what the gates need at least, of each arm at each stage; days are at the earliest, were calls to go on as so
far. Calls whose route an operator chose are left out: nobody asked them, and no draw would have had them.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from server.state.decisions import DecisionRecord

__all__ = ["Volume", "Wait", "volume", "waits"]

DAY_S = 86_400.0
ALL = 100


@dataclass(frozen=True, slots=True)
class Volume:
    """The use of one tool over `days`: all its calls, those that both routes could serve, their users, p95 of answers."""

    days: float
    calls: int
    drawable: int
    users: int
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Wait:
    """Days until each arm of a stage has the floor; None where it never will, as things go. `users` will be on agno."""

    percent: int
    agno_days: float | None
    downstream_days: float | None
    users: float

    @property
    def days(self) -> float | None:
        """Until both have it; downstream has no arm at 100 %."""
        if self.percent == ALL:
            return self.agno_days
        if self.agno_days is None or self.downstream_days is None:
            return None
        return max(self.agno_days, self.downstream_days)


def volume(records: Iterable[DecisionRecord], now: float) -> Volume | None:
    """What the log holds of a tool; None where it holds nothing."""
    asked = [one for one in records if _asked(one.content)]
    if not asked:
        return None
    # The score is on record wherever both routes could serve.
    drawable = [one for one in asked if one.content.get("score") is not None]
    took_ms = sorted(ms for one in asked if (ms := _took_ms(one.content)) is not None)
    return Volume(
        days=max(now - min(one.at for one in asked), 1.0) / DAY_S,
        calls=len(asked),
        drawable=len(drawable),
        users=len({one.content.get("unit") for one in drawable}),
        p95_ms=took_ms[math.ceil(0.95 * len(took_ms)) - 1] if took_ms else None,
    )


def waits(seen: Volume, stages: Sequence[int], floor_calls: int, floor_users: int) -> list[Wait]:
    """How long each stage waits for its floor. 100 is always the last stage."""

    def days(share: float) -> float | None:
        calls, users = seen.drawable * share, seen.users * share
        if not calls or users < min(floor_users, 1):
            return None
        return max(floor_calls / calls, floor_users / users) * seen.days

    return [
        Wait(percent, days(percent / ALL), days(1 - percent / ALL), seen.users * percent / ALL)
        for percent in sorted({*stages, ALL})
        if percent
    ]


def _asked(content: Mapping[str, Any]) -> bool:
    """Whether somebody asked for it, and it came to a decision."""
    outcome: Mapping[str, Any] = content.get("outcome") or {}
    reasons: Sequence[Mapping[str, Any]] = content.get("reasons") or ()
    return outcome.get("ended") != "refused" and all(one.get("rule") != "force" for one in reasons)


def _took_ms(content: Mapping[str, Any]) -> float | None:
    outcome: Mapping[str, Any] = content.get("outcome") or {}
    attempts: Sequence[Mapping[str, Any]] = outcome.get("attempts") or ()
    if outcome.get("ended") != "served" or not attempts:
        return None
    return sum(float(one["latency_ms"]) for one in attempts)
