"""The `sophia` command, as somebody types it."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import SOPHIA, quiet_environment

pytestmark = pytest.mark.slow


@pytest.fixture
def sophia(state: Path, served: str):
    """Runs the command beside a Sophia that serves: they share one state directory."""

    def run(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        variables = {**quiet_environment(), "SOPHIA_STATE_DIR": str(state), **environment}
        return subprocess.run(
            [SOPHIA, *words], capture_output=True, text=True, env=variables, check=False, timeout=60
        )

    return run


def test_ask_prints_the_answer_of_an_agent(sophia) -> None:
    ran = sophia("ask", "snowflake_analyst", "win rate in 2017")
    assert ran.returncode == 0, ran.stderr
    assert "63.15" in ran.stdout


def test_ask_takes_typed_arguments_and_prints_json(sophia) -> None:
    ran = sophia("ask", "gong_intelligence", "--arg", "call_id=7400171024000301", "--route", "agno", "--json")
    answer = json.loads(ran.stdout)
    assert answer["structuredContent"]["served_by"]["route"] == "agno"
    assert answer["structuredContent"]["served_by"]["model"] == "embedded"


def test_an_unknown_tool_is_json_where_json_was_asked_for(sophia) -> None:
    ran = sophia("ask", "gong_inteligence", "x", "--json")
    assert ran.returncode == 1
    assert "gong_intelligence" in json.loads(ran.stdout)["error"]["message"]


def test_a_number_is_a_number_where_the_tool_takes_one(sophia) -> None:
    ran = sophia("ask", "slack__get_channel_history", "--arg", "channel=general", "--arg", "limit=2", "--json")
    assert ran.returncode == 0, ran.stdout
    assert not json.loads(ran.stdout).get("isError")


def test_options_may_stand_before_the_words_of_a_request(sophia) -> None:
    ran = sophia("ask", "snowflake_analyst", "--json", "win rate in 2017")
    assert json.loads(ran.stdout)["structuredContent"]["data"]
    assert sophia("ask", "snowflake_analyst", "--json", "win rate", "in 2017").returncode == 2


def test_ask_fails_with_what_to_do(sophia) -> None:
    ran = sophia("ask", "gong_inteligence", "x")
    assert ran.returncode == 1
    assert "gong_intelligence" in ran.stderr
    assert sophia("ask", "gong_intelligence", "--arg", "call_id").returncode == 1


def test_explain_shows_the_rules_without_running_anything(sophia) -> None:
    ran = sophia("explain", "gong_intelligence", "--arg", "call_id=7400171024000301", "--json")
    decision = json.loads(ran.stdout)
    assert decision["route"] == "agno"
    assert decision["fallback"] == "downstream"
    assert decision["terms"][0]["name"] == "performance_critical"
    assert "served by" in sophia("explain", "gong_intelligence", "search calls for discount").stdout


def test_explain_says_why_a_route_is_out(sophia) -> None:
    ran = sophia(
        "explain", "gong_intelligence", "--arg", "call_id=7400171024000301", SOPHIA_BRIDGE_MODE="traditional_only"
    )
    assert "traditional_only" in ran.stdout
    assert "served by downstream" in ran.stdout


def test_tools_lists_what_is_published(sophia) -> None:
    listed = {tool["name"]: tool for tool in json.loads(sophia("tools", "--json").stdout)}
    assert listed["gong_intelligence"]["routes"] == ["agno", "downstream"]
    assert listed["snowflake__execute_query"]["routes"] == ["downstream"]
    assert not any(name.startswith("bridge_") for name in listed)


def test_a_tool_whose_only_route_is_off_is_not_listed(sophia) -> None:
    listed = {
        tool["name"] for tool in json.loads(sophia("tools", "--json", SOPHIA_BRIDGE_MODE="traditional_only").stdout)
    }
    assert "gong_intelligence" in listed
    assert "executive_knowledge" not in listed


def test_doctor_is_content_with_the_packaged_configuration(sophia) -> None:
    ran = sophia("doctor", "--json")
    found = json.loads(ran.stdout)
    assert ran.returncode == 0
    assert found["can_serve"]
    missing = [finding for finding in found["findings"] if finding["status"] != "ok"]
    assert [(finding["status"], finding["what"]) for finding in missing] == [("warn", "capability documents")]
    assert "executive_knowledge" in missing[0]["found"]


def test_doctor_names_a_server_that_does_not_start_and_what_it_wrote(sophia, tmp_path: Path) -> None:
    broken = {
        "mcpServers": {"broken": {"command": "${python}", "args": ["-c", "raise SystemExit('no licence found')"]}}
    }
    (tmp_path / "downstream.json").write_text(json.dumps(broken))
    ran = sophia("doctor", "--config", str(tmp_path), "--state", str(tmp_path / "state"))
    assert "server broken" in ran.stdout
    assert "no licence found" in ran.stdout
    assert "unbound" in ran.stdout


def test_doctor_shows_what_a_server_wrote_as_it_is_but_never_a_secret(sophia, tmp_path: Path) -> None:
    says = "import os; raise SystemExit('[/x] refused ' + os.environ['LICENCE'])"
    broken = {"command": "${python}", "args": ["-c", says], "env": {"LICENCE": "${env:TEST_LICENCE_TOKEN}"}}
    (tmp_path / "downstream.json").write_text(json.dumps({"mcpServers": {"broken": broken}}))
    words = ("doctor", "--config", str(tmp_path), "--state", str(tmp_path / "state"))
    secret = {"TEST_LICENCE_TOKEN": "hush-hush"}
    for ran in (
        sophia(*words, **secret),
        sophia(*words, "--json", **secret),
    ):
        assert "[/x] refused" in ran.stdout
        assert "hush-hush" not in ran.stdout + ran.stderr


def test_a_server_that_fails_costs_no_traceback(sophia, tmp_path: Path) -> None:
    noisy = {"command": "${python}", "args": ["-c", "print('no JSON', flush=True)"]}
    (tmp_path / "downstream.json").write_text(json.dumps({"mcpServers": {"noisy": noisy}}))
    words = ("tools", "--config", str(tmp_path), "--state", str(tmp_path / "state"))
    assert sophia(*words).stderr == ""
    assert "Traceback" in sophia(*words, SOPHIA_LOG_LEVEL="error").stderr


def test_tools_shows_a_title_that_looks_like_markup_as_it_is(sophia, tmp_path: Path) -> None:
    server = tmp_path / "server.py"
    server.write_text(
        "from mcp.server.mcpserver import MCPServer\n"
        "server = MCPServer('odd')\n"
        "server.tool(name='odd', title='a [/b] title')(lambda: 'x')\n"
        "server.run()\n"
    )
    odd = {"command": "${python}", "args": [str(server)]}
    (tmp_path / "downstream.json").write_text(json.dumps({"mcpServers": {"odd": odd}}))
    ran = sophia("tools", "--config", str(tmp_path), "--state", str(tmp_path / "state"))
    assert "a [/b] title" in ran.stdout, ran.stderr


def test_doctor_says_when_a_model_has_no_key(sophia, tmp_path: Path) -> None:
    pytest.importorskip("openai")

    (tmp_path / "downstream.json").write_text('{"mcpServers": {}}')  # a model is not asked of servers

    def found(**environment: str) -> tuple[str, str]:
        environment["SOPHIA_DEFAULT_AGENT_CONFIG__MODEL"] = "openai:gpt-5"
        findings = json.loads(sophia("doctor", "--config", str(tmp_path), "--json", **environment).stdout)["findings"]
        return next((each["status"], each["found"]) for each in findings if each["what"] == "model openai:gpt-5")

    status, text = found(OPENAI_API_KEY="")
    assert status == "warn"
    assert "no key is set: OPENAI_API_KEY" in text
    assert found(OPENAI_API_KEY="not-a-key")[0] == "ok"


@pytest.mark.parametrize("how", [(), ("--http", "127.0.0.1:0")])
def test_serve_says_in_one_line_that_its_state_cannot_be_kept(how, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [SOPHIA, "serve", *how, "--state", str(tmp_path / "file")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=quiet_environment(), **pipes) as process:
        assert process.wait(30) == 1  # while its client still holds the other end
        said = process.stderr.read()
    assert said.startswith("The state store ")
    assert said.count("\n") == 1


def test_a_log_level_that_does_not_exist_is_answered_with_those_that_do(sophia) -> None:
    for words in (("serve",), ("tools",)):
        ran = sophia(*words, SOPHIA_LOG_LEVEL="foo")
        assert ran.returncode == 1
        assert ran.stderr == "SOPHIA_LOG_LEVEL is foo: write one of DEBUG, INFO, WARNING, ERROR, CRITICAL.\n"


@pytest.mark.parametrize("words", [("serve", "--json"), ("config", "check", "--state", "x")])
def test_an_option_that_a_command_does_not_use_is_refused(sophia, words) -> None:
    ran = sophia(*words)
    assert ran.returncode == 2
    assert words[-1] in ran.stderr or words[-2] in ran.stderr


def test_import_calls_itself_by_its_name_wherever_it_is_run(sophia, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "__init__.py").write_text("raise SystemExit('not ours')")
    monkeypatch.chdir(tmp_path)
    ran = sophia("import", "gong", "--help")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("usage: sophia import gong ")


def test_import_ends_with_how_to_use_what_was_imported(sophia, tmp_path: Path) -> None:
    call = {"metaData": {"id": "1", "title": "Synthetic", "started": "2026-01-02T10:00:00Z", "duration": 60}}
    (tmp_path / "calls.json").write_text(json.dumps({"calls": [call]}))
    ran = sophia("import", "gong", str(tmp_path / "calls.json"), "--into", str(tmp_path / "into"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"SOPHIA_GONG_DATA={tmp_path / 'into'} sophia ask gong_intelligence" in ran.stdout


def test_a_typo_in_the_configuration_is_named_with_the_nearest_key(sophia, tmp_path: Path) -> None:
    (tmp_path / "agno_integration.yaml").write_text("agno_integration:\n  bridge_mod: hybrid\n")
    for words in (("config", "check"), ("doctor",), ("serve",), ("ask", "gong_intelligence", "x")):
        ran = sophia(*words, "--config", str(tmp_path))
        assert ran.returncode == 1, words
        assert "bridge_mod" in ran.stdout + ran.stderr
        assert "bridge_mode" in ran.stdout + ran.stderr


def test_config_show_says_where_a_value_came_from(sophia) -> None:
    shown = json.loads(sophia("config", "show", "--json", SOPHIA_BRIDGE_MODE="agno_preferred").stdout)
    assert "agno_preferred" in json.dumps(shown)
    assert "SOPHIA_BRIDGE_MODE" in json.dumps(shown)


def test_install_prints_an_entry_that_names_this_sophia(sophia) -> None:
    said = json.loads(sophia("install", "vscode", "--json").stdout)
    assert said["entry"]["command"] == SOPHIA
    assert said["top_key"] == "servers"


def test_install_says_what_it_takes_along(sophia, tmp_path: Path) -> None:
    ran = sophia(
        "install", "claude-code", "--state", str(tmp_path), SOPHIA_GONG_DATA="/calls", SOPHIA_BANK_PIN="1234"
    )
    assert f'"{tmp_path}"' in ran.stdout
    assert "Taken along from your environment: SOPHIA_GONG_DATA." in ran.stdout
    assert "no such setting: SOPHIA_BANK_PIN." in ran.stdout
    assert "1234" not in ran.stdout


def test_a_command_that_does_not_exist_is_explained(sophia) -> None:
    ran = sophia("sreve")
    assert ran.returncode == 2
    assert "serve" in ran.stderr
