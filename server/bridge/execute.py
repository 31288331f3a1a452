"""Runs a decision: one attempt, further ones where that is safe, the other route where policy allows, all in time.

What may be sent again follows from two facts: whether the route only reads (`RouteRun.repeatable`), and whether the
failed attempt was delivered (`SophiaError.delivered`). A call that may have changed something is sent once. An answer
that the other route would give as well, such as an unknown id, is final. A call that turns out to be none for its route
(`NotExpressible`) has not failed: it goes to the other one whatever happens after failures. Repeats come out of a budget, and stop where
the time ends: that of the tool, or what the caller gave the call if that is less.

Before each attempt stands a guard, which may refuse it at once: then nothing was sent, and the other route may serve.

Every attempt that ended by itself, was refused or ran out of time is observed, the failed ones too that a repeat or a
fallback hides from the caller. One that ended because the caller went away says nothing about its route.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Literal, Protocol, TypeVar

import anyio

from agents.outcome import UNSURE
from server.bridge.decision import Decision, Route
from server.errors import (
    CallerDeadline,
    CallerError,
    CircuitOpen,
    DeadlineExceeded,
    InternalError,
    NoRoute,
    NotExpressible,
    ServerBusy,
    SophiaError,
    SourceFailed,
)

__all__ = ["Attempt", "Executed", "Fallback", "Observe", "RouteRun", "Standing", "execute"]

logger = logging.getLogger(__name__)

ResultT = TypeVar("ResultT")
Standing = Literal["first", "repeat", "fallback"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt as it ended. `refused` where a guard turned it away, so that the route was never asked.

    What the decided route itself came to is the last attempt that is no fallback.
    """

    route: Route
    standing: Standing
    latency_ms: float
    error: SophiaError | None
    refused: bool = False


Observe = Callable[[Attempt], None]
"""Told of each attempt, in order."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """What happens after a failure. `timeout_ms` bounds the attempt on the other route, not the call."""

    strategy: Literal["graceful", "immediate", "disabled"]
    attempts: int
    delay_ms: int
    timeout_ms: int


class Underway(Protocol):
    """One attempt that a guard let pass."""

    def ended(self, error: SophiaError | None) -> None:
        """It ended by itself, or for lack of time."""
        ...

    def left(self) -> None:
        """It ended otherwise; nothing happens where it has ended already."""
        ...


class Guarded(Protocol):
    """What stands before a route."""

    def called(self) -> None:
        """A call begins on the route."""
        ...

    def enter(self) -> Underway:
        """Leave for one attempt. Raises SophiaError where it is refused."""
        ...

    def may_repeat(self) -> bool:
        """Whether one more attempt may be made after one that failed."""
        ...


class _Unguarded:
    """Nothing stands before the route."""

    def called(self) -> None: ...
    def ended(self, error: SophiaError | None) -> None: ...
    def left(self) -> None: ...

    def enter(self) -> Underway:
        return self

    def may_repeat(self) -> bool:
        return True


UNGUARDED = _Unguarded()


@dataclass(frozen=True, slots=True)
class RouteRun(Generic[ResultT]):
    """One route made ready for this call. `attempts` is 1 where whoever is behind it repeats by itself; `wrote` says
    whether the attempt under way has sent something that changes something, `borrowed` whether it is another call's run
    or a kept answer, `joins` whether the next one would be."""

    run: Callable[[], Awaitable[ResultT]]
    repeatable: bool
    attempts: int
    wrote: Callable[[], bool] = lambda: False
    guard: Guarded = UNGUARDED
    joins: Callable[[], bool] = lambda: False
    borrowed: Callable[[], bool] = lambda: False


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
    caller_ms: float | None = None,
    target_ms: float | None = None,
) -> Executed[ResultT]:
    """Run the decision within `deadline_ms`, or within `caller_ms` where the caller gave it less.

    Raises:
        NoRoute: the decision has no route.
        DeadlineExceeded: time ran out, whichever attempt was under way; CallerDeadline where it was the caller's, and less
            than `target_ms`, in which the tool is to answer: who had that much and did not answer has failed.
        SophiaError: the last attempt's failure.
    """
    if decision.route is None:
        causes = "; ".join(reason.text for reason in decision.reasons if reason.rule != "remedy")
        remedy = "".join(f": {reason.text}" for reason in decision.reasons if reason.rule == "remedy")
        todo = f"Ask whoever operates Sophia{remedy}." if remedy else "`sophia explain` shows every rule."
        raise NoRoute(f"No route may serve this call: {causes}. {todo}", delivered=False)
    time = _time(deadline_ms, caller_ms, target_ms)
    if time.until <= anyio.current_time():
        raise time.late
    chosen = runs[decision.route]
    attempts = min(chosen.attempts, fallback.attempts) if fallback.strategy == "graceful" else 1
    try:
        return await _repeated(decision.route, chosen, attempts, fallback.delay_ms, time, observe)
    except SophiaError as failure:
        other = decision.fallback
        if (
            failure is time.late
            or other is None
            or (fallback.strategy == "disabled" and not isinstance(failure, NotExpressible))
            or not _may_go_on(failure, chosen)
        ):
            raise
        what = "cannot take this call" if isinstance(failure, NotExpressible) else "failed"
        return await _fallen_back(other, runs[other], failure, f"{decision.route} {what}", fallback, time, observe)


@dataclass(frozen=True, slots=True)
class _Time:
    """Until when a call may take, and the failure it is when it takes longer; another where that falls to a route that
    was only asked once some of the time was gone."""

    until: float
    late: DeadlineExceeded
    late_elsewhere: DeadlineExceeded | None = None


def _time(deadline_ms: int, caller_ms: float | None, target_ms: float | None) -> _Time:
    now = anyio.current_time()
    if caller_ms is not None and caller_ms < deadline_ms:
        enough = target_ms is not None and caller_ms >= target_ms
        said = (
            f"The call did not end within the {caller_ms:.0f} ms that it was given and was cancelled."
            if caller_ms >= 1
            else "Nothing was left of the time that the call was given when it was to begin."
        )
        theirs = CallerDeadline(f"{said} Give it more time.", delivered=caller_ms > 0)
        ours = DeadlineExceeded(theirs.message) if enough else theirs
        return _Time(now + max(0.0, caller_ms) / 1000, ours, theirs)
    late = DeadlineExceeded(
        f"The call ran past its deadline of {deadline_ms} ms and was cancelled. Ask for less, or raise `deadline_ms`."
    )
    return _Time(now + deadline_ms / 1000, late)


async def _repeated(
    route: Route, run: RouteRun[ResultT], attempts: int, delay_ms: int, time: _Time, observe: Observe
) -> Executed[ResultT]:
    run.guard.called()
    standing: Standing = "first"
    for left in reversed(range(attempts)):
        try:
            return await _attempt(route, run, standing, time, observe)
        except SophiaError as failure:
            again_at = anyio.current_time() + delay_ms / 1000
            worth_it = failure.retryable and not isinstance(failure, CircuitOpen) and _may_go_on(failure, run)
            # The budget comes last: what is taken out of it is used.
            if not left or not worth_it or again_at >= time.until or not run.guard.may_repeat():
                raise
        await anyio.sleep_until(again_at)
        standing = "repeat"
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
    slow = DeadlineExceeded(f"The other route did not answer within {fallback.timeout_ms} ms.")
    own = _Time(anyio.current_time() + fallback.timeout_ms / 1000, slow)
    time = _Time(time.until, time.late_elsewhere or time.late)
    run.guard.called()
    try:
        executed = await _attempt(route, run, "fallback", min(time, own, key=lambda one: one.until), observe)
    except (DeadlineExceeded, CircuitOpen, ServerBusy) as error:
        if isinstance(error, DeadlineExceeded) and error is not slow:
            raise
        # It had no chance to do better: what the caller has to know is how the route failed that was decided.
        raise failure from None
    return replace(executed, fallback_reason=f"{what}: {failure.message}")


def _may_go_on(error: SophiaError, run: RouteRun[ResultT]) -> bool:
    final = isinstance(error, CallerError | SourceFailed) and not isinstance(error, NotExpressible)
    return not final and (run.repeatable or not error.delivered)


async def _attempt(
    route: Route, run: RouteRun[ResultT], standing: Standing, time: _Time, observe: Observe
) -> Executed[ResultT]:
    try:
        underway = run.guard.enter()
    except SophiaError as refusal:
        observe(Attempt(route, standing, 0.0, refusal, refused=True))
        raise
    try:
        return await _made(route, run, standing, time, underway, observe)
    finally:
        underway.left()


async def _made(
    route: Route, run: RouteRun[ResultT], standing: Standing, time: _Time, underway: Underway, observe: Observe
) -> Executed[ResultT]:
    started = anyio.current_time()
    failure: SophiaError = time.late

    def ended(error: SophiaError | None) -> None:
        underway.ended(error)
        observe(Attempt(route, standing, (anyio.current_time() - started) * 1000, error))

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
            ended(None)
            return Executed(result, route)
    ended(failure)
    if failure is time.late and run.wrote():
        raise type(time.late)(f"The call ran past its deadline and was cut off. {UNSURE}")
    raise failure
