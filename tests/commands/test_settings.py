"""What `sophia policy set`, `config reload`, `config show` and `config check` say to somebody who types them beside a server."""

import json
from pathlib import Path

import pytest

from server.cli import main
from server.commands import config, policy
from server.commands.model_checks import model_warnings
from server.config import load
from server.operations import By, Operations
from server.state.store import open_store

ALICE = By("alice", "sophia serve began")


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that a Sophia was started with, which shares the state `tmp_path / "state"`."""
    monkeypatch.delenv("SOPHIA_CONFIG_DIR", raising=False)
    monkeypatch.delenv("SOPHIA_STATE_URL", raising=False)
    directory = tmp_path / "mine"
    written(directory, floor_calls=50)
    begin(tmp_path / "state", directory)
    return directory


def written(directory: Path, **rollout: int) -> None:
    (directory / "services").mkdir(parents=True, exist_ok=True)
    content = {"agno_integration": {"rollout": rollout}}
    (directory / "services" / "agno_integration.yaml").write_text(json.dumps(content), encoding="utf-8")
    servers = {"mcpServers": {"crm": {"command": "none"}}}
    (directory / "downstream.json").write_text(json.dumps(servers), encoding="utf-8")


def begin(state: Path, directory: Path | None, **environ: str) -> None:
    with open_store(state) as store:
        Operations(store.policies).begun(load(directory, environ), ALICE)


def changed(state: Path, capsys: pytest.CaptureFixture[str], directory: Path | None = None) -> list[str]:
    assert policy.reload(directory, state, "", as_json=True) == 0
    return json.loads(capsys.readouterr().out)["difference"]


def test_a_reload_says_what_changes_for_those_who_serve_and_not_for_the_shell_it_is_typed_in(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPHIA_BRIDGE_MODE", "traditional_only")
    assert changed(tmp_path / "state", capsys) == []
    written(mine, floor_calls=70)
    assert changed(tmp_path / "state", capsys) == ["agno_integration.rollout.floor_calls: 50 -> 70"]
    assert changed(tmp_path / "state", capsys, mine) == []


def test_a_reload_of_a_variable_that_a_server_was_started_with_changes_nothing(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(tmp_path / "state", mine, SOPHIA_BRIDGE_MODE="traditional_only", CRM_PLACE="planted")
    assert changed(tmp_path / "state", capsys) == []
    with open_store(tmp_path / "state") as store:
        newest = store.policies.latest()
    assert newest is not None
    assert newest.config["files"]["variables"] == {"SOPHIA_BRIDGE_MODE": "traditional_only"}
    assert "planted" not in json.dumps(newest.config)


def test_a_reload_of_other_files_than_those_served_is_refused(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    written(other, floor_calls=1)
    assert policy.reload(other, tmp_path / "state", "", as_json=False) == 1
    said = capsys.readouterr().err
    assert said.startswith("Nothing was changed")
    assert f"--config {mine}" in said


def test_a_setting_is_tried_with_the_servers_of_those_who_serve(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    assert policy.set_key(None, state, "budgets.crm__look.credits_per_day", "5", "", as_json=False) == 0
    assert policy.set_key(None, state, "budgets.gong__look.credits_per_day", "5", "", as_json=False) == 1
    assert "there is no such tool" in capsys.readouterr().err


def test_what_takes_hold_at_the_next_start_only_is_said_when_it_is_set(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy.set_key(None, tmp_path / "state", "ab_testing.test_duration_hours", "24", "", as_json=False)
    assert "When Sophia is started again, and not before" in capsys.readouterr().out


def test_the_effective_configuration_names_the_version_that_set_a_value(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    policy.set_key(None, state, "bridge_mode", "agno_preferred", "", as_json=False)
    capsys.readouterr()
    assert config.show(mine, state, as_json=False) == 0
    assert "agno_integration.bridge_mode = agno_preferred  # policy version 2" in capsys.readouterr().out
    assert config.show(mine, tmp_path / "nowhere", as_json=False) == 0
    assert not (tmp_path / "nowhere").exists()


def test_a_model_that_cannot_run_here_is_warned_of() -> None:
    configuration = load(None, {}, {"agent_overrides.sales_coach.model": "nobody:model"}, 3)
    (warning,) = model_warnings(configuration, {})
    assert (warning.file, warning.path) == ("policy version 3", "agno_integration.agent_overrides.sales_coach.model")
    assert "nobody" in warning.message
    assert "sales_coach" in str(warning.suggestion)


def test_a_model_without_a_key_is_warned_of_and_one_with_a_key_is_not() -> None:
    pytest.importorskip("openai")
    configuration = load(None, {"SOPHIA_DEFAULT_AGENT_CONFIG__MODEL": "openai:gpt-5"})
    assert "OPENAI_API_KEY is not set" in str(*model_warnings(configuration, {}))
    assert model_warnings(configuration, {"OPENAI_API_KEY": "not-a-key"}) == []


def test_a_history_without_anything_says_so_and_one_of_no_tool_names_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def history(tool: str | None) -> int:
        return policy.history(None, tmp_path, tool, 20, as_json=False)

    assert history(None) == history("gong_intelligence") == 0
    assert capsys.readouterr().out == (
        "Nothing was changed yet.\nNothing was ever changed about a rollout of `gong_intelligence`.\n"
    )
    assert history("gong_inteligence") == 1
    assert "Nearest: `gong_intelligence`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "meant"), [(("polcy",), "policy"), (("policy", "histroy"), "history"), (("config", "chek"), "check")]
)
def test_a_mistyped_command_is_answered_with_the_nearest(
    words: tuple[str, ...], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    assert f"Nearest: `{meant}`." in capsys.readouterr().err
