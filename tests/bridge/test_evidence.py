"""What is measured of each tool and route."""

import json
import sys

import pytest

from server.bridge.evidence import FEWEST, MOST_WINDOWS, Evidence
from server.errors import CallerError, DeadlineExceeded, DownstreamDown

HOUR_S, DAY_S = 3600, 86_400


class Clock:
    now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def evidence(clock: Clock) -> Evidence:
    return Evidence(clock)


def test_percentiles_are_of_answered_attempts_within_one_per_cent(evidence: Evidence) -> None:
    for latency_ms in range(1, 101):
        evidence.record("gong_intelligence", "downstream", latency_ms, None)
    evidence.record("gong_intelligence", "downstream", 9999, DownstreamDown("away"))
    figures = evidence.figures("gong_intelligence", "downstream")
    assert figures.p50_ms == pytest.approx(50, rel=0.01)
    assert figures.p95_ms == pytest.approx(95, rel=0.01)
    assert figures.p99_ms == pytest.approx(99, rel=0.01)
    assert (figures.attempts, figures.answered, figures.errors) == (101, 100, 1)


def test_errors_are_counted_by_kind_and_the_callers_own_are_none_of_the_route(evidence: Evidence) -> None:
    for error in (
        DownstreamDown("away"),
        DownstreamDown("away"),
        DeadlineExceeded("late"),
        CallerError("no such rep"),
    ):
        evidence.record("sales_coach", "downstream", 3, error)
    figures = evidence.figures("sales_coach", "downstream")
    assert figures.errors_by_kind == {DownstreamDown.kind: 2, DeadlineExceeded.kind: 1}
    assert (figures.errors, figures.callers_own, figures.answered) == (3, 1, 0)


def test_what_was_never_measured_is_none_and_never_zero(evidence: Evidence) -> None:
    figures = evidence.figures("sales_coach", "agno")
    assert (figures.attempts, figures.calls_last_minute) == (0, 0)
    for name in (
        "p50_ms",
        "p95_ms",
        "p99_ms",
        "calls_per_minute",
        "memory_mb",
        "model_calls",
        "input_tokens",
        "cost",
    ):
        assert getattr(figures, name) is None, name
    assert (figures.credits, figures.first_token_p50_ms, figures.output_tokens) == (None, None, None)


def test_the_hour_forgets_what_the_week_still_knows(evidence: Evidence, clock: Clock) -> None:
    evidence.record("sales_coach", "agno", 10, None)
    clock.now_s += HOUR_S + 1
    evidence.record("sales_coach", "agno", 10, None)
    assert evidence.figures("sales_coach", "agno").attempts == 1
    assert evidence.figures("sales_coach", "agno", "long").attempts == 2
    clock.now_s += 7 * DAY_S
    assert evidence.figures("sales_coach", "agno", "long").attempts == 0


def test_the_long_window_is_as_long_as_tests_last(clock: Clock) -> None:
    evidence = Evidence(clock, long_hours=48)
    evidence.record("sales_coach", "agno", 10, None)
    clock.now_s += 40 * HOUR_S
    assert evidence.figures("sales_coach", "agno", "long").attempts == 1
    clock.now_s += 10 * HOUR_S
    assert evidence.figures("sales_coach", "agno", "long").attempts == 0


def test_throughput_is_of_the_last_minute_and_of_the_time_since_the_window_began_to_fill(
    evidence: Evidence, clock: Clock
) -> None:
    clock.now_s -= clock.now_s % 600
    for _ in range(30):
        evidence.record("sales_coach", "agno", 10, None)
    clock.now_s += 120
    evidence.record("sales_coach", "agno", 10, None)
    figures = evidence.figures("sales_coach", "agno")
    assert (figures.calls_last_minute, figures.calls_per_minute) == (1, 15.5)


def test_runs_tell_model_calls_tokens_cost_and_the_first_token(evidence: Evidence) -> None:
    evidence.spent("sales_coach", "agno", 3, 1000, 200, 0.02, 400)
    evidence.spent("sales_coach", "agno", 1, 500, 100, 0.01, 600)
    figures = evidence.figures("sales_coach", "agno")
    assert (figures.model_calls, figures.input_tokens, figures.output_tokens) == (4, 1500, 300)
    assert figures.cost == pytest.approx(0.03)
    assert figures.first_token_p95_ms == pytest.approx(600, rel=0.01)


def test_the_embedded_model_has_calls_and_no_tokens_and_what_is_free_costs_zero(evidence: Evidence) -> None:
    evidence.spent("sales_coach", "agno", 2, cost=0.0)
    figures = evidence.figures("sales_coach", "agno")
    assert (figures.model_calls, figures.input_tokens, figures.cost, figures.first_token_p50_ms) == (
        2,
        None,
        0.0,
        None,
    )


def test_credits_are_the_downstream_routes(evidence: Evidence) -> None:
    evidence.spent("gong_call_analysis", "downstream", credits=2)
    evidence.spent("gong_call_analysis", "downstream", credits=2)
    figures = evidence.figures("gong_call_analysis", "downstream")
    assert (figures.credits, figures.model_calls) == (4, None)


def test_memory_is_the_mean_of_its_samples_and_stays_unknown_where_nobody_knows_it(evidence: Evidence) -> None:
    evidence.record("sales_coach", "agno", 10, None)
    evidence.record("sales_coach", "downstream", 10, None)
    for held_mb in (10, 30):
        evidence.sample_memory(lambda _, route, mb=held_mb: mb * 2**20 if route == "agno" else None)
    assert evidence.figures("sales_coach", "agno").memory_mb == 20
    assert evidence.figures("sales_coach", "downstream").memory_mb is None


def test_nothing_measured_enters_a_decision_before_there_is_enough_of_it(evidence: Evidence) -> None:
    for _ in range(FEWEST - 1):
        evidence.record("sales_coach", "downstream", 10, None)
    assert evidence.downstream_p95_ms("sales_coach") is None
    evidence.record("sales_coach", "downstream", 10, None)
    assert evidence.downstream_p95_ms("sales_coach") == pytest.approx(10, rel=0.01)


def test_a_measured_term_keeps_its_last_value_when_samples_end(evidence: Evidence, clock: Clock) -> None:
    for _ in range(FEWEST):
        evidence.record("sales_coach", "downstream", 300, None)
    clock.now_s += 30 * DAY_S
    assert evidence.figures("sales_coach", "downstream").p95_ms is None
    assert evidence.downstream_p95_ms("sales_coach") == pytest.approx(300, rel=0.01)


def test_a_tool_is_busy_above_100_calls_a_minute_and_calm_again_below_70(evidence: Evidence, clock: Clock) -> None:
    for _ in range(100):
        evidence.called("sales_coach")
    assert not evidence.busy("sales_coach")
    evidence.called("sales_coach")
    assert evidence.busy("sales_coach")
    clock.now_s += 61
    for _ in range(68):
        evidence.called("sales_coach")
    assert not evidence.busy("sales_coach")


def test_between_the_two_limits_a_tool_stays_what_it_was(evidence: Evidence, clock: Clock) -> None:
    for _ in range(101):
        evidence.called("sales_coach")
    clock.now_s += 30
    for _ in range(80):
        evidence.called("sales_coach")
    clock.now_s += 31
    evidence.called("sales_coach")
    assert evidence.calls_last_minute("sales_coach") == 81
    assert evidence.busy("sales_coach")


def test_asking_changes_nothing(evidence: Evidence, clock: Clock) -> None:
    for _ in range(101):
        evidence.called("sales_coach")
    clock.now_s += 600
    assert evidence.calls_last_minute("sales_coach") == 0
    assert evidence.busy("sales_coach"), "no call was made that could have shown that it is calm"
    evidence.called("sales_coach")
    assert not evidence.busy("sales_coach")


def test_a_retried_call_is_one_call_and_two_attempts(evidence: Evidence) -> None:
    evidence.called("sales_coach")
    evidence.record("sales_coach", "downstream", 5, DownstreamDown("away"))
    evidence.record("sales_coach", "downstream", 5, None)
    assert evidence.calls_last_minute("sales_coach") == 1
    assert evidence.figures("sales_coach", "downstream").calls_last_minute == 2


def test_memory_is_bounded_whatever_the_traffic_and_the_number_of_tools(evidence: Evidence, clock: Clock) -> None:
    for n in range(200_000):
        if n % 20_000 == 0:
            clock.now_s += 6 * HOUR_S
        evidence.record(f"tool_{n // 50}", "downstream", 1 + n % 300, None)
    assert len(evidence.windows()) == MOST_WINDOWS
    assert size_of(evidence) < 25 * 2**20


def test_one_tool_under_all_the_traffic_holds_no_more_than_its_buckets(evidence: Evidence, clock: Clock) -> None:
    sizes = []
    for _ in range(4):
        for n in range(10_000):
            clock.now_s += 15 * DAY_S / 10_000
            evidence.record("sales_coach", "agno", 10 + n % 100, None)
        evidence.unsaved("evidence_hour")
        evidence.unsaved("evidence_long")
        sizes.append(size_of(evidence))
    assert max(sizes) < 1.2 * min(sizes)


def test_a_clock_that_is_set_back_loses_and_breaks_nothing(evidence: Evidence, clock: Clock) -> None:
    evidence.record("sales_coach", "agno", 10, None)
    clock.now_s -= 300
    evidence.record("sales_coach", "agno", 10, None)
    clock.now_s += 300
    assert evidence.figures("sales_coach", "agno").attempts == 2


def test_figures_are_plain_json(evidence: Evidence) -> None:
    from dataclasses import asdict

    evidence.record("sales_coach", "agno", 10, DeadlineExceeded("late"))
    assert json.loads(json.dumps(asdict(evidence.figures("sales_coach", "agno"))))["errors_by_kind"] == {
        "deadline": 1
    }


def size_of(held: object) -> int:
    """The bytes of an object and of everything that only it holds."""
    seen: set[int] = set()
    todo, size = [held], 0
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, type | str) or callable(one):
            continue
        seen.add(id(one))
        size += sys.getsizeof(one)
        if isinstance(one, dict):
            todo += [*one.keys(), *one.values()]
        elif isinstance(one, list | tuple | set):
            todo += one
        else:
            slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
            todo += [getattr(one, name) for name in slots if hasattr(one, name)] + [getattr(one, "__dict__", None)]
    return size
