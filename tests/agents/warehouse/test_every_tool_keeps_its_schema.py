"""Whatever it is asked, a tool's data is of the model that its published schema is made from."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from agents.analysis.calls.conversation import join
from agents.analysis.calls.searching import found_among
from agents.catalog import AGENTS
from agents.sources import (
    Call,
    CallQuery,
    CallScope,
    Channel,
    Excerpt,
    Found,
    Message,
    MessageScope,
    Names,
    Party,
    Posted,
    Sentence,
    SourceError,
    Sources,
    Transcript,
    Warehouse,
)
from agents.tool import AnyTool

TOOLS = {(agent.id, tool.name): tool for agent in AGENTS for tool in agent.tools}
REQUIRED = {"query": "price", "text": "hello", "channel": "sales", "sql": "SELECT 1 AS one", "deal_id": "1C1I7A6R"}
"""Parameters that a tool cannot do without."""
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"account": "Cancity"},
    {"account": "Nobody & Sons"},
    {"rep": "Moses Frase"},
    {"rep": "Nobody Atall"},
    {"deal_id": "1C1I7A6R"},
    {"deal_id": "ZZZZ9999"},
    {"call_id": "1000001"},
    {"call_id": "9999999"},
    {"period": "2017-Q4"},
    {"period": "2017-Q4", "against": "2017-Q3"},
    {"period": "2011"},
    {"period": "nonsense"},
    {"from_date": "2017-10-01", "to_date": "2017-12-31"},
    {"metric": "win_rate", "dimension": "sales_agent"},
    {"metric": "quota"},
    {"metric": "nonsense"},
    {"pipeline": "West"},
    {"region": "West", "product": "GTX Pro"},
    {"query": "nothing of the kind"},
    {"topic": "West"},
    {"newest": 1},
    {"channel": "sales", "text": "hello"},
)


class Recorder:
    """One synthetic call with a price, an objection and a next step."""

    call = Call(
        "1000001",
        "Cancity pricing",
        datetime(2017, 11, 6, tzinfo=UTC),
        60,
        (
            Party("p1", "Moses Frase", "internal", speaker_id="s1", user_id="u1"),
            Party("p2", "Dana Fox", "external", speaker_id="s2"),
        ),
        account="Cancity",
        owner="Moses Frase",
        synthetic=True,
    )

    async def as_of(self) -> date:
        return date(2017, 12, 31)

    async def names(self) -> Names:
        return Names(("Cancity",), ("Moses Frase",), ("1000001",))

    async def find(self, scope: CallScope) -> Sequence[Call]:
        if scope.call_id not in (None, self.call.id):
            raise SourceError("not_found", f"There is no call {scope.call_id}.")
        fits = scope.account in (None, "Cancity") and scope.rep in (None, "Moses Frase")
        return [self.call] if fits else []

    async def transcript(self, call_id: str) -> Transcript:
        spoken = (
            ("s1", "Thanks for taking the time, what changed since spring?"),
            ("s2", "Honestly, a price of $4,821 is too expensive for us."),
            ("s1", "I understand. I'll send you a new proposal by Friday."),
        )
        return Transcript(
            call_id,
            tuple(Sentence(who, n * 5000, n * 5000 + 4000, text) for n, (who, text) in enumerate(spoken)),
        )

    async def search(self, query: CallQuery) -> Found:
        calls = await self.find(query.scope)
        return found_among(calls, [join(call, await self.transcript(call.id)) for call in calls], query)

    async def notes(self) -> Sequence[str]:
        return ()


class Chat:
    """One channel."""

    message = Message("m1", "sales", "Dana", datetime(2017, 12, 1, tzinfo=UTC), "The price is too high.")

    async def as_of(self) -> date:
        return date(2017, 12, 31)

    async def channels(self) -> Sequence[Channel]:
        return [Channel("sales")]

    async def search(self, query: str, scope: MessageScope) -> Sequence[Message]:
        return [it for it in await self.history(scope) if query in it.text]

    async def history(self, scope: MessageScope) -> Sequence[Message]:
        del scope
        return [self.message]

    async def send(self, channel: str, text: str) -> Posted:
        raise AssertionError(f"nothing was confirmed: {channel}, {text}")


class Papers:
    """One document."""

    async def search(self, query: str) -> Sequence[Excerpt]:
        return [Excerpt("Price list", "The price of a card.")] if query == "price" else []


@pytest.mark.parametrize("named", TOOLS, ids="-".join)
async def test_every_tool_answers_with_the_model_that_it_declares(
    named: tuple[str, str], warehouse: Warehouse
) -> None:
    tool: AnyTool = TOOLS[named]
    sources = Sources(calls=Recorder(), warehouse=warehouse, messages=Chat(), documents=Papers())
    fields = tool.parameters.model_fields
    needed = {name: REQUIRED[name] for name, field in fields.items() if field.is_required()}
    answered = 0
    for asked in ASKED:
        if not asked.keys() <= fields.keys():
            continue
        try:
            seen = await tool.run(sources, tool.parameters.model_validate(needed | asked))
        except SourceError:
            continue  # an error in words breaks no schema
        answered += 1
        assert type(seen.data) is tool.data, asked
        assert tool.data.model_validate(seen.data.model_dump(mode="json")) == seen.data, asked
    assert answered
