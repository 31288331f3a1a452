"""Agents on a provider's model: an OpenAI-compatible server on loopback, scripted by each test."""

import asyncio
import json
import socket
from dataclasses import replace

import pytest
from starlette.responses import JSONResponse, PlainTextResponse

from agents.models.ladder import Models, ModelUnavailable
from agents.outcome import Answered, Failed, Limits
from agents.run import run_agent
from tests.agents.runtime.scripted_provider import SECRET, chat, refusal, responses, steps


async def test_a_tool_is_called_and_its_reply_reaches_the_model_as_json(ask_llm, provider):
    provider.script = steps(chat(calls=[("objections", {"call_id": "c1"})]), chat("There are 3 objections in c1."))
    outcome = await ask_llm("Which objections?")
    assert isinstance(outcome, Answered), outcome
    assert outcome.answer == "There are 3 objections in c1."
    assert outcome.model == "openai-chat:m"
    assert outcome.data == {"objections": [{"call_id": "c1", "found": 3}]}
    assert (outcome.model_calls, outcome.partial) == (2, False)
    assert json.loads(provider.tool_replies[0])["data"] == {"call_id": "c1", "found": 3}
    offered = {tool["function"]["name"]: tool["function"] for tool in provider.bodies[0]["tools"]}
    assert offered["objections"]["parameters"]["required"] == ["call_id"]
    assert "$ref" not in json.dumps(offered)


async def test_the_responses_api_is_what_openai_means(ask, models, provider):
    ask.model = models.resolve("openai:m")
    provider.script = steps(responses(calls=[("objections", {"call_id": "c1"})]), responses("3 objections in c1."))
    outcome = await ask("Which objections?")
    assert isinstance(outcome, Answered), outcome
    assert outcome.answer == "3 objections in c1."


async def test_what_the_model_leaves_out_comes_from_the_arguments(ask_llm, provider):
    provider.script = steps(chat(calls=[("objections", {"call_id": ""})]), chat("Done."))
    outcome = await ask_llm("Which objections?", call_id="c7")
    assert outcome.data == {"objections": [{"call_id": "c7", "found": 3}]}


async def test_an_invented_figure_is_removed_with_its_sentence(ask_llm, provider):
    provider.script = steps(
        chat(calls=[("objections", {"call_id": "c1"})]),
        chat("There are 3 objections in c1. The win rate is 47%."),
    )
    outcome = await ask_llm("Which objections?")
    assert outcome.answer == "There are 3 objections in c1."
    assert outcome.dropped_sentences == 1


async def test_an_answer_without_any_tool_keeps_no_figure_and_says_so(ask_llm, provider):
    provider.script = steps(chat("Sales are fine. Revenue was 4711 dollars."))
    outcome = await ask_llm("How are sales?")
    assert isinstance(outcome, Answered)
    assert "4711" not in outcome.answer
    assert outcome.partial
    assert "No source was asked" in " ".join(outcome.notes)


async def test_words_said_on_the_way_are_not_the_answer(ask_llm, provider):
    provider.script = steps(chat("Let me look.", [("objections", {"call_id": "c1"})]), chat("Some were found."))
    assert (await ask_llm("Which objections?")).answer == "Some were found."


async def test_wrong_parameters_are_explained_to_the_model(ask_llm, provider):
    provider.script = steps(
        chat(calls=[("objections", {"call": "c1"})]),
        chat(calls=[("objections", {"call_id": "c1"})]),
        chat("Found some."),
    )
    outcome = await ask_llm("Which objections?")
    assert provider.tool_replies[0] == (
        "`objections` cannot be called like this: `call_id`: Field required; `call`: Extra inputs are not permitted. "
        "It takes: call_id (required)."
    )
    assert list(outcome.data) == ["objections"]
    assert not outcome.partial


async def test_the_same_call_twice_asks_the_source_once(ask_llm, provider):
    again = chat(calls=[("objections", {"call_id": "c1"}), ("objections", {"call_id": "c1"})])
    provider.script = steps(again, again, chat("Found some."))
    outcome = await ask_llm("Which objections?")
    assert ask_llm.calls.asked == ["c1/objections"]
    assert outcome.data == {"objections": [{"call_id": "c1", "found": 3}]}


async def test_a_refused_key_says_where_to_look_and_not_the_key(ask_llm, provider):
    provider.script = steps(refusal(401))
    outcome = await ask_llm("Which objections?")
    assert isinstance(outcome, Failed)
    assert outcome.kind == "model"
    assert "refused the key of `openai-chat:m`" in outcome.message
    assert SECRET not in outcome.message


async def test_a_provider_that_limits_is_asked_again(ask_llm, provider):
    wait = {"retry-after-ms": "1"}
    provider.script = steps(refusal(429, **wait), chat("All quiet."))
    outcome = await ask_llm("Anything?")
    assert isinstance(outcome, Answered)
    assert outcome.answer == "All quiet."


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (refusal(500, **{"x-should-retry": "false"}), "model_down", "answered with an error (status 500)"),
        (refusal(429, **{"x-should-retry": "false", "retry-after": "7"}), "model_down", "limits the requests"),
        (refusal(404), "model", "does not know this model"),
        (refusal(400), "model", "rejected the request (status 400)"),
        (PlainTextResponse("<html>hello</html>"), "model", "cannot be read"),
        (JSONResponse({"choices": "none"}), "model", "cannot be read"),
    ],
)
async def test_what_a_provider_does_wrong_is_said_in_our_words(ask_llm, provider, reply, kind, words):
    provider.script = steps(reply)
    outcome = await ask_llm("Which objections?")
    assert isinstance(outcome, Failed), outcome
    assert outcome.kind == kind
    assert outcome.retry_after_s == (7 if "limits" in words else None)
    assert words in outcome.message
    assert SECRET not in repr(outcome)


async def test_a_provider_that_is_not_there_is_unreachable(ask, models, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    ask.model = models.resolve("openai-chat:m")
    ask.model.agno.max_retries = 0
    outcome = await ask("Which objections?")
    assert isinstance(outcome, Failed)
    assert "could not be reached" in outcome.message


async def test_no_key_at_all_is_said_too(ask, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    ask.model = Models().resolve("openai-chat:m")
    outcome = await ask("Which objections?")
    assert isinstance(outcome, Failed)
    assert "or none is set" in outcome.message


async def test_a_model_that_hangs_is_cut_at_the_deadline(ask_llm, provider):
    provider.hang = asyncio.Event()
    outcome = await asyncio.wait_for(ask_llm("Which objections?", limits=Limits(150, 8)), timeout=10)
    assert isinstance(outcome, Failed)
    assert outcome.kind == "deadline"


async def test_a_model_that_never_stops_calling_tools_is_stopped(ask_llm, provider):
    provider.script = lambda n, _: chat(calls=[("objections", {"call_id": f"c{n}"})])
    outcome = await ask_llm("Which objections?", limits=Limits(10_000, 5))
    assert isinstance(outcome, Failed)
    assert outcome.kind == "limit"
    assert "5 times" in outcome.message
    assert len(provider.bodies) == 5


async def test_a_thousand_tool_calls_in_one_turn_are_not_all_run(ask_llm, provider):
    many = chat(calls=[("objections", {"call_id": f"c{n}"}) for n in range(1000)])
    provider.script = steps(many, chat("Found some."))
    await ask_llm("Which objections?")
    assert len(ask_llm.calls.asked) == 32


async def test_an_empty_answer_is_replaced_by_what_the_tools_found(ask_llm, provider):
    provider.script = steps(chat(calls=[("objections", {"call_id": "c1"})]), chat(""))
    outcome = await ask_llm("Which objections?")
    assert isinstance(outcome, Answered)
    assert outcome.answer == "There are 3 objections in c1."
    assert outcome.partial


async def test_runs_share_one_model_and_keep_their_own_count(ask_llm, provider):
    provider.script = lambda _n, body: (
        chat("Found some.")
        if body["messages"][-1]["role"] == "tool"
        else chat(calls=[("objections", json.loads(body["messages"][-1]["content"].split("<arguments>\n")[1][:-13]))])
    )
    outcomes = await asyncio.gather(*(ask_llm(f"number {n}", call_id=f"c{n}") for n in range(20)))
    assert [outcome.model_calls for outcome in outcomes] == [2] * 20
    assert [outcome.data["objections"][0]["call_id"] for outcome in outcomes] == [f"c{n}" for n in range(20)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gpt-5", "names no model"),
        ("opnai:gpt-5", "Nearest: openai"),
        ("mistral:large", "pip install"),
    ],
)
def test_a_model_that_cannot_be_had_says_what_to_do(name, words):
    with pytest.raises(ModelUnavailable, match=words):
        Models().resolve(name)


def test_a_model_is_made_once():
    models = Models()
    assert models.resolve("embedded") is models.resolve("embedded")


async def test_the_model_stays_an_instance_of_its_class(ask):
    from agno.models.base import Model

    assert isinstance(ask.model.agno, Model)
    assert type(ask.model.agno).__name__ == "EmbeddedModel"
    job = replace(ask.job("hi", call_id="c1"))
    assert isinstance(await run_agent(ask.spec, job, model=ask.model, sources=ask.sources), Answered)
