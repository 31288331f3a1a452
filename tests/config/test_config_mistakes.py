"""A configuration with mistakes: each is named, with its place and the nearest valid name."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.config import ConfigurationError, Problem
from server.config.agno_integration import AgnoIntegrationFile
from server.config.downstream import DownstreamFile
from server.config.foreign import OUR_NAME
from server.config.schema import ANY_NAME, children, type_at, walk
from server.config.sections import FeatureFlags

LETTERS = "abcdefghijklmnopqrstuvwxyz"
AGNO_KEYS = [keys for keys, _ in walk(AgnoIntegrationFile) if ANY_NAME not in keys]


@st.composite
def typos(draw: st.DrawFn, name: str) -> str:
    """`name` with one slip of the fingers: a letter left out, doubled by another, replaced, or two swapped."""
    at = draw(st.integers(0, len(name) - 1))
    letter = draw(st.sampled_from(LETTERS))
    slips = [name[:at] + name[at + 1 :], name[:at] + letter + name[at:], name[:at] + letter + name[at + 1 :]]
    if at:
        slips.append(name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :])
    return draw(st.sampled_from(slips))


def meant(problem: Problem) -> list[str]:
    """The names that the suggestion offers; two slips can be equally near (`modl`: mode or model)."""
    return (problem.suggestion or "").removeprefix("did you mean ").removesuffix("?").split(" or ")


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_typo_in_any_key_is_answered_with_the_right_key(new_operator, data):
    keys = data.draw(st.sampled_from(AGNO_KEYS))
    valid = children(type_at(AgnoIntegrationFile, keys[:-1]))
    slip = data.draw(typos(keys[-1]).filter(lambda name: name not in valid))
    operator = new_operator()
    nested = f"{slip}: 1"
    for key in reversed(keys[:-1]):
        nested = f"{key}: {{{nested}}}"
    file = operator.agno(nested)

    problem = operator.is_told_one()

    assert (problem.file, problem.line) == (str(file), 1)
    assert problem.path == ".".join((*keys[:-1], slip))
    assert keys[-1] in meant(problem)


@pytest.mark.parametrize(
    ("group", "text"),
    [
        (("mcpServers", "crm"), 'mcpServers: {crm: {command: x, "%s": 1}}'),
        (("mcpServers", "crm", "sophia"), 'mcpServers: {crm: {command: x, sophia: {"%s": 1}}}'),
        (("sophia",), 'sophia: {"%s": 1}'),
    ],
)
@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_typo_in_any_key_of_a_server_is_answered_with_the_right_key(new_operator, group, text, data):
    valid = children(type_at(DownstreamFile, group))
    name = data.draw(st.sampled_from(sorted(valid)))
    slip = data.draw(typos(name).filter(lambda slip: slip not in valid and slip not in OUR_NAME))
    operator = new_operator()
    operator.downstream(text % slip)

    problem = operator.is_told_one()

    assert problem.path == ".".join((*group, slip))
    assert name in meant(problem)


def test_every_mistake_is_reported_at_once(operator):
    operator.agno("agno_integration:\n  bridge_mod: hybrid\n  enabled: yes\n")
    operator.downstream("mcpServers: {crm: {comand: x}}")

    problems = operator.is_told(SOPHIA_FALLBACK_STATEGY="graceful")

    assert {problem.path for problem in problems} == {
        "agno_integration.bridge_mod",
        "agno_integration.enabled",
        "mcpServers.crm.comand",
        "",
    }


def test_a_fault_in_one_place_hides_none_in_another(operator):
    operator.agno(
        "agno_integration: {security: {inherit_permision: true}, bridge_mod: hybrid, rollout: {stages: '10,50'},"
        " agent_overrides: {sales_coach: {mcp_services: [crn]}}, budgets: {crn__look: {}}}"
    )
    operator.downstream("mcpServers: {crm: {comand: x}}")

    problems = operator.is_told(SOPHIA_FALLBACK_STATEGY="graceful", SOPHIA_ENABLED="maybe")

    assert sorted(problem.path.removeprefix("agno_integration.") for problem in problems) == [
        "",
        "agent_overrides.sales_coach.mcp_services[0]",
        "bridge_mod",
        "budgets.crn__look",
        "enabled",
        "mcpServers.crm.comand",
        "rollout.stages",
        "security.inherit_permision",
    ]


def test_the_text_of_the_error_reads_well_in_a_terminal(operator):
    file = operator.agno("agno_integration:\n  agent_overrides:\n    sales_coach:\n      responce_timeout_ms: 90\n")

    with pytest.raises(ConfigurationError) as refused:
        operator.loads()

    assert str(refused.value) == (
        "1 problem in the configuration:\n\n"
        f"{file}, line 4\n"
        "  agno_integration.agent_overrides.sales_coach.responce_timeout_ms: unknown key\n"
        "  did you mean response_timeout_ms?"
    )


@pytest.mark.parametrize(
    ("text", "path", "message", "suggestion"),
    [
        ("{enabled: yes}", "enabled", "must be true or false", "write true"),
        ("{enabled: 'off'}", "enabled", "must be true or false", "write false"),
        ("{enabled: 1}", "enabled", "must be true or false", None),
        ("{bridge_mode: hybird}", "bridge_mode", "must be one of hybrid, agno_preferred", "did you mean hybrid?"),
        ("{agent_overrides: {sales_coch: {}}}", "agent_overrides.sales_coch", "unknown key", "sales_coach"),
        (
            "{team_configs: {sales_intelligence: {members: [sales_coach, gong]}}}",
            "team_configs.sales_intelligence.members[1]",
            "must be one of",
            "valid here: gong_intelligence",
        ),
        (
            "{team_configs: {sales_intelligence: {members: [sales_coach, sales_coach]}}}",
            "team_configs.sales_intelligence.members",
            "twice",
            None,
        ),
        (
            "{team_configs: {sales_intelligence: {members: []}}}",
            "team_configs.sales_intelligence.members",
            "empty",
            None,
        ),
        (
            "{team_configs: {sales_intelligence: {mode: rout}}}",
            "team_configs.sales_intelligence.mode",
            "must be one of coordinate, collaborate, route",
            "did you mean route?",
        ),
        (
            "{agent_overrides: {sales_coach: {response_timeout_ms: '90'}}}",
            "agent_overrides.sales_coach.response_timeout_ms",
            "whole number, without quotes",
            None,
        ),
        (
            "{agent_overrides: {sales_coach: {response_timeout_ms: null}}}",
            "agent_overrides.sales_coach.response_timeout_ms",
            "but nothing stands here",
            None,
        ),
        (
            "{agent_overrides: {sales_coach: {mcp_services: [gonk]}}}",
            "agent_overrides.sales_coach.mcp_services[0]",
            "there is no server 'gonk'",
            "did you mean gong?",
        ),
        (
            "{agent_overrides: {sales_coach: {model: claude-next}}}",
            "agent_overrides.sales_coach.model",
            "must be 'embedded' or 'provider:model'",
            "did you mean anthropic:claude-next?",
        ),
        ("{ab_testing: {agno_traffic_percentage: 101}}", "ab_testing.agno_traffic_percentage", "100", None),
        ("{ab_testing: 50}", "ab_testing", "must be a group of keys", None),
        ("{deadline_ms: 50}", "deadline_ms", "unknown key here", "default_agent_config.deadline_ms"),
    ],
)
def test_a_wrong_value_is_explained_and_mended(operator, text, path, message, suggestion):
    operator.agno(f"agno_integration: {text}")

    problem = operator.is_told_one()

    assert problem.path == f"agno_integration.{path}"
    assert message in problem.message
    assert problem.suggestion is None if suggestion is None else suggestion in (problem.suggestion or "")


def test_keys_that_miss_the_top_key_are_told_where_they_belong(operator):
    operator.agno("bridge_mode: hybrid\nagent_overrides: {}\n")

    assert [problem.suggestion for problem in operator.is_told()] == [
        "it belongs at agno_integration.bridge_mode",
        "it belongs at agno_integration.agent_overrides",
    ]


def test_a_name_that_resembles_nothing_is_answered_with_what_is_valid(operator):
    operator.agno("agno_integration: {feature_flags: {zzz: true}}")

    valid = ", ".join(FeatureFlags.model_fields)
    assert operator.is_told_one().suggestion == f"valid here: {valid}"


def test_a_secret_in_the_wrong_place_is_not_repeated_in_the_error(operator):
    operator.downstream("mcpServers: {crm: {command: x, env: {PIN: 424242}, headers: [hush-hush]}}")

    said = "\n".join(map(str, operator.is_told()))

    assert not re.search("424242|hush", said)
