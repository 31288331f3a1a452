"""What operators read about rollouts: where a tool stands, why it stays there, what a change means and what comes next."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from server.bridge.arms import KIND, Arm, Arms
from server.bridge.policy import Rollout
from server.commands.operator_words import add_operator_commands
from server.generation import rollouts_of
from server.operations import By, Operations
from server.state.store import open_store

TOOL = "gong_intelligence"


@pytest.fixture
def sophia(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.delenv("SOPHIA_STATE_URL", raising=False)

    shared, parser = argparse.ArgumentParser(add_help=False), argparse.ArgumentParser()
    shared.add_argument("--config", default=None)
    shared.add_argument("--json", action="store_true")
    add_operator_commands(parser.add_subparsers(), [shared], lambda _: tmp_path)

    def run(*words: str) -> str:
        options = parser.parse_args(words)
        options.run(options)
        said = capsys.readouterr()
        return said.out + said.err

    return run


def calls_come(state: Path, percent: int, agno: int, downstream: int, *, back_s: float = 0.0) -> None:
    """So many calls of two users in each arm; with `back_s` the stage began so long ago."""
    with open_store(state) as store:
        newest = store.policies.latest()
        assert newest is not None
        rollout, arms = rollouts_of(newest)[TOOL], Arms()
        for route, calls in (("agno", agno), ("downstream", downstream)):
            for number in range(calls):
                arms.record(Arm(TOOL, rollout.salt, percent, route), f"{route}{number % 2}", 50.0, None, 150)
        store.tallies.save(KIND, "another process", arms.unsaved(KIND))
        if back_s:
            Operations(store.policies, lambda: rollout.since - back_s).move(
                [TOOL], _earlier, By("a test", ""), "rollout"
            )


def _earlier(current: Rollout | None, now: float) -> Rollout:
    assert current is not None
    return Rollout.from_json({**current.to_json(), "since": now})


def test_status_says_in_one_line_what_is_missing_and_when_it_will_be_there(
    sophia: Callable[..., str], tmp_path: Path
) -> None:
    sophia("rollout", "start", TOOL, "--automatic")
    calls_come(tmp_path, 10, 28, 250, back_s=86_400)
    said = sophia("rollout", "status")
    assert f"{TOOL}: 10 % running, advances by itself, since" in said
    assert "it stays: needs about" in said
    assert "more users on agno and 6 more users on downstream; about" in said
    assert "days at the pace of this stage so far" in said
    refused = sophia("rollout", "advance", TOOL)
    assert "Not every gate has passed at 10 %: it needs" in refused
    assert len(refused) < 300


def test_callers_of_whom_none_fell_to_the_agent_are_told_of(sophia: Callable[..., str], tmp_path: Path) -> None:
    sophia("rollout", "start", TOOL)
    assert "only calls that both routes can serve are drawn, and there was none yet" in sophia("rollout", "status")
    calls_come(tmp_path, 10, 0, 30)
    assert "none of the 2 callers so far fell to agno: of few callers 10 % can be nobody" in sophia(
        "rollout", "status"
    )


def test_at_100_percent_only_the_gates_that_look_at_the_agent_are_shown(
    sophia: Callable[..., str], tmp_path: Path
) -> None:
    sophia("rollout", "start", TOOL, "--to", "100", "--accept-insufficient", "--why", "a small team")
    calls_come(tmp_path, 100, 30, 0)
    sophia("rollout", "hold", TOOL)
    said = sophia("rollout", "status")
    assert "against downstream" not in said
    assert "accepted without sufficient evidence: a small team" in said


def test_at_0_percent_nothing_has_to_pass(sophia: Callable[..., str]) -> None:
    sophia("rollout", "start", TOOL, "--to", "0")
    said = sophia("rollout", "status")
    assert "open " not in said
    assert "nothing has to pass at 0 %: it may advance to 10 %" in said
    assert "What only the agent can answer is refused until the rollout goes on" in said


def test_a_rollback_gives_its_reason_once_and_says_what_comes_next(sophia: Callable[..., str]) -> None:
    sophia("rollout", "start", TOOL, "--automatic")
    assert f"`sophia rollout abort {TOOL}`" in sophia("rollback", TOOL, "--why", "p95 was 3 s")
    said = sophia("rollout", "status")
    assert f"{TOOL}: 0 % rolled back (from 10 %), since" in said
    assert said.count("p95 was 3 s") == 1
    assert f"`sophia rollout abort {TOOL}`" in said
    assert f"rollout  {TOOL}: 0 % rolled back" in sophia("policy", "show")
    shown = json.loads(sophia("policy", "show", "--json"))["rollouts"][TOOL]
    assert (shown["share"], shown["percent"], shown["since"][4]) == (0, 10, "-")


def test_the_history_of_a_tool_shows_its_own_lines_only(sophia: Callable[..., str]) -> None:
    sophia("rollback", "--all")
    assert TOOL not in sophia("policy", "history", "--tool", "hubspot_crm")
    [version] = json.loads(sophia("policy", "history", "--tool", TOOL, "--json"))
    assert version["difference"] == [f"{TOOL}: no rollout -> 0 % rolled back"]


def test_an_ended_rollout_is_none_and_what_serves_the_tool_then_is_said(sophia: Callable[..., str]) -> None:
    sophia("rollout", "start", TOOL)
    said = sophia("rollout", "abort", TOOL, "--why", "it was a test")
    assert "10 % running -> no rollout" in said
    assert "from now on all to the agent (score +3 as declared)" in said
    assert "is not under rollout" in sophia("rollout", "status", TOOL)
