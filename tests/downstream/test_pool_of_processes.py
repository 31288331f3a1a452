"""The pool over real servers in processes of their own, over stdio and HTTP, with what goes wrong with those."""

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest

from server.config import StdioTransport
from server.downstream.pool import Kind, Pool
from server.errors import DownstreamDown, DownstreamGarbage, DownstreamTimeout

pytestmark = pytest.mark.slow

Site = Any
Call = Any
Lively = Callable[..., Any]
Listening = Callable[..., AbstractContextManager[Any]]

RAW_SERVER = Path(__file__).parent / "servers" / "raw_server.py"
BURST = 5


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


class Hanging:
    """A call that is under way: `started` once the server has said so."""

    def __init__(self) -> None:
        self.started = anyio.Event()
        self.failure: Exception | None = None

    async def run(self, call: Call, connection: Any) -> None:
        async def progressed(*_: object) -> None:
            self.started.set()

        try:
            await call(connection, "hang", progressed)
        except Exception as error:  # looked at by the test
            self.failure = error


def names(pool: Pool) -> set[str]:
    return set(pool.tables.tool_forms)


# stdio


async def test_a_server_that_is_missing_at_first_is_there_once_it_can_be(
    site: Site, call: Call, call_until_served: Call
) -> None:
    script = site.directory / "late_server.py"
    site.raw("late", script=script)
    site.raw("other")
    site.server("typo", StdioTransport("no-such-command-anywhere"))
    async with site.running() as pool:
        late, typo = pool.connections["late"], pool.connections["typo"]
        with pytest.raises(DownstreamDown, match=r"`late` is away \(it ended before it was connected\)"):
            await call(late, "echo", text="hi")
        with pytest.raises(DownstreamDown, match=r"`typo` is away \(its command was not found\)"):
            await call(typo, "echo", text="hi")
        assert await call(pool.connections["other"], "echo", text="hi") == "hi"
        assert names(pool) == {name for name in names(pool) if name.startswith("other__")}

        changed = anyio.Event()

        async def told(_: frozenset[Kind]) -> None:
            changed.set()

        pool.on_change(told)
        script.write_text(RAW_SERVER.read_text(encoding="utf-8"), encoding="utf-8")
        await changed.wait()
        assert "late__echo" in names(pool)
        assert await call_until_served(late, "echo", text="hi") == "hi"


async def test_a_server_that_is_killed_in_mid_call_is_restarted_and_nobody_else_notices(
    site: Site, call: Call, call_until_served: Call
) -> None:
    site.raw("one")
    site.raw("two")
    async with site.running() as pool, anyio.create_task_group() as tasks:
        one, two = pool.connections["one"], pool.connections["two"]
        pids = [int(await call(connection, "pid")) for connection in (one, two)]
        published = names(pool)
        hanging, unharmed = Hanging(), Hanging()
        tasks.start_soon(hanging.run, call, one)
        tasks.start_soon(unharmed.run, call, two)
        await hanging.started.wait()
        await unharmed.started.wait()

        os.kill(pids[0], signal.SIGKILL)
        again = int(await call_until_served(one, "pid"))

        assert again != pids[0]
        assert isinstance(hanging.failure, DownstreamDown)
        assert hanging.failure.delivered is True
        assert "`one` went away before it answered and is being connected again" in hanging.failure.message
        assert names(pool) == published
        assert unharmed.failure is None
        assert int(await call(two, "pid")) == pids[1]
        assert (one.restarts, two.restarts) == (1, 0)
        tasks.cancel_scope.cancel()


async def test_a_server_that_dies_of_a_call_is_restarted(site: Site, call: Call, call_until_served: Call) -> None:
    site.raw("one")
    async with site.running() as pool:
        one = pool.connections["one"]
        with pytest.raises(DownstreamDown):
            await call(one, "die")
        assert await call_until_served(one, "echo", text="back") == "back"


async def test_no_process_outlives_the_pool_not_even_a_stubborn_one(site: Site, call: Call) -> None:
    site.raw("willing")
    site.raw("stubborn", "--stubborn")
    async with site.running() as pool:
        pids = [int(await call(connection, "pid")) for connection in pool.connections.values()]
        assert not any(gone(pid) for pid in pids)
    assert all(gone(pid) for pid in pids)


async def test_garbage_costs_the_call_that_got_it_and_nothing_else(site: Site, call: Call) -> None:
    site.raw("odd", "--noise")
    async with site.running() as pool:
        odd = pool.connections["odd"]
        pid = await call(odd, "pid")
        assert await call(odd, "chatter") == "said more than it should"
        for tool in ("garbage", "unreadable"):
            with pytest.raises(DownstreamGarbage, match="`odd` answered with something that is no valid MCP result"):
                await call(odd, tool)
        assert await call(odd, "pid") == pid


async def test_progress_keeps_a_long_call_alive_and_silence_ends_it(site: Site, call: Call) -> None:
    site.raw("slow", idle_timeout_ms=1000)
    async with site.running() as pool:
        slow = pool.connections["slow"]
        seen: list[float] = []

        async def progressed(progress: float, *_: object) -> None:
            seen.append(progress)

        assert await call(slow, "steps", progressed, count=6, every_s=0.3) == "done"
        assert seen == [1, 2, 3, 4, 5, 6]
        with pytest.raises(DownstreamTimeout, match="no sign of life for 1 s"):
            await call(slow, "hang")
        assert len(json.loads(await call(slow, "cancelled"))) == 1


async def test_a_child_inherits_no_secrets_and_its_last_words_are_kept(
    site: Site, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPHIA_TEST_SECRET", "s3cret")
    site.raw("one")
    site.server("broken", StdioTransport(sys.executable, ("-c", "raise SystemExit('no licence')")))
    async with site.running() as pool:
        assert "SOPHIA_TEST_SECRET" not in json.loads(await call(pool.connections["one"], "environment"))
        assert "no licence" in (site.directory / "logs" / "broken.log").read_text(encoding="utf-8")


# Both eras, both transports


@pytest.fixture(params=["stdio", "stdio --handshake", "http", "http --handshake"])
def either(request: pytest.FixtureRequest, site: Site, lively: Lively, listening: Listening, port: int) -> Any:
    """A site with the lively server, in each way there is to reach it."""
    kind, *options = request.param.split()
    if kind == "stdio":
        site.server("lively", lively(*options))
        yield site
    else:
        with listening(port, *options):
            site.server("lively", lively(port=port))
            yield site


async def test_a_burst_of_changes_is_told_once_and_a_cancellation_arrives(either: Site, call: Call) -> None:
    async with either.running() as pool:
        connection = pool.connections["lively"]
        changed = anyio.Event()
        times = 0

        async def told(_: frozenset[Kind]) -> None:
            nonlocal times
            times += 1
            changed.set()

        pool.on_change(told)
        await call(connection, "grow")
        await changed.wait()
        assert {f"lively__new{n}" for n in range(BURST)} < names(pool)

        async with anyio.create_task_group() as tasks:
            hanging = Hanging()
            tasks.start_soon(hanging.run, call, connection)
            await hanging.started.wait()
            tasks.cancel_scope.cancel()
        while json.loads(await call(connection, "cancelled")) != ["hang"]:
            pass
        assert (times, connection.restarts) == (1, 0)


# HTTP


@pytest.mark.parametrize("options", [(), ("--handshake",)])
async def test_an_http_server_that_is_killed_and_comes_back_on_its_port_is_found_again(
    site: Site, lively: Lively, listening: Listening, port: int, call: Call, call_until_served: Call, options: Any
) -> None:
    site.raw("other")
    site.server("lively", lively(port=port))
    async with site.running() as pool, anyio.create_task_group() as tasks:
        connection, other = pool.connections["lively"], pool.connections["other"]
        with pytest.raises(DownstreamDown, match=r"`lively` is away \(it cannot be reached"):
            await call(connection, "pid")

        hanging, unharmed = Hanging(), Hanging()
        tasks.start_soon(unharmed.run, call, other)
        await unharmed.started.wait()
        with listening(port, *options) as first:
            assert int(await call_until_served(connection, "pid")) == first.pid
            tasks.start_soon(hanging.run, call, connection)
            await hanging.started.wait()
        published = names(pool)
        with listening(port, *options) as second:
            assert int(await call_until_served(connection, "pid")) == second.pid
            assert isinstance(hanging.failure, DownstreamDown)
            assert names(pool) == published
            assert unharmed.failure is None
            assert other.restarts == 0
            tasks.cancel_scope.cancel()


async def test_an_answer_too_large_for_the_stream_costs_that_call_only(
    site: Site, lively: Lively, listening: Listening, port: int, call: Call
) -> None:
    with listening(port, "--handshake"):
        site.server("lively", lively(port=port))
        async with site.running() as pool, anyio.create_task_group() as tasks:
            connection = pool.connections["lively"]
            unharmed = Hanging()
            tasks.start_soon(unharmed.run, call, connection)
            await unharmed.started.wait()
            assert len(await call(connection, "large", bytes=2_000_000)) == 2_000_000
            with pytest.raises(DownstreamDown):
                await call(connection, "large", bytes=17_000_000)
            await call(connection, "pid")
            assert unharmed.failure is None
            assert connection.restarts == 0
            tasks.cancel_scope.cancel()
