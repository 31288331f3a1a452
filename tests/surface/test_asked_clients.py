"""Servers that ask a client something in the middle of a call, or tell it something: only that client, in its era."""

import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from server.app import Sophia, running
from server.config import load

pytestmark = pytest.mark.slow
ASKING = Path(__file__).parent.parent / "downstream" / "servers" / "asking.py"
NOTE = "asking://note"


@pytest.fixture(scope="module")
def asking() -> Iterator[str]:
    """The address of a server that asks."""
    with subprocess.Popen([sys.executable, str(ASKING)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@asynccontextmanager
async def bridge(place: Path, asking: str, options: str = "") -> AsyncGenerator[Sophia]:
    servers = f'{{asking: {{url: "{asking}", sophia: {{prefix: "" {options}}}}}}}'
    (place / "downstream.yaml").write_text(f"mcpServers: {servers}\n", encoding="utf-8")
    async with running(load(place, {}), place / "state") as sophia:
        await sophia.pool.settled()
        yield sophia


class Person:
    """A client with somebody in front of it: `heard` is what was asked and said, `answers` lets the answers go."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard: list[str] = []
        self.more = anyio.Event()
        self.asked = anyio.Event()
        self.answers = anyio.Event()
        self.answers.set()

    async def answer(self, _: Any, params: t.ElicitRequestParams) -> t.ElicitResult:
        self._hear(params.message)
        self.asked.set()
        await self.answers.wait()
        return t.ElicitResult(action="accept", content={"name": self.name})

    async def log(self, params: t.LoggingMessageNotificationParams) -> None:
        self._hear(str(params.data))

    async def message(self, message: Any) -> None:
        if isinstance(message, t.ResourceUpdatedNotification):
            self._hear(str(message.params.uri))

    async def has_heard(self, number: int) -> list[str]:
        """What was heard, once it is so much; in no order, since it comes over more than one stream."""
        with anyio.fail_after(10):
            while len(self.heard) < number:
                await self.more.wait()
        return sorted(self.heard)

    def _hear(self, said: str) -> None:
        self.heard.append(said)
        self.more.set()
        self.more = anyio.Event()

    def at(self, sophia: Sophia, era: str = "legacy") -> Client:
        return Client(
            sophia.server,
            mode=era,
            elicitation_callback=self.answer,
            logging_callback=self.log,
            message_handler=self.message,
        )


def text(result: t.CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, t.TextContent)
    return block.text


async def test_each_of_two_clients_is_asked_what_its_own_call_wants_to_know(tmp_path: Path, asking: str) -> None:
    ann, ben = Person("Ann"), Person("Ben")
    ann.answers = anyio.Event()
    async with bridge(tmp_path, asking) as sophia, ann.at(sophia) as one, ben.at(sophia) as two:
        said: dict[str, str] = {}

        async def greeted(who: Person, connected: Client, greeting: str) -> None:
            said[who.name] = text(await connected.call_tool("greet", {"greeting": greeting}))

        async with anyio.create_task_group() as calls:
            calls.start_soon(greeted, ann, one, "Hello")
            await ann.asked.wait()
            await greeted(ben, two, "Moin")
            ann.answers.set()
    assert said == {"Ann": "Hello Ann", "Ben": "Moin Ben"}
    assert (ann.heard, ben.heard) == (["Hello, who are you?"], ["Moin, who are you?"])


async def test_time_stands_still_while_a_person_thinks(tmp_path: Path, asking: str) -> None:
    ann = Person("Ann")
    ann.answers = anyio.Event()
    limits = ", call_timeout_ms: 300, idle_timeout_ms: 200"

    async def think() -> None:
        await ann.asked.wait()
        await anyio.sleep(0.6)  # twice what the call has
        ann.answers.set()

    async with (
        bridge(tmp_path, asking, limits) as sophia,
        ann.at(sophia) as connected,
        anyio.create_task_group() as calls,
    ):
        calls.start_soon(think)
        assert text(await connected.call_tool("greet", {"greeting": "Hello"})) == "Hello Ann"


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_a_question_in_the_answer_reaches_clients_of_both_eras(tmp_path: Path, asking: str, era: str) -> None:
    ann = Person("Ann")
    async with bridge(tmp_path, asking) as sophia, ann.at(sophia, era) as connected:
        assert text(await connected.call_tool("greet_in_any_era", {})) == "Hello Ann"
    assert ann.heard == ["Who are you?"]


async def test_a_modern_server_on_a_shared_connection_still_asks_a_handshake_client(
    tmp_path: Path, asking: str
) -> None:
    ann = Person("Ann")
    async with bridge(tmp_path, asking, ", connection_per_client: false") as sophia, ann.at(sophia) as connected:
        assert text(await connected.call_tool("greet_in_any_era", {})) == "Hello Ann"


@pytest.mark.parametrize("era", ["legacy", "auto"])
async def test_a_server_sees_what_the_client_can_do_and_no_more(tmp_path: Path, asking: str, era: str) -> None:
    async with bridge(tmp_path, asking) as sophia:
        async with Person("Ann").at(sophia, era) as connected:
            assert "elicitation" in json.loads(text(await connected.call_tool("able", {})))
        async with Client(sophia.server, mode=era) as connected:
            assert "elicitation" not in json.loads(text(await connected.call_tool("able", {})))


async def test_a_client_that_cannot_be_asked_gets_the_servers_refusal_and_nobody_else_the_question(
    tmp_path: Path, asking: str
) -> None:
    ann = Person("Ann")
    async with bridge(tmp_path, asking) as sophia, ann.at(sophia), Client(sophia.server, mode="legacy") as mute:
        with pytest.raises(MCPError, match="did not declare"):
            await mute.call_tool("greet_in_any_era", {})
    assert ann.heard == []


async def test_a_log_and_a_watched_resource_reach_the_client_that_wanted_them(tmp_path: Path, asking: str) -> None:
    ann, ben = Person("Ann"), Person("Ben")
    async with bridge(tmp_path, asking) as sophia, ann.at(sophia) as one, ben.at(sophia) as two:
        await one.session.send_request(t.SetLevelRequest(params=t.SetLevelRequestParams(level="info")), t.EmptyResult)
        await one.session.send_request(t.SubscribeRequest(params=t.SubscribeRequestParams(uri=NOTE)), t.EmptyResult)
        assert text(await one.call_tool("write_note", {})) == "written"
        assert await ann.has_heard(2) == [NOTE, "the note is written"]
        assert text(await two.call_tool("able", {}))
    assert ben.heard == []


async def test_with_the_client_its_connections_end(tmp_path: Path, asking: str) -> None:
    async with bridge(tmp_path, asking) as sophia:
        async with Person("Ann").at(sophia) as connected:
            await connected.call_tool("able", {})
            assert sophia.connections.count() == 1
        assert sophia.connections.count() == 0
