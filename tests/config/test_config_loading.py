"""What takes effect, and from where: packaged defaults, the operator's directory, the environment."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from pydantic import ValidationError

from server.config import AGENT_IDS, TEAM_IDS, ConfigurationError, StdioTransport, check, load
from server.config.agno_integration import AgnoIntegrationFile
from server.config.places import AGNO_FILE, defaults_dir
from server.config.schema import ANY_NAME, leaves


def test_without_files_and_variables_the_packaged_defaults_are_in_effect():
    configuration = load(None, {})

    assert configuration.agno.bridge_mode == "hybrid"
    assert configuration.agent("hubspot_crm").response_timeout_ms == 200
    assert configuration.agent("sales_coach").response_timeout_ms == 100
    assert configuration.agent("sales_coach").mcp_services == ("gong", "hubspot", "slack", "snowflake")
    assert configuration.team("business_intelligence").members == (
        "gong_intelligence",
        "hubspot_crm",
        "slack_orchestrator",
        "snowflake_analyst",
    )
    assert list(configuration.downstream.servers) == ["gong", "snowflake", "hubspot", "slack", "linear"]
    assert configuration.downstream.servers["gong"].transport == StdioTransport(
        "${python}", ("-P", "-m", "workspace.gong"), {"SOPHIA_GONG_DATA": "${env:SOPHIA_GONG_DATA:-}"}
    )
    assert configuration.downstream.servers["gong"].prefix == "gong"
    assert configuration.downstream.catalog_wait_ms == 500
    assert configuration.warnings == ()


def test_every_agent_and_every_team_has_settings():
    configuration = load(None, {})

    assert [configuration.agent(agent_id).id for agent_id in AGENT_IDS] == list(AGENT_IDS)
    assert [configuration.team(team_id).id for team_id in TEAM_IDS] == list(TEAM_IDS)


def test_the_packaged_file_says_every_key_so_that_an_operator_can_read_it_there():
    packaged = load(None, {})
    overridable = {keys[-1] for keys, _ in leaves(AgnoIntegrationFile) if keys[1] == "agent_overrides"}

    for keys, _ in leaves(AgnoIntegrationFile):
        if ANY_NAME in keys:
            continue  # budgets and prices are the operator's own
        if keys[1] == "agent_overrides":
            assert keys[-1] in overridable & set(type(packaged.agno.default_agent_config).model_fields)
        else:
            assert packaged.provenance[".".join(keys)].origin == "packaged", keys


def test_an_operator_changes_one_value_and_keeps_the_others(operator):
    file = operator.agno("agno_integration:\n  agent_overrides:\n    sales_coach:\n      response_timeout_ms: 90\n")

    configuration = operator.loads()

    assert configuration.agent("sales_coach").response_timeout_ms == 90
    assert configuration.agent("sales_coach").performance_critical is True
    assert configuration.agent("gong_intelligence").response_timeout_ms == 150
    source = configuration.provenance["agno_integration.agent_overrides.sales_coach.response_timeout_ms"]
    assert (source.origin, source.name, source.line) == ("file", str(file), 4)


def test_the_environment_has_the_last_word(operator):
    operator.agno("agno_integration:\n  bridge_mode: traditional_only\n")

    configuration = operator.loads(SOPHIA_BRIDGE_MODE="agno_preferred")

    assert configuration.agno.bridge_mode == "agno_preferred"
    assert str(configuration.provenance["agno_integration.bridge_mode"]) == "environment SOPHIA_BRIDGE_MODE"


def test_own_servers_replace_the_sample_servers_as_a_whole(operator):
    operator.downstream("mcpServers:\n  crm:\n    command: crm-mcp\n")

    configuration = operator.loads()

    assert list(configuration.downstream.servers) == ["crm"]
    assert configuration.downstream.catalog_wait_ms == 500


def test_a_file_that_names_no_servers_keeps_the_sample_servers(operator):
    operator.downstream("sophia:\n  catalog_wait_ms: 50\n")

    configuration = operator.loads()

    assert list(configuration.downstream.servers) == ["gong", "snowflake", "hubspot", "slack", "linear"]
    assert configuration.downstream.catalog_wait_ms == 50


def test_a_section_whose_lines_are_all_commented_out_changes_nothing(operator):
    operator.agno("agno_integration:\n  feature_flags:\n  #  enable_agno_agents: false\n  agent_overrides:\n")

    assert operator.loads().digest == load(None, {}).digest


def test_an_empty_file_changes_nothing(operator):
    operator.agno("# nothing yet\n")
    operator.downstream("")

    assert operator.loads().digest == load(None, {}).digest


def test_the_file_may_stand_in_the_directory_itself(operator):
    operator.writes("agno_integration.yaml", "agno_integration: {enabled: false}")

    assert operator.loads().agno.enabled is False


def test_the_json_of_any_mcp_client_loads_as_it_is(operator):
    entry = {"command": "npx", "args": ["-y", "@acme/crm-mcp"], "env": {"CRM_TOKEN": "${env:CRM_TOKEN}"}}
    operator.writes("downstream.json", json.dumps({"mcpServers": {"crm": entry}}, indent="\t"))

    (server,) = operator.loads().downstream.servers.values()

    assert server.transport == StdioTransport("npx", ("-y", "@acme/crm-mcp"), {"CRM_TOKEN": "${env:CRM_TOKEN}"})


def test_two_files_for_the_same_thing_are_refused(operator):
    operator.downstream("mcpServers: {}")
    operator.writes("downstream.json", "{}")

    assert "keep one" in operator.is_told_one().message


def test_the_directory_can_be_named_by_the_environment(operator):
    operator.agno("agno_integration: {enabled: false}")

    assert load(None, {"SOPHIA_CONFIG_DIR": str(operator.directory)}).agno.enabled is False


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigurationError, match="no such configuration directory"):
        load(tmp_path / "nowhere", {})


def test_a_misspelt_file_name_is_pointed_out_since_it_has_no_effect(operator):
    operator.writes("agno_intergration.yaml", "agno_integration: {enabled: false}")

    (warning,) = operator.loads().warnings

    assert (warning.message, warning.suggestion) == ("is not read", "did you mean agno_integration.yaml?")


def test_a_directory_without_any_configuration_is_pointed_out(operator):
    (warning,) = operator.loads().warnings

    assert "the defaults are in effect" in warning.message


def test_the_digest_follows_the_values_and_not_their_order(operator, new_operator):
    operator.agno("agno_integration:\n  enabled: true\n  bridge_mode: traditional_only\n")
    reordered = new_operator()
    reordered.agno("agno_integration:\n  bridge_mode: traditional_only\n  enabled: true\n")
    changed = new_operator()
    changed.agno("agno_integration:\n  bridge_mode: agno_preferred\n")

    assert operator.loads().digest == reordered.loads().digest
    assert len({operator.loads().digest, changed.loads().digest, load(None, {}).digest}) == 3


def test_a_configuration_does_not_change():
    configuration = load(None, {})

    with pytest.raises(FrozenInstanceError):
        configuration.digest = ""  # type: ignore[misc]
    with pytest.raises(ValidationError):
        configuration.agno.enabled = False  # type: ignore[misc]
    with pytest.raises(TypeError):
        configuration.agents["sales_coach"] = configuration.agent("hubspot_crm")  # type: ignore[index]


def test_the_first_systems_agno_only_means_agno_preferred(operator):
    operator.agno("agno_integration: {bridge_mode: agno_only}")

    assert operator.loads().agno.bridge_mode == "agno_preferred"


def test_a_copy_of_the_packaged_file_is_a_valid_file_of_ones_own(operator):
    operator.agno((defaults_dir() / AGNO_FILE).read_text(encoding="utf-8"))

    assert operator.loads().digest == load(None, {}).digest


@pytest.mark.parametrize(
    ("environ", "deadline_ms"),
    [
        ({}, 5_000),
        ({"SOPHIA_DEFAULT_AGENT_CONFIG__MODEL": "openai:gpt-test"}, 120_000),
        ({"SOPHIA_AGENT_OVERRIDES__SALES_COACH__MODEL": "openai:gpt-test"}, 120_000),
        ({"SOPHIA_AGENT_OVERRIDES__SALES_COACH__DEADLINE_MS": "700"}, 700),
        ({"SOPHIA_DEFAULT_AGENT_CONFIG__DEADLINE_MS": "900"}, 900),
    ],
)
def test_the_deadline_follows_the_model_unless_it_is_said(environ, deadline_ms):
    assert load(None, environ).agent("sales_coach").deadline_ms == deadline_ms


def test_a_team_with_one_remote_member_has_the_remote_deadline():
    configuration = load(None, {"SOPHIA_AGENT_OVERRIDES__SALES_COACH__MODEL": "openai:gpt-test"})

    assert configuration.team("sales_intelligence").deadline_ms == 120_000
    assert configuration.team("sales_intelligence").model == "embedded"
    assert configuration.team("business_intelligence").deadline_ms == 5_000


def test_a_teams_leader_has_the_default_model_unless_it_has_its_own():
    environ = {
        "SOPHIA_DEFAULT_AGENT_CONFIG__MODEL": "openai:small",
        "SOPHIA_TEAM_CONFIGS__SALES_INTELLIGENCE__MODEL": "anthropic:large",
    }
    configuration = load(None, environ)

    assert configuration.team("sales_intelligence").model == "anthropic:large"
    assert configuration.team("business_intelligence").model == "openai:small"


def test_checking_finds_references_that_lead_nowhere_without_resolving_them(operator):
    operator.downstream(
        "mcpServers:\n"
        "  crm: {command: crm-mcp, env: {CRM_TOKEN: '${env:CRM_TOKEN}', HOST: '${env:CRM_HOST:-localhost}'}}\n"
        "  off: {command: crm-mcp, disabled: true, env: {CRM_TOKEN: '${env:CRM_TOKEN}'}}\n"
    )

    missing = check(operator.directory, {})
    present = check(operator.directory, {"CRM_TOKEN": "not-printed"})

    assert [warning.path for warning in missing.warnings] == ["mcpServers.crm.env.CRM_TOKEN"]
    assert missing.configuration is not None
    assert present.warnings == ()


def test_loading_reads_no_secret(operator):
    operator.downstream("mcpServers: {crm: {command: x, env: {CRM_TOKEN: '${file:/nowhere/at/all}'}}}")

    assert operator.loads().downstream.servers["crm"].transport == StdioTransport(
        "x", env={"CRM_TOKEN": "${file:/nowhere/at/all}"}
    )


def test_the_defaults_lie_beside_the_package_in_a_wheel_and_in_config_in_a_checkout():
    assert (defaults_dir() / AGNO_FILE).is_file()
    assert defaults_dir() in (
        Path(__file__).parents[2] / "config",
        Path(__file__).parents[2] / "server/config/defaults",
    )
