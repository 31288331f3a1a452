"""What the models of one run used, as their providers reported it.

Tokens and cost are None where none was reported: the embedded model has calls, and neither.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["OnSpent", "Spent", "Used"]


@dataclass(frozen=True, slots=True)
class Used:
    """The calls of a run to one model. `cost` is what the provider itself said that they cost, which few do."""

    calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """A whole run, members included, by the name of the model on the ladder.

    `first_token_ms` is from the start of the run to the first part of an answer of a model that writes tokens; of a
    model that is not streamed, that part is the whole answer.
    """

    by_model: Mapping[str, Used] = field(default_factory=dict[str, Used])
    first_token_ms: float | None = None

    @property
    def model_calls(self) -> int:
        return sum(used.calls for used in self.by_model.values())

    @property
    def input_tokens(self) -> int | None:
        return _sum(used.input_tokens for used in self.by_model.values())

    @property
    def output_tokens(self) -> int | None:
        return _sum(used.output_tokens for used in self.by_model.values())


OnSpent = Callable[[Spent], None]
"""Told what a run used when it ends, however it ends: a run that failed or was cut has been paid for too."""


def _sum(reported: Iterable[int | None]) -> int | None:
    known = [tokens for tokens in reported if tokens is not None]
    return sum(known) if known else None
