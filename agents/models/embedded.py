"""The embedded model: a real Agno model by rules, for a server without a key.

It reads the request and the tools that Agno shows it, asks for tools, and writes the answer from what they return and
from nothing else. It is no language model and is never shown as one. The same messages always give the same reply:
no clock, no randomness, and the ids of its tool calls are made from what they ask.

As a member it works in two turns: call the tools that the request asks for, put their texts together. As a leader it
follows the way of working that its instructions name (`teams.way`). What Agno asks of a model besides, session
summaries and memories, gets the emptiest answer that is valid.

This module imports Agno; nothing imports this one before a model is asked for.
"""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from agno.metrics import MessageMetrics
from agno.models.base import Model
from agno.models.message import Message
from agno.models.response import ModelResponse
from pydantic import BaseModel, JsonValue, ValidationError

from agents.message import Asked, read
from agents.models import leading
from agents.models.compose import Part, from_tools
from agents.models.plan import Offer, choose_tools, describe, unread

__all__ = ["EmbeddedModel"]

ORDER = re.compile(r"Tools, the first for when nothing asks for another: (.+?)\.$", re.MULTILINE)
EXPLICIT = "It changes something"
MEMORY_TOOLS = frozenset({"add_memory", "update_memory", "delete_memory", "clear_memory", "update_user_memory"})
WORDS_OF_THE_REQUEST = ("request", "query", "question", "topic", "text")
"""Parameters that take the request itself, where they are required and nobody gave them."""
REMEMBERED_OFFERS = 1024


@dataclass(frozen=True, slots=True)
class Schema:
    """A tool as the model is shown it."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass
class EmbeddedModel(Model):
    """See the module. One instance serves any number of runs at once: it keeps nothing of any of them."""

    id: str = "embedded"
    name: str | None = "Embedded"
    provider: str | None = "sophia"
    _offers: dict[tuple[str, str], Offer] = field(default_factory=dict[tuple[str, str], Offer], repr=False)

    def reply(self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], run: object) -> leading.Turn:
        """The next turn: words, or tool calls, or both."""
        schemas = {schema.name: schema for schema in map(shown, tools)}
        system, asked, since = situation(messages)
        if not schemas or schemas.keys() & MEMORY_TOOLS:
            return leading.Turn("")
        if leading.leads(schemas):
            return leading.lead(system, asked, since, schemas.keys(), run)
        if any(message.role == "tool" for message in since):
            return leading.Turn(from_tools(parts(since)))
        offers = self.offers(schemas, system)
        names = choose_tools(asked, offers, certain=not any(map(ours, messages)))
        asks = [leading.Ask(name, filled(schemas[name].parameters, asked)) for name in names]
        return leading.Turn("", tuple(asks)) if asks else leading.Turn(unread(offers))

    def offers(self, schemas: Mapping[str, Schema], system: str) -> list[Offer]:
        """The tools as offers, in the order that the instructions name."""
        listed = ORDER.search(system)
        order = {name.strip(): rank for rank, name in enumerate(listed[1].split(","))} if listed else {}
        offers = [self.offer(schema) for schema in schemas.values()]
        offers.sort(key=lambda offer: order.get(offer.name, len(order)))
        return offers

    def offer(self, schema: Schema) -> Offer:
        key = (schema.name, schema.description)
        known = self._offers.get(key)
        if known is None:
            if len(self._offers) >= REMEMBERED_OFFERS:
                self._offers.clear()
            known = describe(schema.name, schema.description, explicit=EXPLICIT in schema.description)
            self._offers[key] = known
        return known

    def respond(self, messages: list[Message], named: Mapping[str, Any]) -> ModelResponse:
        tools = cast("list[dict[str, Any]]", named.get("tools") or [])
        turn = self.reply(messages, tools, named.get("run_response"))
        text = turn.text
        if not turn.asks and (wanted := named.get("response_format")) is not None:
            text = in_format(text, wanted)
        response = ModelResponse(role="assistant", response_usage=MessageMetrics())
        response.content = text or None
        response.tool_calls = [call(ask, len(messages), place) for place, ask in enumerate(turn.asks)]
        return response

    def invoke(self, messages: list[Message], *_: Any, **named: Any) -> ModelResponse:
        return self.respond(messages, named)

    async def ainvoke(self, messages: list[Message], *_: Any, **named: Any) -> ModelResponse:
        return self.respond(messages, named)

    def invoke_stream(self, messages: list[Message], *_: Any, **named: Any) -> Iterator[ModelResponse]:
        yield from chunks(self.respond(messages, named))

    async def ainvoke_stream(self, messages: list[Message], *_: Any, **named: Any) -> AsyncIterator[ModelResponse]:
        for chunk in chunks(self.respond(messages, named)):
            yield chunk

    def _parse_provider_response(self, response: ModelResponse, **_: Any) -> ModelResponse:
        return response

    def _parse_provider_response_delta(self, response: ModelResponse) -> ModelResponse:
        return response


def situation(messages: Sequence[Message]) -> tuple[str, Asked, Sequence[Message]]:
    """The instructions, what is asked, and what happened since it was asked."""
    system = "\n".join(str(message.content) for message in messages if message.role in ("system", "developer"))
    said = [place for place, message in enumerate(messages) if message.role == "user"]
    for place in reversed(said):
        if (asked := read(str(messages[place].content))) is not None:
            return system, asked, messages[place + 1 :]
    if not said:
        return system, Asked("", {}), ()
    return system, Asked(str(messages[said[-1]].content), {}), messages[said[-1] + 1 :]


def ours(message: Message) -> bool:
    """Whether a message carries a caller's request; what a leader wrote is certain to be meant for this member."""
    return message.role == "user" and read(str(message.content)) is not None


def shown(tool: Mapping[str, Any]) -> Schema:
    function: Mapping[str, Any] = tool.get("function", tool)
    return Schema(function["name"], function.get("description") or "", function.get("parameters") or {})


def filled(parameters: Mapping[str, Any], asked: Asked) -> dict[str, JsonValue]:
    """The parameters of a call that are known: arguments by name, and the request where its words are needed."""
    properties = cast("Mapping[str, Any]", parameters.get("properties") or {})
    given = {name: value for name, value in asked.arguments.items() if name in properties}
    words = {
        name: asked.request
        for name in parameters.get("required") or ()
        if name in WORDS_OF_THE_REQUEST and name not in given and asked.request
    }
    return given | words


def parts(since: Sequence[Message]) -> list[Part]:
    """The replies of the tools in the order in which they were asked."""
    replies = {message.tool_call_id: message for message in since if message.role == "tool"}
    asked = [call["id"] for message in since if message.role == "assistant" for call in message.tool_calls or ()]
    ordered = [replies[id_] for id_ in asked if id_ in replies]
    return [Part(str(one.tool_name), str(one.content), bool(one.tool_call_error)) for one in ordered]


def call(ask: leading.Ask, turn: int, place: int) -> dict[str, Any]:
    """A tool call as Agno wants it; the id is made from what is asked, when and at which place."""
    arguments = json.dumps(ask.arguments, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(f"{turn}.{place}.{ask.tool}.{arguments}".encode()).hexdigest()[:16]
    return {"id": f"call_{digest}", "type": "function", "function": {"name": ask.tool, "arguments": arguments}}


def chunks(response: ModelResponse) -> Iterator[ModelResponse]:
    """A reply as a stream: words, then calls, then usage, as Agno expects them."""
    if response.content:
        yield ModelResponse(role="assistant", content=response.content)
    if response.tool_calls:
        yield ModelResponse(role="assistant", tool_calls=response.tool_calls)
    yield ModelResponse(response_usage=response.response_usage)


def in_format(text: str, wanted: object) -> str:
    """The words as JSON: every text field of the schema gets them, everything else keeps its default."""
    if isinstance(wanted, type) and issubclass(wanted, BaseModel):
        plain = {name: text for name, known in wanted.model_fields.items() if known.annotation is str}
        try:
            return wanted.model_validate(plain).model_dump_json()
        except ValidationError:
            return text
    return json.dumps({"summary": text, "topics": []})
