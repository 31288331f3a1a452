"""What the gates promise: a bad agent is taken back soon, a good one gets on, and what is not known is said."""

import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.bridge.arm_evidence import UNIT_BUCKETS, ArmEvidence
from server.bridge.gates import (
    AGAINST_DOWNSTREAM,
    BREACH_CALLS,
    BREACH_CALLS_OF_ONE,
    ERRORS,
    ERRORS_AGAINST_DOWNSTREAM,
    P95,
    P95_AGAINST_DOWNSTREAM,
    Gate,
    GateRules,
    evaluate,
    wanting,
)

RULES = GateRules(target_ms=500)


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (no secret)


def _arm(calls: int, users: int = 20, errors: float = 0.01, median_ms: float = 200, seed: int = 1) -> ArmEvidence:
    """An invented arm: latencies lognormal, errors by chance."""
    chance, arm = _chance(seed), ArmEvidence()
    for call in range(calls):
        failed = chance.random() < errors
        ms = median_ms * chance.lognormvariate(0, 0.4)
        arm.add(f"user-{call % users}", None if failed else ms, "broke" if failed else None, RULES.target_ms)
    return arm


def _gates(agno: ArmEvidence, downstream: ArmEvidence, rules: GateRules = RULES) -> dict[str, Gate]:
    return {gate.name: gate for gate in evaluate(agno, downstream, rules)}


def test_a_good_agent_passes_every_gate() -> None:
    gates = evaluate(_arm(2400, seed=1), _arm(3000, seed=2), RULES)
    assert {gate.verdict for gate in gates} == {"passed"}
    assert all(gate.needs_calls is None for gate in gates)


@pytest.mark.parametrize(
    ("bad", "gate"),
    [
        (_arm(800, errors=0.12), ERRORS),
        (_arm(800, errors=0.12), ERRORS_AGAINST_DOWNSTREAM),
        (_arm(200, median_ms=400), P95),
        (_arm(200, median_ms=400), P95_AGAINST_DOWNSTREAM),
    ],
)
def test_an_agent_that_fails_often_or_is_slow_breaches_and_the_gate_shows_the_figures(
    bad: ArmEvidence, gate: str
) -> None:
    found = _gates(bad, _arm(3000))[gate]
    assert found.verdict == "breached"
    assert f"{bad.calls:,} calls" in found.said or f"{bad.latency.count:,} answers" in found.said


def test_an_agent_that_always_fails_is_taken_back_after_ten_calls_of_two_users() -> None:
    just = _gates(_arm(BREACH_CALLS, users=2, errors=1), ArmEvidence())
    assert just[ERRORS].verdict == "breached"
    assert _gates(_arm(BREACH_CALLS - 1, users=2, errors=1), ArmEvidence())[ERRORS].verdict == "open"


def test_one_user_alone_takes_an_agent_back_only_after_more_calls() -> None:
    assert _gates(_arm(BREACH_CALLS_OF_ONE - 1, users=1, errors=1), ArmEvidence())[ERRORS].verdict == "open"
    assert _gates(_arm(BREACH_CALLS_OF_ONE, users=1, errors=1), ArmEvidence())[ERRORS].verdict == "breached"


def test_one_user_whose_calls_all_fail_does_not_take_the_agent_from_the_others() -> None:
    agno = _arm(300, users=15, errors=0)
    for _ in range(60):
        agno.add("unlucky", None, "broke", None)
    assert _gates(agno, _arm(3000))[ERRORS].verdict == "open"


def test_below_the_floor_a_good_agent_is_open_and_the_gate_says_what_is_missing() -> None:
    few_calls = _gates(_arm(199, errors=0), _arm(3000))[ERRORS]
    assert few_calls.verdict == "open"
    assert wanting([few_calls]) == "needs 1 more call on agno"
    assert few_calls.said.endswith("too few to tell; about 1 more call on agno would do")
    few_users = _gates(_arm(2000, users=7), _arm(3000))
    assert {gate.verdict for gate in few_users.values()} == {"open"}
    assert all("1 more user on agno would do" in gate.said for gate in few_users.values())


def test_a_comparison_needs_the_floor_on_both_sides() -> None:
    gates = _gates(_arm(2000), _arm(2000, users=3))
    assert all(
        gates[name].verdict == "open" and "on downstream would do" in gates[name].said for name in AGAINST_DOWNSTREAM
    )
    assert gates[ERRORS].verdict == gates[P95].verdict == "passed"
    assert wanting([gates[name] for name in AGAINST_DOWNSTREAM]) == "needs 5 more users on downstream"


def test_what_all_gates_wait_for_is_said_in_one_line() -> None:
    fresh = evaluate(ArmEvidence(), ArmEvidence(), replace(RULES, target_ms=None))
    assert wanting(fresh) == (
        "needs 200 more calls and 8 more users on each route; "
        "p95: the tool has no target: set its `response_timeout_ms`, or advance with a reason"
    )


def test_without_a_target_or_without_calls_on_downstream_the_gate_says_so() -> None:
    gates = _gates(_arm(2000), ArmEvidence(), replace(RULES, target_ms=None))
    assert gates[P95].verdict == "open"
    assert "no target" in gates[P95].said
    for name in AGAINST_DOWNSTREAM:
        assert gates[name].verdict == "open"
        assert "nothing to compare with" in gates[name].said


def test_without_any_call_everything_is_open() -> None:
    gates = evaluate(ArmEvidence(), ArmEvidence(), RULES)
    assert {gate.verdict for gate in gates} == {"open"}


def test_an_agent_at_the_limit_is_too_close_to_tell() -> None:
    agno = ArmEvidence()
    for call in range(1000):
        failed = call % 20 == 0
        agno.add(f"user-{call % 30}", None if failed else 200.0, "broke" if failed else None, 500)
    gate = _gates(agno, _arm(3000))[ERRORS]
    assert gate.verdict == "open"
    assert "too close to tell" in gate.said


def test_the_number_of_missing_calls_is_about_right() -> None:
    def failing_one_in_sixty(calls: int) -> ArmEvidence:
        return _evidence([(call % 17, call % 60 == 59) for call in range(calls)])

    said = _gates(failing_one_in_sixty(240), _arm(3000))[ERRORS]
    assert said.verdict == "open"
    assert said.needs_calls is not None
    assert f"about {said.needs_calls:,} more calls" in said.said
    assert _gates(failing_one_in_sixty(240 + said.needs_calls // 4), _arm(3000))[ERRORS].verdict == "open"
    assert _gates(failing_one_in_sixty(240 + 2 * said.needs_calls), _arm(3000))[ERRORS].verdict == "passed"


outcomes = st.lists(st.tuples(st.integers(0, 11), st.booleans()), max_size=400)


@given(outcomes, st.lists(st.integers(0, 399), max_size=60), st.sampled_from([0.02, 0.05, 0.3]))
@settings(max_examples=60, deadline=None)
def test_more_errors_never_turn_breached_into_passed(
    calls: list[tuple[int, bool]], more: list[int], limit: float
) -> None:
    rules = replace(RULES, max_error_rate=limit, floor_calls=1, floor_units=1)
    worse = [(user, failed or place in more) for place, (user, failed) in enumerate(calls)]
    verdicts = [
        {gate.name: gate.verdict for gate in evaluate(_evidence(arm), _evidence([(1, False)] * 50), rules)}
        for arm in (calls, worse)
    ]
    for name in (ERRORS, ERRORS_AGAINST_DOWNSTREAM):
        assert (verdicts[0][name], verdicts[1][name]) != ("breached", "passed")


def _evidence(calls: list[tuple[int, bool]]) -> ArmEvidence:
    arm = ArmEvidence()
    for user, failed in calls:
        arm.add(str(user), None if failed else 100, "broke" if failed else None, None)
    return arm


@given(outcomes, outcomes, outcomes)
@settings(max_examples=30, deadline=None)
def test_processes_add_up_to_what_one_would_have_counted(
    a: list[tuple[int, bool]], b: list[tuple[int, bool]], c: list[tuple[int, bool]]
) -> None:
    left, right = _evidence(a), _evidence(c)
    left.merge(_evidence(b))
    left.merge(_evidence(c))
    right.merge(_evidence(a))
    right.merge(_evidence(b))
    assert left.to_json() == right.to_json() == _evidence(a + b + c).to_json()
    assert ArmEvidence.from_json(json.loads(json.dumps(left.to_json()))).to_json() == left.to_json()


def test_evidence_is_bounded_and_names_nobody() -> None:
    arm = ArmEvidence()
    for user in range(5000):
        arm.add(f"ann-{user}@customer.example", 100, None, None)
    assert arm.users <= UNIT_BUCKETS
    assert "ann" not in json.dumps(arm.to_json())


def test_an_answer_without_a_latency_is_a_mistake_of_who_counts() -> None:
    with pytest.raises(ValueError, match="has a latency"):
        ArmEvidence().add("ann", None, None, None)
