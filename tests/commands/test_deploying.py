"""`sophia deploy` on the packaged servers: held for lack of callers, resumed to 100 %, taken back."""

import json
import os
from pathlib import Path

import pytest

from server.bridge.arms import KIND, Arm, Arms
from server.commands.deploy import Asked, deploy
from server.generation import rollouts_of
from server.state.store import open_store

TOOL = "gong_intelligence"
PLAN = f"tools: {{{TOOL}: {{arguments: {{call_id: '7400171024000301'}}, calls: 3}}}}\nwait_minutes: 0\n"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("SOPHIA_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SOPHIA_WORKSPACE_DATA", str(tmp_path / "workspace"))


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    return file


def callers_come(state: Path) -> None:
    """Every stage has had its calls: what processes that serve would have counted for the rollout that has begun."""
    with open_store(state) as store:
        newest = store.policies.latest()
        assert newest is not None
        salt, arms = rollouts_of(newest)[TOOL].salt, Arms()
        for percent in (10, 50, 100):
            for number in range(2_000):
                arms.record(Arm(TOOL, salt, percent, "agno"), f"a{number % 40}", 50.0, None, 150)
                arms.record(Arm(TOOL, salt, percent, "downstream"), f"d{number % 40}", 90.0, None, 150)
        store.tallies.save(KIND, "another process", arms.unsaved(KIND))


@pytest.mark.slow
def test_a_plan_is_held_for_lack_of_callers_resumed_to_all_of_them_and_taken_back(
    tmp_path: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, report = tmp_path / "state", tmp_path / "out" / "report.md"
    assert deploy(None, state, Asked(plan, report=report)) == 3
    said = capsys.readouterr()
    assert "Held in phase 5 (gradual traffic)" in said.out
    assert "--resume` goes on" in said.out
    assert "[4/6] performance validation: passed" in said.err
    assert "response_p95_ms" in report.read_text(encoding="utf-8")
    assert deploy(None, state, Asked(plan)) == 2
    assert "has begun already" in capsys.readouterr().err
    callers_come(state)
    assert deploy(None, state, Asked(plan, resume=True, as_json=True)) == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["state"], len(done["sittings"])) == ("complete", 2)
    assert [one["state"] for one in done["phases"]] == ["passed"] * 6
    assert any("was served by agno" in line for line in done["phases"][5]["lines"])
    assert deploy(None, state, Asked(plan)) == 2
    assert "still serves gong_intelligence" in capsys.readouterr().err
    assert deploy(None, state, Asked(plan, rollback=True)) == 0
    assert "100 % held -> 0 % rolled back" in capsys.readouterr().err


def test_what_makes_no_sense_is_told_what_to_do(
    tmp_path: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy(None, tmp_path, Asked(tmp_path / "none.yaml")) == 2
    assert "does it exist" in capsys.readouterr().err
    assert deploy(None, tmp_path, Asked(plan, resume=True)) == 2
    assert "nothing to resume" in capsys.readouterr().err
    assert deploy(None, tmp_path, Asked(plan, rollback=True)) == 2
    assert "nothing to take back" in capsys.readouterr().err
