"""Predictive allocation in service: what is kept with a decision, what a restart knows, and what it leaves alone."""

import random
from collections.abc import Sequence
from typing import Any

import anyio

from server.bridge.decide import decide
from server.bridge.decision import Call, Decision, DownstreamMapping, Live, Tool
from server.bridge.learning.allocation import Allocation
from server.bridge.learning.learner import EXPLORED
from server.bridge.policy import Flags, Policy
from server.state.decisions import DecisionRecord

METRICS = ("response_time_improvement", "error_rate_reduction")
GONG = DownstreamMapping("gong", frozenset({"call_brief"}), frozenset({"call_id"}), frozenset({"call_id"}))
BOTH = Tool("gong_intelligence", agno="agent", downstream=GONG, target_ms=500)
ON = Policy(flags=Flags(predictive_allocation=True))
ARGUMENTS = frozenset({"call_id"})


def allocation(on: bool, log: Sequence[DecisionRecord] = ()) -> Allocation:
    made = Allocation(lambda: (on, METRICS), lambda number: log[:number], clock=lambda: 7_200.0)
    anyio.run(made.look)
    return made


def decided(learning: Allocation, caller: str, live: Live | None = None) -> tuple[Decision, Any]:
    call, now = Call(caller, ARGUMENTS, "call_brief"), live or Live()
    learned = learning.learned(call, BOTH, now, ON)
    known = Live(faults=now.faults, learned=learned)
    return decide(call, BOTH, ON, known), learning.context(call, BOTH, now)


def log_of_half(number: int, *, agno_fails: float, downstream_fails: float) -> list[DecisionRecord]:
    """A log, newest first, of a rollout at 50 %."""
    chance, learning, records = random.Random(3), allocation(on=False), list[DecisionRecord]()  # noqa: S311  (no secret)
    for one in range(number):
        caller = f"caller {one % 60}"
        arm = "agno" if one % 60 < 30 else "downstream"
        failed = chance.random() < (agno_fails if arm == "agno" else downstream_fails)
        attempt = {"route": arm, "latency_ms": 100.0, "error": "model" if failed else None}
        content = {
            "route": arm,
            "arm": arm,
            "score": 0,
            "propensity": 0.5,
            "context": decided(learning, caller)[1],
            "outcome": {"attempts": [attempt], "ended": "failed" if failed else "served"},
        }
        records.append(DecisionRecord(f"{one:08}", float(one), BOTH.name, content))
    return records[::-1]


def test_with_the_flag_off_nothing_is_learned_and_what_can_be_learned_from_later_is_kept() -> None:
    learning = allocation(on=False)
    decision, context = decided(learning, "ann")
    assert decision.propensity is None
    assert (context["intent"], context["arguments"], context["window"]) == ("call_brief", 1, 2)
    assert "ann" not in str(context)


def test_a_restart_knows_what_the_log_knows() -> None:
    log = log_of_half(1_500, agno_fails=0.02, downstream_fails=0.5)
    learning = allocation(on=True, log=log)
    routes = [decided(learning, f"new {number}")[0] for number in range(200)]
    to_agno = sum(decision.route == "agno" for decision in routes)
    assert 0.85 <= to_agno / 200 < 1
    said = next(one for one in routes if one.route == "agno").reasons[-1].text
    assert "did better than the score" in said
    assert "+0 (nothing speaks for either) is for downstream" in said


def test_where_the_log_says_too_little_the_score_decides_but_for_the_callers_drawn_to_learn_from() -> None:
    learning = allocation(on=True)
    decisions = [decided(learning, f"caller {number}")[0] for number in range(2_000)]
    drawn = [one for one in decisions if one.route == "agno"]
    assert 0.5 * EXPLORED < len(drawn) / 2_000 < 2 * EXPLORED
    assert {one.propensity for one in drawn} == {EXPLORED}
    assert {one.propensity for one in decisions if one.route == "downstream"} == {1 - EXPLORED}
    assert "insufficient (0 of 200 drawn calls), so the score decides" in decisions[0].reasons[-1].text


def test_a_caller_keeps_to_one_route_within_the_hour() -> None:
    learning = allocation(on=True)
    assert {decided(learning, "ann")[0].route for _ in range(100)} == {decided(learning, "ann")[0].route}


def test_nothing_is_drawn_while_a_route_cannot_serve() -> None:
    learning = allocation(on=True)
    for number in range(100):
        decision, _ = decided(learning, f"caller {number}", Live(faults={"agno": "full"}))
        assert (decision.route, decision.propensity) == ("downstream", None)


def test_a_tool_with_one_route_has_nothing_to_learn() -> None:
    learning = allocation(on=True)
    assert learning.context(Call("ann"), Tool("hubspot_crm", agno="agent"), Live()) is None
