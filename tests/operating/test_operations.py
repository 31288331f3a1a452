"""What operators do to the policy: one version each, or nothing at all."""

from collections.abc import Generator
from pathlib import Path

import anyio
import pytest

from server.app import life_of
from server.bridge.policy import Rollout
from server.bridge.rollout import hold, start
from server.config import load
from server.consequences import consequences
from server.control import Control
from server.errors import RolloutRefused
from server.generation import NOTHING_SET, Generation, generation_of
from server.operations import By, NoSuchVersion, Operations, Step, rolled_back
from server.rollout_steps import Deed, moved, taken_back
from server.state.policies import Conflict
from server.state.store import Store, open_store
from server.surface.sessions import Sessions

TOOL = "gong_intelligence"
ALICE = By("alice", "to try it")


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    with open_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store.policies, now=lambda: 1_000.0)


def begun(percent: int = 10) -> Step:
    def step(current: Rollout | None, now: float) -> Rollout:
        return start(current, [10, 50, 100], "salt", now, to=percent, accept_insufficient="a test")

    return step


def as_it_was(tool: str, current: Rollout | None, then: Rollout) -> Rollout:
    return then


def refused(current: Rollout | None, now: float) -> Rollout:
    assert current is not None
    return hold(hold(current, "once"), "twice")


def test_every_deed_leaves_who_when_why_and_what_differed(operations: Operations, store: Store) -> None:
    operations.move([TOOL], begun(), ALICE, "rollout")
    operations.move([TOOL], rolled_back("too slow"), By("bob", "too slow"), "rollback")
    last, first = store.policies.history(10)
    assert (first.number, first.who, first.why, first.what) == (1, "alice", "to try it", "rollout")
    assert first.difference == (f"{TOOL}: no rollout -> 10 % running",)
    assert (last.who, last.difference) == ("bob", (f"{TOOL}: 10 % running -> 0 % rolled back",))
    assert last.at >= first.at > 0


def test_what_is_refused_changes_nothing(operations: Operations, store: Store) -> None:
    operations.move([TOOL], begun(), ALICE, "rollout")
    with pytest.raises(RolloutRefused, match="Only a running rollout can be held"):
        operations.move([TOOL], refused, ALICE, "rollout")
    assert store.policies.number() == 1


def test_of_two_operators_one_wins_and_the_other_is_told(operations: Operations) -> None:
    operations.move([TOOL], begun(), By("alice", "", seen=0), "rollout")
    with pytest.raises(Conflict) as told:
        operations.move([TOOL], rolled_back(""), By("bob", "", seen=0), "rollback")
    assert told.value.newest is not None
    assert told.value.newest.who == "alice"


def test_a_deed_that_changes_nothing_appends_nothing(operations: Operations, store: Store) -> None:
    operations.move([TOOL], rolled_back("once"), ALICE, "rollback")
    operations.move([TOOL], rolled_back("twice"), ALICE, "rollback")
    assert store.policies.number() == 1


def test_an_earlier_version_comes_back_whole_or_for_one_tool(operations: Operations, store: Store) -> None:
    operations.move([TOOL, "sales_coach"], begun(), ALICE, "rollout")
    operations.set({"bridge_mode": "agno_preferred"}, ALICE)
    operations.move([TOOL, "sales_coach"], rolled_back(""), ALICE, "rollback")
    one = operations.restore(1, ALICE, as_it_was, [TOOL])
    assert {tool: now["state"] for tool, now in one.rollouts.items()} == {
        TOOL: "running",
        "sales_coach": "rolled_back",
    }
    assert one.settings == {"bridge_mode": "agno_preferred"}
    before = operations.restore(0, ALICE, as_it_was)
    assert (before.settings, before.rollouts, before.number) == ({}, {}, 5)
    with pytest.raises(NoSuchVersion, match="the newest is 5"):
        operations.restore(17, ALICE, as_it_was)


# What a change means for callers


@pytest.fixture
def now() -> Generation:
    return generation_of(load(None, {}), NOTHING_SET)


def test_a_start_says_what_served_the_tool_so_far_and_what_moves(operations: Operations, now: Generation) -> None:
    started = operations.move([TOOL], begun(), ALICE, "rollout")
    assert consequences(NOTHING_SET, started, now) == [
        f"{TOOL}, calls that both routes can serve: until now all to the agent (score +3 as declared); "
        "from now on 10 % of the callers to the agent, 90 % to the server."
    ]


def test_a_rollback_says_what_is_refused_from_now_on_and_what_ends_that(
    operations: Operations, now: Generation
) -> None:
    started = operations.move([TOOL], begun(), ALICE, "rollout")
    back = operations.move([TOOL], rolled_back(""), ALICE, "rollback")
    [said] = consequences(started, back, now)
    assert said.startswith("What only the agent can answer is refused")
    assert f"`sophia rollout abort {TOOL}`" in said
    many = operations.move([TOOL, "hubspot_crm"], rolled_back(""), ALICE, "rollback")
    assert "only the agent can answer" in consequences(NOTHING_SET, many, now)[0]


def test_an_ended_rollout_is_none_and_what_decided_before_it_decides_again(
    operations: Operations, store: Store, now: Generation
) -> None:
    operations.move([TOOL], begun(), ALICE, "rollout")
    back = operations.move([TOOL], rolled_back("slow"), ALICE, "rollback")
    by = By("bob", "the agent was mended")
    ended = moved(operations, Deed("abort", TOOL, by.why), now, store.tallies, by)
    assert (ended.rollouts, ended.who, ended.why) == ({}, "bob", "the agent was mended")
    assert ended.difference == (f"{TOOL}: 0 % rolled back -> no rollout",)
    assert "from now on all to the agent (score +3 as declared)" in consequences(back, ended, now)[0]
    assert Control(store.policies, load(None, {})).look().policy.rollouts == {}
    with pytest.raises(RolloutRefused, match="not under rollout"):
        moved(operations, Deed("abort", TOOL), now, store.tallies, by)
    again = moved(operations, Deed("start", TOOL), now, store.tallies, by)
    assert again.rollouts[TOOL]["salt"] != "salt"


def test_a_greater_share_is_brought_back_only_with_a_reason(
    operations: Operations, store: Store, now: Generation
) -> None:
    operations.move([TOOL], begun(100), ALICE, "rollout")
    operations.move([TOOL], rolled_back(""), ALICE, "rollback")
    for accept in (False, True):
        with pytest.raises(RolloutRefused, match="--accept-insufficient"):
            taken_back(operations, lambda: now, By("bob", ""), None, 1, accept_insufficient=accept)
    assert store.policies.number() == 2
    back = taken_back(operations, lambda: now, By("bob", "it was fine"), TOOL, 1, accept_insufficient=True)
    assert (back.rollouts[TOOL]["percent"], back.rollouts[TOOL]["accepted"]) == (100, "it was fine")


# What a process that serves makes of it


@pytest.fixture
def control(store: Store) -> Control:
    return Control(store.policies, load(None, {}))


def test_a_change_holds_from_the_next_look_on_and_a_call_keeps_what_it_began_with(
    control: Control, operations: Operations
) -> None:
    began = control.look()
    operations.move([TOOL], begun(), ALICE, "rollout")
    assert control.look().policy.rollouts[TOOL].share == 10
    assert control.look().policy.version == 1
    assert began.policy.rollouts == {}
    operations.set({"agent_overrides.sales_coach.response_timeout_ms": 77}, ALICE)
    assert control.look().configuration.agent("sales_coach").response_timeout_ms == 77
    assert began.configuration.agent("sales_coach").response_timeout_ms == 100


def test_how_long_sessions_may_be_idle_is_changed_while_they_are_kept(
    control: Control, operations: Operations
) -> None:
    now_s = [0.0]
    sessions = Sessions(life_of(control), lambda: now_s[0])
    sessions.of("agent", TOOL, "one")
    now_s[0] = 3 * 60
    sessions.sweep()
    assert len(sessions) == 1
    operations.set({"resource_management.agent_cleanup_interval_minutes": 2}, ALICE)
    control.look()
    sessions.sweep()
    assert len(sessions) == 0


def test_what_of_a_version_this_process_cannot_load_stays_as_it_was_here(
    control: Control, operations: Operations, caplog: pytest.LogCaptureFixture
) -> None:
    operations.set({"bridge_mode": "traditional_only"}, ALICE)
    assert control.look().policy.mode == "traditional_only"
    operations.set({"bridge_mode": "no such mode"}, ALICE)
    assert control.look().policy.mode == "traditional_only"
    assert (control.look().policy.version, control.look().behind) == (2, True)
    assert "of policy version 2 the rollouts and switches hold and the rest is not taken" in caplog.text
    operations.set({"bridge_mode": "agno_preferred"}, ALICE)
    assert control.look().policy.mode == "agno_preferred"
    assert not control.look().behind


def test_files_are_read_again_when_an_operator_says_so(store: Store, operations: Operations, tmp_path: Path) -> None:
    file = tmp_path / "config" / "services" / "agno_integration.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("agno_integration: {bridge_mode: hybrid}\n")
    control = Control(store.policies, load(tmp_path / "config", {}))
    file.write_text("agno_integration: {bridge_mode: traditional_only}\n")
    assert control.look().policy.mode == "hybrid"
    operations.begun(load(None, {}), ALICE)
    version = operations.reload(load(tmp_path / "config", {}), ALICE)
    assert "agno_integration.bridge_mode: hybrid -> traditional_only" in version.difference
    assert control.look().policy.mode == "traditional_only"


async def test_each_change_is_told_once(control: Control, operations: Operations) -> None:
    told: list[tuple[int, int]] = []
    heard = anyio.Event()

    async def hear(before: Generation, now: Generation) -> None:
        told.append((before.policy.version, now.policy.version))
        heard.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(control.run, hear)
        await anyio.lowlevel.checkpoint()
        operations.move([TOOL], begun(), ALICE, "rollout")
        control.look()
        with anyio.fail_after(30):
            await heard.wait()
        tasks.cancel_scope.cancel()
    assert told == [(0, 1)]
