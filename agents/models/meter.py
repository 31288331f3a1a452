"""Counts and times every call to a model within a run, whichever model and whichever member makes it.

Agno's own limits are soft: a model that keeps asking for tools is asked again without end. So a model that comes from
the ladder is `metered`: each of its calls takes one from the allowance of the run it belongs to, and past the
allowance it raises instead of asking. What else goes wrong is kept as a `Fault` under the run's id, and the error that
travels on through Agno carries our words instead of the provider's, because Agno hands its text to whoever reads on.

What a call used is read from the usage that its provider reports: a model that reports none, such as the embedded one,
has calls and no tokens. The run is found by a context variable, which tasks inherit; outside a run nothing is counted.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from agents.ledger import Stopwatch
from agents.models.faults import Fault, diagnose
from agents.models.spent import Spent, Used

if TYPE_CHECKING:
    from agno.models.base import Model

__all__ = ["Meter", "current", "metered"]

log = logging.getLogger("sophia.models")


@dataclass(slots=True)
class Meter:
    """The model calls of one run. `exceeded` is set by the first call that the allowance does not cover."""

    max_calls: int
    calls: int = 0
    exceeded: bool = False
    watch: Stopwatch = field(default_factory=Stopwatch)
    faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    """By the id of the Agno run, a member's or the leader's, the last fault of its model."""
    used: dict[str, Used] = field(default_factory=dict[str, Used])
    """By the name of the model."""
    _started: float = field(default_factory=perf_counter)
    _first_ms: float | None = None

    def take(self) -> bool:
        self.exceeded = self.exceeded or self.calls >= self.max_calls
        self.calls += not self.exceeded
        return not self.exceeded

    def note(self, name: str, *, calls: int = 0, usage: Any = None) -> None:
        """Add calls to a model, and what a part of its answer reports as used: Agno's `MessageMetrics`, or nothing."""
        used = self.used.get(name, Used())
        tokens = (used.input_tokens, used.output_tokens)
        if usage is not None and (usage.input_tokens or usage.output_tokens):
            tokens = ((tokens[0] or 0) + usage.input_tokens, (tokens[1] or 0) + usage.output_tokens)
        cost = used.cost if usage is None or usage.cost is None else (used.cost or 0.0) + usage.cost
        self.used[name] = Used(used.calls + calls, *tokens, cost)

    def hear(self, name: str, part: Any) -> None:
        """Note a part of a model's answer: Agno's `ModelResponse`, whole or one of a stream."""
        if self._first_ms is None:
            self._first_ms = (perf_counter() - self._started) * 1000
        self.note(name, usage=part.response_usage)

    def spent(self) -> Spent:
        """What the run used so far."""
        tokens = any(used.output_tokens is not None for used in self.used.values())
        return Spent(dict(self.used), self._first_ms if tokens else None)


current: ContextVar[Meter | None] = ContextVar("sophia_meter", default=None)


class AllowanceSpent(Exception):
    """Ends an Agno run that has used up its model calls."""


def metered(model: "Model", name: str) -> "Model":
    """The same instance, its calls counted, timed and diagnosed; `name` is what faults call it."""
    invoke = cast("Callable[..., Awaitable[Any]]", model.ainvoke)
    stream = cast("Callable[..., AsyncIterator[Any]]", model.ainvoke_stream)

    async def ainvoke(*positional: Any, **named: Any) -> Any:
        with counted(name, named) as meter:
            answer = await invoke(*positional, **named)
            if meter is not None:
                meter.hear(name, answer)
            return answer

    async def ainvoke_stream(*positional: Any, **named: Any) -> AsyncIterator[Any]:
        with counted(name, named) as meter:
            async for part in stream(*positional, **named):
                if meter is not None:
                    meter.hear(name, part)
                yield part

    # On the instance, not in a subclass: it stays an instance of its class, and Agno looks both up at each call.
    model.ainvoke = ainvoke
    model.ainvoke_stream = ainvoke_stream
    return model


@contextmanager
def counted(name: str, named: dict[str, Any]) -> Generator[Meter | None]:
    from agno.exceptions import AgnoError, ModelProviderError, RetryableModelProviderError

    meter = current.get()
    if meter is None:
        yield None
        return
    if not meter.take():
        raise AllowanceSpent("The model calls of this run are used up.")
    meter.note(name, calls=1)
    run_id: str = getattr(named.get("run_response"), "run_id", None) or ""
    try:
        with meter.watch:
            yield meter
    except RetryableModelProviderError:
        raise  # carries guidance for the model and is answered by another call
    except Exception as error:
        fault = meter.faults[run_id] = diagnose(error, name)
        if isinstance(error, AgnoError):
            error.message = fault.message
            error.args = (fault.message,)
            raise
        log.exception("%s raised", name)
        raise ModelProviderError(fault.message, model_id=name) from None
    else:
        meter.faults.pop(run_id, None)
