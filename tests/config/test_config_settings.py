"""What an operator sets while Sophia serves: above every file and variable, whole or not at all."""

import pytest

from server.config import ConfigurationError, Files, difference, load, propose, settable, waits_for_restart
from server.config.rendering import render_show


def test_a_setting_wins_over_file_and_variable_and_is_shown_with_its_version(operator):
    operator.agno("agno_integration: {bridge_mode: agno_preferred}")
    environ = {"SOPHIA_BRIDGE_MODE": "hybrid"}

    configuration = load(operator.directory, environ, {"bridge_mode": "traditional_only"}, 7)

    assert configuration.agno.bridge_mode == "traditional_only"
    assert "bridge_mode = traditional_only  # policy version 7" in render_show(configuration)


def test_settings_change_the_digest_and_no_settings_change_nothing():
    assert load(None, {}, {}).digest == load(None, {}).digest
    assert load(None, {}, {"enabled": False}).digest != load(None, {}).digest


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("feature_flags.enable_agno_agents", False, lambda c: c.agno.feature_flags.enable_agno_agents is False),
        ("ab_testing.agno_traffic_percentage", 10, lambda c: c.agno.ab_testing.agno_traffic_percentage == 10),
        ("agent_overrides.sales_coach.use_agno", False, lambda c: c.agent("sales_coach").use_agno is False),
        ("agno_integration.enabled", False, lambda c: c.agno.enabled is False),
        ("rollout.stages", [5, 100], lambda c: c.agno.rollout.stages == (5, 100)),
        ("feature_flags", {"enable_auto_scaling": True}, lambda c: c.agno.feature_flags.enable_agno_agents is True),
        ("budgets.gong__b.credits_per_day", 5, lambda c: c.agno.budgets["gong__b"].credits_per_day == 5),
        (
            "prices.anthropic:claude-3.5",
            {"input_per_million": 3, "output_per_million": 15.5},
            lambda c: c.agno.prices["anthropic:claude-3.5"].output_per_million == 15.5,
        ),
    ],
)
def test_any_key_can_be_set_alone_or_as_a_group(key, value, read):
    assert read(load(None, {}, {key: value}))


def test_a_name_with_dots_ends_where_a_key_begins():
    prices = {
        "prices.openai:gpt-4.1": {"input_per_million": 2, "output_per_million": 8},
        "prices.openai:gpt-4.1.output_per_million": 9,
    }

    assert load(None, {}, prices).agno.prices["openai:gpt-4.1"].output_per_million == 9


@pytest.mark.parametrize(
    ("key", "value", "path", "suggestion"),
    [
        ("bridge_mod", "hybrid", "bridge_mod", "did you mean bridge_mode?"),
        (
            "feature_flags.enable_agno_agent",
            True,
            "feature_flags.enable_agno_agent",
            "did you mean enable_agno_agents?",
        ),
        ("enabled", "yes", "enabled", "write true"),
        ("rollout.stages", [50, 10, 100], "rollout.stages", None),
        ("rollout.stages", [10, 50], "rollout.stages", "for example [10, 50, 100]"),
        (
            "budgets.gong_intelligence.credits_per_dy",
            5,
            "budgets.gong_intelligence.credits_per_dy",
            "credits_per_day?",
        ),
        (
            "prices.gpt-4",
            {"input_per_million": 1, "output_per_million": 1},
            "prices.gpt-4",
            "did you mean openai:gpt-4?",
        ),
        ("bridge_mode.x", 1, "bridge_mode", None),
        ("rollout.stages", "10,50", "rollout.stages", "write [10, 50]"),
    ],
)
def test_a_setting_that_does_not_fit_is_refused_and_nothing_of_all_takes_effect(key, value, path, suggestion):
    with pytest.raises(ConfigurationError) as refused:
        load(None, {}, {"enabled": False, key: value}, 3)

    (problem,) = refused.value.problems
    assert (problem.file, problem.path) == ("policy version 3", f"agno_integration.{path}")
    assert suggestion is None or suggestion in (problem.suggestion or "")


def test_code_to_run_is_named_by_files_only():
    with pytest.raises(ConfigurationError, match="names code"):
        load(None, {}, {"knowledge_base": "os:system"})
    assert "knowledge_base" not in settable()
    assert "feature_flags.enable_agno_agents" in settable()


def test_a_proposal_says_what_would_change_before_it_does():
    proposal = propose(Files(None, {}), {"enabled": False}, "bridge_mode", "traditional_only")

    assert proposal.problems == ()
    assert proposal.settings == {"enabled": False, "bridge_mode": "traditional_only"}
    assert proposal.difference == ("agno_integration.bridge_mode: hybrid -> traditional_only",)


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("bridge_mode", "hybird", "did you mean hybrid?"),
        ("bridge_mod", "hybrid", "did you mean bridge_mode?"),
        ("enabled", "yes", "write true"),
        ("rollout.stages", "[10", "is not YAML"),
        ("feature_flags", "", "name one key of it"),
        ("knowledge_base", "a:b", "names code"),
        ("budgets.gong_inteligence.credits_per_day", "5", "did you mean gong_intelligence?"),
        ("budgets.crm__look", "{credits_per_day: 5}", "a server's tool as SERVER__TOOL"),
    ],
)
def test_a_proposal_that_cannot_be_says_why(key, text, says):
    proposal = propose(Files(None, {}), {}, key, text)

    assert proposal.configuration is None
    assert says in "\n".join(map(str, proposal.problems))


def test_a_setting_is_taken_back():
    settings = {"enabled": False, "bridge_mode": "traditional_only"}

    assert propose(Files(None, {}), settings, "bridge_mode", None).settings == {"enabled": False}
    assert "did you mean bridge_mode?" in str(propose(Files(None, {}), settings, "bridge_mod", None).problems[0])


def test_a_group_is_taken_back_with_all_that_is_set_inside_it():
    settings = {"budgets.gong_intelligence.credits_per_day": 5, "enabled": False}

    assert propose(Files(None, {}), settings, "budgets.gong_intelligence", None).settings == {"enabled": False}


def test_a_budget_of_a_server_that_this_process_does_not_have_is_no_reason_not_to_start():
    configuration = load(None, {}, {"budgets.crm__look.credits_per_day": 5}, 4)

    assert [one.file for one in configuration.warnings] == ["policy version 4"]


def test_a_budget_of_a_tool_that_no_server_can_have_is_an_error_in_a_file(operator):
    operator.agno("agno_integration: {budgets: {gong_inteligence: {credits_per_day: 5}, hubspot__x: {}}}")

    problem = operator.is_told_one()

    assert problem.path == "agno_integration.budgets.gong_inteligence"
    assert problem.suggestion == "did you mean gong_intelligence?"


def test_a_budget_may_be_for_any_tool_where_a_server_keeps_its_own_names(operator):
    operator.downstream("mcpServers: {crm: {command: x, sophia: {prefix: ''}}}")
    operator.agno("agno_integration: {budgets: {look: {credits_per_day: 5}}}")

    assert "look" in operator.loads().agno.budgets


def test_a_former_name_of_a_mode_is_said_to_be_read_as_the_present_one(operator):
    operator.agno("agno_integration: {bridge_mode: agno_only}")
    warned = [*operator.loads().warnings, *propose(Files(None, {}), {}, "bridge_mode", "agno_only").warnings]

    assert ["read as that" in str(one) for one in warned] == [True, True]
    assert operator.loads().agno.bridge_mode == "agno_preferred"


def test_what_a_server_costs_and_whether_it_is_confidential_waits_for_no_restart(operator):
    operator.downstream("mcpServers: {crm: {command: a}}")
    before = operator.loads()
    operator.downstream(
        "mcpServers: {crm: {command: a, sophia: {credits_per_call: 2, cache_s: 5, classification: confidential}}}"
    )

    assert waits_for_restart(before.values, operator.loads().values) == ()


def test_setting_a_group_replaces_what_was_set_inside_it():
    settings = {"rollout.floor_calls": 50, "rollout.automatic": True}

    assert propose(Files(None, {}), settings, "rollout", "{floor_calls: 70}").settings == {
        "rollout": {"floor_calls": 70}
    }


def test_a_difference_names_what_came_went_and_changed_and_hides_secrets(operator):
    operator.downstream("mcpServers: {crm: {command: a, env: {CRM_TOKEN: planted-1}}, old: {command: x}}")
    before = operator.loads()
    operator.downstream("mcpServers: {crm: {command: b, env: {CRM_TOKEN: planted-2}}, new: {command: x}}")
    operator.agno("agno_integration: {agent_overrides: {sales_coach: {custom_logic: true}}, in_house_models: [a:b]}")
    after = operator.loads()

    assert sorted(difference(before, after)) == [
        "agno_integration.agent_overrides.sales_coach.custom_logic: not set -> true",
        'agno_integration.in_house_models: [] -> ["a:b"]',
        "mcpServers.crm.command: a -> b",
        "mcpServers.crm.env.CRM_TOKEN: changed, and not shown",
        "mcpServers.new: added",
        "mcpServers.old: removed",
    ]
    assert waits_for_restart(before.values, after.values) == ("mcpServers.crm", "mcpServers.old", "mcpServers.new")
    assert difference(after, after) == waits_for_restart(after.values, after.values) == ()


def test_a_change_of_policy_waits_for_no_restart():
    before, after = load(None, {}), load(None, {}, {"bridge_mode": "traditional_only", "enabled": False})

    assert waits_for_restart(before.values, after.values) == ()
