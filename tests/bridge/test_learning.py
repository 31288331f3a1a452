"""What is learned from decisions: it takes over only where drawn calls show that it does better, and says what it knows."""

import json
import random
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from server.bridge.decision import Route
from server.bridge.learning.context import Context, Recent
from server.bridge.learning.learner import EXPLORED, Learner, replayed
from server.bridge.learning.learner import learned_from as learned_from_log
from server.bridge.learning.model import Ridge
from server.bridge.learning.replay import Judgement, Report
from server.bridge.learning.utility import Ended, ended, utility

METRICS = ("response_time_improvement", "error_rate_reduction")
TOOL = "gong_intelligence"
Fails = Callable[[str, Route], float]
Record = Mapping[str, Any]


def content(
    route: Route,
    *,
    answered: bool = True,
    latency_ms: float = 100.0,
    intent: str = "call_brief",
    caller: int = 1,
    hour: int = 0,
    propensity: float | None = 0.5,
    score: int | None = 0,
    arm: Route | None = None,
) -> dict[str, Any]:
    """A decision as the log has it."""
    attempt = {"route": route, "latency_ms": latency_ms, "error": None if answered else "downstream"}
    return {
        "context": {**Context(intent, 2, False, 150.0, caller).to_json(), "window": hour},
        "route": route,
        "arm": arm,
        "score": score,
        "propensity": propensity,
        "outcome": {"attempts": [attempt], "ended": "served" if answered else "failed"},
    }


def drawn_calls(number: int, fails: Fails, *, seed: int = 1, likely: float = 0.5, score: int = 0) -> list[Record]:
    """So many calls drawn by callers and hours, and how they ended."""
    chance, records = random.Random(seed), list[Record]()  # noqa: S311  (no secret)
    for one in range(number):
        intent = chance.choice(["call_brief", "call_search"])
        on_agno = chance.random() < likely
        route: Route = "agno" if on_agno else "downstream"
        answered = chance.random() >= fails(intent, route)
        propensity = likely if on_agno else 1 - likely
        records.append(
            content(
                route,
                answered=answered,
                intent=intent,
                caller=chance.randrange(40),
                hour=one // 100,
                propensity=propensity,
                score=score,
            )
        )
    return records


def learned_from(records: list[Record]) -> Learner:
    return learned_from_log(((TOOL, record) for record in records), METRICS)


def agno_is_better(intent: str, route: Route) -> float:
    return 0.02 if route == "agno" else 0.4


def each_is_better_for_some(intent: str, route: Route) -> float:
    return 0.02 if (route == "agno") == (intent == "call_brief") else 0.5


def alike(intent: str, route: Route) -> float:
    return 0.1


CALL = Context("call_brief", 2, False, 150.0, 1)
NOT_EXPLORED = 0.9


def test_below_the_floor_the_score_decides_and_what_is_missing_is_said() -> None:
    learner = learned_from(drawn_calls(150, agno_is_better))
    chosen = learner.chosen(TOOL, CALL, "downstream", NOT_EXPLORED)
    assert chosen.route == "downstream"
    assert re.fullmatch(
        r"what was learned is insufficient \(1\d\d of 200 drawn calls\), so the score decides", chosen.because
    )


def test_where_drawn_calls_show_that_it_does_better_what_was_learned_decides() -> None:
    chosen = learned_from(drawn_calls(1_200, agno_is_better)).chosen(TOOL, CALL, "downstream", NOT_EXPLORED)
    assert chosen.route == "agno"
    assert chosen.propensity == 1 - EXPLORED
    assert "it did better than the score by +0." in chosen.because


def test_what_was_learned_chooses_by_what_the_call_is_about() -> None:
    learner = learned_from(drawn_calls(1_500, each_is_better_for_some))
    search = Context("call_search", 2, False, 150.0, 1)
    assert learner.chosen(TOOL, CALL, "downstream", NOT_EXPLORED).route == "agno"
    assert learner.chosen(TOOL, search, "agno", NOT_EXPLORED).route == "downstream"


def test_where_the_score_is_right_it_stays_in_charge() -> None:
    learner = learned_from(drawn_calls(1_200, agno_is_better, score=3))
    chosen = learner.chosen(TOOL, CALL, "agno", NOT_EXPLORED)
    assert chosen.route == "agno"
    assert "not shown to do better than the score" in chosen.because


@pytest.mark.parametrize("seed", range(4))
def test_where_the_routes_are_alike_it_does_not_take_over(seed: int) -> None:
    assert not learned_from(drawn_calls(1_500, alike, seed=seed)).decides(TOOL)


def test_it_gives_back_once_the_newest_calls_no_longer_show_it() -> None:
    records = drawn_calls(1_000, agno_is_better)
    assert learned_from(records).decides(TOOL)
    broken = drawn_calls(1_500, lambda _, route: 0.6 if route == "agno" else 0.02, seed=2)
    assert not learned_from(records + broken).decides(TOOL)


def test_calls_that_were_not_drawn_are_no_evidence_however_many_there_are() -> None:
    by_the_score = [content("agno", propensity=None) for _ in range(1_000)]
    certain = [content("agno", propensity=1.0, arm="agno") for _ in range(1_000)]
    judgement = learned_from([*by_the_score, *certain]).report(TOOL)
    assert isinstance(judgement, Judgement)
    assert judgement.missing == "0 of 200 drawn calls"


def test_the_replay_finds_what_a_route_is_worth_although_few_calls_were_drawn_to_it() -> None:
    report = learned_from(drawn_calls(2_500, agno_is_better, likely=0.1)).report(TOOL)
    assert isinstance(report, Report)
    agno, downstream = report.always
    time = 150 / (150 + 100)
    assert agno.low <= 0.98 * (1 + time) / 2 <= agno.high
    assert downstream.low <= 0.6 * (1 + time) / 2 <= downstream.high
    assert report.regret[0] > 0.2
    assert report.regret[1] < 0.05


def test_the_calls_of_one_caller_are_one_draw_and_not_many() -> None:
    one_hour = [
        {**record, "context": {**record["context"], "group": 1, "window": 0}} for record in drawn_calls(900, alike)
    ]
    judgement = learned_from(one_hour).report(TOOL)
    assert isinstance(judgement, Judgement)
    assert judgement.missing == "1 of 30 separate draws"


def test_one_caller_in_twenty_is_drawn_to_the_other_route_and_the_likelihood_is_logged() -> None:
    learner = Learner(METRICS)
    drawn = [learner.chosen(TOOL, CALL, "downstream", number / 1_000) for number in range(1_000)]
    other = [one for one in drawn if one.route == "agno"]
    assert len(other) == 50
    assert {one.propensity for one in other} == {EXPLORED}
    assert {one.propensity for one in drawn if one.route == "downstream"} == {1 - EXPLORED}
    assert all("drawn to learn from it" in one.because for one in other)


def test_learning_again_from_the_log_comes_to_the_same() -> None:
    records = drawn_calls(600, each_is_better_for_some)
    again = [json.loads(json.dumps(record)) for record in records]
    for intent in ("call_brief", "call_search"):
        call = Context(intent, 2, False, 150.0, 1)
        assert learned_from(records).chosen(TOOL, call, "agno", 0.9) == learned_from(again).chosen(
            TOOL, call, "agno", 0.9
        )
    assert replayed(((TOOL, record) for record in again), METRICS)[TOOL] == learned_from(records).report(TOOL)


@pytest.mark.parametrize(
    "odd", [{}, {"context": None}, {"context": {}}, {**content("agno"), "outcome": {}, "route": None}]
)
def test_a_record_that_cannot_be_read_is_passed_over(odd: Record) -> None:
    assert learned_from([odd]).report(TOOL) == Learner(METRICS).report(TOOL)


def test_what_it_remembers_of_a_tool_is_bounded() -> None:
    learner = Learner(METRICS, remembered=300)
    for record in drawn_calls(1_000, alike):
        learner.saw(TOOL, record)
    report = learner.report(TOOL)
    assert isinstance(report, Report)
    assert report.judgement.calls == 300


# Utility


def test_a_failure_is_worth_nothing_and_a_quick_answer_more_than_a_slow_one() -> None:
    quick, slow = (utility("agno", Ended(True, ms), 200, METRICS) for ms in (50, 800))
    assert utility("agno", Ended(False, 50), 200, METRICS) == 0
    assert 1 > quick > slow > 0.5
    assert utility("agno", Ended(True, 200), 200, METRICS) == 0.75


def test_what_is_known_of_one_route_only_counts_for_neither() -> None:
    metrics = (*METRICS, "user_satisfaction")
    one = {"user_satisfaction": {"agno": 1.0}}
    both = {"user_satisfaction": {"agno": 1.0, "downstream": 0.0}}
    how = Ended(True, 200)
    assert utility("agno", how, 200, metrics, one) == utility("agno", how, 200, METRICS)
    assert utility("agno", how, 200, metrics, both) > utility("downstream", how, 200, metrics, both)


def test_what_is_the_callers_own_mistake_says_nothing_about_a_route() -> None:
    attempt = {"route": "agno", "latency_ms": 5.0, "error": "not_found"}
    assert ended("agno", {"attempts": [attempt], "ended": "failed"}) is None
    assert ended("agno", {"attempts": [], "ended": "cancelled"}) is None


def test_a_route_that_could_not_serve_failed_although_the_other_did() -> None:
    attempt = {"route": "downstream", "latency_ms": 5.0, "error": None}
    assert ended("agno", {"attempts": [attempt], "ended": "served"}) == Ended(False, 0)


# The model


def test_the_model_finds_a_line_and_says_what_it_was_told_before_it_saw_anything() -> None:
    model, chance = Ridge(3, before=0.5), random.Random(1)  # noqa: S311  (no secret)
    assert model.says([1.0, 0.3, 0.0]) == 0.5
    for _ in range(2_000):
        x, y = chance.random(), chance.random()
        model.learn([1.0, x, y], 0.2 + 0.5 * x - 0.3 * y + chance.gauss(0, 0.05))
    assert model.says([1.0, 1.0, 0.0]) == pytest.approx(0.7, abs=0.03)
    assert model.says([1.0, 0.0, 1.0]) == pytest.approx(-0.1, abs=0.03)


def test_the_model_forgets() -> None:
    model = Ridge(1, before=0.5)
    for number in [0.9] * 3_000 + [0.1] * 5_000:
        model.learn([1.0], number)
    assert model.says([1.0]) == pytest.approx(0.1, abs=0.02)


def test_what_is_recent_follows_the_newest_calls() -> None:
    recent = Recent()
    for _ in range(60):
        recent = recent.then(True, 600.0, 150.0)
    assert recent.slowness == pytest.approx(2.0, abs=0.05)
    assert recent.then(False, 0.0, 150.0).failing > recent.failing
