"""What a run cost, from the tokens that were reported and the prices that are configured."""

from agents.models.spent import Spent, Used
from server.bridge.cost import Tariff

__all__ = ["priced", "run_cost"]


def priced(model: str, used: Used, tariff: Tariff) -> float | None:
    """What a model's part of a run cost: a price in the configuration goes before what its provider says itself."""
    money = tariff.money(model, used.input_tokens or 0, used.output_tokens or 0)
    return used.cost if money is None else money


def run_cost(spent: Spent, tariff: Tariff) -> float | None:
    """In the currency of the prices.

    None where no model reported tokens, or one that did has neither: a sum without it would be too low.
    """
    costs = [priced(model, used, tariff) for model, used in spent.by_model.items() if used.output_tokens is not None]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if costs and len(known) == len(costs) else None
