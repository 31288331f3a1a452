"""The first system's `agno_integration.yaml` loads as it is, and every key of it means something or is explained."""

from pathlib import Path

import pytest

from server.config import Configuration, Problem, check
from server.config.documents import Value, read_document
from server.config.first_system import GONE_FILE
from server.config.rendering import render_check

FILE = Path(__file__).with_name("first_system") / "agno_integration.yaml"


@pytest.fixture
def loaded(operator) -> Configuration:
    operator.agno(FILE.read_text(encoding="utf-8"))
    return operator.loads()


def about(configuration: Configuration, end: str) -> Problem:
    """The one warning about keys of this name."""
    (warning,) = [one for one in configuration.warnings if one.path.endswith(end)]
    return warning


def test_it_loads_as_it_is(loaded):
    assert loaded.agno.bridge_mode == "hybrid"
    assert loaded.agent("gong_intelligence").memory_limit_mb == 75
    assert loaded.agent("slack_orchestrator").mcp_services == ("slack", "hubspot", "linear")
    assert loaded.agno.performance_monitoring.thresholds.memory_usage_mb == 200
    assert loaded.agno.resource_management.memory_pool_mb == 10240
    assert loaded.agno.feature_flags.enable_auto_scaling is False


def test_its_teams_are_read_under_our_names(loaded):
    team = loaded.team("sales_intelligence")

    assert (team.mode, team.response_timeout_ms, team.shared_memory) == ("route", 300, False)
    assert team.members == ("sales_coach", "gong_intelligence", "hubspot_crm")
    assert loaded.team("business_intelligence").members == ("gong_intelligence", "hubspot_crm", "slack_orchestrator")


def test_its_share_of_half_the_calls_is_kept_and_shown_with_its_place(operator, loaded):
    assert loaded.agno.ab_testing.agno_traffic_percentage == 50
    source = loaded.provenance["agno_integration.ab_testing.agno_traffic_percentage"]
    assert source.name == str(operator.directory / "services/agno_integration.yaml")
    assert FILE.read_text(encoding="utf-8").splitlines()[(source.line or 0) - 1].strip().startswith("agno_traffic")


def test_what_was_renamed_keeps_its_place_in_the_file(loaded):
    source = loaded.provenance["agno_integration.team_configs.sales_intelligence.mode"]

    assert "coordination_mode" in FILE.read_text(encoding="utf-8").splitlines()[(source.line or 0) - 1]


def test_a_model_of_its_is_not_asked_without_your_word_and_the_warning_says_how(loaded):
    assert loaded.agent("sales_coach").model == "embedded"
    first = next(one for one in loaded.warnings if one.path == "agno_integration.agent_overrides.sales_coach.model")
    assert first.message.endswith("(and in 3 more places)")
    assert first.suggestion == "write model: anthropic:claude-sonnet-4-20250514, and set ANTHROPIC_API_KEY"


def test_a_service_that_is_no_server_here_is_left_out_with_a_warning(loaded):
    assert loaded.agent("gong_intelligence").mcp_services == ("gong", "snowflake")
    assert "names pinecone" in about(loaded, "gong_intelligence.mcp_services[2]").message


def test_a_service_that_is_configured_stays(operator):
    operator.downstream("mcpServers: {pinecone: {command: x}}")
    operator.agno(FILE.read_text(encoding="utf-8"))

    assert operator.loads().agent("gong_intelligence").mcp_services == ("gong", "snowflake", "pinecone")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("audit_logging", "no audit log yet"),
        ("inherit_permissions", "not enforced yet"),
        ("data_encryption", "nothing is encrypted"),
        ("business_intelligence.required_roles", "not enforced yet"),
        ("debug_mode", "SOPHIA_LOG_LEVEL"),
        ("sales_coach.knowledge.index_name", "use_knowledge"),
        ("default_agent_config.team_eligible", "members"),
        ("mcp_client", "downstream.yaml"),
        ("last_updated", "sophia config check"),
    ],
)
def test_a_key_without_a_meaning_says_what_replaces_it(loaded, key, says):
    warnings = [one for one in loaded.warnings if says in (one.suggestion or "")]

    assert any(key.rpartition(".")[2] in one.path for one in warnings), [*map(str, loaded.warnings)]
    assert all(one.line for one in warnings)


def test_the_same_is_said_once_for_all_its_places(operator, loaded):
    said = [(one.path.rpartition(".")[2], one.suggestion) for one in loaded.warnings]

    assert len(said) == len(set(said)) < 45
    assert "The configuration is valid" in render_check(check(operator.directory, {}))


def leaf_names(tree: Value, way: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(tree, dict):
        return [way]
    return [leaf for name, inner in tree.items() for leaf in leaf_names(inner, (*way, name))]


def test_every_key_of_the_file_is_read_or_explained(loaded):
    explained = leaf_names(read_document(GONE_FILE).tree)
    renamed = {"coordination_mode": "mode", "performance_target_ms": "response_timeout_ms"}
    silent: list[str] = []
    for way in leaf_names(read_document(FILE).tree):
        ours = (*way[:-1], renamed.get(way[-1], way[-1]))
        read = loaded.provenance.get(".".join(ours))
        is_explained = any(
            len(keys) == len(way) and all(a in ("*", b) for a, b in zip(keys, way, strict=True)) for keys in explained
        )
        if not (read and read.origin == "file") and not is_explained and "model" not in way:
            silent.append(".".join(way))
    assert silent == []


@pytest.mark.parametrize(
    ("text", "path", "suggestion"),
    [
        ("{development: {debug_mod: true}}", "development.debug_mod", "did you mean debug_mode?"),
        ("{security: {encrypt: true}}", "security.encrypt", "valid here: inherit_permissions"),
        ("{developments: {debug_mode: true}}", "developments", None),
        ("{performance_monitoring: {treshold: 5}}", "performance_monitoring.treshold", "did you mean thresholds?"),
        (
            "{team_configs: {sales_intelligence: {members: [{nam: sales_coach}]}}}",
            "team_configs.sales_intelligence.members[0]",
            None,
        ),
        (
            "{agent_overrides: {sales_coach: {model: {provider: x}}}}",
            "agent_overrides.sales_coach.model",
            None,
        ),
    ],
)
def test_a_key_of_neither_system_is_refused(operator, text, path, suggestion):
    operator.agno(f"agno_integration: {text}")

    problem = operator.is_told_one()

    assert problem.path == f"agno_integration.{path}"
    assert suggestion is None or suggestion in (problem.suggestion or "")


def test_a_team_that_says_both_names_is_told_which_one_counts(operator):
    operator.agno("agno_integration: {team_configs: {sales_intelligence: {mode: route, coordination_mode: tasks}}}")

    assert operator.is_told_one().suggestion == "here it is called mode"


def test_every_key_that_is_explained_was_a_key_of_the_first_system():
    file = leaf_names(read_document(FILE).tree)

    def was(keys: tuple[str, ...]) -> bool:
        return any(
            len(keys) == len(way) and all(a in ("*", b) for a, b in zip(keys, way, strict=True)) for way in file
        )

    only_described = {"max_members"}
    agents = "default_agent_config"
    assert [
        keys
        for keys in leaf_names(read_document(GONE_FILE).tree)
        if not was(keys) and keys[-1] not in only_described and agents not in keys and "agent_overrides" not in keys
    ] == []
