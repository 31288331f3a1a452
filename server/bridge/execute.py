"""Runs a decision: one attempt, further ones where that is safe, the other route where policy allows, all in time.

What may be sent again follows from two facts: whether the route only reads (`RouteRun.repeatable`), and whether the
failed attempt was delivered (`SophiaError.delivered`). A call that may have changed something is sent once. An answer
that the other route would give as well, such as an unknown id, is final.

Every attempt that ended by itself or for lack of time is observed. One that ended because the caller went away says
nothing about its route.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Literal, TypeVar

import anyio

from agents.outcome import UNSURE
from server.bridge.decide import Decision, Route
from server.errors import CallerError, DeadlineExceeded, InternalError, NoRoute, SophiaError, SourceFailed

__all__ = ["Executed", "Fallback", "Observe", "RouteRun", "execute"]

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
Observe = Callable[[Route, float, SophiaError | None], None]
"""Told of each attempt: its route, how long it took in milliseconds, how it failed."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """What happens after a failure. `timeout_ms` bounds the attempt on the other route, not the call."""

    strategy: Literal["graceful", "immediate", "disabled"]
    attempts: int
    delay_ms: int
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class RouteRun(Generic[ResultT]):
    """One route made ready for this call. `attempts` is 1 where whoever is behind it repeats by itself; `wrote` says
    whether the attempt under way has sent something that changes something."""

    run: Callable[[], Awaitable[ResultT]]
    repeatable: bool
    attempts: int
    wrote: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Executed(Generic[ResultT]):
    """What a call came to: the result, the route that gave it, and why it was not the one decided."""

    result: ResultT
    route: Route
    fallback_reason: str | None = None


async def execute(
    decision: Decision,
    runs: Mapping[Route, RouteRun[ResultT]],
    fallback: Fallback,
    deadline_ms: int,
    observe: Observe,
) -> Executed[ResultT]:
    """Run the decision within `deadline_ms`.

    Raises:
        NoRoute: the decision has no route.
        DeadlineExceeded: time ran out, whichever attempt was under way.
        SophiaError: the last attempt's failure.
    """
    if decision.route is None:
        raise NoRoute(
            "No route may serve this call: " + "; ".join(reason.text for reason in decision.reasons) + ". "
            "`sophia explain` shows every rule.",
            delivered=False,
        )
    late = DeadlineExceeded(
        f"The call ran past its deadline of {deadline_ms} ms and was cancelled. Ask for less, or raise `deadline_ms`."
    )
    time = _Time(anyio.current_time() + deadline_ms / 1000, late)
    chosen = runs[decision.route]
    attempts = min(chosen.attempts, fallback.attempts) if fallback.strategy == "graceful" else 1
    try:
        return await _repeated(decision.route, chosen, attempts, fallback.delay_ms, time, observe)
    except SophiaError as failure:
        other = decision.fallback
        if failure is late or other is None or fallback.strategy == "disabled" or not _may_go_on(failure, chosen):
            raise
        return await _fallen_back(other, runs[other], failure, f"{decision.route} failed", fallback, time, observe)


@dataclass(frozen=True, slots=True)
class _Time:
    """Until when a call may take, and the failure it is when it takes longer."""

    until: float
    late: DeadlineExceeded


async def _repeated(
    route: Route, run: RouteRun[ResultT], attempts: int, delay_ms: int, time: _Time, observe: Observe
) -> Executed[ResultT]:
    for left in reversed(range(attempts)):
        try:
            return await _attempt(route, run, time, observe)
        except SophiaError as failure:
            again_at = anyio.current_time() + delay_ms / 1000
            if not left or not failure.retryable or not _may_go_on(failure, run) or again_at >= time.until:
                raise
        await anyio.sleep_until(again_at)
    raise AssertionError("at least one attempt is made, and the last one raises")  # pragma: no cover


async def _fallen_back(
    route: Route,
    run: RouteRun[ResultT],
    failure: SophiaError,
    what: str,
    fallback: Fallback,
    time: _Time,
    observe: Observe,
) -> Executed[ResultT]:
    until = anyio.current_time() + fallback.timeout_ms / 1000
    try:
        executed = await _attempt(route, run, _Time(min(until, time.until), time.late), observe)
    except DeadlineExceeded as error:
        # Out of its own time only: what the caller has to know is how the route failed that was decided.
        if error is time.late and until < time.until:
            raise failure from None
        raise
    return replace(executed, fallback_reason=f"{what}: {failure.message}")


def _may_go_on(error: SophiaError, run: RouteRun[ResultT]) -> bool:
    final = isinstance(error, CallerError | SourceFailed)
    return not final and (run.repeatable or not error.delivered)


async def _attempt(route: Route, run: RouteRun[ResultT], time: _Time, observe: Observe) -> Executed[ResultT]:
    started = anyio.current_time()
    failure: SophiaError = time.late
    with anyio.CancelScope(deadline=time.until):
        try:
            result = await run.run()
        except SophiaError as error:
            failure = error
        except Exception as error:  # a fault of ours; what it says is for the log and not for the caller
            logger.exception("the %s route failed inside", route)
            failure = InternalError(f"Sophia failed inside on the {route} route; its log on stderr has the details.")
            failure.__cause__ = error
        else:
            observe(route, (anyio.current_time() - started) * 1000, None)
            return Executed(result, route)
    observe(route, (anyio.current_time() - started) * 1000, failure)
    if failure is time.late and run.wrote():
        raise DeadlineExceeded(f"The call ran past its deadline and was cut off. {UNSURE}")
    raise failure
