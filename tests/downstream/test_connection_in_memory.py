"""One connection under supervision: what ends it, what does not, and what a caller is told meanwhile."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import mcp_types as t
import pytest
from mcp.shared.exceptions import MCPError

from server.downstream import connection as connection_module
from server.downstream.connection import Connection
from server.errors import DownstreamDown, DownstreamGarbage, DownstreamTimeout

Held = Callable[[Connection], AbstractAsyncContextManager[Connection]]
Call = Any
Scripted = Any


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for between attempts."""
    for name in ("FIRST_DELAY_S", "SETTLE_S", "RELISTEN_S"):
        monkeypatch.setattr(connection_module, name, 0.001)
    monkeypatch.setattr(connection_module, "PATIENCE_S", 0.05)


async def test_a_servers_own_error_passes_untouched(scripted: Scripted, held: Held, call: Call) -> None:
    scripted.refuses("tools/call", -32099, "no such customer")
    async with held(scripted.connection()) as connection:
        with pytest.raises(MCPError) as raised:
            await call(connection, "echo")
    assert (raised.value.code, raised.value.message) == (-32099, "no such customer")


@pytest.mark.parametrize("result", [{"content": "words"}, {"content": [{"type": "nonsense"}]}, {"isError": "?"}])
async def test_an_answer_that_is_no_result_is_called_so(
    scripted: Scripted, held: Held, call: Call, result: dict[str, Any]
) -> None:
    async with held(scripted.connection()) as connection:
        scripted.says("tools/call", result)
        with pytest.raises(DownstreamGarbage, match="`scripted` answered with something that is no valid MCP result"):
            await call(connection, "echo")
        scripted.answers.clear()
        assert await call(connection, "echo", a=1) == "{'a': 1}"
        assert scripted.opened == 1


async def test_a_server_that_closes_is_connected_again(
    scripted: Scripted, held: Held, call_until_served: Call
) -> None:
    async with held(scripted.connection()) as connection:
        await scripted.close()
        assert await call_until_served(connection, "echo", a=1) == "{'a': 1}"
        assert (scripted.opened, connection.state, connection.fault) == (2, "ready", None)


async def test_a_call_in_flight_learns_at_once_that_the_server_went_away(
    scripted: Scripted, held: Held, call: Call
) -> None:
    scripted.ignores("tools/call")
    async with held(scripted.connection()) as connection, anyio.create_task_group() as tasks:

        async def in_flight() -> None:
            with pytest.raises(DownstreamDown, match="went away before it answered") as raised:
                await call(connection, "echo")
            assert raised.value.delivered is True

        tasks.start_soon(in_flight)
        while not scripted.methods("tools/call"):
            await anyio.lowlevel.checkpoint()
        await scripted.close()


async def test_while_a_server_is_away_a_call_is_told_so_and_was_not_sent(
    scripted: Scripted, held: Held, call: Call
) -> None:
    scripted.refuses("initialize", -32001, "licence expired at /opt/secret")
    async with held(scripted.connection()) as connection:
        with pytest.raises(DownstreamDown) as raised:
            await call(connection, "echo")
    assert raised.value.delivered is False
    assert (
        "`scripted` is away (it refused to connect (MCP error -32001)); Sophia keeps trying to reach it"
        in raised.value.message
    )
    assert "secret" not in raised.value.message


async def test_a_server_that_never_connects_is_given_up_in_time_and_tried_again(
    scripted: Scripted, held: Held, call_until_served: Call
) -> None:
    scripted.ignores("server/discover")
    async with held(scripted.connection(connect_timeout_s=0.05)) as connection:
        assert connection.state == "down"
        assert connection.fault == "it did not connect within 0.05 s"
        scripted.answers.clear()
        assert await call_until_served(connection, "echo") == "{}"


async def test_a_session_that_the_server_forgot_is_made_anew_and_the_call_was_not_run(
    scripted: Scripted, held: Held, call: Call, call_until_served: Call
) -> None:
    async with held(scripted.connection()) as connection:
        scripted.refuses("tools/call", t.INVALID_REQUEST, "Session terminated")
        with pytest.raises(DownstreamDown, match="forgot our session") as raised:
            await call(connection, "echo")
        assert raised.value.delivered is False
        scripted.answers.clear()
        assert await call_until_served(connection, "echo") == "{}"
        assert scripted.opened == 2


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (t.INVALID_REQUEST, "The checkout session is over its limit"),
        (t.CONNECTION_CLOSED, "Rate limited, try again tomorrow"),
    ],
)
async def test_a_servers_own_error_is_left_as_it_is_whatever_its_code(
    scripted: Scripted, held: Held, call: Call, code: int, message: str
) -> None:
    async with held(scripted.connection()) as connection:
        scripted.refuses("tools/call", code, message)
        with pytest.raises(MCPError, match=message) as raised:
            await call(connection, "charge")
        assert raised.value.code == code
        assert scripted.opened == 1


async def test_one_answer_that_breaks_off_leaves_the_other_calls_alone(
    scripted: Scripted, held: Held, call: Call
) -> None:
    # Over HTTP each answer has a stream of its own, and the SDK reports the end of one like the end of all.
    async with held(scripted.connection(idle_timeout_s=0.5)) as connection, anyio.create_task_group() as tasks:
        scripted.ignores("tools/call")

        async def other() -> None:
            with pytest.raises(DownstreamTimeout):
                await call(connection, "echo")

        tasks.start_soon(other)
        while not scripted.methods("tools/call"):
            await anyio.lowlevel.checkpoint()
        scripted.refuses("tools/call", t.CONNECTION_CLOSED, "SSE stream failed")
        with pytest.raises(DownstreamDown):
            await call(connection, "echo")
        while not scripted.methods("ping"):
            await anyio.lowlevel.checkpoint()
    assert scripted.opened == 1


# Silence and probes


async def test_silence_ends_a_call_and_the_server_is_told(scripted: Scripted, held: Held, call: Call) -> None:
    async with held(scripted.connection(idle_timeout_s=0.05)) as connection:
        scripted.ignores("tools/call")
        with pytest.raises(DownstreamTimeout, match=r"no sign of life for 0\.05 s.*`idle_timeout_ms`"):
            await call(connection, "echo")
        scripted.answers.clear()
        await call(connection, "echo")
        assert scripted.methods("notifications/cancelled") == 1
        assert scripted.opened == 1


async def test_a_call_has_its_time_and_no_more(scripted: Scripted, held: Held, call: Call) -> None:
    async with held(scripted.connection(call_timeout_s=0.05)) as connection:
        scripted.ignores("tools/call")
        with pytest.raises(DownstreamTimeout, match=r"within 0\.05 s.*`call_timeout_ms`"):
            await call(connection, "echo")


async def test_a_server_that_does_not_know_ping_is_alive(
    scripted: Scripted, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "PROBE_EVERY_S", 0.001)
    scripted.refuses("ping", t.METHOD_NOT_FOUND, "Method not found")
    async with held(scripted.connection()) as connection:
        while scripted.methods("ping") < 5:
            await anyio.lowlevel.checkpoint()
        assert connection.state == "ready"
    assert scripted.opened == 1


async def test_a_server_that_answers_nothing_any_more_is_connected_again(
    scripted: Scripted, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "PROBE_EVERY_S", 0.001)
    monkeypatch.setattr(connection_module, "PROBE_TIMEOUT_S", 0.01)
    async with held(scripted.connection()):
        scripted.ignores("ping")
        while scripted.opened < 3:
            await anyio.lowlevel.checkpoint()


async def test_a_server_busy_with_a_call_may_leave_a_probe_unanswered(
    scripted: Scripted, held: Held, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "PROBE_EVERY_S", 0.001)
    monkeypatch.setattr(connection_module, "PROBE_TIMEOUT_S", 0.001)
    async with held(scripted.connection()) as connection, anyio.create_task_group() as tasks:
        scripted.ignores("ping")
        scripted.ignores("tools/call")
        tasks.start_soon(call, connection, "echo")
        while scripted.methods("ping") < 5:
            await anyio.lowlevel.checkpoint()
        assert connection.state == "ready"
        tasks.cancel_scope.cancel()
    assert scripted.opened == 1


# Lists


async def test_a_list_that_cannot_be_read_leaves_the_last_good_one(
    scripted: Scripted, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "LONGEST_DELAY_S", 0.001)
    async with held(scripted.connection()) as connection:
        scripted.says("tools/list", {"tools": "words where a list should be"})
        await scripted.notify("notifications/tools/list_changed")
        while scripted.methods("tools/list") < 3:  # it is asked again, and again
            await anyio.lowlevel.checkpoint()
        assert connection.offer is not None
        assert [tool.name for tool in connection.offer.tools] == ["echo"]
        scripted.answers.clear()
        scripted.tools.append("second")
        while len(connection.offer.tools) < 2:
            await anyio.lowlevel.checkpoint()
    assert scripted.opened == 1


async def test_an_item_that_is_no_valid_mcp_is_left_out_of_a_list_and_named(scripted: Scripted, held: Held) -> None:
    sound = {"name": "sound", "inputSchema": {"type": "object"}}
    odd = {"name": "odd", "inputSchema": "words"}
    scripted.says("tools/list", {"tools": [odd, sound, {"title": "without a name"}, 5]})
    async with held(scripted.connection()) as connection:
        assert connection.state == "ready"
        assert connection.offer is not None
        assert [tool.name for tool in connection.offer.tools] == ["sound"]
        assert [said.partition(" of ")[0] for said in connection.offer.left_out] == [
            "`odd`",
            "one without a name",
            "one without a name",
        ]
        scripted.answers.clear()
        await scripted.notify("notifications/tools/list_changed")
        while connection.offer.left_out:
            await anyio.lowlevel.checkpoint()


async def test_all_pages_of_a_list_are_read_and_a_list_without_end_ends(scripted: Scripted, held: Held) -> None:
    def page(params: Mapping[str, Any]) -> Mapping[str, Any]:
        number = int(params.get("cursor") or 0)
        tool = {"name": f"t{number}", "inputSchema": {"type": "object"}}
        return {"tools": [tool], "nextCursor": str((number + 1) % 4)}

    scripted.answers["tools/list"] = page
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        assert list(dict.fromkeys(tool.name for tool in connection.offer.tools)) == ["t0", "t1", "t2", "t3"]


async def test_a_server_that_cannot_say_when_its_lists_change_is_not_asked_over_and_over(
    scripted: Scripted, held: Held, call: Call
) -> None:
    scripted.says(
        "server/discover",
        {
            "supportedVersions": ["2026-07-28"],
            "capabilities": {"tools": {"listChanged": True}},
            "resultType": "complete",
            "ttlMs": 0,
            "cacheScope": "private",
        },
    )
    answered = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}
    scripted.says("tools/list", {"tools": [], **answered})
    scripted.says("tools/call", {"content": [{"type": "text", "text": ""}], "resultType": "complete"})
    async with held(scripted.connection()) as connection:
        for _ in range(200):
            await call(connection, "echo")
        assert scripted.methods("subscriptions/listen") == 1
        assert scripted.methods("tools/list") == 1
