"""What was spent today, counted by several processes together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents.models.spent import Spent, Used
from server.bridge.cost import Bill, Budget, Price, Tariff
from server.bridge.spending import Spending
from server.downstream.charges import charge
from server.state.tallies import Tallies

TARIFF = Tariff(
    {"anthropic:one": Price(1, 1)},
    {"gong": 2.0},
    {"brief": Budget(credits_per_day=4, tokens_per_day=1_000)},
)
BILLS = {"agno": Bill(models=frozenset({"anthropic:one"})), "downstream": Bill(frozenset({"gong"}))}


@dataclass(frozen=True)
class Row:
    name: str
    process: str
    content: Mapping[str, Any]


@dataclass
class Shelf(Tallies):
    """A store's tallies in memory; `away` makes every call fail."""

    rows: dict[tuple[str, str], Row] = field(default_factory=dict[tuple[str, str], Row])
    away: bool = False
    _told: set[tuple[str, str, str]] = field(default_factory=set)

    def save(self, kind: str, process: str, rows: Mapping[str, Any], /) -> None:
        self._open()
        self.rows |= {(name, process): Row(name, process, content) for name, content in rows.items()}

    def load(self, kind: str, name_prefix: str = "", /) -> Sequence[Row]:
        self._open()
        return [row for row in self.rows.values() if row.name.startswith(name_prefix)]

    def prune(self, kind: str, before: float, /) -> None:
        self._open()

    def _open(self) -> None:
        if self.away:
            raise OSError("the disk is full")


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


def call_gong(spending: Spending, caller: str = "ann") -> None:
    with spending.charging(TARIFF, "brief", "downstream", caller):
        charge("gong")


async def test_every_attempt_counts_and_the_budget_is_spent_at_its_limit() -> None:
    spending = Spending(Shelf(), Clock())
    call_gong(spending)
    assert not spending.spent(TARIFF, "brief", "ann", BILLS)
    call_gong(spending)
    assert list(spending.spent(TARIFF, "brief", "ann", BILLS)) == ["downstream"]
    assert (spending.of("brief").attempts, spending.of("brief").credits) == (2, 4.0)
    assert spending.free_again_in_s == 12 * 3600


async def test_what_was_sent_counts_even_if_the_attempt_failed() -> None:
    spending = Spending(Shelf(), Clock())

    def fails() -> None:
        charge("gong")
        raise LookupError

    with pytest.raises(LookupError), spending.charging(TARIFF, "brief", "downstream", "ann"):
        fails()
    assert spending.of("brief", "downstream").credits == 2.0


async def test_tokens_cost_money_and_those_without_a_price_are_told_apart() -> None:
    spending = Spending(Shelf(), Clock())
    with spending.charging(TARIFF, "brief", "agno", "ann") as charged:
        charged.thought(Spent({"anthropic:one": Used(1, 600, 400), "openai:other": Used(1, 10, 10)}))
    total = spending.of("brief", "agno")
    assert (total.tokens, total.unpriced_tokens, total.money) == (1_020, 20, pytest.approx(0.001))
    assert list(spending.spent(TARIFF, "brief", "ann", BILLS)) == ["agno"]


async def test_two_processes_share_a_budget() -> None:
    shelf = Shelf()
    one, other = Spending(shelf, Clock()), Spending(shelf, Clock())
    call_gong(one)
    call_gong(other)
    await one.share()
    await other.share()
    assert other.of("brief").credits == 4.0
    assert list(other.spent(TARIFF, "brief", "bob", BILLS)) == ["downstream"]
    await one.share()
    assert list(one.spent(TARIFF, "brief", "ann", BILLS)) == ["downstream"]


async def test_a_restart_forgets_nothing_that_was_written() -> None:
    shelf = Shelf()
    before = Spending(shelf, Clock())
    call_gong(before)
    await before.share()
    after = Spending(shelf, Clock())
    await after.share()
    call_gong(after)
    await after.share()
    assert after.of("brief").credits == 4.0


async def test_a_new_day_begins_with_full_budgets() -> None:
    clock = Clock()
    shelf = Shelf()
    spending = Spending(shelf, clock)
    call_gong(spending)
    call_gong(spending)
    await spending.share()
    clock.at += timedelta(days=1)
    assert not spending.spent(TARIFF, "brief", "ann", BILLS)
    await spending.share()
    assert spending.of("brief").credits == 0


async def test_a_store_that_is_away_costs_no_count() -> None:
    shelf = Shelf(away=True)
    spending, other = Spending(shelf, Clock()), Spending(shelf, Clock())
    call_gong(spending)
    await spending.share()
    assert spending.of("brief").credits == 2.0
    shelf.away = False
    await spending.share()
    await other.share()
    assert other.of("brief").credits == 2.0


async def test_who_called_is_not_in_the_store() -> None:
    shelf = Shelf()
    spending = Spending(shelf, Clock())
    call_gong(spending, "ann@customer.example")
    await spending.share()
    assert "ann" not in str(shelf.rows)


def test_nobody_is_charged_for_calls_outside_of_a_route() -> None:
    spending = Spending(Shelf(), Clock())
    charge("gong")
    assert spending.tools() == []


async def test_a_row_of_another_shape_is_told_of_once_and_the_others_count(caplog: pytest.LogCaptureFixture) -> None:
    shelf, clock = Shelf(), Clock()
    call_gong(other := Spending(shelf, clock))
    await other.share()
    for name, content in (
        ("2026-11-23/agno/brief", {"attempts": "x"}),
        ("2026-11-23/agno/metric", {"callers": ["ann"]}),
        ("2026-11-23/v2", {}),
    ):
        shelf.save("spending", "strange", {name: content})
    spending = Spending(shelf, clock)
    await spending.share()
    await spending.share()
    assert spending.of("brief").credits == 2.0
    assert caplog.text.count("cannot be read and does not count") == 3
