"""`sophia config check` and `sophia config show`, as text and as data."""

import json

import pytest

from server.config import check
from server.config.rendering import check_data, render_check, render_show, show_data

SERVERS = """
mcpServers:
  crm:
    command: crm-mcp
    args: [--token, planted-1, --verbose]
    env: {CRM_TOKEN: planted-2, REGION: eu, OTHER_TOKEN: "${env:OTHER}"}
  web:
    url: https://me:planted-3@x.example/mcp?key=planted-4&page=2
    headers: {Authorization: Bearer planted-5}
"""


@pytest.mark.parametrize("width", [None, 80, 160])
def test_show_prints_every_value_with_its_source_and_no_secret(operator, width):
    file = operator.downstream(SERVERS)

    text = render_show(operator.loads(SOPHIA_BRIDGE_MODE="traditional_only"), width=width)

    assert "planted" not in text
    assert "${env:OTHER}" in text
    if width is None:
        assert "agno_integration.bridge_mode = traditional_only  # environment SOPHIA_BRIDGE_MODE" in text
        assert f"mcpServers.crm.env.REGION = eu  # {file}:6" in text
        assert "mcpServers.crm.sophia.call_timeout_ms = 60000  # built in" in text
        assert "agno_integration.enabled = true  # packaged default" in text


def test_show_as_data_is_json_without_secrets(operator):
    operator.downstream(SERVERS)

    data = json.loads(json.dumps(show_data(operator.loads())))

    values = {entry["path"]: entry["value"] for entry in data["values"]}
    assert "planted" not in json.dumps(data)
    assert values["mcpServers.crm.args"] == ["--token", "••••••", "--verbose"]
    assert values["mcpServers.web.url"] == "https://me:••••••@x.example/mcp?key=••••••&page=2"
    assert values["mcpServers.web.headers.Authorization"] == "••••••"


def test_check_says_that_all_is_well(operator):
    operator.downstream("mcpServers: {crm: {command: x}}")

    text = render_check(check(operator.directory, {}))

    assert text.startswith("The configuration is valid: 1 downstream server, digest ")


def test_check_prints_warnings_first_and_every_problem(operator):
    operator.downstream("mcpServers: {crm: {command: x, alwaysAllow: []}}")
    operator.agno("agno_integration: {bridge_mod: hybrid}")

    checked = check(operator.directory, {})
    text, data = render_check(checked), check_data(checked)

    assert text.index("1 warning:") < text.index("1 problem in the configuration:")
    assert data["valid"] is False
    assert data["problems"][0]["suggestion"] == "did you mean bridge_mode?"
    assert data["warnings"][0]["path"] == "mcpServers.crm.alwaysAllow"
    json.dumps(data)
