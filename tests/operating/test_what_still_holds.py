"""What was acknowledged holds: with files that cannot be loaded, rows that cannot be read, and threads that all look at once."""

import json
import sqlite3
from argparse import Namespace
from collections.abc import Generator, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

import anyio
import pytest
from anyio import to_thread

from server.bridge.policy import Rollout
from server.commands.policy import history, set_key
from server.commands.rollout import move, roll_back_tools, status
from server.config import load
from server.control import Control
from server.gatekeeper import Gatekeeper
from server.generation import Generation
from server.operations import By, Operations, rolled_back
from server.state.policies import NewVersion, UnreadableVersion, Version
from server.state.store import Store, open_store

TOOL = "gong_intelligence"
ALICE = By("alice", "to try it")
ALL = Rollout(100, "salt", "running", 1.0, 1.0)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def store(state: Path) -> Generator[Store]:
    with open_store(state) as opened:
        yield opened


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store.policies)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """An operator's directory, whose file `broken` breaks."""
    (tmp_path / "config" / "services").mkdir(parents=True)
    (tmp_path / "config" / "services" / "agno_integration.yaml").write_text("agno_integration: {}\n")
    return tmp_path / "config"


def broken(files: Path) -> None:
    (files / "services" / "agno_integration.yaml").write_text("agno_integration:\n  rollout: {stages: [broken\n")


def moved_to_all(operations: Operations) -> None:
    operations.move([TOOL], lambda *_: ALL, ALICE, "rollout")


def written(state: Path, content: str) -> int:
    """A version as something else wrote it; its number."""
    with sqlite3.connect(state / "state.db") as connection:
        (number,) = connection.execute("SELECT COALESCE(MAX(number), 0) + 1 FROM policy").fetchone()
        connection.execute("INSERT INTO policy (number, at, content) VALUES (?, 1, ?)", (number, content))
    connection.close()
    return int(number)


def with_rollout(rollout: object) -> str:
    return json.dumps({"who": "x", "why": "", "what": "set", "rollouts": {TOOL: rollout}})


STRANGE = [
    "{broken",
    "[]",
    '"text"',
    json.dumps({"who": 5, "rollouts": {}}),
    json.dumps({"who": "x", "rollouts": []}),
    with_rollout("all of it"),
    with_rollout({"percent": 5}),
    with_rollout({**ALL.to_json(), "percent": "5"}),
    with_rollout({**ALL.to_json(), "percent": 5.5}),
    with_rollout({**ALL.to_json(), "percent": 101}),
    with_rollout({**ALL.to_json(), "state": "of another release"}),
    with_rollout({**ALL.to_json(), "since": "yesterday"}),
]


# Files that cannot be loaded


def test_a_rollback_holds_in_a_process_whose_files_are_broken(
    store: Store, operations: Operations, files: Path
) -> None:
    control = Control(store.policies, load(files, {}))
    moved_to_all(operations)
    assert control.look().policy.rollouts[TOOL].share == 100
    broken(files)
    operations.reload(load(None, {}), ALICE)
    assert control.look().policy.rollouts[TOOL].share == 100
    operations.take_back([TOOL], rolled_back(""), ALICE)
    assert control.look().policy.rollouts[TOOL].share == 0
    assert control.look().behind


@pytest.mark.parametrize(
    ("settings", "off"),
    [
        ({"enabled": False}, lambda now: not now.policy.enabled),
        ({"bridge_mode": "traditional_only"}, lambda now: now.policy.mode == "traditional_only"),
        ({"feature_flags.enable_agno_agents": False}, lambda now: not now.policy.flags.agno_agents),
        ({"feature_flags": {"enable_team_coordination": False}}, lambda now: not now.policy.flags.team_coordination),
        (
            {f"agent_overrides.{TOOL}.use_agno": False},
            lambda now: not now.settings.of(now.own[TOOL]).use_agno,
        ),
        ({"bridge_mode": "no such mode", "enabled": False}, lambda now: not now.policy.enabled),
    ],
)
def test_switches_hold_in_a_process_whose_files_are_broken(
    store: Store, operations: Operations, files: Path, settings: Mapping[str, Any], off: Any
) -> None:
    control = Control(store.policies, load(files, {}))
    broken(files)
    assert not off(control.look())
    operations.set(settings, ALICE)
    assert off(control.look())
    operations.set({}, ALICE)
    assert not off(control.look())


def test_an_earlier_version_comes_back_with_its_rollouts_where_its_settings_cannot_be_loaded(
    store: Store, operations: Operations, files: Path
) -> None:
    control = Control(store.policies, load(files, {}))
    operations.set({"default_agent_config.markdown": False}, ALICE)
    operations.set({}, ALICE)
    moved_to_all(operations)
    assert control.look().policy.rollouts[TOOL].share == 100
    broken(files)
    operations.restore(1, ALICE, lambda _, __, then: then)
    assert control.look().policy.rollouts == {}
    operations.take_back([TOOL], rolled_back(""), ALICE)
    assert control.look().policy.rollouts[TOOL].state == "rolled_back"


def test_a_process_catches_up_once_its_files_are_mended(store: Store, operations: Operations, files: Path) -> None:
    control = Control(store.policies, load(files, {}))
    broken(files)
    operations.set({"agent_overrides.sales_coach.response_timeout_ms": 77}, ALICE)
    assert control.look().configuration.agent("sales_coach").response_timeout_ms == 100
    (files / "services" / "agno_integration.yaml").write_text("agno_integration: {}\n")
    operations.reload(load(files, {}), ALICE)
    assert control.look().configuration.agent("sales_coach").response_timeout_ms == 77
    assert not control.look().behind


def test_commands_take_an_agent_out_while_the_files_are_broken(
    store: Store, operations: Operations, files: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(files)
    control = Control(store.policies, load(None, {}))
    moved_to_all(operations)
    assert roll_back_tools(files, state, TOOL, None, "so it is", accept_insufficient=False, as_json=False) == 0
    assert control.look().policy.rollouts[TOOL].share == 0
    assert roll_back_tools(files, state, None, None, "so it is", accept_insufficient=False, as_json=False) == 0
    assert control.look().policy.rollouts["sales_coach"].state == "rolled_back"
    assert set_key(files, state, "enabled", "false", "", as_json=False) == 0
    assert not control.look().policy.enabled
    assert set_key(files, state, "enabled", None, "", as_json=False) == 0
    assert control.look().policy.enabled
    assert set_key(files, state, "enabled", "perhaps", "", as_json=False) == 1
    assert set_key(files, state, "rollout.stages", "[10]", "", as_json=False) == 1
    assert "Nothing was changed" in capsys.readouterr().err
    assert history(files, state, None, 10, as_json=False) == 0


def test_a_rollout_is_aborted_while_the_files_are_broken(
    store: Store, operations: Operations, files: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(files)
    moved_to_all(operations)
    options = Namespace(deed="abort", tool=TOOL, why="", json=False)
    assert move(files, state, options) == 0
    assert Control(store.policies, load(None, {})).current.policy.rollouts == {}
    assert move(files, state, Namespace(deed="hold", tool=TOOL, why="", json=False)) == 1
    assert "problem in the configuration" in capsys.readouterr().err


# Rows that cannot be read


@pytest.mark.parametrize("content", STRANGE)
def test_a_version_that_cannot_be_read_leaves_the_one_before_in_force_and_is_told_of_once(
    store: Store, operations: Operations, state: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    control = Control(store.policies, load(None, {}))
    moved_to_all(operations)
    number = written(state, content)
    for _ in range(3):
        assert control.look().policy.rollouts == {TOOL: ALL}
    assert caplog.text.count(f"Version {number} of the policy cannot be read") == 1
    assert Control(store.policies, load(None, {})).current.policy.rollouts == {TOOL: ALL}, "a process that starts now"
    with pytest.raises(UnreadableVersion, match="cannot be read by this release"):
        operations.set({"enabled": True}, ALICE)


@pytest.mark.parametrize("content", STRANGE[:1] + STRANGE[6:7])
def test_the_way_back_is_open_past_a_version_that_cannot_be_read(
    store: Store, operations: Operations, state: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    control = Control(store.policies, load(None, {}))
    moved_to_all(operations)
    number = written(state, content)
    assert status(None, state, None, as_json=False) == 1
    assert f"Version {number} of the policy cannot be read" in capsys.readouterr().err
    assert roll_back_tools(None, state, TOOL, None, "so it is", accept_insufficient=False, as_json=False) == 0
    assert control.look().policy.rollouts[TOOL].share == 0
    assert history(None, state, None, 10, as_json=False) == 0
    written(state, content)
    assert roll_back_tools(None, state, None, 1, "so it is", accept_insufficient=True, as_json=False) == 0
    assert control.look().policy.rollouts[TOOL].share == 100
    assert status(None, state, None, as_json=False) == 0


def test_a_percent_that_was_written_as_5_point_0_is_5(store: Store, operations: Operations, state: Path) -> None:
    control = Control(store.policies, load(None, {}))
    written(state, with_rollout({**ALL.to_json(), "percent": 5.0}))
    assert repr(control.look().policy.rollouts[TOOL].percent) == "5"


def test_gates_are_looked_at_past_rows_that_cannot_be_read(
    store: Store, operations: Operations, caplog: pytest.LogCaptureFixture
) -> None:
    control = Control(store.policies, load(None, {}))
    moved_to_all(operations)
    for name, content in {
        f"salt/5.0/agno/drawn/{TOOL}": {"units": {}, "latency": {}, "errors_by_kind": {}},
        "salt/v2": {"x": 1},
        f"salt/100/agno/drawn/{TOOL}": {"x": 1},
        f"salt/100/nobody/drawn/{TOOL}": {"x": 1},
        f"salt/100/downstream/drawn/{TOOL}": {
            "units": {"1": ["a", 0, 0, 0]},
            "latency": {"relative_error": 0.01, "buckets": []},
            "errors_by_kind": {},
        },
    }.items():
        store.tallies.save("arm", "strange", {name: content})
    gatekeeper = Gatekeeper(store, control)
    gatekeeper.look()
    gatekeeper.look()
    assert control.look().policy.rollouts == {TOOL: ALL}
    assert caplog.text.count("cannot be read and does not count") == 5


# Several at once


class Held:
    """Versions of which the first look at the newest is held up, after it has read."""

    def __init__(self, versions: list[Version]) -> None:
        self.versions = versions
        self.read, self.looked, self.go = Event(), Event(), Event()
        self.inside, self.most_inside = 0, 0

    def number(self) -> int:
        if self.read.is_set():
            self.looked.set()
        return self.versions[-1].number

    def latest(self) -> Version:
        self.inside += 1
        self.most_inside = max(self.inside, self.most_inside)
        newest = self.versions[-1]
        if newest.number == 1 and not self.read.is_set():
            self.read.set()
            self.go.wait(30)
        self.inside -= 1
        return newest

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)


def version(number: int, rollout: Rollout) -> Version:
    new = NewVersion(who="alice", why="", what="rollout", rollouts={TOOL: rollout.to_json()})
    return Version(number=number, at=1.0, who=new.who, why="", what=new.what, rollouts=new.rollouts)


def test_a_thread_that_looked_long_ago_does_not_bring_the_older_version_back() -> None:
    held = Held([version(0, ALL)])
    control = Control(held, load(None, {}))
    held.versions.append(version(1, ALL))
    slow = Thread(target=control.look)
    slow.start()
    assert held.read.wait(30)
    held.versions.append(version(2, Rollout(100, "salt", "rolled_back", 2.0, 1.0)))
    seen: list[Generation] = []
    next_call = Thread(target=lambda: seen.append(control.look()))
    next_call.start()
    assert held.looked.wait(30)
    held.go.set()
    for thread in (slow, next_call):
        thread.join(30)
    assert [one.policy.version for one in seen] == [2]
    assert control.current.policy.version == 2
    assert control.look().policy.rollouts[TOOL].share == 0
    assert held.most_inside == 1


async def test_a_change_that_another_thread_found_first_is_told_on_the_loop(
    store: Store, operations: Operations
) -> None:
    control = Control(store.policies, load(None, {}))
    told, heard = list[int](), anyio.Event()

    async def hear(_: Generation, now: Generation) -> None:
        told.append(now.policy.version)
        heard.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(control.run, hear)
        await anyio.lowlevel.checkpoint()
        moved_to_all(operations)
        await to_thread.run_sync(control.look)
        with anyio.fail_after(30):
            await heard.wait()
        tasks.cancel_scope.cancel()
    assert told == [1]
    operations.take_back([TOOL], rolled_back(""), ALICE)
    assert control.look().policy.version == 2, "looking goes on when nobody waits any more"


def test_a_rollback_is_done_whatever_else_is_changed_meanwhile(store: Store, operations: Operations) -> None:
    class Busy:
        """Somebody else's change comes between each look and what follows it, five times."""

        left = 5
        latest, version = staticmethod(store.policies.latest), staticmethod(store.policies.version)

        def append(self, expected: int, new: NewVersion) -> Version:
            if self.left:
                self.left -= 1
                operations.set({"default_agent_config.markdown": bool(self.left % 2)}, By("bob", ""))
            return store.policies.append(expected, new)

    moved_to_all(operations)
    done = Operations(Busy()).take_back([TOOL], rolled_back("now"), ALICE)
    assert done.difference == (f"{TOOL}: 100 % running -> 0 % rolled back",)
    assert done.settings == {"default_agent_config.markdown": False}
