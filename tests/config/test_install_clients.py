"""`sophia install`: the entry for each client, and writing it without harm to anything else."""

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from server.install import CLIENTS, Installation, InstallError, Machine, plan, sophia_executable, write

SOPHIA = Path("/opt/sophia/bin/sophia")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(home=tmp_path / "home", project=tmp_path / "project", platform="linux", environ={})


@pytest.fixture
def desktop(machine: Machine) -> Installation:
    return plan("claude-desktop", executable=SOPHIA, machine=machine)


def existing(installation: Installation, text: str) -> Path:
    installation.file.parent.mkdir(parents=True)
    installation.file.write_text(text, encoding="utf-8")
    return installation.file


def test_the_command_is_the_one_of_the_environment_that_runs():
    assert sophia_executable().is_absolute()
    assert sophia_executable().name.startswith("sophia")


@pytest.mark.parametrize("client", CLIENTS)
def test_the_snippet_is_a_whole_file_that_starts_sophia_over_stdio(client, machine):
    installation = plan(client, config_dir=Path("/etc/sophia"), executable=SOPHIA, machine=machine)

    entry = json.loads(installation.snippet())[installation.top_key]["sophia"]

    assert entry["command"] == str(SOPHIA)
    assert entry["args"] == ["serve", "--config", "/etc/sophia"]
    assert str(installation.file) in installation.describe()


def test_vs_code_has_its_own_top_key_and_names_the_transport(machine):
    installation = plan("vscode", executable=SOPHIA, machine=machine)

    assert installation.top_key == "servers"
    assert installation.entry["type"] == "stdio"


@pytest.mark.parametrize(
    ("client", "platform", "file"),
    [
        ("claude-code", "linux", "project/.mcp.json"),
        ("vscode", "darwin", "project/.vscode/mcp.json"),
        ("cursor", "linux", "home/.cursor/mcp.json"),
        ("claude-desktop", "darwin", "home/Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude-desktop", "win32", "home/AppData/Roaming/Claude/claude_desktop_config.json"),
        ("claude-desktop", "linux", "home/.config/Claude/claude_desktop_config.json"),
    ],
)
def test_each_client_has_its_file(tmp_path, client, platform, file):
    machine = Machine(tmp_path / "home", tmp_path / "project", platform, {})

    assert plan(client, executable=SOPHIA, machine=machine).file == tmp_path / file


def test_a_project_with_a_cursor_folder_gets_the_entry_there(machine):
    (machine.project / ".cursor").mkdir(parents=True)

    assert plan("cursor", executable=SOPHIA, machine=machine).file == machine.project / ".cursor/mcp.json"


def test_a_relative_config_directory_is_written_as_an_absolute_one(machine):
    args = plan("claude-code", config_dir=Path("conf"), executable=SOPHIA, machine=machine).entry["args"]

    assert args == ["serve", "--config", str(Path.cwd() / "conf")]


def test_the_settings_of_this_environment_go_along_and_nothing_else(machine):
    set_now = {
        "SOPHIA_GONG_DATA": "calls",
        "SOPHIA_STATE_DIR": "/elsewhere",
        "SOPHIA_STATE_URL": "postgresql://dana:1234@db.example/sophia",
        "SOPHIA_BRIDGE_MODE": "hybrid",
        "SOPHIA_BANK_PIN": "1234",
        "OPENAI_API_KEY": "no-key",
    }
    machine = replace(machine, environ=set_now)

    planned = plan("claude-desktop", state_dir=Path("state"), executable=SOPHIA, machine=machine)

    assert planned.entry["args"] == ["serve", "--state", str(Path.cwd() / "state")]
    assert planned.entry["env"] == {"SOPHIA_BRIDGE_MODE": "hybrid", "SOPHIA_GONG_DATA": str(Path.cwd() / "calls")}
    assert planned.carried == ("SOPHIA_BRIDGE_MODE", "SOPHIA_GONG_DATA")
    assert planned.left_out == ("SOPHIA_BANK_PIN", "SOPHIA_STATE_URL")


def test_variables_that_were_written_by_hand_stay(machine):
    machine = replace(machine, environ={"SOPHIA_BRIDGE_MODE": "hybrid"})
    planned = plan("claude-desktop", executable=SOPHIA, machine=machine)
    mine = {"OPENAI_API_KEY": "mine", "SOPHIA_BRIDGE_MODE": "agno_preferred"}
    file = existing(planned, json.dumps({"mcpServers": {"sophia": {"env": mine}}}))

    write(planned)

    env = json.loads(file.read_text())["mcpServers"]["sophia"]["env"]
    assert env == {"OPENAI_API_KEY": "mine", "SOPHIA_BRIDGE_MODE": "hybrid"}


def test_writing_creates_the_file_where_there_was_none(desktop):
    written = write(desktop)

    assert (written.changed, written.backup) == (True, None)
    assert desktop.file.read_text() == desktop.snippet() + "\n"


def test_writing_keeps_everything_else_as_it_was(desktop):
    before = {
        "globalShortcut": "Ctrl+Ü",
        "mcpServers": {
            "other": {"command": "x", "unknown": [1, 2.5, None]},
            "sophia": {"command": "old", "env": {"A": "b"}},
        },
        "preferences": {"deep": {"er": True}},
    }
    file = existing(desktop, json.dumps(before, indent=4, ensure_ascii=False))

    write(desktop)

    after = json.loads(file.read_text(encoding="utf-8"))
    assert after["mcpServers"].pop("sophia") == {"command": str(SOPHIA), "env": {"A": "b"}, "args": ["serve"]}
    before["mcpServers"].pop("sophia")
    assert after == before
    assert list(after) == list(before)
    assert '\n    "globalShortcut": "Ctrl+Ü"' in file.read_text(encoding="utf-8")


def test_an_entry_that_pointed_to_an_address_now_starts_the_program(desktop):
    file = existing(desktop, '{"mcpServers": {"sophia": {"type": "http", "url": "http://127.0.0.1:1/mcp"}}}')

    write(desktop)

    assert json.loads(file.read_text())["mcpServers"]["sophia"] == {"command": str(SOPHIA), "args": ["serve"]}


def test_writing_twice_changes_nothing_the_second_time(desktop):
    existing(desktop, '{\n\t"mcpServers": {}\n}')
    write(desktop)
    text = desktop.file.read_text()

    again = write(desktop)

    assert (again.changed, again.backup) == (False, None)
    assert desktop.file.read_text() == text
    assert '\n\t"mcpServers"' in text


def test_the_copy_is_of_the_file_before_the_first_write(desktop, machine):
    existing(desktop, '{"mine": 1}')

    first = write(desktop)
    second = write(plan("claude-desktop", executable=Path("/elsewhere/sophia"), machine=machine))

    assert first.backup is not None
    assert first.backup.read_text() == '{"mine": 1}'
    assert (second.changed, second.backup) == (True, None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{\n  // my servers\n  "mcpServers": {}\n}', "comments"),
        ('{"mcpServers": {},}', "not plain JSON"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ("[]", "does not hold a JSON object"),
        ('{"mcpServers": []}', "mcpServers is not an object"),
    ],
)
def test_a_file_that_cannot_be_merged_is_left_alone(desktop, text, reason):
    file = existing(desktop, text)

    with pytest.raises(InstallError, match=reason):
        write(desktop)

    assert file.read_text() == text
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_an_empty_file_is_filled(desktop):
    existing(desktop, "")

    assert write(desktop).changed


def test_permissions_and_links_stay(desktop, tmp_path):
    target = tmp_path / "dotfiles.json"
    target.write_text("{}")
    target.chmod(0o600)
    desktop.file.parent.mkdir(parents=True)
    desktop.file.symlink_to(target)

    write(desktop)

    assert desktop.file.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "sophia" in target.read_text()


def test_a_write_that_fails_leaves_the_file_and_nothing_else(desktop, monkeypatch):
    file = existing(desktop, '{"mine": 1}')

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(InstallError, match="No space left"):
        write(desktop)

    assert file.read_text() == '{"mine": 1}'
    assert sorted(entry.name for entry in file.parent.iterdir()) == [file.name, file.name + ".bak"]
