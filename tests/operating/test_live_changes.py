"""Changes of policy on processes that really serve: for every process, in the face of others, and half done."""

import getpass
import subprocess
import time
from argparse import Namespace
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from mcp import Client

from server.commands.rollout import move
from server.state.store import open_store
from tests.conftest import SOPHIA, quiet_environment, serving

pytestmark = pytest.mark.slow

TOOL = "gong_intelligence"
ASKED = {"call_id": "7400171024000301"}
BEGIN = ("rollout", "start", TOOL, "--to", "100", "--accept-insufficient", "--why", "a test")


def operate(state: Path, *words: str, who: str = "alice") -> None:
    environment = {**quiet_environment(), "LOGNAME": who}
    subprocess.run([SOPHIA, *words, "--state", str(state)], env=environment, check=True, capture_output=True)


def killed_after(seconds: float, state: Path, words: list[str]) -> None:
    command = [SOPHIA, *words, "--state", str(state)]
    with subprocess.Popen(command, env=quiet_environment(), stdout=subprocess.DEVNULL) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()


async def route(client: Client) -> str:
    result = await client.call_tool(TOOL, ASKED)
    assert not result.is_error
    return str((result.meta or {})["sophia/route"])


async def test_a_rollback_holds_for_the_next_call_of_every_process_that_shares_the_state(tmp_path: Path) -> None:
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(tmp_path)) for _ in range(2)]
        async with Client(urls[0]) as one, Client(urls[1]) as other:
            operate(tmp_path, *BEGIN)
            assert [await route(one), await route(other)] == ["agno", "agno"]
            operate(tmp_path, "rollback", TOOL)
            assert [await route(one), await route(other)] == ["downstream", "downstream"]


def test_of_two_operators_at_once_one_wins_and_the_other_is_told_who_was_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bob_after_alice() -> str:
        """Asked for once the command has read what it decides on."""
        operate(tmp_path, "rollback", TOOL)
        return "bob"

    asked = Namespace(tool=TOOL, why="a test", json=False)
    assert move(None, tmp_path, Namespace(deed="start", automatic=None, **vars(asked))) == 0
    monkeypatch.setattr(getpass, "getuser", bob_after_alice)
    assert move(None, tmp_path, Namespace(deed="hold", **vars(asked))) == 1
    assert "alice was first with version 2" in capsys.readouterr().err
    with open_store(tmp_path) as store:
        newest = store.policies.latest()
    assert newest is not None
    assert (newest.number, newest.who) == (2, "alice")


async def test_an_advance_killed_at_any_point_leaves_the_old_version_or_the_new_one(tmp_path: Path) -> None:
    with serving(tmp_path) as url, open_store(tmp_path) as store:
        operate(tmp_path, "rollout", "start", TOOL)
        began = time.perf_counter()
        operate(tmp_path, "rollout", "advance", TOOL, "--to", "20", "--accept-insufficient", "--why", "a test")
        whole_s = time.perf_counter() - began
        async with Client(url) as client:
            # Around its end, where it writes; the instant of the write itself is held by tests/state/test_killed_appends.py.
            for step, part in enumerate((0.85, 0.95)):
                before, percent = store.policies.number(), str(30 + 10 * step)
                words = ["rollout", "advance", TOOL, "--to", percent, "--accept-insufficient", "--why", "a test"]
                killed_after(whole_s * part, tmp_path, words)
                assert store.policies.number() in {before, before + 1}
                assert await route(client) in {"agno", "downstream"}
