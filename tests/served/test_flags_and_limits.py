"""Every mode, flag, switch and limit changes what a client sees, with the next call and without a restart.

One Sophia in this process serves all tests; each changes the configuration that is in force and looks with a client.
"""

import asyncio
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult

from server.app import Sophia, running
from server.config import load
from server.generation import NOTHING_SET, generation_of

pytestmark = pytest.mark.slow

CALL = {"call_id": "7400171024000301"}
SERVERS = """
mcpServers:
  gong: {command: "${python}", args: [-P, -m, workspace.gong]}
  snowflake: {command: "${python}", args: [-P, -m, workspace.snowflake]}
"""
AGENTS_ALONE = {"hubspot_crm", "slack_orchestrator", "executive_knowledge"}
"""Agents whose tools no server of these two could serve instead."""

TEAMS = {"business_intelligence_team", "executive_knowledge_team", "sales_intelligence_team"}


@dataclass(frozen=True)
class Served:
    """Sophia and a client of it; `settings` are what an operator set, and nothing else is."""

    portal: BlockingPortal
    sophia: Sophia
    client: Client
    directory: Path

    def under(self, settings: Mapping[str, Any]) -> "Served":
        configuration = load(self.directory, {}, settings, 1)
        self.sophia.control.current = generation_of(configuration, NOTHING_SET)
        return self

    def calls(self, tool: str, arguments: Mapping[str, Any], route: str | None = None) -> CallToolResult:
        return self.at_once(1, tool, arguments, route)[0]

    def at_once(
        self, times: int, tool: str, arguments: Mapping[str, Any], route: str | None = None
    ) -> list[CallToolResult]:
        """The results of so many calls; those in words differ, since identical ones would share a run."""

        async def call(nth: int) -> CallToolResult:
            meta: Any = {"sophia/route": route} if route else None
            words = {"request": f"{arguments['request']}{'!' * nth}"} if "request" in arguments else {}
            return await self.client.call_tool(tool, {**arguments, **words}, meta=meta)

        async def calls() -> list[CallToolResult]:
            return await asyncio.gather(*(call(nth) for nth in range(times)))

        return self.portal.call(calls)

    def lists(self) -> set[str]:
        """Our own tools that a client is shown."""
        tools = self.portal.call(self.client.list_tools).tools
        return {tool.name for tool in tools if tool.name in self.sophia.control.current.own}


@pytest.fixture(scope="module")
def one_sophia(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    directory = tmp_path_factory.mktemp("flags")
    (directory / "downstream.yaml").write_text(SERVERS, encoding="utf-8")
    serving = running(load(directory, {}), directory / "state", operator=True)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(serving) as sophia:
        portal.call(sophia.pool.settled)
        with portal.wrap_async_context_manager(Client(sophia.server)) as client:
            yield Served(portal, sophia, client, directory)


@pytest.fixture
def served_here(one_sophia: Served) -> Served:
    """Nothing is set."""
    return one_sophia.under({})


def route(result: CallToolResult) -> str:
    assert not result.is_error, result.content[0].text
    return result.meta["sophia/route"]


def reasons(result: CallToolResult) -> str:
    return "; ".join(result.meta["sophia/reasons"])


# Modes


def test_hybrid_lets_the_score_of_each_tool_decide(served_here: Served) -> None:
    for_agno = served_here.calls("gong_intelligence", CALL)
    declared = {
        "performance_critical": False,
        "performance_mode": "standard",
        "response_timeout_ms": 300,
        "custom_logic": True,
    }
    settings = {f"agent_overrides.gong_intelligence.{key}": value for key, value in declared.items()}
    for_the_server = served_here.under(settings).calls("gong_intelligence", CALL)

    assert (route(for_agno), route(for_the_server)) == ("agno", "downstream")
    assert "custom_logic -1" in reasons(for_the_server)


@pytest.mark.parametrize("mode", ["agno_preferred", "agno_only"])
def test_agno_preferred_takes_the_agent_against_the_score(served_here: Served, mode: str) -> None:
    against = {"agent_overrides.gong_intelligence": {"performance_critical": False, "legacy_compatibility": True}}

    assert route(served_here.under({**against, "bridge_mode": mode}).calls("gong_intelligence", CALL)) == "agno"


@pytest.mark.parametrize("settings", [{"bridge_mode": "traditional_only"}, {"enabled": False}])
def test_the_kill_switches_leave_what_servers_can_do(served_here: Served, settings: dict[str, Any]) -> None:
    served_here.under(settings)

    assert served_here.lists() == {"gong_intelligence", "sales_coach", "snowflake_analyst"}
    assert route(served_here.calls("gong_intelligence", CALL)) == "downstream"
    assert served_here.calls("gong_intelligence", CALL, "agno").is_error


# Flags and switches


def test_without_the_agents_flag_servers_answer_and_teams_stay(served_here: Served) -> None:
    served_here.under({"feature_flags.enable_agno_agents": False})

    assert served_here.lists() == {"gong_intelligence", "sales_coach", "snowflake_analyst", *TEAMS}
    result = served_here.calls("gong_intelligence", CALL)
    assert route(result) == "downstream"
    assert "enable_agno_agents" in reasons(result)


def test_without_the_teams_flag_no_team_is_listed_or_runs(served_here: Served) -> None:
    assert served_here.lists() >= TEAMS
    served_here.under({"feature_flags.enable_team_coordination": False})

    assert served_here.lists().isdisjoint(TEAMS)
    with pytest.raises(MCPError, match="switched off"):
        served_here.calls("sales_intelligence_team", {"request": "How is Darcel Schlecht doing on calls?"})
    assert route(served_here.calls("gong_intelligence", CALL)) == "agno"


@pytest.mark.parametrize(
    ("flag", "tool", "remembers"),
    [
        ("enable_advanced_memory", "gong_intelligence", {}),
        (
            "enable_knowledge_sharing",
            "sales_intelligence_team",
            {"team_configs.sales_intelligence.shared_memory": True},
        ),
    ],
)
def test_without_its_flag_a_session_remembers_nothing(
    served_here: Served, flag: str, tool: str, remembers: dict[str, Any]
) -> None:
    def follow_up(settings: dict[str, Any]) -> str:
        served_here.under(settings)
        first = served_here.calls(tool, {"request": "What objections came up with Umbrella Corporation?"})
        session = {"session_id": first.structured_content["session_id"]}
        second = served_here.calls(tool, {"request": "And the next steps?", **session})
        return " ".join(second.structured_content["notes"])

    assert "Umbrella" in follow_up(remembers)
    assert "Umbrella" not in follow_up({**remembers, f"feature_flags.{flag}": False})


@pytest.mark.parametrize(
    ("key", "off"),
    [
        ("agent_overrides.gong_intelligence.use_memory", "gong_intelligence"),
        ("team_configs.sales_intelligence.shared_memory", "sales_intelligence_team"),
    ],
)
def test_memory_is_each_agents_and_each_teams_own(served_here: Served, key: str, off: str) -> None:
    served_here.under({"team_configs.sales_intelligence.shared_memory": True, key: False})
    first = served_here.calls(off, {"request": "What objections came up with Umbrella Corporation?"})
    second = served_here.calls(
        off, {"request": "And the next steps?", "session_id": first.structured_content["session_id"]}
    )

    assert not any("Umbrella" in note for note in second.structured_content["notes"])


def test_use_agno_takes_one_agent_out_and_no_other(served_here: Served) -> None:
    served_here.under({"agent_overrides.gong_intelligence.use_agno": False})
    result = served_here.calls("gong_intelligence", CALL)

    assert route(result) == "downstream"
    assert "`use_agno` is off" in reasons(result)
    assert route(served_here.calls("sales_coach", {"rep": "Darcel Schlecht"})) == "agno"


def test_use_agno_takes_what_only_an_agent_or_a_team_serves_off_the_list(served_here: Served) -> None:
    everything = served_here.lists()
    served_here.under(
        {
            "agent_overrides.executive_knowledge.use_agno": False,
            "team_configs.sales_intelligence.use_agno": False,
        }
    )

    assert everything - served_here.lists() == {"executive_knowledge", "sales_intelligence_team"}


def test_a_share_serves_some_sessions_by_the_agent_and_each_session_the_same_way(served_here: Served) -> None:
    def routes(settings: dict[str, Any]) -> list[str]:
        served_here.under(settings)
        return [route(served_here.calls("gong_intelligence", {**CALL, "session_id": f"s{n}"})) for n in range(8)]

    half = routes({"ab_testing.agno_traffic_percentage": 50})
    assert set(half) == {"agno", "downstream"}
    assert half == routes({"ab_testing.agno_traffic_percentage": 50})
    assert set(routes({"ab_testing.agno_traffic_percentage": 50, "ab_testing.enabled": False})) == {"agno"}


def test_a_tool_that_no_agent_serves_is_untouched_by_all_of_it(served_here: Served) -> None:
    served_here.under({"bridge_mode": "traditional_only", "feature_flags.enable_agno_agents": False})

    assert route(served_here.calls("gong__get_users", {})) == "downstream"


# Limits


def test_calls_over_the_limit_of_agents_go_to_the_server_that_can_serve_them(served_here: Served) -> None:
    served_here.under({"resource_management.max_concurrent_agents": 1})
    results = served_here.at_once(4, "gong_intelligence", CALL)

    assert {route(result) for result in results} == {"agno", "downstream"}
    moved = next(result for result in results if route(result) == "downstream")
    assert "limit" in reasons(moved)


@pytest.mark.parametrize(
    ("limit", "tool", "request_"),
    [
        ("max_concurrent_agents", "executive_knowledge", "Give me the one-page brief for last quarter"),
        ("max_concurrent_teams", "sales_intelligence_team", "How is Darcel Schlecht doing on calls?"),
    ],
)
def test_calls_over_a_limit_that_nobody_else_can_serve_are_told_when_to_try_again(
    served_here: Served, limit: str, tool: str, request_: str
) -> None:
    served_here.under({f"resource_management.{limit}": 1})
    results = served_here.at_once(4, tool, {"request": request_})
    refused = [result for result in results if result.is_error]

    assert 0 < len(refused) < 4
    assert all(result.meta["sophia/error"]["retry_after_s"] > 0 for result in refused)
    assert not served_here.under({}).calls(tool, {"request": request_}).is_error


def test_a_target_cancels_nothing_and_a_deadline_does(served_here: Served) -> None:
    agent = "agent_overrides.gong_intelligence"
    target = served_here.under({f"{agent}.response_timeout_ms": 1}).calls("gong_intelligence", CALL, "agno")
    deadline = served_here.under({f"{agent}.deadline_ms": 1}).calls("gong_intelligence", CALL, "agno")

    assert route(target) == "agno"
    assert target.structured_content["timing_ms"]["total"] > 1
    assert deadline.is_error
    assert "deadline of 1 ms" in deadline.content[0].text


def test_a_target_counts_in_the_score(served_here: Served) -> None:
    agent = "agent_overrides.gong_intelligence"
    plain = {f"{agent}.performance_critical": False, f"{agent}.performance_mode": "standard"}
    fast = served_here.under({**plain, f"{agent}.response_timeout_ms": 199}).calls("gong_intelligence", CALL)

    assert route(fast) == "agno"
    assert "performance_critical +3" in reasons(fast)


def test_a_run_ends_at_its_limit_of_model_calls(served_here: Served) -> None:
    served_here.under({"agent_overrides.gong_intelligence.max_model_calls": 1})
    result = served_here.calls("gong_intelligence", CALL, "agno")

    assert result.is_error
    assert "model" in result.content[0].text


# Teams and how answers are written


def test_a_team_has_the_members_that_are_configured(served_here: Served) -> None:
    served_here.under({"team_configs.sales_intelligence.members": ["sales_coach"]})
    result = served_here.calls("sales_intelligence_team", {"request": "What objections came up?"})

    assert [member["id"] for member in result.structured_content["served_by"]["members"]] == ["sales_coach"]


def test_a_team_works_in_the_way_that_is_configured(served_here: Served) -> None:
    served_here.under({"team_configs.sales_intelligence.mode": "broadcast"})
    result = served_here.calls("sales_intelligence_team", {"request": "How is Darcel Schlecht doing on calls?"})

    assert len(result.structured_content["served_by"]["members"]) == 3


def test_an_answer_is_written_as_configured(served_here: Served) -> None:
    plain = {"default_agent_config.markdown": False, "default_agent_config.show_tool_calls": False}
    marked = served_here.calls("gong_intelligence", CALL, "agno").content[0].text
    unmarked = served_here.under(plain).calls("gong_intelligence", CALL, "agno").content[0].text

    assert "**" in marked
    assert "**" not in unmarked
    assert "\nTools: " in marked
    assert "\nTools: " not in unmarked
