"""`gong_call_analysis` under its own name, served by an agent: old clients, unchanged, notice nothing."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t
import pytest
import yaml
from mcp import Client

from server import app
from server.app import Sophia, running
from server.bridge.decide import share_of
from server.bridge.existing_routes import EXISTING_ROUTES
from server.config import ConfigurationError, load
from server.deployment.site import RunningSite
from server.errors import ModelDown
from server.operations import By, Operations
from server.rollout_steps import Deed, DeedName, moved, taken_back
from server.surface.units import Units
from tests.surface.crm_in_memory import in_memory
from workspace.gong.library import bundled
from workspace.gong.server import build_server

TOOL = "gong_call_analysis"
GOLDENS: Mapping[str, Any] = json.loads(
    Path(__file__).with_name("goldens").joinpath(f"{TOOL}.json").read_text(encoding="utf-8")
)
CALL = "7400171024000301"
LEFT_TO_THE_SERVER = {"7400171107000201", "7400171115000902", "1"}
"""Private, not transcribed, not there: nothing that an agent may answer."""
BY = By("ann", "to see")


def basic(call_id: str = CALL) -> dict[str, Any]:
    return {"call_id": call_id, "analysis_type": "basic"}


def heard(result: t.CallToolResult) -> dict[str, Any]:
    """What an old client takes from a result."""
    return {
        "content": [block.model_dump(mode="json", exclude_none=True) for block in result.content],
        "structuredContent": result.structured_content,
        "isError": bool(result.is_error),
    }


@dataclass
class Old:
    """A Sophia over the old server, a client of the handshake era, and what operators do."""

    sophia: Sophia
    client: Client

    async def ask(self, arguments: Mapping[str, Any] | None = None, **meta: Any) -> t.CallToolResult:
        said = {f"sophia/{name}": value for name, value in meta.items()} or None
        return await self.client.call_tool(TOOL, dict(basic() if arguments is None else arguments), meta=said)

    async def route(self, arguments: Mapping[str, Any] | None = None) -> str | None:
        return ((await self.ask(arguments)).meta or {})["sophia/route"]

    def step(self, name: DeedName, to: int | None = None) -> None:
        deed = Deed(name, TOOL, "to see", to=to, accept_insufficient=True)
        now, store = self.sophia.control.look(), self.sophia.store
        moved(Operations(store.policies), deed, now, store.tallies, BY)

    def roll_back(self) -> None:
        taken_back(Operations(self.sophia.store.policies), self.sophia.control.look, BY, TOOL, None)

    def set(self, **settings: Any) -> None:
        Operations(self.sophia.store.policies).set(settings, BY)


Starts = Callable[..., AbstractAsyncContextManager[Old]]


calls = cache(bundled)


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starts:
    """Starts a Sophia over the old server of the bundled calls; its tools keep their names."""

    async def not_warmed(*_: Any) -> None:
        pass

    @asynccontextmanager
    async def started(
        agno: Mapping[str, Any] | None = None, mode: Any = "legacy", **options: Any
    ) -> AsyncGenerator[Old]:
        gong = {"prefix": "", "agno_routes": [TOOL], "library_background": False, **options}
        (tmp_path / "services").mkdir(exist_ok=True)
        servers = {"mcpServers": {"gong": {"command": "none", "sophia": gong}}}
        (tmp_path / "downstream.yaml").write_text(yaml.safe_dump(servers), encoding="utf-8")
        named = tmp_path / "services" / "agno_integration.yaml"
        named.write_text(yaml.safe_dump({"agno_integration": dict(agno or {})}), encoding="utf-8")
        monkeypatch.setattr(app, "endpoint_of", lambda server, *_: in_memory(server, build_server(calls())))
        monkeypatch.setattr(app, "_warm", not_warmed)
        with anyio.fail_after(60):
            async with running(load(tmp_path, {}), tmp_path / "state", operator=True) as sophia:
                await sophia.pool.settled()
                async with Client(sophia.server, mode=mode) as client:
                    yield Old(sophia, client)

    return started


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_agent_answers_in_the_old_blocks_and_keys(old: Starts, mode: str) -> None:
    async with old(mode=mode) as there:
        before = {call_id: heard(await there.ask(basic(call_id))) for call_id in GOLDENS}
        listed = (await there.client.list_tools()).tools
        there.step("start", 100)
        results = {call_id: await there.ask(basic(call_id)) for call_id in GOLDENS}
        assert (await there.client.list_tools()).tools == listed
    assert before == GOLDENS
    assert {call_id: heard(result) for call_id, result in results.items()} == GOLDENS
    routes = {call_id: (result.meta or {})["sophia/route"] for call_id, result in results.items()}
    assert {call_id for call_id, route in routes.items() if route == "downstream"} == LEFT_TO_THE_SERVER
    assert set(routes.values()) == {"agno", "downstream"}


async def test_nothing_moves_before_a_rollout_of_the_old_name_is_started(old: Starts) -> None:
    async with old({"bridge_mode": "agno_preferred", "ab_testing": {"agno_traffic_percentage": 100}}) as there:
        assert await there.route() == "downstream"
        forced = await there.ask(route="agno")
        assert forced.is_error
        assert "no rollout of it has begun" in heard(forced)["content"][0]["text"]
        assert TOOL in there.sophia.control.look().movable


async def test_what_the_agent_cannot_say_in_the_old_keys_stays_with_the_server(old: Starts) -> None:
    async with old() as there:
        there.step("start", 100)
        for more in ({}, {"analysis_type": "coaching"}, {**basic(), "include_transcript": True}):
            result = await there.ask({"call_id": CALL, **more})
            assert (result.meta or {})["sophia/route"] == "downstream"
            assert "mappable: agno cannot take this call" in "".join((result.meta or {})["sophia/reasons"])
        assert await there.route({**basic(), "include_transcript": False}) == "agno"
        refused = await there.ask({"analysis_type": "basic"})
        assert refused.is_error
        assert "call_id" in heard(refused)["content"][0]["text"]


async def test_at_50_percent_each_caller_keeps_the_route_it_was_drawn_to(
    old: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = ""
    monkeypatch.setattr(Units, "of", lambda *_: who)
    async with old() as there:
        there.step("start", 50)
        salt = there.sophia.control.look().policy.rollouts[TOOL].salt
        for who in (f"caller {number}" for number in range(12)):
            drawn = "agno" if share_of(TOOL, salt, who) < 50 else "downstream"
            assert {await there.route(), await there.route()} == {drawn}


async def test_a_rollback_holds_for_the_next_call_and_nothing_brings_back_what_a_switch_removed(old: Starts) -> None:
    async with old() as there:
        there.step("start", 100)
        assert await there.route() == "agno"
        there.roll_back()
        assert await there.route() == "downstream"
        assert (await there.ask(route="agno")).is_error
        there.step("start", 100)
        for key in ("enabled", "feature_flags.enable_agno_agents", "agent_overrides.gong_intelligence.use_agno"):
            there.set(**{key: False})
            assert await there.route() == "downstream"
            there.set(**{key: True})
        assert await there.route() == "agno"


async def test_restricted_calls_never_reach_a_model_outside_the_house(old: Starts) -> None:
    outside = {"agent_overrides": {"gong_intelligence": {"model": "openai:gpt-x"}}}
    async with old(outside, classification="confidential") as there:
        there.step("start", 100)
        result = await there.ask()
    assert heard(result) == GOLDENS[CALL]
    assert (result.meta or {})["sophia/route"] == "downstream"
    assert "would leave the house" in "".join((result.meta or {})["sophia/reasons"])


async def test_an_agent_that_fails_is_counted_and_its_caller_gets_the_old_answer(
    old: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise ModelDown("The model is away.", delivered=False)

    async with old() as there:
        there.step("start", 100)
        monkeypatch.setattr(there.sophia.agno, "run", away)
        failed = await there.ask()
        monkeypatch.undo()
        unknown = await there.ask(basic("1"))
        assert there.sophia.bridge.evidence.figures(TOOL, "agno").errors_by_kind == {"model_down": 1}
    assert heard(failed) == GOLDENS[CALL]
    assert (failed.meta or {})["sophia/route"] == "downstream"
    assert (failed.meta or {})["sophia/fallback_reason"] == "agno failed: The model is away."
    assert heard(unknown) == GOLDENS["1"]
    assert "agno cannot take this call" in (unknown.meta or {})["sophia/fallback_reason"]


async def test_even_without_fallback_an_unknown_call_gets_the_old_error(old: Starts) -> None:
    async with old({"fallback_strategy": "disabled"}) as there:
        there.step("start", 100)
        assert heard(await there.ask(basic("1"))) == GOLDENS["1"]


async def test_budget_evidence_and_explanation_stand_under_the_old_name(old: Starts) -> None:
    budget = {"budgets": {TOOL: {"credits_per_day": 3}}}
    async with old(budget, credits_per_call=1) as there:
        await there.ask()
        there.step("start", 100)
        await there.ask()
        explained = (
            await there.client.call_tool("bridge_explain", {"tool": TOOL, "arguments": basic()})
        ).structured_content
        status = (await there.client.call_tool("bridge_status", {})).structured_content
        spent = status["cost"]["today"]
        assert f"{TOOL}/agno" in status["figures"]
        assert spent[f"{TOOL}/downstream"]["credits"] == 1
        assert spent[f"{TOOL}/agno"]["credits"] > 0
        assert [rollout["tool"] for rollout in status["rollouts"]] == [TOOL]
        assert explained["tool"] == TOOL
        assert explained["read"]["intent"] == EXISTING_ROUTES[TOOL].intent


async def test_a_deployment_tries_the_agent_before_anything_moves(old: Starts) -> None:
    async with old() as there:
        site = RunningSite(there.sophia, there.client)
        tried = await site.call(TOOL, basic(), by_agent=True)
        absent = await site.call(TOOL, basic("1"), by_agent=True)
        assert site.build(TOOL, 1).took_ms
        assert await site.ready(TOOL) == []
        assert await there.route() == "downstream"
    assert (tried.route, tried.error) == ("agno", None)
    assert "There is no call 1" in (absent.error or "")


async def test_an_agent_that_reads_its_calls_elsewhere_does_not_answer_for_this_server(old: Starts) -> None:
    async with old(capabilities=["calls.analysis"]) as there:
        there.step("start", 100)
        assert await there.route() == "downstream"


def test_a_tool_without_a_known_agno_route_is_an_error_that_names_those_with_one(tmp_path: Path) -> None:
    written = {"mcpServers": {"gong": {"command": "none", "sophia": {"agno_routes": ["gong_call_analyses"]}}}}
    (tmp_path / "downstream.yaml").write_text(yaml.safe_dump(written), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"agno_routes\[0\]: must be one of gong_call_analysis"):
        load(tmp_path, {})
