"""Runs beside, as a client meets them: not at all. What an operator has of them stands in the decision and the arms."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import mcp_types as t
import pytest
from mcp import Client

from agents.outcome import Answered, Job
from server.app import Sophia
from server.bridge.agno_route import AgnoRoute
from server.bridge.policy import Rollout
from server.bridge.rollout import Hold
from server.operations import By, Operations
from server.standing import standing
from tests.surface.crm_in_memory import CALL, Crm, Starts, until

TOOL = "gong_intelligence"
ALWAYS = {"rollout": {"shadow_percent": 100}}
ME = By("ann", "to try it")


@dataclass
class Agent:
    """Stands in for the agent; beside a call it answers when it is let."""

    jobs: list[Job] = field(default_factory=list[Job])
    let: anyio.Event = field(default_factory=anyio.Event)
    broken: bool = False

    async def run(self, _: Any, job: Job, __: Any) -> Answered:
        return Answered("The agent's answer.", "embedded")

    async def run_beside(self, _: Any, job: Job, __: Any) -> Answered:
        self.jobs.append(job)
        await job.progress("reading")
        await self.let.wait()
        if self.broken:
            raise RuntimeError("something inside")
        return Answered("The agent's answer.", "embedded")


@pytest.fixture
def agent(monkeypatch: pytest.MonkeyPatch, crm: Crm) -> Agent:
    crm.let.set()
    agent = Agent()
    monkeypatch.setattr(AgnoRoute, "run", agent.run)
    monkeypatch.setattr(AgnoRoute, "run_beside", agent.run_beside)
    return agent


def roll_out(sophia: Sophia, percent: int) -> None:
    def step(_: Rollout | None, now: float) -> Rollout:
        return Rollout(percent, "salt", "running", now, now)

    Operations(sophia.store.policies).move([TOOL], step, ME, "rollout")


async def asked(client: Client, **more: Any) -> t.CallToolResult:
    return await client.call_tool(TOOL, {"call_id": CALL, **more})


def shadows(sophia: Sophia) -> dict[str, Any]:
    return sophia.cards.status()["shadows"]


async def outcome(client: Client, result: t.CallToolResult) -> dict[str, Any]:
    decision = (result.meta or {})["sophia/decision"]
    found = await client.read_resource(f"sophia://bridge/decisions/{decision}")
    return json.loads(found.contents[0].text)["outcome"]


async def test_the_answer_arrives_first_and_the_pair_counts_at_0_percent(
    sophia: Starts, crm: Crm, agent: Agent
) -> None:
    async with sophia(ALWAYS) as (running, client):
        roll_out(running, 0)
        result = await asked(client)
        await until(lambda: len(agent.jobs) == 1)
        assert result.meta["sophia/route"] == "downstream"
        assert "shadow" not in await outcome(client, result)
        agent.let.set()
        await until(lambda: shadows(running)["ended"] == 1)
        shadow = (await outcome(client, result))["shadow"]
        running.store.tallies.save("arm", "this process", running.bridge.arms.unsaved("arm"))
        now = running.control.look()
        stands = standing(TOOL, now.policy.rollouts[TOOL], now, running.store.tallies)
    assert crm.asked == ["gong_call_analysis"]
    assert (shadow["route"], shadow["error"], shadow["agreement"]) == ("agno", None, "not_comparable")
    assert (stands.agno.calls, stands.downstream.calls) == (1, 1)
    assert isinstance(stands.step, Hold)


async def test_it_knows_no_session_tells_nobody_and_leaves_no_memory(sophia: Starts, agent: Agent) -> None:
    heard: list[float] = []

    async def hear(progress: float, *_: Any) -> None:
        heard.append(progress)

    agent.let.set()
    async with sophia(ALWAYS) as (running, client):
        roll_out(running, 0)
        first = await client.call_tool(TOOL, {"call_id": CALL}, progress_callback=hear)
        before = len(heard)
        await until(lambda: shadows(running)["ended"] == 1)
        session_id = first.structured_content["session_id"]
        memory = running.calls._sessions.of("agent", TOOL, session_id)
    assert agent.jobs[0].memory is None
    assert agent.jobs[0].session_id != session_id
    assert len(heard) == before
    assert [turn.answer for turn in memory.turns] == [first.structured_content["answer"]]


async def test_a_run_that_breaks_is_nobodys_trouble(sophia: Starts, agent: Agent) -> None:
    agent.broken = True
    agent.let.set()
    async with sophia(ALWAYS) as (running, client):
        roll_out(running, 0)
        result = await asked(client)
        await until(lambda: shadows(running)["ended"] == 1)
        shadow = (await outcome(client, result))["shadow"]
        again = await asked(client)
        faults = running.bridge.guards.health()["routes"]
    assert not result.is_error
    assert not again.is_error
    assert (shadow["error"], shadow["agreement"]) == ("internal", "one_failed")
    assert faults == {}


async def test_the_share_is_changed_while_it_serves(sophia: Starts, agent: Agent) -> None:
    agent.let.set()
    async with sophia() as (running, client):
        roll_out(running, 0)
        await asked(client)
        Operations(running.store.policies).set({"rollout.shadow_percent": 100}, ME)
        await asked(client)
        await until(lambda: shadows(running)["ended"] == 1)
        Operations(running.store.policies).set({}, ME)
        await asked(client)
        assert (shadows(running)["ended"], shadows(running)["under_way"]) == (1, 0)
    assert len(agent.jobs) == 1


async def test_a_tool_that_may_change_something_is_never_run_beside(sophia: Starts, agent: Agent) -> None:
    async with sophia(ALWAYS) as (running, client):
        roll_out(running, 0)
        now = running.control.look()
        own = now.own[TOOL]
        for hints in (None, t.ToolAnnotations(read_only_hint=False)):
            changed = replace(own, form=own.form.model_copy(update={"annotations": hints}))
            running.control.current = replace(now, own={**now.own, TOOL: changed})
            assert not (await asked(client)).is_error
        assert shadows(running)["under_way"] == 0
    assert agent.jobs == []


async def test_it_is_booked_to_no_caller_and_ends_at_half_of_a_budget(sophia: Starts, crm: Crm, agent: Agent) -> None:
    agno = ALWAYS | {"budgets": {TOOL: {"credits_per_day": 4, "per_caller_per_day": 1}}}
    async with sophia(agno, crm={"credits_per_call": 2}) as (running, client):
        roll_out(running, 100)
        for _ in range(3):
            assert (await asked(client)).meta["sophia/route"] == "agno"
            await until(lambda: shadows(running)["under_way"] == 0)
        status = running.cards.status()["cost"]["today"]
        now = running.control.current
        spent = running.routes.spent(now.own[TOOL], "local", now)
    assert crm.asked == ["gong_call_analysis"]
    assert status[f"{TOOL}/downstream"]["credits"] == 2
    assert spent == {}


@pytest.mark.slow
async def test_what_must_not_leave_the_house_is_not_run_beside_on_a_remote_model(
    sophia: Starts, agent: Agent
) -> None:
    agno = ALWAYS | {"agent_overrides": {TOOL: {"model": "openai:far"}}}
    async with sophia(agno, gong={"classification": "confidential"}) as (running, client):
        roll_out(running, 0)
        assert (await asked(client)).meta["sophia/route"] == "downstream"
        assert shadows(running)["under_way"] == 0
        assert shadows(running)["left_out"] == {}
    assert agent.jobs == []
