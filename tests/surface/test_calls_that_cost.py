"""Calls that cost something, as a client makes them: shared, kept, within a budget, and in the house."""

import json
from collections.abc import Mapping
from dataclasses import replace

import anyio
import mcp_types as t
import pytest
from mcp import Client

from server.surface import relay
from server.surface.units import rights_of
from tests.surface.crm_in_memory import CALL, Crm, Starts, until


async def at_once(client: Client, tool: str, count: int, crm: Crm, runs: int) -> list[t.CallToolResult]:
    """The results of so many identical calls, let through once so many of them have arrived."""
    results: list[t.CallToolResult] = []
    async with anyio.create_task_group() as tasks:

        async def ask() -> None:
            results.append(await client.call_tool(tool, {"call_id": CALL}))

        for _ in range(count):
            tasks.start_soon(ask)
        await until(lambda: len(crm.asked) == runs)
        for _ in range(50):  # all others are at hand by now
            await anyio.lowlevel.checkpoint()
        crm.let.set()
    return results


async def test_identical_calls_that_only_read_reach_the_server_once(sophia: Starts, crm: Crm) -> None:
    async with sophia() as (_, client):
        results = await at_once(client, "crm__look", 5, crm, runs=1)
    assert crm.asked == ["look"]
    assert {result.content[0].text for result in results} == {"answer 1"}
    assert sorted(result.meta.get("sophia/shared", False) for result in results) == [False, True, True, True, True]
    assert len({result.meta["sophia/decision"] for result in results}) == 5


async def test_a_tool_that_may_write_is_called_as_often_as_it_was_asked(sophia: Starts, crm: Crm) -> None:
    async with sophia() as (_, client):
        results = await at_once(client, "crm__write", 3, crm, runs=3)
    assert crm.asked == ["write"] * 3
    assert all("sophia/shared" not in result.meta for result in results)


async def test_callers_of_different_rights_share_nothing(
    sophia: Starts, crm: Crm, monkeypatch: pytest.MonkeyPatch
) -> None:
    rights = iter(["ann", "bob"])
    monkeypatch.setattr(relay, "rights_of", lambda _: next(rights))
    async with sophia(crm={"cache_s": 60}) as (_, client):
        await at_once(client, "crm__look", 2, crm, runs=2)
    assert crm.asked == ["look"] * 2


async def test_restricted_data_is_neither_shared_nor_kept(sophia: Starts, crm: Crm) -> None:
    async with sophia(crm={"classification": "confidential", "cache_s": 60}) as (_, client):
        await at_once(client, "crm__look", 2, crm, runs=2)
        again = await client.call_tool("crm__look", {"call_id": CALL})
    assert len(crm.asked) == 3
    assert "sophia/cached" not in again.meta


async def test_one_who_cancels_leaves_the_other_its_answer_and_the_last_one_ends_the_run(
    sophia: Starts, crm: Crm
) -> None:
    answers: list[str] = []
    async with sophia() as (_, client), anyio.create_task_group() as tasks:
        leaving, staying = anyio.CancelScope(), anyio.CancelScope()

        async def ask(scope: anyio.CancelScope) -> None:
            with scope:
                answers.append((await client.call_tool("crm__look", {"call_id": CALL})).content[0].text)

        tasks.start_soon(ask, leaving)
        await crm.arrived.wait()
        tasks.start_soon(ask, staying)
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        leaving.cancel()
        for _ in range(50):
            await anyio.lowlevel.checkpoint()
        assert crm.cancelled == 0
        crm.let.set()
        await until(lambda: len(answers) == 1)
        crm.let = anyio.Event()
        last = anyio.CancelScope()
        tasks.start_soon(ask, last)
        await until(lambda: len(crm.asked) == 2)
        last.cancel()
        await until(lambda: crm.cancelled == 1)
    assert answers == ["answer 1"]


async def test_an_answer_is_kept_for_as_long_as_its_server_says_and_not_past_a_policy_change(
    sophia: Starts, crm: Crm
) -> None:
    crm.let.set()
    async with sophia(crm={"cache_s": 60}) as (running_sophia, client):
        first, second = [await client.call_tool("crm__look", {"call_id": CALL}) for _ in range(2)]
        now = running_sophia.control.current
        running_sophia.control.current = replace(now, policy=replace(now.policy, version=now.policy.version + 1))
        third = await client.call_tool("crm__look", {"call_id": CALL})
    assert crm.asked == ["look"] * 2
    assert second.content == first.content
    assert second.meta["sophia/cached"]["age_s"] >= 0
    assert "sophia/cached" not in third.meta


async def test_an_error_is_never_kept(sophia: Starts, crm: Crm) -> None:
    crm.let.set()
    crm.fails = True
    async with sophia(crm={"cache_s": 60}) as (_, client):
        for _ in range(2):
            assert (await client.call_tool("crm__look", {"call_id": CALL})).is_error
    assert crm.asked == ["look"] * 2


async def test_every_attempt_is_booked_and_a_spent_budget_says_when_it_is_free_again(
    sophia: Starts, crm: Crm
) -> None:
    crm.let.set()
    agno = {"budgets": {"crm__look": {"credits_per_day": 4}}}
    async with sophia(agno, crm={"credits_per_call": 2}) as (running_sophia, client):
        served = [await client.call_tool("crm__look", {"call_id": str(n)}) for n in range(2)]
        refused = await client.call_tool("crm__look", {"call_id": "2"})
        status = json.loads((await client.read_resource("sophia://bridge/status")).contents[0].text)
    assert not any(result.is_error for result in served)
    assert refused.is_error
    assert "budget of 4 credits a day is spent" in refused.content[0].text
    assert "`sophia policy set budgets.crm__look.credits_per_day NUMBER`" in refused.content[0].text
    error = refused.meta["sophia/error"]
    assert error["kind"] == "budget"
    assert 0 < error["retry_after_s"] <= 86_400
    assert crm.asked == ["look"] * 2
    assert status["cost"]["today"]["crm__look/downstream"]["credits"] == 4
    assert running_sophia.bridge.evidence.figures("crm__look", "downstream").attempts == 2


async def test_two_processes_share_a_budget_and_a_restart_keeps_it(sophia: Starts, crm: Crm) -> None:
    crm.let.set()
    agno = {"budgets": {"crm__look": {"credits_per_day": 2}}}
    async with sophia(agno, crm={"credits_per_call": 2}) as (_, client):
        assert not (await client.call_tool("crm__look", {"call_id": "1"})).is_error
    async with sophia(agno, crm={"credits_per_call": 2}) as (_, client):
        assert (await client.call_tool("crm__look", {"call_id": "2"})).is_error
    assert crm.asked == ["look"]


PLAIN = {
    "agent_overrides": {
        "gong_intelligence": {
            "performance_mode": "standard",
            "performance_critical": False,
            "response_timeout_ms": 500,
            "use_memory": False,
        }
    }
}


@pytest.mark.slow
async def test_a_spent_budget_moves_a_tool_to_its_other_route_and_says_so(sophia: Starts, crm: Crm) -> None:
    crm.let.set()
    agno = PLAIN | {"budgets": {"gong_intelligence": {"credits_per_day": 2}}}
    async with sophia(agno, crm={"credits_per_call": 2}, gong={}) as (_, client):
        paid, free = [await client.call_tool("gong_intelligence", {"call_id": CALL}) for _ in range(2)]
        card = json.loads((await client.read_resource("sophia://agents/gong_intelligence")).contents[0].text)
    assert not free.is_error, free.content[0].text
    assert [one.meta["sophia/route"] for one in (paid, free)] == ["downstream", "agno"]
    assert any("budget of 2 credits a day is spent" in reason for reason in free.meta["sophia/reasons"])
    assert card["cost"]["budget"]["credits_per_day"] == 2
    assert card["cost"]["today"]["downstream"]["credits"] == 2


REMOTE = {
    "agent_overrides": {"gong_intelligence": {**PLAIN["agent_overrides"]["gong_intelligence"], "model": "openai:far"}}
}


@pytest.mark.slow
async def test_restricted_data_does_not_go_to_a_remote_model(sophia: Starts, crm: Crm) -> None:
    crm.let.set()
    async with sophia(REMOTE, gong={"classification": "confidential"}) as (_, client):
        served = await client.call_tool("gong_intelligence", {"call_id": CALL})
        forced = await client.call_tool("gong_intelligence", {"call_id": CALL}, meta={"sophia/route": "agno"})
        nowhere = await client.call_tool("gong_intelligence", {"request": f"Who talked how much on call {CALL}?"})
    assert served.meta["sophia/route"] == "downstream"
    assert served.structured_content["classification"] == "internal"
    for refused in (forced, nowhere):
        assert refused.is_error
        assert refused.meta["sophia/error"]["kind"] == "no_route"
        assert "confidential" in refused.content[0].text


@pytest.mark.slow
async def test_restricted_data_goes_to_the_embedded_model_and_labels_the_answer(sophia: Starts, crm: Crm) -> None:
    async with sophia(PLAIN, gong={"classification": "confidential"}) as (_, client):
        served = await client.call_tool("gong_intelligence", {"call_id": CALL}, meta={"sophia/route": "agno"})
    assert served.structured_content["classification"] == "confidential"
    assert served.structured_content["served_by"]["route"] == "agno"


@pytest.mark.slow
async def test_a_model_named_as_in_house_may_see_restricted_data(sophia: Starts, crm: Crm) -> None:
    agno = REMOTE | {"in_house_models": ["openai:far"]}
    async with sophia(agno, gong={"classification": "confidential"}) as (running_sophia, _):
        now = running_sophia.control.current
        facts = running_sophia.routes.facts(now.own["gong_intelligence"], now)
    assert facts.classification == "confidential"
    assert facts.in_house == {"agno", "downstream"}


def test_rights_are_those_of_the_http_session_or_the_local_user() -> None:
    class Asked:
        def __init__(self, headers: Mapping[str, str] | None, protocol_version: str = "2025-11-25") -> None:
            self.protocol_version = protocol_version
            self.request = type("Request", (), {"headers": headers})() if headers is not None else None

    assert rights_of(Asked(None)) == rights_of(Asked({})) == "local"
    assert rights_of(Asked({"mcp-session-id": "one"})) != rights_of(Asked({"mcp-session-id": "two"}))
    invented = Asked({"mcp-session-id": "one"}, "2026-07-28")
    assert rights_of(invented) == "local", "where there are no sessions, nobody can make himself another caller"
