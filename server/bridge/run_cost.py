"""What a run cost, from the tokens that were reported and the prices that are configured."""

from agents.models.spent import Spent
from server.bridge.cost import Tariff

__all__ = ["run_cost"]


def run_cost(spent: Spent, tariff: Tariff) -> float | None:
    """In the currency of the prices; what a provider itself said is taken where its model has no price.

    None where no model reported tokens, or one that did has neither: a sum without it would be too low.
    """
    costs = [
        used.cost if (priced := tariff.money(model, used.input_tokens or 0, used.output_tokens)) is None else priced
        for model, used in spent.by_model.items()
        if used.output_tokens is not None
    ]
    known = [cost for cost in costs if cost is not None]
    return sum(known) if costs and len(known) == len(costs) else None
