"""What calls cost and what may still be spent. Pure: prices, budgets and totals in, amounts and reasons out.

A route costs credits, which servers charge for each tool call that is sent to them (Gong's own server charges repeats
and identical questions too, so every attempt counts), and tokens, which models read and write. The embedded model costs
nothing. A budget is a tool's for one UTC day. Once it is spent it takes away the routes that would spend from it, before
a call and never in the middle of one, so that a day may end above its budget by what was under way.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Self, cast

from agents.models.ladder import EMBEDDED
from server.bridge.decision import Route

__all__ = ["Bill", "Budget", "Price", "Tariff", "Total", "free_again_in_s", "spent", "spent_limits"]

PER = 1_000_000
FREE_AGAIN = "it is free again at 00:00 UTC"


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in whatever money the operator counts."""

    input_per_million: float
    output_per_million: float


LIMITS: Mapping[str, str] = {
    "credits_per_day": "credits",
    "per_caller_per_day": "credits for one caller",
    "tokens_per_day": "tokens",
}
"""What each limit of a budget counts, by its key."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a tool may use up in a day; None is no limit. `per_caller_per_day` is the credits of one caller."""

    credits_per_day: float | None = None
    tokens_per_day: int | None = None
    per_caller_per_day: float | None = None

    @property
    def for_shadows(self) -> "Budget":
        """Up to where runs may be made that nobody asked for: half, so that what people ask is not refused for them."""
        return Budget(
            None if self.credits_per_day is None else self.credits_per_day / 2,
            None if self.tokens_per_day is None else self.tokens_per_day // 2,
        )


@dataclass(frozen=True, slots=True)
class Tariff:
    """What everything costs and what may be spent: prices by model, credits by server, budgets by tool."""

    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    credits_per_call: Mapping[str, float] = field(default_factory=dict[str, float])
    budgets: Mapping[str, Budget] = field(default_factory=dict[str, Budget])

    def money(self, model: str, input_tokens: int, output_tokens: int) -> float | None:
        """What these tokens cost; None where the model has no price."""
        if model == EMBEDDED:
            return 0.0
        price = self.prices.get(model)
        if price is None:
            return None
        return (input_tokens * price.input_per_million + output_tokens * price.output_per_million) / PER


@dataclass(frozen=True, slots=True)
class Bill:
    """Whom a route may have to pay: the servers that it asks and the models that it runs on."""

    servers: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()

    def in_credits(self, tariff: Tariff) -> bool:
        """Whether one of its servers charges for calls."""
        return any(tariff.credits_per_call.get(server, 0) > 0 for server in self.servers)

    @property
    def in_tokens(self) -> bool:
        """Whether one of its models costs tokens."""
        return bool(self.models - {EMBEDDED})


@dataclass(slots=True)
class Total:
    """What one tool used up on one route in a day. `unpriced_tokens` are of models without a price."""

    attempts: int = 0
    credits: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    unpriced_tokens: int = 0
    money: float = 0.0
    callers: dict[str, float] = field(default_factory=dict[str, float])
    """Credits by caller, under a name that says nothing of who it is."""

    @property
    def tokens(self) -> int:
        """Read and written together."""
        return self.input_tokens + self.output_tokens

    def merge(self, other: Self) -> None:
        """Add what another total holds."""
        self.attempts += other.attempts
        self.credits += other.credits
        self.input_tokens += other.input_tokens
        self.output_tokens += other.output_tokens
        self.unpriced_tokens += other.unpriced_tokens
        self.money += other.money
        for caller, used in other.callers.items():
            self.callers[caller] = self.callers.get(caller, 0.0) + used

    def to_json(self) -> dict[str, Any]:
        """The total as plain JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The total that `to_json` gave; what a later release may have added is left out. Raises ValueError."""
        known = {name: value for name, value in content.items() if name in cls.__dataclass_fields__}
        callers: Any = known.get("callers", {})
        if not isinstance(callers, dict):
            raise ValueError("`callers` is no object")
        amounts = [value for name, value in known.items() if name != "callers"]
        if not all(_is_amount(value) for value in (*amounts, *cast("dict[str, Any]", callers).values())):
            raise ValueError("an amount is a number, 0 or more")
        return cls(**known)


def _is_amount(value: Any) -> bool:
    return type(value) in {int, float} and 0 <= value < math.inf


def spent(
    budget: Budget | None, total: Total, caller: str, bills: Mapping[Route, Bill], tariff: Tariff
) -> Mapping[Route, str]:
    """The routes that a spent budget takes away, with the reason in words. `total` is of all routes of the tool."""
    if budget is None:
        return {}
    credits_gone = _gone("credits_per_day", budget.credits_per_day, total.credits) or _gone(
        "per_caller_per_day", budget.per_caller_per_day, total.callers.get(caller, 0.0)
    )
    tokens_gone = _gone("tokens_per_day", budget.tokens_per_day, total.tokens)
    gone: dict[Route, str] = {}
    for route, bill in bills.items():
        reasons = [
            *([credits_gone] if credits_gone and bill.in_credits(tariff) else []),
            *([tokens_gone] if tokens_gone and bill.in_tokens else []),
        ]
        if reasons:
            gone[route] = "; ".join(reasons)
    return gone


def spent_limits(text: str) -> list[str]:
    """The keys of the limits that a reason, or several, says are spent."""
    return [key for key, what in LIMITS.items() if f" {what} a day is spent" in text]


def _gone(key: str, limit: float | None, used: float) -> str | None:
    if limit is None or used < limit:
        return None
    return f"its budget of {_amount(limit)} {LIMITS[key]} a day is spent ({_amount(used)} used); {FREE_AGAIN}"


def _amount(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def free_again_in_s(now: datetime) -> float:
    """The seconds until budgets are free again."""
    today = now.astimezone(UTC).date()
    return (datetime.combine(today + timedelta(days=1), time(), UTC) - now).total_seconds()
