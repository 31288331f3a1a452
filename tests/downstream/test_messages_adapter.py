"""Messages over the channel server that comes with Sophia: reading, and posting once."""

import json
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t
import pytest
from mcp.shared.memory import create_client_server_memory_streams

from agents.sources import MessageScope, Partly, SourceError
from server.downstream.adapters.messages import McpMessages
from server.downstream.capabilities import Uses, bind
from server.downstream.connection import Connection
from server.downstream.endpoint import Endpoint
from workspace.slack.server import board_in, build_server

Scripted = Any
Held = Callable[[Connection], AbstractAsyncContextManager[Connection]]
Opened = Callable[..., AbstractAsyncContextManager[McpMessages]]
ANYWHERE = MessageScope()


async def _nobody(_: str, __: object) -> None:
    pass


@pytest.fixture
def opened(tmp_path: Path, held: Held) -> Opened:
    """A source over a channel server in memory; each one is like a process of its own over the same directory."""

    @asynccontextmanager
    async def transport() -> AsyncGenerator[Any, None]:
        server = build_server(board_in(tmp_path))
        async with (
            create_client_server_memory_streams() as (client, (read, write)),
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(server.run, read, write, server.create_initialization_options())
            yield client
            tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def source(uses: Uses = None) -> AsyncGenerator[McpMessages, None]:
        endpoint = Endpoint("slack", "d", transport, 30.0, 30.0, 30.0)
        async with held(Connection(endpoint, t.Implementation(name="x", version="0"), _nobody, None)) as connection:
            assert connection.offer is not None
            bound = bind({"slack": connection.offer}, {"slack": uses})
            yield McpMessages({capability: (connection, binding) for capability, binding in bound.items()})

    return source


async def test_channels_searches_and_histories_are_read(opened: Opened) -> None:
    async with opened() as messages:
        assert await messages.as_of() == date(2017, 12, 31)
        assert "deals-east" in [channel.name for channel in await messages.channels()]
        (found,) = await messages.search("liability clause", MessageScope("sales-ops"))
        assert (found.author, found.channel, found.synthetic) == ("Natalya Ivanova", "sales-ops", True)
        history = await messages.history(MessageScope("sales-ops", date(2017, 12, 7), date(2017, 12, 7)))
        assert [message.reply_to for message in history] == [found.id, None]


async def test_a_channel_with_more_than_one_page_is_read_whole(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.downstream.adapters.messages.PAGE", 5)
    async with opened() as messages:
        history = await messages.history(MessageScope("wins"))
    assert len(history) == 8
    assert history == sorted(history, key=lambda message: message.sent, reverse=True)


async def test_an_unknown_channel_is_told_with_the_nearest(opened: Opened) -> None:
    async with opened() as messages:
        with pytest.raises(SourceError, match=r"There is no channel #deal-west\. Nearest: #deals-west") as raised:
            await messages.history(MessageScope("deal-west"))
    assert raised.value.kind == "not_found"


async def test_what_is_posted_belongs_to_a_period_that_reaches_the_last_day(opened: Opened) -> None:
    async with opened() as messages:
        posted = await messages.send("wins", "One more.")
        assert not posted.repeated
        newest, *_ = await messages.history(MessageScope("wins", date(2017, 12, 1), date(2017, 12, 31)))
        assert newest == posted.message
        closed = await messages.history(MessageScope("wins", date(2017, 12, 1), date(2017, 12, 30)))
        assert posted.message not in closed


async def test_the_same_message_is_posted_once_by_one_process_and_by_two(opened: Opened) -> None:
    async with opened() as messages, opened() as others:
        first = await messages.send("general", "The year is over.")
        again = await messages.send("General", "The year is over.")
        elsewhere = await others.send("general", "The year is over.")
        assert [first.repeated, again.repeated, elsewhere.repeated] == [False, True, True]
        assert first.message == again.message == elsewhere.message
        assert len(await messages.search("year is over", ANYWHERE)) == 1


async def test_many_at_once_post_once(opened: Opened) -> None:
    repeated: list[bool] = []

    async def send(source: McpMessages) -> None:
        repeated.append((await source.send("general", "Cake in the kitchen.")).repeated)

    async with opened() as messages, opened() as others:
        async with anyio.create_task_group() as tasks:
            for source in (messages, others) * 5:
                tasks.start_soon(send, source)
        assert len(await messages.search("cake", ANYWHERE)) == 1
    assert sorted(repeated) == [False] + [True] * 9


async def test_after_the_window_the_same_words_are_a_new_post(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened() as messages:
        await messages.send("general", "Standup!")
        monkeypatch.setattr("server.downstream.adapters.messages.REPEAT_S", 0.000_001)
        assert not (await messages.send("general", "Standup!")).repeated
        assert len(await messages.search("standup", ANYWHERE)) == 2


async def test_other_words_and_other_channels_are_other_posts(opened: Opened) -> None:
    async with opened() as messages:
        sent = [
            await messages.send(channel, text) for channel, text in (("wins", "A"), ("wins", "B"), ("general", "A"))
        ]
    assert not any(posted.repeated for posted in sent)


async def test_a_message_whose_fate_is_unknown_is_not_sent_again(scripted: Scripted, held: Held) -> None:
    scripted.tools = ["search_messages", "send_message"]
    scripted.ignores("tools/call")
    async with held(scripted.connection(call_timeout_s=0.05)) as connection:
        assert connection.offer is not None
        bound = bind({"slack": connection.offer}, {})
        messages = McpMessages({capability: (connection, binding) for capability, binding in bound.items()})
        for _ in range(2):
            with pytest.raises(SourceError, match=r"not known( yet)? whether the message was posted") as raised:
                await messages.send("general", "Perhaps.")
            assert raised.value.kind == "unavailable"
        assert scripted.methods("tools/call") == 1


@asynccontextmanager
async def over(scripted: Scripted, held: Held, tools: Mapping[str, Any]) -> AsyncGenerator[McpMessages, None]:
    """A source over a server that offers these tools."""
    scripted.is_like(tools)
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        bound = bind({"slack": connection.offer}, {})
        yield McpMessages({capability: (connection, binding) for capability, binding in bound.items()})


def json_of(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": json.dumps(found)}]}


SENDING = ("channel", "text")
SEARCHED = (("query", "channel", "limit", "cursor"), lambda _: json_of({"messages": []}))


async def test_a_message_that_may_still_be_on_its_way_is_not_sent_again(scripted: Scripted, held: Held) -> None:
    posted: list[dict[str, Any]] = []
    begun = anyio.Event()

    scripted.ignores("tools/call")
    ignoring = scripted.answers["tools/call"]

    def takes_long(asked: Mapping[str, Any]) -> dict[str, Any]:
        begun.set()
        return ignoring(asked)

    tools = {
        "search_messages": SEARCHED,
        "get_channel_history": (("channel", "oldest"), lambda _: json_of({"messages": posted})),
        "send_message": (SENDING, takes_long),
    }
    async with over(scripted, held, tools) as messages:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(messages.send, "general", "Once.")
            await begun.wait()
            tasks.cancel_scope.cancel()
        with pytest.raises(SourceError, match=r"not known yet whether .* change a word or wait ten minutes"):
            await messages.send("General", "Once.")
        posted.append({"ts": str(time.time()), "text": "Once.", "username": "sophia"})
        assert (await messages.send("general", "Once.")).repeated
    assert len(scripted.asked("send_message")) == 1


async def test_a_message_of_unknown_fate_is_sent_again_under_its_first_id(scripted: Scripted, held: Held) -> None:
    broken = {"content": [{"type": "text", "text": "error: try again"}]}
    tools = {"search_messages": SEARCHED, "send_message": ((*SENDING, "client_msg_id"), lambda _: broken)}
    async with over(scripted, held, tools) as messages:
        for _ in range(2):
            with pytest.raises(SourceError, match="not known whether"):
                await messages.send("general", "Once.")
    first, again = scripted.asked("send_message")
    assert first["client_msg_id"] == again["client_msg_id"]


@pytest.mark.parametrize(
    "answer",
    [
        json_of({"ok": True, "message": "posted"}),
        json_of({"ok": True, "message": None}),
        json_of({"ok": True, "message": ["posted"]}),
        {"content": [{"type": "text", "text": "Message posted"}]},
        {"content": []},
    ],
)
async def test_an_odd_answer_to_a_send_is_a_post_without_a_place(
    scripted: Scripted, held: Held, answer: dict[str, Any]
) -> None:
    tools = {"search_messages": SEARCHED, "send_message": (SENDING, lambda _: answer)}
    async with over(scripted, held, tools) as messages:
        sent = await messages.send("general", "Hello.")
        assert (sent.placed, sent.repeated) == (False, False)
        assert (sent.message.channel, sent.message.text) == ("general", "Hello.")
        assert (await messages.send("general", "Hello.")).repeated
    assert len(scripted.asked("send_message")) == 1


async def test_a_server_that_says_not_ok_has_posted_nothing(scripted: Scripted, held: Held) -> None:
    refused = json_of({"ok": False, "error": "not_in_channel"})
    tools = {"search_messages": SEARCHED, "send_message": (SENDING, lambda _: refused)}
    async with over(scripted, held, tools) as messages:
        for _ in range(2):
            with pytest.raises(SourceError, match="could not do what was asked"):
                await messages.send("general", "Hello.")
    assert len(scripted.asked("send_message")) == 2


@pytest.mark.parametrize(("goes_round", "pages"), [(True, 2), (False, 30)])
async def test_pages_without_end_are_read_up_to_a_limit_and_nothing_is_called_absent(
    scripted: Scripted, held: Held, goes_round: bool, pages: int
) -> None:
    def page(asked: Mapping[str, Any]) -> dict[str, Any]:
        number = 0 if goes_round else int(asked.get("cursor", "0")) + 1
        return json_of({"messages": [], "next_cursor": str(number)})

    async with over(scripted, held, {"search_messages": (SEARCHED[0], page)}) as messages:
        with pytest.raises(SourceError, match="gave no messages and says that it has more"):
            await messages.search("x", ANYWHERE)
    assert len(scripted.asked("search_messages")) == pages


async def test_what_was_not_read_is_marked(scripted: Scripted, held: Held) -> None:
    said = {"ts": "1790000000.1", "text": "x", "channel": {"name": "general"}}
    tools = {"search_messages": (SEARCHED[0], lambda _: json_of({"messages": [said], "next_cursor": "again"}))}
    async with over(scripted, held, tools) as messages:
        assert isinstance(await messages.search("x", ANYWHERE), Partly)


async def test_a_message_that_the_server_refused_may_be_tried_again(scripted: Scripted, held: Held) -> None:
    scripted.tools = ["search_messages", "send_message"]
    scripted.says("tools/call", {"content": [{"type": "text", "text": "You may not post here."}], "isError": True})
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        bound = bind({"slack": connection.offer}, {})
        messages = McpMessages({capability: (connection, binding) for capability, binding in bound.items()})
        for _ in range(2):
            with pytest.raises(SourceError, match="could not do what was asked"):
                await messages.send("general", "Hello.")
        assert scripted.methods("tools/call") == 2


async def test_what_the_server_cannot_do_is_refused_in_words(opened: Opened) -> None:
    async with opened({"messages.search": None}) as messages:
        assert await messages.search("hottechi", ANYWHERE)
        with pytest.raises(SourceError, match="No configured server can post messages"):
            await messages.send("general", "Hello.")
        with pytest.raises(SourceError, match="No configured server can read a channel"):
            await messages.history(MessageScope("general"))
