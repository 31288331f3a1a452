"""What a refused call is told, what makes a backend sick, and what does not; the clock is set by hand."""

from dataclasses import dataclass, field

import pytest

from server.bridge.breaker import BreakerRules
from server.bridge.decide import allowed, decide
from server.bridge.decision import Call, DownstreamMapping, Route, Tool
from server.bridge.decision import Live as Now
from server.bridge.guards import Guard, Guards
from server.bridge.policy import Policy
from server.errors import (
    Busy,
    CallerDeadline,
    CircuitOpen,
    DeadlineExceeded,
    DownstreamBroke,
    DownstreamDown,
    DownstreamGarbage,
    DownstreamTimeout,
    InternalError,
    InvalidArguments,
    ModelDown,
    NoRoute,
    NotFound,
    NotThere,
    ServerBusy,
    SophiaError,
    SourceDown,
    SourceFailed,
)

MAPPING = DownstreamMapping("gong", frozenset({"call_brief"}), frozenset(), frozenset())
BOTH = Tool("gong_intelligence", "agent", MAPPING)
MANY = BreakerRules().window_calls
DOWN = DownstreamDown("away")


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Bench:
    """Guards over a clock that stands still until it is moved."""

    clock: Clock = field(default_factory=Clock)
    guards: Guards = field(init=False)

    def __post_init__(self) -> None:
        self.guards = Guards({"gong": 3}, self.clock)

    def guard(self, tool: str = "gong_intelligence", route: Route = "downstream", server: str = "gong") -> Guard:
        return self.guards.of(tool, route, server)

    def ends(self, error: SophiaError | None, times: int = MANY, guard: Guard | None = None) -> None:
        for _ in range(times):
            passage = (guard or self.guard()).enter()
            passage.ended(error)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# What is sick


@pytest.mark.parametrize(
    "error",
    [
        None,
        SourceFailed("the tool said no"),
        NotThere("no such deal"),
        NotFound("no such call"),
        InvalidArguments("`rep` is no text"),
        Busy("a limit of ours"),
        CallerDeadline("the caller had no time"),
        NoRoute("nothing is left"),
    ],
)
def test_what_is_no_fault_of_the_backend_trips_nothing(bench: Bench, error: SophiaError | None) -> None:
    bench.ends(error)
    assert bench.guards.faults(BOTH) == {}


def test_a_call_that_its_caller_cancelled_trips_nothing(bench: Bench) -> None:
    for _ in range(MANY):
        bench.guard().enter().left()
    assert bench.guards.faults(BOTH) == {}


@pytest.mark.parametrize("error", [DOWN, DownstreamTimeout("no sign of life")])
def test_a_server_that_is_away_is_left_alone_by_every_tool_of_it(bench: Bench, error: SophiaError) -> None:
    bench.ends(error, 5)
    with pytest.raises(
        CircuitOpen, match="The server `gong` is given a rest: 5 of its last 5 calls failed"
    ) as raised:
        bench.guard("gong__list_calls").enter()
    assert raised.value.retry_after_s == 1.0
    assert raised.value.delivered is False
    bench.guard("hubspot__deals", server="hubspot").enter()


@pytest.mark.parametrize(
    "error",
    [
        DownstreamBroke("its tool broke"),
        DownstreamGarbage("no result"),
        DeadlineExceeded("too slow"),
        InternalError("our own adapter"),
    ],
)
def test_a_tool_that_fails_by_itself_is_left_alone_and_its_neighbours_are_not(
    bench: Bench, error: SophiaError
) -> None:
    bench.ends(error, 5)
    with pytest.raises(CircuitOpen, match="gong_intelligence on the downstream route is given a rest"):
        bench.guard().enter()
    bench.guard("gong__list_calls").enter()


@pytest.mark.parametrize("error", [ModelDown("limited"), SourceDown("away"), DeadlineExceeded("too slow")])
def test_an_agent_that_fails_is_left_alone_and_its_downstream_route_is_not(bench: Bench, error: SophiaError) -> None:
    bench.ends(error, 5, bench.guard(route="agno"))
    assert list(bench.guards.faults(BOTH)) == ["agno"]
    bench.guard().enter()


def test_one_tool_that_works_keeps_a_slow_neighbour_from_closing_the_server(bench: Bench) -> None:
    slow, quick = bench.guard("gong__slow"), bench.guard("gong__quick")
    for _ in range(MANY):
        if slow.fault() is None:
            slow.enter().ended(DownstreamTimeout("no sign of life"))
        bench.ends(None, 2, quick)
    assert quick.fault() is None


# What a decision makes of it


def test_an_open_breaker_sends_the_call_to_the_other_route(bench: Bench) -> None:
    bench.ends(DOWN, 5)
    call = Call("u", intent="call_brief", arguments=frozenset())
    decision = decide(call, BOTH, Policy(1), Now(faults=bench.guards.faults(BOTH)))
    assert (decision.route, decision.fallback) == ("agno", None)
    assert "the server `gong` is given a rest" in decision.reasons[-1].text


def test_no_breaker_brings_back_a_route_that_policy_removed(bench: Bench) -> None:
    bench.ends(DOWN, 5)
    off = Policy(1, mode="traditional_only")
    call = Call("u", intent="call_brief")
    decision = decide(call, BOTH, off, Now(faults=bench.guards.faults(BOTH)))
    assert allowed(BOTH, off) == ("downstream",)
    assert (decision.route, decision.fallback) == ("downstream", None)


def test_with_nowhere_else_to_go_the_call_that_tries_it_again_gets_through(bench: Bench) -> None:
    alone = Tool("gong__list_calls", downstream=MAPPING)
    bench.ends(DOWN, 5, bench.guard(alone.name))
    bench.clock.now += 1.0
    assert bench.guards.faults(alone) == {}
    probe = bench.guard(alone.name).enter()
    assert "given a rest" in bench.guards.faults(alone)["downstream"]
    with pytest.raises(CircuitOpen):
        bench.guard(alone.name).enter()
    probe.ended(None)
    bench.guard(alone.name).enter()


def test_a_tool_that_says_no_to_the_probe_is_there_again(bench: Bench) -> None:
    bench.ends(DOWN, 5)
    bench.clock.now += 1.0
    bench.ends(SourceFailed("no such account"), 1)
    assert bench.guards.faults(BOTH) == {}


def test_a_probe_whose_caller_goes_away_leaves_its_place(bench: Bench) -> None:
    bench.ends(DOWN, 5)
    bench.clock.now += 1.0
    bench.guard().enter().left()
    bench.ends(None, 1)
    assert bench.guards.faults(BOTH) == {}


def test_a_probe_that_is_refused_elsewhere_keeps_nobody_elses_place(bench: Bench) -> None:
    """The server is tried again while this tool of it still rests: the server's probe is left to another tool."""
    bench.ends(DownstreamTimeout("no sign of life"), 5)
    bench.clock.now += 1.0
    bench.ends(DownstreamTimeout("no sign of life"), 1)  # both rest for 2 s now
    bench.clock.now += 2.0
    bench.ends(DeadlineExceeded("too slow"), 1)  # the tool rests for 4 s; it says nothing about the server
    with pytest.raises(CircuitOpen, match="gong_intelligence on the downstream route"):
        bench.guard().enter()
    bench.ends(None, 1, bench.guard("gong__list_calls"))
    assert bench.guard("gong__list_calls").fault() is None


# Places and repeats


def test_over_its_places_a_server_is_not_called_and_the_caller_hears_so_at_once(bench: Bench) -> None:
    under_way = [bench.guard().enter() for _ in range(3)]
    with pytest.raises(ServerBusy, match="`gong` has 3 calls open, which is the limit") as raised:
        bench.guard("gong__list_calls").enter()
    assert raised.value.retry_after_s == 1.0
    assert raised.value.delivered is False
    assert "3 calls open" in bench.guards.faults(BOTH)["downstream"]
    bench.guard(server="hubspot").enter()
    bench.guard(route="agno").enter()
    under_way[0].ended(None)
    bench.guard().enter()


def test_however_a_call_ends_it_gives_its_place_back_once(bench: Bench) -> None:
    for end in (None, DOWN, SourceFailed("no"), CallerDeadline("late")):
        passage = bench.guard().enter()
        passage.ended(end)
        passage.left()
    bench.guard().enter().left()
    assert bench.guards.health()["servers"]["gong"]["calls_now"] == 0


def test_a_refused_call_takes_no_place(bench: Bench) -> None:
    bench.ends(DOWN, 5)
    for _ in range(10):
        with pytest.raises(CircuitOpen):
            bench.guard().enter()
    assert bench.guards.health()["servers"]["gong"]["calls_now"] == 0


def test_a_dying_server_is_not_tried_again_by_everybody(bench: Bench) -> None:
    guard = bench.guard()
    for _ in range(50):
        guard.called()
    assert sum(guard.may_repeat() for _ in range(100)) == 20
    assert bench.guard("hubspot__deals", server="hubspot").may_repeat()


def test_what_rests_is_not_repeated(bench: Bench) -> None:
    bench.ends(DOWN, 5)
    assert not bench.guard().may_repeat()
    assert not bench.guard("gong__list_calls").may_repeat()


# Looking at it


def test_the_health_view_says_what_rests_since_when_and_what_tripped_it(bench: Bench) -> None:
    bench.ends(DOWN, 5)
    bench.guard("hubspot__deals", server="hubspot").enter()
    bench.clock.now += 0.5
    health = bench.guards.health()
    resting = {
        "state": "open",
        "for_s": 0.5,
        "because": "5 of its last 5 calls failed (downstream_down)",
        "retry_after_s": 1.0,
    }
    assert health["servers"] == {
        "gong": {**resting, "calls_now": 0, "max_concurrent_calls": 3, "retries_left": 10},
        "hubspot": {"state": "closed", "calls_now": 1, "max_concurrent_calls": 256, "retries_left": 10},
    }
    assert health["routes"] == {"gong_intelligence/downstream": resting}
