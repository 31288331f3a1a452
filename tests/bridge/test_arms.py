"""The arms of a rollout are counted by each process and added up for the gates."""

import pytest

from server.bridge.arms import MOST_ARMS, Arm, Arms, load_arms, stage_of
from server.bridge.tallied import Tallier
from tests.bridge.kept_in_memory import Kept

DAY_S = 86_400.0
AGNO, DOWNSTREAM = Arm("sales_coach", "s1", 10, "agno"), Arm("sales_coach", "s1", 10, "downstream")


class Clock:
    now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> Kept:
    return Kept(clock)


async def written(kept: Kept, clock: Clock, *arms: Arms) -> None:
    for one in arms:
        await Tallier(kept, [one], clock).save()


async def test_the_arms_of_all_processes_add_up(kept: Kept, clock: Clock) -> None:
    one, two = Arms(), Arms()
    for n in range(30):
        one.record(AGNO, f"user-{n}", 100, None, target_ms=200)
        two.record(AGNO, f"user-{n}", 300, None, target_ms=200)
        two.record(DOWNSTREAM, "ann", None, "deadline")
    await written(kept, clock, one, two)
    stage = stage_of(load_arms(kept, "sales_coach", "s1", clock), 10)
    assert (stage["agno"].calls, stage["agno"].late, stage["agno"].errors) == (60, 30, 0)
    assert (stage["downstream"].calls, stage["downstream"].errors_by_kind) == (30, {"deadline": 30})
    assert stage["downstream"].users == 1


async def test_what_is_written_again_is_counted_once(kept: Kept, clock: Clock) -> None:
    arms = Arms()
    tallier = Tallier(kept, [arms], clock)
    for _ in range(3):
        arms.record(AGNO, "ann", 100, None)
        await tallier.save()
    assert load_arms(kept, "sales_coach", "s1", clock)[AGNO].calls == 3


async def test_stages_tools_and_rollouts_are_told_apart(kept: Kept, clock: Clock) -> None:
    arms = Arms()
    others = (
        Arm("sales_coach", "s1", 50, "agno"),
        Arm("sales_coach", "s2", 10, "agno"),
        Arm("gong_intelligence", "s1", 10, "agno"),
        Arm("sales_coach", "s10", 10, "agno"),
    )
    for arm in (AGNO, *others):
        arms.record(arm, "ann", 100, None)
    await written(kept, clock, arms)
    found = load_arms(kept, "sales_coach", "s1", clock)
    assert found.keys() == {AGNO, others[0]}
    assert stage_of(found, 10)["agno"].calls == 1
    assert stage_of(found, 10)["downstream"].calls == 0


async def test_shadow_pairs_count_at_every_stage_and_can_be_left_out(kept: Kept, clock: Clock) -> None:
    arms = Arms()
    for route in ("agno", "downstream"):
        arms.record(Arm("sales_coach", "s1", 0, route, "shadow"), "ann", 100, None)
        arms.record(Arm("sales_coach", "s1", 10, route), "ben", 100, None)
    await written(kept, clock, arms)
    found = load_arms(kept, "sales_coach", "s1", clock)
    assert [stage_of(found, percent)["agno"].calls for percent in (0, 10, 50)] == [1, 2, 1]
    assert stage_of(found, 10, ("drawn",))["agno"].calls == 1
    assert stage_of(found, 10, ("shadow",))["downstream"].calls == 1


async def test_a_stage_that_holds_for_weeks_keeps_what_it_saw(kept: Kept, clock: Clock) -> None:
    arms = Arms()
    arms.record(AGNO, "ann", 100, None)
    tallier = Tallier(kept, [arms], clock)
    await tallier.save()
    clock.now_s += 60 * DAY_S
    await tallier.prune()
    assert load_arms(kept, "sales_coach", "s1", clock)[AGNO].calls == 1


async def test_a_full_disk_loses_nothing_that_is_written_later(kept: Kept, clock: Clock) -> None:
    arms = Arms()
    tallier = Tallier(kept, [arms], clock)
    arms.record(AGNO, "ann", 100, None)
    kept.broken = True
    await tallier.save()
    kept.broken = False
    await tallier.save()
    assert load_arms(kept, "sales_coach", "s1", clock)[AGNO].calls == 1


async def test_no_more_arms_are_held_than_were_recorded_last(kept: Kept, clock: Clock) -> None:
    arms = Arms()
    for n in range(MOST_ARMS + 50):
        arms.record(Arm(f"tool_{n}", "s", 10, "agno"), "ann", 100, None)
    assert len(arms.unsaved("arm")) == MOST_ARMS
