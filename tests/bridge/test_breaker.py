"""When a breaker opens, how long for, and how one call closes it again; the clock is a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bridge.breaker import Breaker, BreakerRules, Proof

RULES = BreakerRules()


def calls(breaker: Breaker, now: float, *proofs: Proof) -> None:
    for proof in proofs:
        permit = breaker.enter(now)
        assert permit is not None
        breaker.leave(permit, proof, now, "downstream_down")


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    calls(breaker, at, *["sick"] * RULES.fewest_calls)
    assert breaker.state(at) == "open"
    return breaker


def test_it_opens_at_half_of_the_calls_and_not_before() -> None:
    breaker = Breaker()
    calls(breaker, 0, "well", "well", "well", "sick", "sick")
    assert breaker.state(0) == "closed"
    calls(breaker, 0, "sick")
    assert breaker.state(0) == "open"
    assert breaker.tripped_by == "3 of its last 6 calls failed (downstream_down)"


def test_a_few_failures_alone_do_not_open_it() -> None:
    breaker = Breaker()
    calls(breaker, 0, *["sick"] * (RULES.fewest_calls - 1))
    assert breaker.state(0) == "closed"


def test_failures_of_long_ago_do_not_count() -> None:
    breaker = Breaker()
    calls(breaker, 0, *["sick"] * (RULES.fewest_calls - 1))
    calls(breaker, RULES.window_s + 1, "sick")
    assert breaker.state(RULES.window_s + 1) == "closed"


def test_only_the_last_calls_count_however_many_were_answered_before() -> None:
    breaker = Breaker()
    calls(breaker, 0, *["well"] * 1000, *["sick"] * (RULES.window_calls // 2))
    assert breaker.state(0) == "open"


def test_what_proves_nothing_neither_opens_nor_dilutes() -> None:
    breaker = Breaker()
    calls(breaker, 0, *["nothing"] * 50, *["sick"] * (RULES.fewest_calls - 1))
    assert breaker.state(0) == "closed"
    calls(breaker, 0, "sick")
    assert breaker.state(0) == "open"


def test_while_open_nobody_is_let_through_and_each_is_told_for_how_long() -> None:
    breaker = opened()
    assert breaker.enter(0.4) is None
    assert breaker.retry_after_s(0.0) == RULES.first_open_s


def test_after_its_time_one_call_at_a_time_tries_it() -> None:
    breaker = opened()
    now = RULES.first_open_s
    assert breaker.state(now) == "half_open"
    assert breaker.retry_after_s(now) == 0
    assert breaker.enter(now) is not None
    assert breaker.refuses(now)
    assert breaker.enter(now) is None
    assert breaker.retry_after_s(now) > 0


def test_a_probe_that_is_answered_closes_it_with_a_clean_slate() -> None:
    breaker = opened()
    now = RULES.first_open_s
    calls(breaker, now, "well")
    assert breaker.state(now) == "closed"
    assert breaker.tripped_by is None
    calls(breaker, now, *["sick"] * (RULES.fewest_calls - 1))
    assert breaker.state(now) == "closed"


def test_each_probe_that_fails_doubles_the_time_up_to_a_limit() -> None:
    breaker, now = opened(), 0.0
    waits: list[float] = []
    for _ in range(8):
        waits.append(breaker.retry_after_s(now))
        now += waits[-1]
        calls(breaker, now, "sick")
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert breaker.since_s == 0
    assert breaker.tripped_by == "the call that tried it again failed (downstream_down)"


def test_once_closed_it_begins_with_the_short_time_again() -> None:
    breaker = opened()
    calls(breaker, 1.0, "sick")
    calls(breaker, 3.0, "well")
    calls(breaker, 3.0, *["sick"] * RULES.fewest_calls)
    assert breaker.retry_after_s(3.0) == RULES.first_open_s


def test_a_probe_that_proves_nothing_leaves_its_place_to_the_next() -> None:
    breaker = opened()
    calls(breaker, 1.0, "nothing")
    assert breaker.state(1.0) == "half_open"
    calls(breaker, 1.0, "well")
    assert breaker.state(1.0) == "closed"


def test_a_probe_that_never_ends_holds_nobody_up_for_ever() -> None:
    breaker = opened()
    lost = breaker.enter(1.0)
    assert lost is not None
    later = 1.0 + RULES.longest_open_s
    assert breaker.enter(later - 0.1) is None
    calls(breaker, later, "well")
    breaker.leave(lost, "sick", later, "deadline")
    assert breaker.state(later) == "closed"


@pytest.mark.parametrize("proof", ["well", "sick"])
def test_calls_that_were_sent_before_it_opened_say_nothing_about_now(proof: Proof) -> None:
    breaker = Breaker()
    old = breaker.enter(0)
    assert old is not None
    calls(breaker, 0, *["sick"] * RULES.fewest_calls)
    breaker.leave(old, proof, 1.0, "downstream_down")
    assert breaker.state(1.0) == "half_open"
    assert breaker.retry_after_s(0.0) == RULES.first_open_s


@given(st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["well", "sick", "nothing"])), max_size=60))
def test_whatever_happens_a_route_that_is_well_again_is_in_service_within_the_longest_time(
    steps: list[tuple[float, Proof]],
) -> None:
    breaker, now = Breaker(), 0.0
    for pause_s, proof in steps:
        now += pause_s
        permit = breaker.enter(now)
        assert (permit is None) == (breaker.state(now) == "open")
        if permit is not None:
            breaker.leave(permit, proof, now, "downstream_down")
    assert breaker.retry_after_s(now) <= RULES.longest_open_s
    now += RULES.longest_open_s
    calls(breaker, now, "well")
    assert breaker.state(now) == "closed"
