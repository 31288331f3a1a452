"""The embedded model as Agno meets it."""

from typing import Any

import pytest
from agno.agent import Agent
from agno.models.message import Message
from pydantic import BaseModel

from agents.message import Asked, write
from agents.models.embedded import EmbeddedModel

TOOL = {
    "type": "function",
    "function": {
        "name": "objections",
        "description": "Finds objections. Use it for: objections.",
        "parameters": {"type": "object", "properties": {"call_id": {}, "query": {}}, "required": ["query"]},
    },
}


def user(asked: Asked) -> Message:
    return Message(role="user", content=write(asked))


async def replied(*messages: Message, **named: Any):
    return await EmbeddedModel().ainvoke(list(messages), **named)


async def test_a_tool_call_carries_the_arguments_it_takes_and_the_request_where_it_needs_words():
    asked = Asked("Which objections?", {"call_id": "c1", "account": "Acme"})
    reply = await replied(user(asked), tools=[TOOL])
    call = reply.tool_calls[0]["function"]
    assert call == {"name": "objections", "arguments": '{"call_id": "c1", "query": "Which objections?"}'}


async def test_the_same_messages_give_the_same_reply_down_to_the_ids():
    asked = Asked("Which objections?", {"call_id": "c1"})
    replies = [await replied(user(asked), tools=[TOOL]) for _ in range(2)]
    assert replies[0].tool_calls == replies[1].tool_calls


async def test_a_plain_message_of_somebody_else_is_read_as_a_request():
    reply = await replied(Message(role="user", content="Any objections in the call?"), tools=[TOOL])
    assert reply.tool_calls[0]["function"]["name"] == "objections"


async def test_a_stream_gives_the_same_answer():
    asked = []

    async def greet(name: str) -> str:
        """Greets somebody. Use it for: greetings."""
        asked.append(name)
        return f"Hello {name}."

    agent = Agent(model=EmbeddedModel(), tools=[greet], telemetry=False, session_id="s")
    message = write(Asked("greetings", {"name": "Ann"}))
    plain = await agent.arun(message)
    parts = [event.content async for event in agent.arun(message, stream=True) if event.content]
    assert plain.content == "".join(parts) == "Hello Ann."
    assert asked == ["Ann", "Ann"]


async def test_a_session_summary_gets_valid_json():
    reply = await replied(
        Message(role="system", content="Summarize"),
        Message(role="user", content="Provide the summary of the conversation."),
        response_format={"type": "json_object"},
    )
    assert reply.content == '{"summary": "", "topics": []}'


async def test_a_wanted_schema_is_filled_as_far_as_words_go():
    class Brief(BaseModel):
        text: str
        score: int = 0

    reply = await replied(Message(role="user", content="hm"), response_format=Brief)
    assert Brief.model_validate_json(reply.content or "") == Brief(text="")


@pytest.mark.parametrize("name", ["add_memory", "update_user_memory"])
async def test_it_remembers_nothing_on_its_own(name):
    tool = {"type": "function", "function": {"name": name, "description": "memory", "parameters": {}}}
    reply = await replied(Message(role="user", content="I like tea"), tools=[tool])
    assert not reply.tool_calls
