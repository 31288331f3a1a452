"""The limit of concurrent runs follows what they measure: latency, memory, and the bounds that an operator set."""

from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.knee import Server, simulate
from server.bridge.concurrency import Bounds, Gradient, Ran

WIDE = Bounds(4, 1_000, 10_240)
CALLERS = 200
RUNS = 8_000


def settled(limits: list[int]) -> float:
    return fmean(limits[-RUNS // 4 :])


@pytest.mark.parametrize("knee", [8, 16, 40])
def test_the_limit_settles_near_the_number_of_runs_that_do_not_hinder_each_other(knee: int) -> None:
    outcome = simulate(Gradient(WIDE), Server(knee), callers=CALLERS, runs=RUNS)
    assert 0.8 * knee <= settled(outcome.limits) <= 1.5 * knee


def test_a_server_that_nothing_hinders_is_used_by_all_callers() -> None:
    outcome = simulate(Gradient(WIDE), Server(knee=10_000), callers=CALLERS, runs=RUNS)
    assert settled(outcome.limits) >= CALLERS


def test_the_limit_comes_down_as_soon_as_latency_doubles() -> None:
    doubled = {RUNS: Server(16, alone_ms=40.0)}
    outcome = simulate(Gradient(WIDE), Server(16), callers=CALLERS, runs=RUNS + 200, changes=doubled)
    before = fmean(outcome.limits[RUNS - 1_000 : RUNS])
    assert min(outcome.limits[RUNS:]) < 0.6 * before


def test_a_server_that_was_made_slower_for_good_is_used_in_full_again() -> None:
    doubled = {RUNS: Server(16, alone_ms=40.0)}
    outcome = simulate(Gradient(WIDE), Server(16), callers=CALLERS, runs=3 * RUNS, changes=doubled)
    assert 0.8 * 16 <= settled(outcome.limits) <= 1.5 * 16


def test_a_server_that_can_do_half_as_much_gets_half_as_many_runs() -> None:
    outcome = simulate(Gradient(WIDE), Server(16), callers=CALLERS, runs=2 * RUNS, changes={RUNS: Server(8)})
    assert 0.8 * 8 <= settled(outcome.limits) <= 1.5 * 8


def test_memory_over_its_bound_brings_the_limit_down_whatever_latency_says() -> None:
    bounds = Bounds(4, 1_000, memory_mb=50)
    outcome = simulate(Gradient(bounds), Server(knee=10_000, memory_mb_per_run=1.0), callers=CALLERS, runs=RUNS)
    assert max(outcome.limits) <= 2 * 50 + 1  # one window over it, at most
    assert settled(outcome.limits) <= 50 * 1.2


def test_few_callers_do_not_make_the_limit_grow() -> None:
    outcome = simulate(Gradient(WIDE), Server(16), callers=3, runs=RUNS)
    assert outcome.limits[-1] <= 2 * 4 + 1


def test_runs_that_are_cut_at_their_deadline_bring_the_limit_down() -> None:
    gradient = Gradient(WIDE)
    simulate(gradient, Server(64), callers=CALLERS, runs=RUNS)
    before = gradient.limit
    for number in range(60):
        gradient.saw(Ran("agent", 5_000.0, before, 1.0, 1e6 + number / 1000, late=True))
    assert gradient.limit < 0.6 * before


def test_what_runs_take_alone_is_measured_again_under_a_load_that_never_pauses() -> None:
    seen: list[int] = []
    simulate(Gradient(WIDE), Server(40, alone_ms=1_000.0), callers=CALLERS, runs=RUNS, watch=seen.append)
    after_the_start = seen[RUNS // 4 :]
    assert min(after_the_start) <= 4


def test_agents_and_teams_are_read_together_each_by_what_it_takes_alone() -> None:
    gradient = Gradient(WIDE)
    for number in range(2_000):
        kind, takes_ms = ("agent", 10.0) if number % 3 else ("team", 900.0)
        at_work = min(gradient.limit, 64)
        gradient.saw(Ran(kind, takes_ms, at_work, 1.0, number / 100))
    assert gradient.limit >= 64


measured = st.builds(
    Ran,
    st.sampled_from(["agent", "team"]),
    st.floats(0, 1e7),
    st.integers(1, 2_000),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.booleans(),
)
bounds = st.integers(1, 50).flatmap(
    lambda lowest: st.builds(Bounds, st.just(lowest), st.integers(lowest, 1_000), st.floats(1, 1e5))
)


@given(bounds, bounds, st.lists(measured, max_size=120), st.integers(1, 40))
def test_whatever_is_measured_the_limit_stays_within_its_bounds(
    first: Bounds, then: Bounds, runs: list[Ran], times: int
) -> None:
    gradient = Gradient(first)
    for ran in runs:
        for _ in range(times):
            gradient.saw(ran)
            assert first.lowest <= gradient.limit <= first.highest
    gradient.bind(then)
    assert then.lowest <= gradient.limit <= then.highest
