"""Agents on a provider's model: an OpenAI-compatible server on loopback, scripted by each test."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agents.memory import Memory, Shelf, Turn
from agents.models.ladder import Models, ModelUnavailable
from agents.outcome import Answered, Failed, Limits
from agents.run import run_agent
from agents.sources import Excerpt
from teams.run import run_team
from teams.spec import TeamSpec

Body = dict[str, Any]
SECRET = "sk-very-secret"  # noqa: S105 - what must not be seen again


def chat(content: str | None = None, calls: list[tuple[str, Body]] | None = None) -> Response:
    tool_calls = [
        {"id": f"call_{place}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for place, (name, arguments) in enumerate(calls or [])
    ]
    message = {"role": "assistant", "content": content} | ({"tool_calls": tool_calls} if tool_calls else {})
    return JSONResponse(
        {
            "id": "chat-1",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    )


def responses(text: str | None = None, calls: list[tuple[str, Body]] | None = None) -> Response:
    items: list[Body] = [
        {
            "type": "function_call",
            "id": f"fc_{place}",
            "call_id": f"call_{place}",
            "name": name,
            "arguments": json.dumps(arguments),
            "status": "completed",
        }
        for place, (name, arguments) in enumerate(calls or [])
    ]
    if text is not None:
        part = {"type": "output_text", "text": text, "annotations": []}
        items.append({"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]})
    return JSONResponse(
        {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "m",
            "output": items,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        }
    )


def refusal(status: int, **headers: str) -> Response:
    return JSONResponse({"error": {"message": f"bad {SECRET}", "type": "x"}}, status, headers=headers)


@dataclass(slots=True)
class Provider:
    """Answers the n-th request as the script says, and keeps what it was asked."""

    script: Callable[[int, Body], Response] = field(default=lambda _n, _body: chat("Nothing."))
    bodies: list[Body] = field(default_factory=list)
    hang: asyncio.Event | None = None

    async def serve(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        if self.hang:
            await self.hang.wait()
        return self.script(len(self.bodies), self.bodies[-1])

    @property
    def tool_replies(self) -> list[str]:
        return [message["content"] for message in self.bodies[-1]["messages"] if message["role"] == "tool"]


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    fake = Provider()
    app = Starlette(routes=[Route("/{path:path}", fake.serve, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    yield fake
    if fake.hang:
        fake.hang.set()
    server.should_exit = True
    await task


@pytest.fixture
async def models(provider) -> AsyncIterator[Models]:
    ladder = Models()
    yield ladder
    await ladder.aclose()


@pytest.fixture
def ask_llm(ask, models):
    ask.model = models.resolve("openai-chat:m")
    return ask


def steps(*replies: Response) -> Callable[[int, Body], Response]:
    return lambda n, _: replies[min(n, len(replies)) - 1]


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


def said(body: Body) -> str:
    """Everything the model was shown."""
    return json.dumps(body["messages"])


async def test_a_session_is_continued_by_a_fresh_instance_and_no_other_session_sees_it(ask_llm, provider):
    ann, ben = (Memory(name, Shelf()) for name in ("ann", "ben"))
    provider.script = steps(chat("All quiet in the north."))
    ask_llm.memory = ann
    await ask_llm("How is the north?")
    await ask_llm("And the south?")
    assert "How is the north?" in said(provider.bodies[-1])
    assert "All quiet in the north." in said(provider.bodies[-1])
    ask_llm.memory = ben
    await ask_llm("And the west?")
    assert "north" not in said(provider.bodies[-1])
    ask_llm.memory = None
    await ask_llm("And the east?")
    assert "north" not in said(provider.bodies[-1])


async def test_what_a_user_asked_to_be_remembered_is_known_in_their_next_session_only(ask_llm, provider):
    about_ann = Shelf()
    provider.script = steps(
        chat(calls=[("update_user_memory", {"task": "Ann prefers short answers."})]),
        chat(calls=[("add_memory", {"memory": "Prefers short answers.", "topics": ["style"]})]),
        chat("Noted."),
        chat("Noted."),
        chat("Hello."),
    )
    ask_llm.memory = Memory("ann", about_ann)
    await ask_llm("Remember that I prefer short answers.")
    ask_llm.memory = Memory("ann", about_ann)
    await ask_llm("Good morning.")
    assert "Prefers short answers." in said(provider.bodies[-1])
    ask_llm.memory = Memory("ben", Shelf())
    await ask_llm("Good morning.")
    assert "short answers" not in said(provider.bodies[-1])


async def test_a_figure_of_an_earlier_answer_may_be_said_again(ask_llm, provider):
    provider.script = steps(chat("As I said, there are 3 objections in c1."))
    ask_llm.memory = Memory("ann", Shelf())
    ask_llm.memory.turns.append(Turn("objections in c1?", {"call_id": "c1"}, None, "There are 3 objections in c1."))
    outcome = await ask_llm("How many was that?")
    assert "3 objections" in outcome.answer
    ask_llm.memory = None
    assert "3 objections" not in (await ask_llm("How many was that?")).answer


async def test_members_of_a_team_see_what_their_team_was_told_before(ask_llm, provider):
    team = TeamSpec(
        id="desk",
        title="Desk",
        description="Answers about calls.",
        mode="coordinate",
        members=(ask_llm.spec,),
        instructions=(),
        arguments=ask_llm.spec.arguments,
    )
    hand_over = chat(calls=[("delegate_task_to_member", {"member_id": "analyst", "task": "Look again."})])
    provider.script = steps(chat("The north is quiet."), hand_over, chat("Still quiet."), chat("Quiet."))
    remembered = Memory("ann", Shelf())
    for request in ("How is the north?", "And now?"):
        await run_team(
            team,
            replace(ask_llm.job(request), run_id=request, memory=remembered),
            leader_model=ask_llm.model,
            member_models=lambda _: ask_llm.model,
            sources=ask_llm.sources,
        )
    leader, member = provider.bodies[1], provider.bodies[2]
    assert "The north is quiet." in said(leader)
    assert "Look again." in said(member)
    assert "The north is quiet." in said(member)


async def test_a_model_asks_the_documents_and_its_answer_may_rest_on_them(ask_llm, provider):
    class Shelf:
        async def search(self, query: str) -> list[Excerpt]:
            return [Excerpt("Price list", f"On {query}: the floor is 4,371 dollars.", "doc://prices")]

    ask_llm.sources = replace(ask_llm.sources, documents=Shelf())
    provider.script = steps(chat(calls=[("search_knowledge_base", {"query": "floor"})]), chat("The floor is $4,371."))
    outcome = await run_agent(
        ask_llm.spec, ask_llm.job("What is our floor?"), model=ask_llm.model, sources=ask_llm.sources, knows=True
    )
    assert "On floor: the floor is 4,371 dollars." in provider.tool_replies[0]
    assert outcome.answer == "The floor is $4,371."
    await run_agent(ask_llm.spec, ask_llm.job("And now?"), model=ask_llm.model, sources=ask_llm.sources)
    assert "search_knowledge_base" not in json.dumps(provider.bodies[-1]["tools"])
