"""What a rollout may do from where it stands, and what an operator is told when it may not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bridge.gates import (
    ERRORS,
    ERRORS_AGAINST_DOWNSTREAM,
    P95,
    P95_AGAINST_DOWNSTREAM,
    Gate,
    Verdict,
)
from server.bridge.policy import RolloutState
from server.bridge.rollout import (
    Advance,
    Complete,
    Hold,
    RollBack,
    advance,
    complete,
    hold,
    next_stage,
    restored,
    resume,
    roll_back,
    start,
    verdict,
)
from server.errors import RolloutRefused

STAGES = (10, 50, 100)
NAMES = (ERRORS, ERRORS_AGAINST_DOWNSTREAM, P95, P95_AGAINST_DOWNSTREAM)


def _gates(**differing: Verdict) -> tuple[Gate, ...]:
    return tuple(Gate(name, differing.get(name.replace(" ", "_"), "passed"), f"said of {name}") for name in NAMES)


PASSED, BREACHED, OPEN = _gates(), _gates(p95="breached"), _gates(errors="open")
TEN = start(None, STAGES, "one", 100.0)


def test_a_rollout_goes_by_its_stages_to_the_end_and_keeps_its_salt() -> None:
    fifty = advance(TEN, PASSED, STAGES, 200.0)
    all_ = advance(fifty, PASSED, STAGES, 300.0)
    done = complete(all_, PASSED)
    assert [rollout.percent for rollout in (TEN, fifty, all_, done)] == [10, 50, 100, 100]
    assert {rollout.salt for rollout in (TEN, fifty, all_, done)} == {"one"}
    assert (all_.since, all_.started) == (300.0, 100.0)
    assert done.share == 100


def test_the_gates_say_what_comes_next() -> None:
    assert verdict(TEN, PASSED, STAGES) == Advance(50)
    assert verdict(replace(TEN, percent=100), PASSED, STAGES) == Complete()
    assert verdict(TEN, OPEN, STAGES) == Hold(("errors: said of errors",))
    assert verdict(TEN, BREACHED, STAGES) == RollBack("p95: said of p95")
    assert isinstance(verdict(TEN, (), STAGES), Hold)


def test_a_breach_takes_back_even_what_is_held_or_complete() -> None:
    assert isinstance(verdict(hold(TEN, "the quarter ends"), BREACHED, STAGES), RollBack)
    assert isinstance(verdict(complete(replace(TEN, percent=100), PASSED), BREACHED, STAGES), RollBack)
    assert isinstance(verdict(roll_back(TEN, "slow", 1), BREACHED, STAGES), Hold)


def test_at_100_percent_nothing_is_left_to_compare_with() -> None:
    alone = _gates(errors_against_downstream="open", p95_against_downstream="open")
    assert verdict(replace(TEN, percent=100), alone, STAGES) == Complete()
    assert isinstance(verdict(TEN, alone, STAGES), Hold)


def test_a_stage_is_not_left_before_its_gates_have_passed_but_with_a_reason_on_record() -> None:
    with pytest.raises(RolloutRefused, match=r"said of errors.*--accept-insufficient"):
        advance(TEN, OPEN, STAGES, 200.0)
    accepted = advance(TEN, OPEN, STAGES, 200.0, accept_insufficient="only five people use it")
    assert accepted.percent == 50
    assert "only five people use it" in accepted.why


def test_a_stage_is_not_skipped_without_a_reason() -> None:
    with pytest.raises(RolloutRefused, match="next stage is 50 %"):
        advance(TEN, PASSED, STAGES, 200.0, to=100)
    assert advance(TEN, PASSED, STAGES, 200.0, to=100, accept_insufficient="urgent").percent == 100
    with pytest.raises(RolloutRefused, match="starts at 10 %"):
        start(None, STAGES, "one", 100.0, to=50)


def test_no_reason_carries_an_agent_over_a_breach() -> None:
    with pytest.raises(RolloutRefused, match="Roll it back"):
        advance(TEN, BREACHED, STAGES, 200.0, accept_insufficient="I like it")


@given(st.integers(1, 100), st.sampled_from([PASSED, BREACHED, OPEN, ()]), st.sampled_from(["running", "held"]))
def test_a_step_back_is_always_allowed(percent: int, gates: tuple[Gate, ...], state: RolloutState) -> None:
    back = advance(replace(TEN, percent=percent, state=state), gates, STAGES, 200.0, to=percent - 1)
    assert (back.percent, back.salt, back.since) == (percent - 1, TEN.salt, 200.0)


def test_after_a_rollback_only_a_start_with_new_users_leads_on() -> None:
    back = roll_back(TEN, "it was slow", 200.0)
    assert (back.share, back.percent) == (0, 10)
    for step in (
        lambda: advance(back, PASSED, STAGES, 300.0),
        lambda: resume(back),
        lambda: hold(back, "wait"),
        lambda: roll_back(back, "again", 300.0),
        lambda: start(back, STAGES, "one", 300.0),
    ):
        with pytest.raises(RolloutRefused, match=r"rolled back|salt"):
            step()
    again = start(back, STAGES, "two", 300.0)
    assert (again.percent, again.salt, again.state) == (10, "two", "running")


def test_what_is_held_goes_nowhere_until_it_is_resumed() -> None:
    held = hold(TEN, "the quarter ends")
    assert verdict(held, PASSED, STAGES) == Hold(("it is held: the quarter ends",))
    with pytest.raises(RolloutRefused, match="resume it first"):
        advance(held, PASSED, STAGES, 200.0)
    resumed = resume(held)
    assert (resumed.state, resumed.since) == ("running", TEN.since)
    with pytest.raises(RolloutRefused, match="nothing to resume"):
        resume(TEN)


def test_what_was_accepted_without_evidence_stays_said_through_a_hold_until_a_stage_is_earned() -> None:
    for accepted in (
        start(None, STAGES, "one", 100.0, to=50, accept_insufficient="a small team"),
        advance(TEN, OPEN, STAGES, 200.0, accept_insufficient="a small team"),
    ):
        assert accepted.why == "accepted without sufficient evidence: a small team"
        held = hold(accepted, "the quarter ends")
        assert (held.accepted, resume(held).why) == ("a small team", accepted.why)
        assert advance(accepted, PASSED, STAGES, 300.0).accepted == ""


def test_an_earlier_share_comes_back_past_the_next_stage_only_with_a_reason_on_record() -> None:
    half = replace(TEN, percent=50)
    for current in (None, roll_back(half, "slow", 1.0)):
        assert restored("a_tool", current, TEN, STAGES) == TEN
        with pytest.raises(RolloutRefused, match=r"`a_tool` from .* to 50 %, past its next stage of 10 %"):
            restored("a_tool", current, half, STAGES)
        assert restored("a_tool", current, half, STAGES, accept_insufficient="it was fine").accepted == "it was fine"
    assert restored("a_tool", half, TEN, STAGES) == TEN
    assert restored("a_tool", TEN, half, STAGES) == half


def test_a_second_start_is_refused() -> None:
    with pytest.raises(RolloutRefused, match="already under rollout, at 10 %"):
        start(TEN, STAGES, "two", 200.0)


def test_only_what_stands_at_100_percent_can_be_completed() -> None:
    with pytest.raises(RolloutRefused, match="running at 10 %"):
        complete(TEN, PASSED)
    with pytest.raises(RolloutRefused, match="said of errors"):
        complete(replace(TEN, percent=100), OPEN)


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_percent_that_is_none_is_refused(percent: int) -> None:
    with pytest.raises(RolloutRefused, match="from 0 to 100"):
        start(None, STAGES, "one", 1.0, to=percent)


def test_at_0_runs_beside_give_the_gates_something_to_judge_by() -> None:
    zero = start(None, STAGES, "one", 1.0, to=0)
    assert isinstance(verdict(zero, OPEN, STAGES, watched=True), Hold)
    assert verdict(zero, PASSED, STAGES, watched=True) == Advance(10)
    assert isinstance(verdict(zero, BREACHED, STAGES), RollBack)


def test_a_rollout_may_begin_at_0_and_leaves_it_without_gates() -> None:
    zero = start(None, STAGES, "one", 1.0, to=0)
    assert verdict(zero, (), STAGES) == Advance(10)
    assert advance(zero, OPEN, STAGES, 2.0).percent == 10


def test_stages_that_end_below_100_still_end_there() -> None:
    assert [next_stage(percent, (5, 25)) for percent in (0, 5, 25, 100)] == [5, 25, 100, None]
