"""Operators' tools through real clients of both eras: who sees them, what a yes does, and what nobody confirmed."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import mcp_types as t
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from server import app
from server.app import Sophia, running
from server.config import load
from server.operations import By, Operations
from tests.surface.crm_in_memory import Crm, in_memory

TOOLS = {"bridge_status", "bridge_explain", "bridge_rollout", "bridge_rollback"}
START = {"step": "start", "tool": "gong_intelligence", "why": "to try it"}
CRM = "{crm: {command: none, sophia: {capabilities: [calls.analysis, calls.coaching]}}}"
ERAS = pytest.mark.parametrize("era", ["auto", "legacy"])


@asynccontextmanager
async def serving(place: Path, servers: str = CRM, *, operator: bool = True) -> AsyncGenerator[Sophia]:
    (place / "downstream.yaml").write_text(f"mcpServers: {servers}\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        if servers == CRM:
            patch.setattr(app, "endpoint_of", lambda server, *_: in_memory(server, Crm().server()))
        async with running(load(place, {}), place / "state", operator=operator) as sophia:
            await sophia.pool.settled()
            yield sophia


def client(sophia: Sophia, era: str, **more: Any) -> Client:
    info = t.Implementation(name="claude-code", version="1")
    return Client(sophia.server, mode=era, client_info=info, **more)


@ERAS
async def test_without_the_operator_option_nobody_sees_or_calls_them(tmp_path: Path, era: str) -> None:
    async with serving(tmp_path, operator=False) as sophia, client(sophia, era) as connected:
        assert TOOLS.isdisjoint(tool.name for tool in (await connected.list_tools()).tools)
        said = []
        for name in ("bridge_status", "zzzz_nothing"):
            with pytest.raises(MCPError) as refused:
                await connected.call_tool(name, {})
            said.append((refused.value.error.code, refused.value.error.message.replace(name, "NAME")))
        assert said[0] == said[1]


@ERAS
async def test_a_token_does_the_change_once_and_only_that_one(tmp_path: Path, era: str) -> None:
    async with serving(tmp_path) as sophia, client(sophia, era) as connected:
        assert {tool.name for tool in (await connected.list_tools()).tools} >= TOOLS
        first = (await connected.call_tool("bridge_rollout", START)).structured_content
        assert first["status"] == "confirm"
        assert first["difference"] == ["gong_intelligence: no rollout -> 10 % running"]
        assert sophia.store.policies.number() == 0
        token = {"confirm": first["confirm"]}
        done = (await connected.call_tool("bridge_rollout", {**START, **token})).structured_content
        assert (done["status"], done["version"]) == ("done", 1)
        newest = sophia.store.policies.latest()
        assert newest is not None
        assert (newest.who, newest.why) == ("claude-code (operator tool)", "to try it")
        assert (await connected.call_tool("bridge_rollout", {**START, **token})).is_error
        hold = {"step": "hold", "tool": "gong_intelligence"}
        token = {"confirm": (await connected.call_tool("bridge_rollout", hold)).structured_content["confirm"]}
        assert (await connected.call_tool("bridge_rollback", {"all": True, **token})).is_error
        status = (await connected.call_tool("bridge_status", {})).structured_content
        assert (status["version"], status["rollouts"][0]["percent"]) == (1, 10)
        assert status["rollouts"][0]["gates"]


async def test_a_token_from_before_somebody_elses_change_is_refused_and_says_who_was_first(tmp_path: Path) -> None:
    async with serving(tmp_path) as sophia, client(sophia, "auto") as connected:
        token = (await connected.call_tool("bridge_rollout", START)).structured_content["confirm"]
        Operations(sophia.store.policies).set({"bridge_mode": "agno_preferred"}, By("bob", ""))
        late = await connected.call_tool("bridge_rollout", {**START, "confirm": token})
        assert late.is_error
        assert "bob was first" in late.content[0].text
        assert sophia.store.policies.number() == 1


@ERAS
@pytest.mark.parametrize("answer", ["accept", "decline", "cancel"])
async def test_a_client_that_can_ask_is_asked_and_only_a_yes_changes_anything(
    tmp_path: Path, era: str, answer: Any
) -> None:
    questions: list[str] = []

    async def ask(_: Any, form: Any) -> t.ElicitResult:
        questions.append(form.message)
        return t.ElicitResult(action=answer, content={"do": True} if answer == "accept" else None)

    async with serving(tmp_path) as sophia, client(sophia, era, elicitation_callback=ask) as connected:
        result = await connected.call_tool("bridge_rollout", START)
        assert not result.is_error, result.content[0].text
        assert len(questions) == 1
        assert "no rollout -> 10 % running" in questions[0]
        assert "from now on 10 % of the callers to the agent" in questions[0]
        assert result.structured_content["status"] == ("done" if answer == "accept" else "declined")
        assert sophia.store.policies.number() == (1 if answer == "accept" else 0)


@ERAS
async def test_what_cannot_be_done_is_an_error_result_that_says_why(tmp_path: Path, era: str) -> None:
    async with serving(tmp_path) as sophia, client(sophia, era) as connected:
        for name, arguments, why in (
            ("bridge_rollout", {"step": "hold", "tool": "gong_intelligence"}, "not under rollout"),
            ("bridge_rollout", {"step": "start", "tool": "sales_intelligence_team"}, "one route only"),
            ("bridge_rollout", {"step": "start", "tool": "hubspot_crm"}, "No server offers the other route"),
            ("bridge_rollout", {"step": "start", "tool": "sales_coach"}, "No server offers the other route"),
            ("bridge_rollback", {}, "Give a `tool`"),
            ("bridge_rollback", {"tool": "gong_intelligence", "all": True}, "not both"),
            ("bridge_rollout", {**START, "to": 50}, "add `accept_insufficient` and `why`"),
            ("bridge_rollback", {"to_version": 9}, "no version 9"),
            ("bridge_explain", {"tool": "gong_inteligence"}, "Nearest: `gong_intelligence`"),
        ):
            result = await connected.call_tool(name, arguments)
            assert result.is_error
            assert why in result.content[0].text
            assert result.meta["sophia/error"]["kind"]


async def test_explain_tells_the_rules_and_no_criteria_where_no_score_was_needed(tmp_path: Path) -> None:
    async with serving(tmp_path) as sophia, client(sophia, "auto") as connected:
        asked = {"tool": "executive_knowledge_team", "arguments": {"request": "Give me the brief"}}
        found = (await connected.call_tool("bridge_explain", asked)).structured_content
        assert found["route"] == "agno"
        assert found["rules"]
        assert found["criteria"] == []


async def test_a_flag_set_elsewhere_is_announced_once_to_both_eras_and_only_if_the_list_changes(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    changed = {"auto": anyio.Event(), "legacy": anyio.Event()}

    async def heard(message: Any) -> None:
        if isinstance(message, t.ToolListChangedNotification):
            told.append("legacy")
            changed["legacy"].set()

    async with (
        serving(tmp_path) as sophia,
        client(sophia, "legacy", message_handler=heard) as old,
        client(sophia, "auto") as new,
        anyio.create_task_group() as tasks,
    ):
        listening = anyio.Event()

        async def listen() -> None:
            async with new.listen(tools_list_changed=True) as events:
                listening.set()
                async for _ in events:
                    told.append("auto")
                    changed["auto"].set()

        async def team_tools(one: Client) -> set[str]:
            return {tool.name for tool in (await one.list_tools()).tools if tool.name.endswith("_team")}

        tasks.start_soon(listen)
        await listening.wait()
        assert await team_tools(old)
        elsewhere = Operations(sophia.store.policies)
        # The announcement of the second change would come after one of the first, had there been one.
        settings: dict[str, Any] = {"default_agent_config.markdown": False}
        elsewhere.set(settings, By("bob", ""))
        while sophia.control.current.policy.version < 1:
            await anyio.lowlevel.checkpoint()
            sophia.control.look()
        elsewhere.set({**settings, "feature_flags.enable_team_coordination": False}, By("bob", ""))
        with anyio.fail_after(10):
            for event in changed.values():
                await event.wait()
        assert not await team_tools(old)
        assert not await team_tools(new)
        assert sorted(told) == ["auto", "legacy"]
        tasks.cancel_scope.cancel()


@pytest.mark.slow
async def test_after_a_rollback_returns_the_next_call_is_served_the_old_way(tmp_path: Path) -> None:
    gong = '{gong: {command: "${python}", args: [-P, -m, workspace.gong]}}'
    call = {"call_id": "7400171024000301"}
    async with serving(tmp_path, gong) as sophia, client(sophia, "auto") as connected:
        await sophia.pool.settled()
        before = await connected.call_tool("gong_intelligence", call)
        back = {"tool": "gong_intelligence"}
        token = (await connected.call_tool("bridge_rollback", back)).structured_content["confirm"]
        assert not (await connected.call_tool("bridge_rollback", {**back, "confirm": token})).is_error
        after = await connected.call_tool("gong_intelligence", call)
        assert (before.meta["sophia/route"], after.meta["sophia/route"]) == ("agno", "downstream")


async def test_a_share_written_as_5_point_0_is_kept_as_5(tmp_path: Path) -> None:
    async with serving(tmp_path) as sophia, client(sophia, "auto") as connected:
        asked = {**START, "to": 5.0}
        token = (await connected.call_tool("bridge_rollout", asked)).structured_content["confirm"]
        await connected.call_tool("bridge_rollout", {**asked, "confirm": token})
        newest = sophia.store.policies.latest()
        assert newest is not None
        assert repr(newest.rollouts["gong_intelligence"]["percent"]) == "5"
        for version in (2**53, 2**63, 10**30):
            result = await connected.call_tool("bridge_rollback", {"to_version": version})
            assert result.is_error
            assert "to_version" in result.content[0].text


async def test_a_token_is_good_for_the_client_it_was_given_to(tmp_path: Path) -> None:
    async with serving(tmp_path) as sophia, client(sophia, "auto") as connected:
        token = (await connected.call_tool("bridge_rollout", START)).structured_content["confirm"]
        info = t.Implementation(name="another", version="1")
        async with Client(sophia.server, mode="auto", client_info=info) as other:
            assert (await other.call_tool("bridge_rollout", {**START, "confirm": token})).is_error
        assert sophia.store.policies.number() == 0


async def test_a_reason_is_kept_as_a_terminal_may_show_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as sophia, client(sophia, "auto") as connected:
        asked = {**START, "why": "\x1b[2Jit is\ngood"}
        token = (await connected.call_tool("bridge_rollout", asked)).structured_content["confirm"]
        await connected.call_tool("bridge_rollout", {**asked, "confirm": token})
        newest = sophia.store.policies.latest()
        assert newest is not None
        assert newest.why == " [2Jit is good"


async def test_the_status_that_everybody_may_read_has_no_salts(tmp_path: Path) -> None:
    async with serving(tmp_path) as sophia, client(sophia, "auto") as connected:
        token = (await connected.call_tool("bridge_rollout", START)).structured_content["confirm"]
        await connected.call_tool("bridge_rollout", {**START, "confirm": token})
        newest = sophia.store.policies.latest()
        assert newest is not None
        status = (await connected.read_resource("sophia://bridge/status")).contents[0].text
        assert '"percent": 10' in status
        assert newest.rollouts["gong_intelligence"]["salt"] not in status


@pytest.mark.parametrize("given_ms", [10**400, 10**19, 1e308])
async def test_more_time_than_a_clock_holds_is_no_limit(tmp_path: Path, given_ms: float) -> None:
    async with serving(tmp_path) as sophia, client(sophia, "auto") as connected:
        result = await connected.call_tool("sales_coach", {"rep": "Ann"}, meta={"sophia/deadline_ms": given_ms})
        assert (result.meta or {}).get("sophia/error", {}).get("kind") not in {"internal", "caller_deadline"}
