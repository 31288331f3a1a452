"""What a run of an agent promises, driven by the embedded model over a fake source."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace

import pytest

from agents.build import ForeignTool
from agents.outcome import Answered, Failed, Limits
from agents.run import run_agent
from agents.sources import SourceError, Sources


async def test_the_answer_holds_what_the_tool_said_and_its_evidence(ask):
    outcome = await ask("Which objections came up?", call_id="c1")
    assert isinstance(outcome, Answered), outcome
    assert "There are 3 objections in c1." in outcome.answer
    assert "The calls are synthetic." in outcome.answer
    assert outcome.data == {"objections": [{"call_id": "c1", "found": 3}]}
    assert [finding.statement for finding in outcome.findings] == ["3 objections in c1"]
    assert [citation.id for citation in outcome.citations] == ["call:c1@3"]
    assert (outcome.model, outcome.model_calls, outcome.partial) == ("embedded", 2, False)


async def test_a_finding_whose_citation_does_not_resolve_is_dropped_and_counted(ask):
    outcome = await ask("Which objections came up?", call_id="c1")
    assert outcome.dropped_findings == 1


async def test_a_question_in_two_parts_is_answered_in_both_in_its_order(ask):
    outcome = await ask("What are the next steps and what objections came up?", call_id="c1")
    assert list(outcome.data) == ["next_steps", "objections"]
    assert outcome.answer.index("2 next_steps") < outcome.answer.index("3 objections")


async def test_a_request_that_names_nothing_gets_the_first_tool_of_the_agent(ask):
    outcome = await ask("Hello there", call_id="c1")
    assert list(outcome.data) == ["summary"]


async def test_an_empty_request_with_an_argument_gets_the_first_tool(ask):
    outcome = await ask("", call_id="c1")
    assert list(outcome.data) == ["summary"]


async def test_a_request_of_megabytes_is_answered(ask):
    outcome = await ask("Which objections came up? " + "blah and blah, " * 300_000, call_id="c1")
    assert list(outcome.data) == ["objections"]


async def test_the_recognised_intent_decides(ask):
    outcome = await ask("Tell me", intent="objections", call_id="c1")
    assert list(outcome.data) == ["objections"]


async def test_a_parameter_that_is_missing_is_named(ask):
    outcome = await ask("Which objections came up?")
    assert isinstance(outcome, Answered)
    assert outcome.partial
    assert "`call_id`: Field required" in outcome.answer
    assert ask.calls.asked == []


async def test_a_call_of_another_server_that_does_not_answer_is_a_failure_of_the_source(ask):
    ask.calls.break_with["c1/objections"] = SourceError("unavailable", "Gong is away. Try again in a minute.")
    outcome = await ask("Which objections came up?", call_id="c1")
    assert outcome == Failed("source_down", "Gong is away. Try again in a minute.")


async def test_when_one_of_two_tools_fails_the_rest_is_answered_as_partial(ask):
    ask.calls.break_with["c1/objections"] = SourceError("unavailable", "Gong is away.")
    outcome = await ask("What are the next steps and what objections came up?", call_id="c1")
    assert isinstance(outcome, Answered)
    assert outcome.partial
    assert list(outcome.data) == ["next_steps"]
    assert "Gong is away." in outcome.notes
    assert "`objections` could not answer: Gong is away." in outcome.answer


async def test_what_a_broken_tool_raises_reaches_nobody(ask):
    ask.calls.break_with["c1/objections"] = KeyError("sk-secret")
    outcome = await ask("Which objections came up?", call_id="c1")
    assert isinstance(outcome, Failed)
    assert outcome.kind == "internal"
    assert "`objections` failed unexpectedly" in outcome.message
    ask.calls.break_with["c2/objections"] = KeyError("sk-secret")
    outcome = await ask("What are the next steps and what objections came up?", call_id="c2")
    assert isinstance(outcome, Answered)
    assert outcome.partial
    assert "sk-secret" not in repr(outcome)


async def test_an_agent_without_its_source_says_what_is_not_configured(ask):
    outcome = await run_agent(ask.spec, ask.job("hello"), model=ask.model, sources=Sources())
    assert isinstance(outcome, Failed)
    assert outcome.kind == "source"
    assert "offers calls" in outcome.message


async def test_a_tool_whose_source_is_not_there_is_named(ask):
    lost = replace(ask.spec.tools[1], name="win_rate", needs="warehouse")
    ask.spec = replace(ask.spec, tools=(*ask.spec.tools, lost))
    outcome = await ask("Win rate?", intent="win_rate", call_id="c1")
    assert isinstance(outcome, Answered)
    assert outcome.partial
    assert "`win_rate` was asked for and needs warehouse, which no configured server offers." in outcome.notes


async def test_a_source_that_hangs_is_cut_at_the_deadline(ask, gate):
    ask.calls.wait = lambda _: gate.wait()
    outcome = await asyncio.wait_for(ask("Which objections came up?", limits=Limits(60, 8), call_id="c1"), timeout=5)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "deadline"
    assert "0.06 s" in outcome.message


async def test_a_caller_that_goes_away_takes_the_run_with_it(ask, gate):
    started, ended = asyncio.Event(), asyncio.Event()

    async def hang(_: str) -> None:
        started.set()
        try:
            await gate.wait()
        finally:
            ended.set()

    ask.calls.wait = hang
    task = asyncio.create_task(ask("Which objections came up?", call_id="c1"))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_progress_says_who_is_doing_what(ask):
    await ask("Which objections came up?", call_id="c1")
    assert ask.told == ["Call Analyst: objections"]


async def test_a_watcher_that_fails_costs_the_run_nothing(ask):
    async def gone(_: str) -> None:
        raise ConnectionError("the client went away")

    job = replace(ask.job("Which objections came up?", call_id="c1"), progress=gone)
    assert isinstance(await run_agent(ask.spec, job, model=ask.model, sources=ask.sources), Answered)


async def test_a_tool_that_changes_something_runs_only_when_it_is_meant(ask):
    await ask("Should I post to the channel?", call_id="c1", text="hi")
    assert ask.calls.posted == []
    outcome = await ask("Do it", intent="post", text="hi")
    assert ask.calls.posted == ["hi"]
    assert isinstance(outcome, Answered)
    assert outcome.wrote


async def test_a_run_that_failed_after_it_changed_something_says_so(ask):
    ask.calls.break_with["post"] = SourceError("unavailable", "Slack is away.")
    assert await ask("Do it", intent="post", text="hi") == Failed("source_down", "Slack is away.", wrote=True)


async def test_two_hundred_runs_at_once_do_not_mix(ask):
    async def later(call_id: str) -> None:
        for _ in range(hash(call_id) % 5):
            await asyncio.sleep(0)

    ask.calls.wait = later
    outcomes = await asyncio.gather(
        *(ask(f"Which objections came up in call number {n}?", call_id=f"call{n}") for n in range(200))
    )
    for n, outcome in enumerate(outcomes):
        assert isinstance(outcome, Answered)
        assert outcome.data == {"objections": [{"call_id": f"call{n}", "found": 3}]}
        assert f"in call{n}." in outcome.answer
        assert outcome.model_calls == 2


async def test_the_same_request_gives_the_same_answer(ask):
    def canonical(outcome: Answered) -> str:
        parts = (outcome.findings, outcome.citations)
        plain = [[item.model_dump() for item in part] for part in parts]
        return json.dumps([outcome.answer, outcome.data, plain], sort_keys=True)

    first = await ask("What are the next steps and what objections came up?", call_id="c1")
    second = await ask("What are the next steps and what objections came up?", call_id="c1")
    assert canonical(first) == canonical(second)


async def test_a_foreign_tool_is_called_with_its_own_schema_and_its_reply_kept(ask):
    seen = []

    async def call(arguments):
        seen.append(arguments)
        return '{"weather": "rain"}'

    schema = {"type": "object", "properties": {"agent": {"type": "string"}}, "required": ["agent"]}
    tool = ForeignTool("forecast", "Tells the weather forecast.", schema, call, read_only=True)
    outcome = await run_agent(
        ask.spec,
        ask.job("What is the weather forecast?", agent="Oslo"),
        model=ask.model,
        sources=ask.sources,
        foreign=[tool],
    )
    assert seen == [{"agent": "Oslo"}]
    assert isinstance(outcome, Answered)
    assert outcome.data == {"forecast": [{"weather": "rain"}]}


async def test_a_foreign_tool_that_fails_says_nothing_of_its_own(ask):
    async def call(_):
        raise RuntimeError("password=hunter2")

    tool = ForeignTool("forecast", "Tells the weather forecast.", {"type": "object"}, call, read_only=True)
    outcome = await run_agent(
        ask.spec, ask.job("What is the weather forecast?"), model=ask.model, sources=ask.sources, foreign=[tool]
    )
    assert isinstance(outcome, Failed)
    assert "hunter2" not in outcome.message


@pytest.mark.slow
def test_running_agents_can_be_imported_without_agno():
    code = "import sys, agents.run, teams.run; sys.exit(any(name.startswith('agno') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_nothing_is_written_to_standard_output():
    code = (
        "import asyncio; from agents.engine import warm; asyncio.run(warm());"
        "from agno.utils.log import log_error, log_warning; log_error('bad'); log_warning('hm')"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == ""
    assert "an error in log.log_error" in done.stderr
    assert "bad" not in done.stderr  # a provider's raw text may stand there
