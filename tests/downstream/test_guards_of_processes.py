"""What the bridge does about real servers that fail: which of them are given a rest, and how that ends."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest

from server.bridge.arms import Arms
from server.bridge.bridge import Bridge
from server.bridge.decision_log import DecisionLog
from server.bridge.evidence import Evidence
from server.bridge.execute import Fallback, RouteRun
from server.bridge.guards import Guards
from server.bridge.policy import Policy
from server.config import StdioTransport
from server.downstream.pool import Pool
from server.downstream.proxy import call_for_text
from server.errors import CircuitOpen, DownstreamDown, SourceFailed

pytestmark = pytest.mark.slow

Site = Any
RAW_SERVER = Path(__file__).parent / "servers" / "raw_server.py"
AT_ONCE = Fallback("immediate", attempts=1, delay_ms=100, timeout_ms=1000)
POLICY = Policy()
ENOUGH = 5
"""Calls after which a breaker may open."""

REFUSING_SERVER = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if asked.get("method") == "initialize":
        result = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                  "serverInfo": {"name": "refusing", "version": "1"}}
    elif asked.get("method") == "tools/list":
        result = {"tools": [{"name": "refuse", "inputSchema": {"type": "object"}}]}
    elif asked.get("method") == "tools/call":
        result = {"content": [{"type": "text", "text": "I would rather not"}], "isError": True}
    else:
        result = None
    if "id" in asked:
        said = {"result": result} if result else {"error": {"code": -32601, "message": "Method not found"}}
        print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **said}), flush=True)
"""


@dataclass
class Caller:
    """Calls tools through the bridge, with guards over a clock that is moved by hand."""

    pool: Pool
    bridge: Bridge
    now: float = 0.0

    async def call(self, server: str, tool: str, **arguments: object) -> str:
        made = self.bridge.decide_proxied(f"{server}__{tool}", server, POLICY)

        async def run() -> str:
            return await call_for_text(self.pool.connections[server], tool, arguments)

        return (await self.bridge.execute(made, {"downstream": RouteRun(run, True, 1)}, AT_ONCE, 20_000)).result

    async def fails(self, error: type[Exception], server: str, tool: str) -> None:
        with pytest.raises(error):
            await self.call(server, tool)

    def state(self, server: str) -> str:
        return self.bridge.guards.health()["servers"][server]["state"]


def caller(site: Site, pool: Pool) -> Caller:
    calling = Caller(pool, Bridge(Evidence(), DecisionLog(site.store), Guards(clock=lambda: calling.now), Arms()))
    return calling


async def test_a_server_whose_tools_say_no_is_given_no_rest(site: Site) -> None:
    script = site.directory / "refusing_server.py"
    script.write_text(REFUSING_SERVER, encoding="utf-8")
    site.server("refusing", StdioTransport(sys.executable, (str(script),)))
    async with site.running() as pool:
        calling = caller(site, pool)
        for _ in range(4 * ENOUGH):
            await calling.fails(SourceFailed, "refusing", "refuse")
        assert calling.state("refusing") == "closed"
        assert calling.bridge.guards.health()["routes"] == {}


async def test_a_server_that_dies_rests_alone_and_one_call_after_its_restart_ends_that(
    site: Site, call_until_served: Any
) -> None:
    script = site.directory / "mortal_server.py"
    script.write_text(RAW_SERVER.read_text(encoding="utf-8"), encoding="utf-8")
    site.raw("mortal", script=script)
    site.raw("other")
    async with site.running() as pool:
        calling = caller(site, pool)
        pid = int(await calling.call("mortal", "pid"))
        script.unlink()  # so that it stays dead
        os.kill(pid, signal.SIGKILL)
        async with anyio.create_task_group() as tasks:
            for _ in range(2 * ENOUGH):
                tasks.start_soon(calling.fails, DownstreamDown, "mortal", "pid")

        assert calling.state("mortal") == "open"
        with pytest.raises(CircuitOpen, match=r"The server `mortal` is given a rest: \d+ of its last \d+") as refused:
            await calling.call("mortal", "echo", text="never sent")
        assert refused.value.retry_after_s
        assert await calling.call("other", "echo", text="unharmed") == "unharmed"
        assert calling.state("other") == "closed"

        calling.now += refused.value.retry_after_s
        await calling.fails(DownstreamDown, "mortal", "pid")
        assert calling.state("mortal") == "open"

        script.write_text(RAW_SERVER.read_text(encoding="utf-8"), encoding="utf-8")
        await call_until_served(pool.connections["mortal"], "pid")
        with pytest.raises(CircuitOpen) as refused:
            await calling.call("mortal", "pid")
        calling.now += refused.value.retry_after_s or 0
        assert int(await calling.call("mortal", "pid")) != pid
        assert calling.state("mortal") == "closed"
        assert await calling.call("mortal", "echo", text="back") == "back"


async def test_calls_that_hang_and_are_given_up_by_their_callers_give_a_server_no_rest(site: Site) -> None:
    site.raw("one")
    async with site.running() as pool:
        calling = caller(site, pool)

        async def gives_up() -> None:
            with anyio.move_on_after(0.05):
                await calling.call("one", "hang")

        async with anyio.create_task_group() as tasks:
            for _ in range(2 * ENOUGH):
                tasks.start_soon(gives_up)
        assert await calling.call("one", "echo", text="hi") == "hi"
        assert calling.state("one") == "closed"
        assert calling.bridge.guards.health()["servers"]["one"]["calls_now"] == 0
