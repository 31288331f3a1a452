"""Both arms side by side: only what was drawn, and never surer than the users allow."""

from collections.abc import Iterable

from server.bridge.figures import Figures, figures_of
from server.bridge.window import Bucket
from server.report.comparison import Comparison, compared
from server.report.drawn import drawn_calls
from server.report.metrics import Metric, metrics_of
from server.report.pairs import pairs
from server.report.shapes import spread, stages, traffic
from server.state.decisions import DecisionRecord
from tests.report.logged import call, calls

NAMES = ("response_time_improvement", "memory_efficiency", "user_satisfaction", "error_rate_reduction")


def found(records: Iterable[DecisionRecord], scores: dict[str, float] | None = None) -> Comparison:
    return compared(drawn_calls(records, scores or {}))


def figures(memory_mb: float | None) -> Figures:
    held = Bucket() if memory_mb is None else Bucket(memory_bytes=memory_mb * 2**20, memory_samples=1)
    return figures_of(held, over_s=3600, covered_s=3600, calls_last_minute=0)


def metrics(
    comparison: Comparison, agno_mb: float | None = None, downstream_mb: float | None = None
) -> dict[str, Metric]:
    of = metrics_of(NAMES, comparison, {"agno": figures(agno_mb), "downstream": figures(downstream_mb)})
    return {metric.name: metric for metric in of}


def test_a_faster_agent_is_better_and_the_same_log_gives_the_same_figures() -> None:
    records = [*calls("agno", 50), *calls("downstream", 100)]
    comparison = found(records)
    assert (comparison.agno.calls, comparison.agno.users, comparison.agno.p95_ms) == (200, 20, 56)
    assert found(records) == comparison
    faster = metrics(comparison)["response_time_improvement"]
    assert faster.verdict == "better"
    assert faster.figure == 100 * (1 - 56 / 106)
    assert metrics(comparison)["error_rate_reduction"].verdict == "no difference shown"


def test_an_agent_that_fails_is_worse() -> None:
    failing = [call(number, "agno", error="model") for number in range(200)]
    comparison = found([*failing, *calls("downstream", 100)])
    assert metrics(comparison)["error_rate_reduction"].verdict == "worse"
    assert comparison.agno.errors_by_kind == {"model": 200}


def test_failures_of_one_user_say_less_than_those_of_many() -> None:
    by_one = [call(number, "agno", error="model" if number % 20 == 0 else None) for number in range(400)]
    by_many = [call(number, "agno", error="model" if number < 20 else None) for number in range(400)]
    widths = [high - low for low, high in (found(one).agno.error_interval for one in (by_one, by_many))]
    assert widths[0] > 2 * widths[1]


def test_calls_that_were_not_drawn_and_callers_mistakes_are_counted_apart() -> None:
    mistaken = call(2, "agno")
    mistaken.content["outcome"].pop("counted")
    drawn = drawn_calls([call(1, None), mistaken, call(3, "agno")], {})
    assert (drawn.not_drawn, drawn.not_counted, len(drawn.calls)) == (1, 1, 1)


def test_a_single_user_gives_no_interval_and_no_verdict() -> None:
    records = [call(20 * n, arm, 1 if arm == "agno" else 900) for n in range(99) for arm in ("agno", "downstream")]
    comparison = found(records)
    assert comparison.agno.p95_interval_ms is None
    told = metrics(comparison)
    assert told["response_time_improvement"].verdict == told["error_rate_reduction"].verdict == "too few to tell"
    assert "users: 1 of the agent" in told["response_time_improvement"].said


def test_the_slowest_of_a_handful_of_answers_is_no_verdict() -> None:
    comparison = found([*calls("agno", 50, 20), *calls("downstream", 500, 20)])
    assert metrics(comparison)["response_time_improvement"].verdict == "too few to tell"


def test_ratings_count_for_the_route_that_gave_the_answer() -> None:
    records = [*calls("agno", 50), *calls("downstream", 100)]
    helped = call(300, "agno", error="model", outcome={"route": "downstream"})
    scores = {record.id: 4.5 if record.content["arm"] == "agno" else 3.0 for record in records[::2]}
    drawn = drawn_calls([*records, helped, call(301, None)], {**scores, helped.id: 5.0, call(301, None).id: 1.0})
    comparison = compared(drawn)
    assert (comparison.agno.rated.ratings, comparison.agno.rated.mean, comparison.downstream.rated.mean) == (
        100,
        4.5,
        3,
    )
    assert drawn.rated_elsewhere == 2
    satisfaction = metrics(comparison)["user_satisfaction"]
    assert (satisfaction.verdict, satisfaction.figure) == ("better", 1.5)


def test_a_metric_without_a_figure_says_so() -> None:
    told = metrics(found([*calls("agno", 50), *calls("downstream", 50)]))
    assert told["user_satisfaction"].verdict == told["memory_efficiency"].verdict == "not measured"
    both = metrics(found([]), 1.5, 60)["memory_efficiency"]
    assert both.verdict == "not comparable"
    assert "1.5 MB" in both.said
    assert "60.0 MB" in both.said


def test_shadow_pairs_are_counted_by_how_they_ended() -> None:
    kinds = [*["agree"] * 8, "differ", "differ", "one_failed", "not_comparable"]
    shadows = [
        {"route": "agno", "latency_ms": 1.0, "error": None, "agreement": kind, "same": 3, "differing": names}
        for kind, names in zip(kinds, [[]] * 8 + [["next_steps"], ["next_steps", "summary"], [], []], strict=True)
    ]
    records = [call(n, None, outcome={"shadow": shadow}) for n, shadow in enumerate(shadows)]
    counted = pairs([*records, call(99, "agno")])
    assert counted is not None
    assert (counted.pairs, counted.agreed, counted.differed, counted.one_failed) == (12, 8, 2, 1)
    assert counted.share == 0.8
    assert counted.interval[0] < 0.8 < counted.interval[1]
    assert counted.differing == {"next_steps": 2, "summary": 1}
    assert pairs([call(1, "agno")]) is None


def test_every_answered_call_is_in_the_spread_and_every_drawn_one_in_its_hour_and_stage() -> None:
    records = [*calls("agno", 50), call(200, "agno", error="model"), *calls("downstream", 5, 100, propensity=0.9)]
    drawn = drawn_calls(records, {})
    shape = spread(drawn)
    assert shape is not None
    assert (sum(shape.agno), sum(shape.downstream)) == (200, 100)
    assert sum(step.agno for step in traffic(drawn)) == 201
    assert [(stage.percent, stage.agno, stage.downstream) for stage in stages(drawn)] == [(10, 0, 100), (50, 201, 0)]
    assert spread(drawn_calls([call(1, "agno", error="model")], {})) is None
    assert spread(drawn_calls([call(1, "agno", 5.0)], {})) is not None
