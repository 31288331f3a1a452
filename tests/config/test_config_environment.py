"""`SOPHIA_*` variables: what they set, and what is said of those that set nothing."""

import pytest

from server.config import ConfigurationError, load
from server.config.agno_integration import AgnoIntegration
from server.config.environment import variable
from server.config.schema import ANY_NAME, leaves


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        (
            "SOPHIA_FEATURE_FLAGS__ENABLE_AGNO_AGENTS",
            "false",
            lambda c: c.agno.feature_flags.enable_agno_agents is False,
        ),
        ("SOPHIA_ENABLED", "False", lambda c: c.agno.enabled is False),
        (
            "SOPHIA_AB_TESTING__AGNO_TRAFFIC_PERCENTAGE",
            " 10 ",
            lambda c: c.agno.ab_testing.agno_traffic_percentage == 10,
        ),
        (
            "SOPHIA_AGENT_OVERRIDES__SALES_COACH__MODEL",
            "openai:x",
            lambda c: c.agent("sales_coach").model == "openai:x",
        ),
        (
            "SOPHIA_AGENT_OVERRIDES__SALES_COACH__MCP_SERVICES",
            "gong, slack",
            lambda c: c.agent("sales_coach").mcp_services == ("gong", "slack"),
        ),
        (
            "SOPHIA_TEAM_CONFIGS__SALES_INTELLIGENCE__MEMBERS",
            '["sales_coach"]',
            lambda c: c.team("sales_intelligence").members == ("sales_coach",),
        ),
        ("SOPHIA_ROLLOUT__STAGES", "10, 50, 100", lambda c: c.agno.rollout.stages == (10, 50, 100)),
        ("SOPHIA_ROLLOUT__LATENCY_RATIO", "1.5", lambda c: c.agno.rollout.latency_ratio == 1.5),
        ("SOPHIA_DEFAULT_AGENT_CONFIG__DEADLINE_MS", "", lambda c: c.agent("sales_coach").deadline_ms == 5_000),
    ],
)
def test_a_variable_sets_the_value_that_its_name_spells(name, text, read):
    assert read(load(None, {name: text}))


def test_every_value_has_a_variable_of_its_own():
    names = [variable(keys) for keys, _ in leaves(AgnoIntegration) if ANY_NAME not in keys]

    assert len(names) == len(set(names)) > 100


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("SOPHIA_BRIDGE_MOD", "did you mean SOPHIA_BRIDGE_MODE?"),
        ("SOPHIA_CONFIG_DIRECTORY", "did you mean SOPHIA_CONFIG_DIR?"),
        ("SOPHIA_LOGLEVEL", "did you mean SOPHIA_LOG_LEVEL?"),
        ("SOPHIA_RETRY_ATTEMPTS", "did you mean SOPHIA_FALLBACK_CONFIG__GRACEFUL__RETRY_ATTEMPTS?"),
        ("SOPHIA_FEATURE_FLAGS", "name one key of it, such as SOPHIA_FEATURE_FLAGS__ENABLE_AGNO_AGENTS"),
        ("SOPHIA_", "`sophia config show` lists the keys; the path's parts are joined by __"),
    ],
)
def test_a_variable_that_sets_nothing_is_refused_with_the_nearest_name(name, suggestion):
    with pytest.raises(ConfigurationError) as refused:
        load(None, {name: "1"})

    (problem,) = refused.value.problems
    assert (problem.file, problem.suggestion) == (f"environment {name}", suggestion)


def test_a_wrong_value_names_the_variable():
    with pytest.raises(ConfigurationError) as refused:
        load(None, {"SOPHIA_FEATURE_FLAGS__ENABLE_AGNO_AGENTS": "yes"})

    (problem,) = refused.value.problems
    assert problem.file == "environment SOPHIA_FEATURE_FLAGS__ENABLE_AGNO_AGENTS"
    assert problem.suggestion == "write true"


def test_reserved_variables_and_those_of_kubernetes_are_left_alone():
    environ = {
        "SOPHIA_STATE_DIR": "/var/lib/sophia",
        "SOPHIA_LOG_LEVEL": "debug",
        "SOPHIA_GONG_DATA": "/data",
        "SOPHIA_PORT": "tcp://10.0.0.1:8000",
        "SOPHIA_SERVICE_HOST": "10.0.0.1",
        "SOPHIA_SERVICE_PORT_HTTP": "8000",
        "SOPHIA_PORT_8000_TCP_ADDR": "10.0.0.1",
    }

    assert load(None, environ).digest == load(None, {}).digest


def test_a_variable_that_a_reference_names_is_a_secret_and_no_setting(operator):
    operator.downstream("mcpServers: {crm: {command: x, env: {CRM_TOKEN: '${env:SOPHIA_CRM_TOKEN}'}}}")

    configuration = load(operator.directory, {"SOPHIA_CRM_TOKEN": "not-printed"})

    assert configuration.downstream.servers["crm"].name == "crm"
