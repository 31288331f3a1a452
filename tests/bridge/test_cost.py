"""What calls cost, and which routes a spent budget takes away."""

from datetime import UTC, datetime

import pytest

from server.bridge.cost import Bill, Budget, Price, Tariff, Total, free_again_in_s, spent

TARIFF = Tariff({"anthropic:one": Price(3, 15)}, {"gong": 2.0, "crm": 0.0})
ROUTES = {
    "agno": Bill(frozenset({"crm"}), frozenset({"anthropic:one"})),
    "downstream": Bill(frozenset({"gong"})),
}


def test_tokens_cost_what_the_price_list_says() -> None:
    assert TARIFF.money("anthropic:one", 1_000_000, 100_000) == pytest.approx(4.5)


def test_the_embedded_model_is_free_and_a_model_without_a_price_is_unknown() -> None:
    assert TARIFF.money("embedded", 1_000, 1_000) == 0
    assert TARIFF.money("openai:other", 1_000, 1_000) is None


@pytest.mark.parametrize(
    ("budget", "gone"),
    [
        (Budget(credits_per_day=10), "downstream"),
        (Budget(per_caller_per_day=4), "downstream"),
        (Budget(tokens_per_day=100), "agno"),
    ],
)
def test_a_spent_budget_takes_away_the_route_that_would_spend_it_and_no_other(budget: Budget, gone: str) -> None:
    total = Total(credits=10, input_tokens=60, output_tokens=40, callers={"a": 4.0})
    reasons = spent(budget, total, "a", ROUTES, TARIFF)
    assert set(reasons) == {gone}
    assert "is spent" in reasons[gone]
    assert "00:00 UTC" in reasons[gone]


def test_a_reason_has_the_figures() -> None:
    (reason,) = spent(Budget(credits_per_day=1000), Total(credits=1000.5), "a", ROUTES, TARIFF).values()
    assert reason == ("its budget of 1,000 credits a day is spent (1,000.5 used); it is free again at 00:00 UTC")


def test_a_budget_with_something_left_takes_nothing_away() -> None:
    total = Total(credits=9.5, input_tokens=99, callers={"a": 3.9, "b": 5.0})
    budget = Budget(credits_per_day=10, tokens_per_day=100, per_caller_per_day=4)
    assert not spent(budget, total, "a", ROUTES, TARIFF)
    assert set(spent(budget, total, "b", ROUTES, TARIFF)) == {"downstream"}
    assert not spent(None, total, "b", ROUTES, TARIFF)


def test_a_route_that_costs_nothing_stays_whatever_is_spent() -> None:
    free = {"agno": Bill(frozenset({"crm"}), frozenset({"embedded"})), "downstream": Bill(frozenset({"crm"}))}
    budget = Budget(credits_per_day=1, tokens_per_day=1, per_caller_per_day=1)
    assert not spent(budget, Total(credits=5, input_tokens=5, callers={"a": 5.0}), "a", free, TARIFF)


def test_totals_add_up_and_survive_the_way_through_json() -> None:
    one, other = Total(1, 2.0, 3, 4, 5, 6.0, {"a": 1.0}), Total(1, 1.0, 1, 1, 1, 1.0, {"a": 1.0, "b": 2.0})
    one.merge(other)
    assert Total.from_json({**one.to_json(), "of a later release": 1}) == Total(
        2, 3.0, 4, 5, 6, 7.0, {"a": 2.0, "b": 2.0}
    )


def test_budgets_are_free_again_at_midnight_utc() -> None:
    assert free_again_in_s(datetime(2026, 11, 23, 23, 59, tzinfo=UTC)) == 60
