"""Messages over the channel server that comes with Sophia: reading, and posting once."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t
import pytest
from mcp.shared.memory import create_client_server_memory_streams

from agents.sources import MessageScope, SourceError
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
            with pytest.raises(SourceError, match="not known whether the message was posted to #general") as raised:
                await messages.send("general", "Perhaps.")
            assert raised.value.kind == "unavailable"
        assert scripted.methods("tools/call") == 1


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
