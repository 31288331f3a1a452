"""What a run cost, as far as its tokens and their prices are known."""

import pytest

from agents.models.spent import Spent, Used
from server.bridge.cost import Price, Tariff
from server.bridge.run_cost import run_cost

TARIFF = Tariff({"openai:m": Price(2.0, 10.0)})


def test_a_cost_is_tokens_times_prices_over_all_models() -> None:
    spent = Spent({"openai:m": Used(3, 1_000_000, 100_000), "embedded": Used(5)})
    assert run_cost(spent, TARIFF) == pytest.approx(3.0)


def test_a_model_without_a_price_costs_what_its_provider_said() -> None:
    assert run_cost(Spent({"other:m": Used(1, 10, 10, 0.25)}), TARIFF) == 0.25


@pytest.mark.parametrize(
    "by_model",
    [{}, {"embedded": Used(5)}, {"other:m": Used(1, 10, 10)}, {"openai:m": Used(1, 9, 9), "other:m": Used(1, 9, 9)}],
    ids=["no model", "no tokens", "no price", "one without a price"],
)
def test_what_is_not_known_whole_is_unknown(by_model: dict[str, Used]) -> None:
    assert run_cost(Spent(by_model), TARIFF) is None
