"""How a decision is run: what is repeated, what falls back, what ends the call, and what is remembered of it."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import pytest

from server.bridge.decision import Decision, Reason, Route
from server.bridge.execute import Attempt, Executed, Fallback, RouteRun, execute
from server.bridge.guards import Guards
from server.errors import (
    Busy,
    CallerDeadline,
    CallerError,
    CircuitOpen,
    DeadlineExceeded,
    DownstreamDown,
    DownstreamGarbage,
    DownstreamTimeout,
    InternalError,
    InvalidArguments,
    ModelFailed,
    NoRoute,
    ServerBusy,
    SophiaError,
    SourceFailed,
)

GRACEFUL = Fallback("graceful", attempts=3, delay_ms=100, timeout_ms=5000)
IMMEDIATE = Fallback("immediate", attempts=3, delay_ms=100, timeout_ms=1000)
DISABLED = Fallback("disabled", attempts=3, delay_ms=100, timeout_ms=1000)
BOTH = Decision("downstream", "agno", ())
ONE = Decision("downstream", None, ())
ENDLESS_S = 1e6

DOWN = DownstreamDown("away", delivered=False)
LOST = DownstreamDown("went away before it answered")
SLOW = DownstreamTimeout("no sign of life")

InVirtualTime = Callable[[Coroutine[Any, Any, Executed[str]]], Executed[str]]


@dataclass
class Run:
    """One call over two routes; each route does in turn what its list says, its last entry for ever."""

    downstream: list[Exception | str | float] = field(default_factory=lambda: ["from downstream"])
    agno: list[Exception | str | float] = field(default_factory=lambda: ["from agno"])
    repeatable: bool = True
    attempts: int = 3
    at_s: list[tuple[Route, float]] = field(default_factory=list)
    observed: list[tuple[Route, int, str | None]] = field(default_factory=list)
    told: list[Attempt] = field(default_factory=list)
    guards: Guards = field(default_factory=lambda: Guards({"gong": 2}, anyio.current_time))

    def observe(self, attempt: Attempt) -> None:
        self.told.append(attempt)
        error = attempt.error.kind if attempt.error else None
        self.observed.append((attempt.route, round(attempt.latency_ms), error))

    def route(self, name: Route, script: list[Exception | str | float]) -> Callable[[], Awaitable[str]]:
        async def run() -> str:
            self.at_s.append((name, anyio.current_time()))
            step = script.pop(0) if len(script) > 1 else script[0]
            if isinstance(step, float):
                await anyio.sleep(step)
                return f"late from {name}"
            if isinstance(step, Exception):
                raise step
            return str(step)

        return run

    async def under(
        self,
        fallback: Fallback,
        decision: Decision = BOTH,
        deadline_ms: int = 60_000,
        caller_ms: float | None = None,
        target_ms: float | None = None,
    ) -> Executed[str]:
        runs: dict[Route, RouteRun[str]] = {
            "downstream": RouteRun(self.route("downstream", self.downstream), self.repeatable, self.attempts),
            "agno": RouteRun(self.route("agno", self.agno), repeatable=False, attempts=1),
        }
        guarded: dict[Route, RouteRun[str]] = {
            route: replace(run, guard=self.guards.of("gong_intelligence", route, "gong"))
            for route, run in runs.items()
        }
        return await execute(decision, guarded, fallback, deadline_ms, self.observe, caller_ms, target_ms)

    @property
    def standings(self) -> list[tuple[Route, str, str | None, bool]]:
        return [(a.route, a.standing, a.error.kind if a.error else None, a.refused) for a in self.told]

    @property
    def asked(self) -> list[Route]:
        return [route for route, _ in self.at_s]


def test_a_call_cut_off_after_it_wrote_does_not_say_that_nothing_happened(in_virtual_time: InVirtualTime) -> None:
    call = Run(agno=[ENDLESS_S])
    run = RouteRun(call.route("agno", call.agno), repeatable=False, attempts=1, wrote=lambda: True)
    with pytest.raises(DeadlineExceeded, match="not known whether it was posted"):
        in_virtual_time(execute(Decision("agno", "downstream", ()), {"agno": run}, GRACEFUL, 1000, call.observe))


# Repeating


def test_a_call_that_is_served_is_served_once(in_virtual_time: InVirtualTime) -> None:
    call = Run()
    assert in_virtual_time(call.under(GRACEFUL)) == Executed("from downstream", "downstream")
    assert call.observed == [("downstream", 0, None)]


def test_a_passing_failure_is_tried_again_after_the_delay(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN, DOWN, "back"])
    assert in_virtual_time(call.under(GRACEFUL)).result == "back"
    assert [round(at_s, 3) for _, at_s in call.at_s] == [0.0, 0.1, 0.2]
    assert call.observed == [("downstream", 0, "downstream_down")] * 2 + [("downstream", 0, None)]


@pytest.mark.parametrize(
    ("failure", "repeatable", "times"),
    [
        (LOST, True, 3),  # reading again does no harm
        (LOST, False, 1),  # delivered and not known to be harmless: never twice
        (DOWN, False, 3),  # it never got there
        (SLOW, True, 1),  # nothing says that a second try is any better
        (Busy("full", delivered=False), False, 3),
        (DownstreamGarbage("no result"), True, 1),
        (CallerError("no such call"), True, 1),
        (SourceFailed("no such account"), True, 1),
    ],
)
def test_only_what_is_safe_and_worth_it_is_sent_again(
    in_virtual_time: InVirtualTime, failure: SophiaError, repeatable: bool, times: int
) -> None:
    call = Run(downstream=[failure], repeatable=repeatable)
    with pytest.raises(type(failure)) as raised:
        in_virtual_time(call.under(GRACEFUL, ONE))
    assert raised.value is failure
    assert call.asked == ["downstream"] * times


def test_a_repetition_that_was_delivered_ends_the_repeating(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN, LOST, "never asked"], repeatable=False)
    with pytest.raises(DownstreamDown):
        in_virtual_time(call.under(GRACEFUL))
    assert call.asked == ["downstream"] * 2


def test_a_route_that_repeats_by_itself_is_asked_once(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN], attempts=1)
    assert in_virtual_time(call.under(GRACEFUL)).route == "agno"
    assert call.asked == ["downstream", "agno"]


# Falling back


@pytest.mark.parametrize(("fallback", "times"), [(GRACEFUL, 3), (IMMEDIATE, 1)])
def test_the_other_route_serves_and_the_reply_says_why(
    in_virtual_time: InVirtualTime, fallback: Fallback, times: int
) -> None:
    call = Run(downstream=[DOWN])
    executed = in_virtual_time(call.under(fallback))
    assert executed == Executed("from agno", "agno", "downstream failed: away")
    assert call.asked == ["downstream"] * times + ["agno"]


def test_disabled_neither_repeats_nor_falls_back(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN])
    with pytest.raises(DownstreamDown):
        in_virtual_time(call.under(DISABLED))
    assert call.asked == ["downstream"]


@pytest.mark.parametrize("strategy", [GRACEFUL, IMMEDIATE])
@pytest.mark.parametrize("failure", [InvalidArguments("`rep` is no text"), SourceFailed("no such call")])
def test_an_answer_that_the_other_route_would_give_too_is_final(
    in_virtual_time: InVirtualTime, strategy: Fallback, failure: SophiaError
) -> None:
    call = Run(downstream=[failure])
    with pytest.raises(type(failure)):
        in_virtual_time(call.under(strategy))
    assert call.asked == ["downstream"]


def test_a_run_that_may_have_changed_something_does_not_fall_back(in_virtual_time: InVirtualTime) -> None:
    call = Run(agno=[ModelFailed("stopped half-way", delivered=True)])
    with pytest.raises(ModelFailed):
        in_virtual_time(call.under(GRACEFUL, Decision("agno", "downstream", ())))
    assert call.asked == ["agno"]


def test_a_run_that_changed_nothing_falls_back(in_virtual_time: InVirtualTime) -> None:
    call = Run(agno=[ModelFailed("no model", delivered=False)])
    executed = in_virtual_time(call.under(GRACEFUL, Decision("agno", "downstream", ())))
    assert executed.route == "downstream"
    assert call.asked == ["agno", "downstream"]


def test_a_fallback_that_fails_says_how_it_failed(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN], agno=[Busy("full", delivered=False)])
    with pytest.raises(Busy):
        in_virtual_time(call.under(IMMEDIATE))
    assert call.asked == ["downstream", "agno"]


def test_a_fallback_that_takes_too_long_leaves_the_first_failure(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN], agno=[ENDLESS_S])
    with pytest.raises(DownstreamDown) as raised:
        in_virtual_time(call.under(IMMEDIATE))
    assert raised.value is DOWN
    assert call.observed == [("downstream", 0, "downstream_down"), ("agno", 1000, "deadline")]


# Time


def test_a_call_ends_at_its_deadline_and_its_route_is_charged(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[ENDLESS_S])
    with pytest.raises(DeadlineExceeded, match="2500 ms"):
        in_virtual_time(call.under(GRACEFUL, deadline_ms=2500))
    assert call.observed == [("downstream", 2500, "deadline")]
    assert call.asked == ["downstream"]


def test_the_deadline_bounds_the_fallback_too(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN], agno=[ENDLESS_S])
    with pytest.raises(DeadlineExceeded):
        in_virtual_time(call.under(IMMEDIATE, deadline_ms=400))
    assert call.observed[-1] == ("agno", 400, "deadline")


def test_no_attempt_is_made_that_the_deadline_would_cut_before_it_began(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN])
    with pytest.raises(DownstreamDown):
        in_virtual_time(call.under(GRACEFUL, ONE, deadline_ms=150))
    assert [round(at_s, 3) for _, at_s in call.at_s] == [0.0, 0.1]


def test_a_caller_who_goes_away_cancels_the_run_and_charges_nobody(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[ENDLESS_S])

    async def gone() -> Executed[str]:
        with anyio.move_on_after(1):
            return await call.under(GRACEFUL)
        return Executed("cancelled", "downstream")

    assert in_virtual_time(gone()).result == "cancelled"
    assert call.asked == ["downstream"]
    assert call.observed == []


# The caller's own time


def test_the_caller_may_give_a_call_less_time_than_it_has(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[ENDLESS_S])
    with pytest.raises(CallerDeadline, match="within the 300 ms that it was given"):
        in_virtual_time(call.under(GRACEFUL, deadline_ms=2500, caller_ms=300))
    assert call.observed == [("downstream", 300, "caller_deadline")]


def test_the_caller_cannot_give_a_call_more_time_than_it_has(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[ENDLESS_S])
    with pytest.raises(DeadlineExceeded, match="2500 ms") as raised:
        in_virtual_time(call.under(GRACEFUL, deadline_ms=2500, caller_ms=9000))
    assert not isinstance(raised.value, CallerDeadline)


def test_repeats_stop_where_the_callers_time_ends(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN])
    with pytest.raises(DownstreamDown):
        in_virtual_time(call.under(GRACEFUL, ONE, caller_ms=150))
    assert [round(at_s, 3) for _, at_s in call.at_s] == [0.0, 0.1]


def test_the_callers_time_bounds_the_fallback_and_charges_nobody_for_it(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN], agno=[ENDLESS_S])
    with pytest.raises(CallerDeadline):
        in_virtual_time(call.under(IMMEDIATE, caller_ms=400))
    assert call.observed == [("downstream", 0, "downstream_down"), ("agno", 400, "caller_deadline")]


def test_a_fallback_that_is_slow_for_its_own_time_is_charged_whatever_the_caller_gave(
    in_virtual_time: InVirtualTime,
) -> None:
    call = Run(downstream=[DOWN], agno=[ENDLESS_S])
    with pytest.raises(DownstreamDown):
        in_virtual_time(call.under(IMMEDIATE, caller_ms=5000))
    assert call.observed[-1] == ("agno", 1000, "deadline")


def test_a_call_that_arrives_with_no_time_left_is_not_sent(in_virtual_time: InVirtualTime) -> None:
    call = Run()
    with pytest.raises(CallerDeadline) as raised:
        in_virtual_time(call.under(GRACEFUL, caller_ms=0))
    assert raised.value.delivered is False
    assert call.asked == []


def test_a_route_that_had_its_target_of_time_and_did_not_answer_has_failed(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[ENDLESS_S])
    with pytest.raises(DeadlineExceeded, match="within the 300 ms that it was given"):
        in_virtual_time(call.under(GRACEFUL, caller_ms=300, target_ms=200))
    assert call.observed == [("downstream", 300, "deadline")]


def test_a_route_that_is_asked_late_in_the_callers_time_is_not_charged(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN], agno=[ENDLESS_S])
    with pytest.raises(CallerDeadline):
        in_virtual_time(call.under(IMMEDIATE, caller_ms=400, target_ms=200))
    assert call.observed[-1] == ("agno", 400, "caller_deadline")


@pytest.mark.parametrize("left_ms", [-1.0, 0.0, 0.5])
def test_a_call_without_time_is_told_so_in_words(in_virtual_time: InVirtualTime, left_ms: float) -> None:
    with pytest.raises(CallerDeadline, match="Nothing was left of the time"):
        in_virtual_time(Run(downstream=[ENDLESS_S]).under(GRACEFUL, caller_ms=left_ms))


# Guards


def test_what_the_fallback_hides_is_told_of_the_route_that_was_decided(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN])
    assert in_virtual_time(call.under(GRACEFUL)).route == "agno"
    assert call.standings == [
        ("downstream", "first", "downstream_down", False),
        ("downstream", "repeat", "downstream_down", False),
        ("downstream", "repeat", "downstream_down", False),
        ("agno", "fallback", None, False),
    ]


def test_a_route_that_rests_is_refused_at_once_and_the_other_serves(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN])

    async def thrice() -> Executed[str]:
        for _ in range(2):
            await call.under(GRACEFUL)
        call.told.clear()
        return await call.under(GRACEFUL)

    executed = in_virtual_time(thrice())
    assert executed.route == "agno"
    assert "The server `gong` is given a rest" in str(executed.fallback_reason)
    assert call.standings == [
        ("downstream", "first", "circuit_open", True),
        ("agno", "fallback", None, False),
    ]


def test_a_route_that_rests_and_has_no_other_says_when_to_come_back(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[DOWN])

    async def until_it_rests() -> Executed[str]:
        for _ in range(2):
            with pytest.raises(DownstreamDown):
                await call.under(GRACEFUL, ONE)
        return await call.under(GRACEFUL, ONE)

    with pytest.raises(CircuitOpen) as raised:
        in_virtual_time(until_it_rests())
    assert raised.value.retry_after_s is not None
    assert len(call.asked) == 5  # the breaker opened in the middle of the second call, which then stopped


def test_a_route_with_nowhere_else_to_go_comes_back_by_itself(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[*[DOWN] * 5, "back"])

    async def later() -> Executed[str]:
        for _ in range(2):
            with pytest.raises(DownstreamDown):
                await call.under(GRACEFUL, ONE)
        await anyio.sleep(1)
        return await call.under(GRACEFUL, ONE)

    assert in_virtual_time(later()).result == "back"


def test_one_slow_server_does_not_take_all(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[10.0])

    async def crowd() -> Executed[str]:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(call.under, IMMEDIATE, ONE)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(ServerBusy, match="`gong` has 2 calls open"):
                await call.under(IMMEDIATE, ONE)
            executed = await call.under(IMMEDIATE)
            tasks.cancel_scope.cancel()
        call.told.clear()
        call.downstream[:] = ["free again"]
        await call.under(IMMEDIATE, ONE)
        return executed

    executed = in_virtual_time(crowd())
    assert executed.route == "agno"
    assert "`gong` has 2 calls open" in str(executed.fallback_reason)
    assert call.standings == [("downstream", "first", None, False)]


def test_a_fallback_that_is_refused_leaves_the_first_failure(in_virtual_time: InVirtualTime) -> None:
    call = Run(agno=[ModelFailed("no model", delivered=False)], downstream=[DOWN])

    async def resting() -> Executed[str]:
        for _ in range(2):
            with pytest.raises(DownstreamDown):
                await call.under(GRACEFUL, ONE)
        call.told.clear()
        return await call.under(GRACEFUL, Decision("agno", "downstream", ()))

    with pytest.raises(ModelFailed):
        in_virtual_time(resting())
    assert call.standings == [
        ("agno", "first", "model", False),
        ("downstream", "fallback", "circuit_open", True),
    ]


def test_with_the_budget_spent_the_other_route_serves_without_a_repeat(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[Busy("full", delivered=False)])  # never trips a breaker, always worth a repeat

    async def often() -> Executed[str]:
        for _ in range(20):
            await call.under(replace(GRACEFUL, delay_ms=1))
        return await call.under(replace(GRACEFUL, delay_ms=1))

    assert in_virtual_time(often()).fallback_reason == "downstream failed: full"
    repeats = sum(attempt.standing == "repeat" for attempt in call.told)
    assert repeats == 10 + 20 // 5
    assert call.standings[-2:] == [("downstream", "first", "busy", False), ("agno", "fallback", None, False)]


def test_with_the_budget_spent_and_no_other_route_the_first_failure_stands(in_virtual_time: InVirtualTime) -> None:
    call = Run(downstream=[Busy("full", delivered=False)])

    async def often() -> Executed[str]:
        for _ in range(20):
            with pytest.raises(Busy, match="full"):
                await call.under(replace(GRACEFUL, delay_ms=1), ONE)
        call.told.clear()
        return await call.under(replace(GRACEFUL, delay_ms=1), ONE)

    with pytest.raises(Busy):
        in_virtual_time(often())
    assert call.standings == [("downstream", "first", "busy", False)]


@pytest.mark.parametrize("strategy", [GRACEFUL, IMMEDIATE, DISABLED])
@pytest.mark.parametrize("failure", [LOST, SLOW, DownstreamGarbage("no result"), KeyError("inside")])
def test_a_write_whose_outcome_is_not_known_is_sent_once_on_one_route(
    in_virtual_time: InVirtualTime, strategy: Fallback, failure: Exception
) -> None:
    call = Run(downstream=[failure], repeatable=False)
    with pytest.raises(SophiaError):
        in_virtual_time(call.under(strategy))
    assert call.asked == ["downstream"]


@pytest.mark.parametrize("strategy", [GRACEFUL, IMMEDIATE])
def test_a_write_that_was_refused_before_it_was_sent_may_go_the_other_way(
    in_virtual_time: InVirtualTime, strategy: Fallback
) -> None:
    call = Run(downstream=[ENDLESS_S], repeatable=False)

    async def full() -> Executed[str]:
        async with anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(call.under, strategy, ONE)
            await anyio.wait_all_tasks_blocked()
            executed = await call.under(strategy)
            tasks.cancel_scope.cancel()
        return executed

    assert in_virtual_time(full()).route == "agno"
    assert call.asked.count("downstream") == 2


# Faults


def test_a_fault_of_our_own_says_nothing_of_how_we_are_built(
    in_virtual_time: InVirtualTime, caplog: pytest.LogCaptureFixture
) -> None:
    call = Run(downstream=[KeyError("secret_column")], repeatable=False)
    with pytest.raises(InternalError) as raised:
        in_virtual_time(call.under(GRACEFUL))
    assert "secret_column" not in raised.value.message
    assert "secret_column" in caplog.text
    assert call.observed == [("downstream", 0, "internal")]


def test_a_decision_without_a_route_names_each_cause(in_virtual_time: InVirtualTime) -> None:
    call = Run()
    nowhere = Decision(None, None, (Reason("allowed", "agno is out"), Reason("mappable", "gong cannot take it")))
    with pytest.raises(NoRoute, match=r"agno is out; gong cannot take it.*sophia explain"):
        in_virtual_time(call.under(GRACEFUL, nowhere))
    mendable = Decision(None, None, (Reason("allowed", "agno is out"), Reason("remedy", "start it again")))
    with pytest.raises(NoRoute, match=r"agno is out\. Ask whoever operates Sophia: start it again\.$"):
        in_virtual_time(call.under(GRACEFUL, mendable))
    assert call.observed == []
