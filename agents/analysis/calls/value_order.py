"""Did price come up before value? The first sentence about price beside the first about what the purchase is worth.

Value is what a cue list knows of it: the phrases of a tracker, and the customer's own sentences about what a problem
costs or what a change saves, with a figure. Both are candidates; where one is not found nothing is said of the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agents.analysis.calls.conversation import Conversation, Line
from agents.analysis.calls.frameworks import Element, cover
from agents.analysis.calls.money import PriceMention
from agents.analysis.calls.trackers import Tracker, track

__all__ = ["Order", "order_in"]


@dataclass(frozen=True, slots=True)
class Order:
    """The first sentence about each; None where none was found."""

    price: Line | None
    value: Line | None

    @property
    def price_first(self) -> bool | None:
        """Whether price came up before value; None where that cannot be told."""
        if self.price is None or self.value is None:
            return None
        return self.price.number < self.value.number


def order_in(conversation: Conversation, prices: Sequence[PriceMention], worth: Tracker, proof: Element) -> Order:
    """The order on one call. `prices` are all mentions on it; `worth` and `proof` say which sentences speak of value."""
    values = [hit.line for hit in track(conversation, [worth])]
    values += [line for found in cover(conversation, [proof]) if found.status == "evidence" for line in found.lines]
    return Order(
        price=min((mention.line for mention in prices), key=lambda line: line.number, default=None),
        value=min(values, key=lambda line: line.number, default=None),
    )
