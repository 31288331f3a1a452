"""Changes of policy while processes serve: nobody loses a call, and the next one of every process is under the new one."""

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from mcp import Client

from server.cli import main
from tests.conftest import SOPHIA, quiet_environment, serving

TOOL = "gong_intelligence"
CALL = {"call_id": "7400171024000301"}
PATIENT = {"SOPHIA_DEFAULT_AGENT_CONFIG__DEADLINE_MS": "60000"}
"""Two hundred calls at once take their time on a small machine, and how long is not what these tests are about."""
PROXIED = "gong__get_users"
SESSIONS, CALLS_OF_EACH, MOVED_OF_EACH = 20, 10, 3


Typed = Callable[..., tuple[int, str, str]]


def changed(state: Path, *words: str) -> None:
    """Run a command to its end in a process of its own, as an operator does."""
    done = subprocess.run(
        [SOPHIA, *words, "--state", str(state)],
        check=False,
        capture_output=True,
        text=True,
        env=quiet_environment(),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Runs a command here, where everything is imported already: its exit code, its output and what it complained of."""
    for name in os.environ.keys() - quiet_environment().keys():
        monkeypatch.delenv(name)
    monkeypatch.setenv("SOPHIA_LOG_LEVEL", "ERROR")  # a command without one silences the loggers of this process

    def run(*words: str) -> tuple[int, str, str]:
        code = main([*words, "--state", str(tmp_path)])
        return code, *capsys.readouterr()

    return run


async def route_of(address: str, session: str) -> str:
    async with Client(address) as client:
        result = await client.call_tool(TOOL, {**CALL, "session_id": session})
    assert not result.is_error, result.content[0].text
    return str(result.meta["sophia/route"])


@pytest.mark.slow
async def test_changes_during_200_concurrent_calls_lose_none(tmp_path: Path) -> None:
    answered: Counter[str] = Counter()
    failed: list[str] = []

    async def caller(address: str, number: int) -> None:
        async with Client(address) as client, anyio.create_task_group() as calls:
            for each in range(CALLS_OF_EACH):
                moved = each < MOVED_OF_EACH
                arguments = {**CALL, "session_id": f"caller-{number}-{each}"} if moved else {}
                calls.start_soon(call, client, TOOL if moved else PROXIED, arguments)

    async def call(client: Client, tool: str, arguments: dict[str, Any]) -> None:
        result = await client.call_tool(tool, arguments)
        if result.is_error:
            failed.append(result.content[0].text)
        answered[tool] += 1

    forward = ("--accept-insufficient", "--why", "a test")
    with serving(tmp_path, **PATIENT) as address:
        await route_of(address, "warm")
        async with anyio.create_task_group() as tasks:
            for number in range(SESSIONS):
                tasks.start_soon(caller, address, number)
            for words in (
                ("rollout", "start", TOOL, *forward),
                ("rollout", "advance", TOOL, "--to", "50", *forward),
                ("policy", "set", "agent_overrides.sales_coach.response_timeout_ms", "90"),
                ("rollback", TOOL),
            ):
                await to_thread.run_sync(changed, tmp_path, *words)
    assert failed == []
    assert answered == {TOOL: SESSIONS * MOVED_OF_EACH, PROXIED: SESSIONS * (CALLS_OF_EACH - MOVED_OF_EACH)}


def test_what_an_operator_does_can_be_read_back(typed: Typed) -> None:
    assert typed("rollout", "start", TOOL, "--why", "to try it")[0] == 0
    code, _, complaint = typed("rollout", "advance", TOOL)
    assert code == 1
    assert "Not every gate has passed at 10 %" in complaint
    assert typed("rollback", "--all", "--why", "enough")[0] == 0
    history: list[dict[str, Any]] = json.loads(typed("policy", "history", "--json")[1])
    assert [(one["what"], one["why"]) for one in history] == [("rollback", "enough"), ("rollout", "to try it")]
    status = json.loads(typed("rollout", "status", TOOL, "--json")[1])
    assert status["rollouts"][0]["share"] == 0
    assert status["rollouts"][0]["state"] == "rolled_back"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("rollout", "start", "executive_knowledge"), "has one route only"),
        (("rollout", "start", "no_such_tool"), "There is no tool `no_such_tool` that can be moved"),
        (("rollout", "advance", TOOL), "is not under rollout"),
        (("rollback", "--to", "9"), "There is no version 9"),
        (("policy", "set", "bridge_mod", "hybrid"), "did you mean bridge_mode?"),
        (("policy", "set", "bridge_mode", "sideways"), "Nothing was changed"),
    ],
)
def test_nonsense_changes_nothing_and_is_told_what_to_do(typed: Typed, words: tuple[str, ...], said: str) -> None:
    code, _, complaint = typed(*words)
    assert code == 1
    assert said in complaint
    assert json.loads(typed("policy", "history", "--json")[1]) == []
