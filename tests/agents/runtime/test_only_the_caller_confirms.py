"""What a model read may tell it to change things; only the caller can let it."""

from dataclasses import replace

import pytest
from pydantic import BaseModel

from agents.build import ForeignTool, build_agent
from agents.ledger import Ledger
from agents.models.ladder import Models
from agents.outcome import Limits
from agents.run import run_agent
from agents.sources import Sources
from agents.tool import Observation, Tool
from tests.agents.runtime.conftest import ANALYST, Asking, Counted, FakeCalls


class Sending(BaseModel):
    text: str = ""
    channel: str = ""
    confirm: bool = False


@pytest.fixture
def sent() -> list[Sending]:
    return []


@pytest.fixture
def desk(sent) -> Asking:
    async def run(_: Sources, wanted: Sending) -> Observation:
        sent.append(wanted)
        return Observation(text="Looked at.", data=Counted(call_id="", found=0))

    tool = Tool("send", "Sends a text.", ("send",), Sending, Counted, "calls", run, writes=True)
    calls = FakeCalls()
    spec = replace(ANALYST, tools=(*ANALYST.tools[:3], tool))
    return Asking(calls, Models().resolve("embedded"), Sources(calls=calls), spec)


async def test_a_model_cannot_confirm_and_cannot_change_what_the_caller_wrote(desk, sent):
    job = desk.job("send it", intent="send", text="mine")
    agent = build_agent(desk.spec, job, Ledger(), model=desk.model, sources=desk.sources)
    send = next(tool for tool in agent.tools if tool.name == "send")
    await send.entrypoint(text="another", channel="all", confirm=True)
    assert sent == [Sending(text="mine", channel="all", confirm=False)]


async def test_where_a_confirmed_write_goes_is_the_callers_word_alone(desk, sent):
    job = desk.job("send it", intent="send", text="mine", confirm=True)
    agent = build_agent(desk.spec, job, Ledger(), model=desk.model, sources=desk.sources)
    send = next(tool for tool in agent.tools if tool.name == "send")
    await send.entrypoint(text="another", channel="all")
    assert sent == [Sending(text="mine", channel="", confirm=True)]


async def test_a_write_that_is_cut_off_is_told_and_says_that_its_outcome_is_unknown(desk, gate):
    written: list[str] = []

    async def hang(_: Sources, __: Sending) -> Observation:
        await gate.wait()
        raise AssertionError

    hanging = replace(desk.spec.tools[-1], run=hang)
    spec = replace(desk.spec, tools=(*desk.spec.tools[:-1], hanging))
    job = desk.job("send it", intent="send", text="mine", confirm=True, limits=Limits(60, 8))
    job = replace(job, on_write=lambda: written.append("once"))
    outcome = await run_agent(spec, job, model=desk.model, sources=desk.sources)
    assert (outcome.kind, outcome.wrote, written) == ("deadline", True, ["once"])
    assert "not known whether it was posted" in outcome.message


async def test_the_caller_can(desk, sent):
    await desk("send it", intent="send", text="mine", confirm=True)
    assert sent == [Sending(text="mine", confirm=True)]


@pytest.mark.parametrize(("confirm", "posts"), [(None, 0), (True, 1)])
async def test_a_foreign_tool_that_changes_something_is_offered_after_the_callers_word_only(desk, confirm, posts):
    posted = []

    async def post(arguments):
        posted.append(arguments)
        return "posted"

    tool = ForeignTool("announce", "Announces a text.", {"type": "object"}, post, read_only=False)
    arguments = {"confirm": confirm} if confirm else {}
    job = desk.job("announce it", intent="announce", **arguments)
    await run_agent(desk.spec, job, model=desk.model, sources=desk.sources, foreign=[tool])
    assert len(posted) == posts
