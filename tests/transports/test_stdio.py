"""`sophia serve` over stdio, as the clients of today start it."""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mcp_types as t
import pytest
from mcp import Client, StdioServerParameters

from tests.conftest import SOPHIA, quiet_environment

pytestmark = pytest.mark.slow

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


class Wire:
    """A client that speaks JSON lines, for what a well-behaved client never does."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self._ids = 0

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        self._ids += 1
        self.tell(method, params, id=self._ids)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == self._ids:
                return message
        pytest.fail("the server closed its standard output")

    def raw(self, line: str) -> Any:
        """Send the line as it is; the next answer to anything."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return next(message for read in self.process.stdout if "id" in (message := json.loads(read)))

    def tell(self, method: str, params: Mapping[str, Any], **more: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **more}) + "\n")
        self.process.stdin.flush()


@contextmanager
def started(state: Path) -> Generator[Wire]:
    command = [SOPHIA, "serve", "--state", str(state)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, env=quiet_environment(), **pipes) as process:
        try:
            yield Wire(process)
        finally:
            process.kill()


def children_of(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return {int(word) for word in listed.stdout.split()}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


@pytest.fixture
def warm_state(state: Path, served: str) -> Path:
    """A state directory in which every server has been seen before."""
    return state


def test_a_probe_before_initialize_does_not_decide_the_era(warm_state: Path) -> None:
    modern = {
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    }
    with started(warm_state) as wire:
        probed = wire.ask("server/discover", modern)
        assert "2026-07-28" in probed["result"]["supportedVersions"]
        accepted = wire.ask("initialize", INITIALIZE)
        assert accepted["result"]["protocolVersion"] == "2025-11-25"
        wire.tell("notifications/initialized", {})
        assert len(wire.ask("tools/list", {})["result"]["tools"]) > 9


def close_stdin(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()


ENDINGS: dict[str, Callable[["subprocess.Popen[str]"], None]] = {
    "SIGTERM": lambda process: process.send_signal(signal.SIGTERM),
    "SIGINT": lambda process: process.send_signal(signal.SIGINT),
    "end of input": close_stdin,
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_it_ends_when_told_to_and_leaves_no_child(warm_state: Path, ending: str) -> None:
    with started(warm_state) as wire:
        wire.ask("initialize", INITIALIZE)
        wire.tell("notifications/initialized", {})
        wire.ask("tools/call", {"name": "gong__get_users", "arguments": {}})
        children = children_of(wire.process.pid)
        assert children
        ENDINGS[ending](wire.process)
        assert wire.process.wait(timeout=10) == 0
        assert not alive(children)


def test_the_list_of_tools_is_answered_before_anything_slow_is_imported(warm_state: Path) -> None:
    code = (
        "import sys, anyio, os; from pathlib import Path; from mcp import Client\n"
        "from server.app import running; from server.config import load\n"
        "async def main():\n"
        "    async with running(load(None, {}), Path(sys.argv[1])) as sophia, Client(sophia.server) as client:\n"
        "        tools = (await client.list_tools()).tools\n"
        "        assert len(tools) > 9, tools\n"
        "        print(sorted({'agno', 'duckdb', 'sqlglot', 'rich', 'numpy'} & set(sys.modules)))\n"
        "anyio.run(main)"
    )
    python = Path(SOPHIA).with_name("python")
    ran = subprocess.run([python, "-c", code, str(warm_state)], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


async def test_a_first_call_right_after_a_first_start_is_answered(tmp_path: Path) -> None:
    command = StdioServerParameters(command=SOPHIA, args=["serve", "--state", str(tmp_path)], env=dict(os.environ))
    async with Client(command) as client:
        result = await client.call_tool("snowflake_analyst", {"metric": "revenue", "period": "2017-Q4"})
    assert not result.is_error, result.content[0].text


def test_nothing_but_the_protocol_is_written_to_standard_output(warm_state: Path) -> None:
    with started(warm_state) as wire:
        wire.ask("initialize", INITIALIZE)
        wire.tell("notifications/initialized", {})
        answer = wire.ask(
            "tools/call", {"name": "sales_intelligence_team", "arguments": {"request": "nonsense qwxz"}}
        )
        assert "result" in answer


NESTED = '{"a":' * 500 + "1" + "}" * 500
UNREADABLE = {
    "no JSON": ("hello there", t.PARSE_ERROR, None),
    "parameters in a list": ('{"jsonrpc":"2.0","id":901,"method":"tools/list","params":[1]}', t.INVALID_REQUEST, 901),
    "a method that is a number": ('{"jsonrpc":"2.0","id":902,"method":5}', t.INVALID_REQUEST, 902),
    "nested 500 deep": (
        f'{{"jsonrpc":"2.0","id":903,"method":"tools/call","params":{{"name":"x","arguments":{NESTED}}}}}',
        t.INVALID_REQUEST,
        903,
    ),
}


@pytest.mark.parametrize(("line", "code", "named"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_line_that_cannot_be_read_is_answered_and_the_next_one_served(
    warm_state: Path, line: str, code: int, named: int | None
) -> None:
    with started(warm_state) as wire:
        wire.ask("initialize", INITIALIZE)
        wire.tell("notifications/initialized", {})
        answer = wire.raw(line)
        assert answer["error"]["code"] == code
        assert answer["id"] == named
        assert wire.ask("tools/list", {})["result"]["tools"]


def test_half_a_character_in_a_request_is_replaced_and_the_request_answered(warm_state: Path) -> None:
    with started(warm_state) as wire:
        wire.ask("initialize", INITIALIZE)
        wire.tell("notifications/initialized", {})
        half = '"\\ud83d what objections came up?"'
        asked = f'{{"name":"gong_intelligence","arguments":{{"call_id":"7400171024000301","request":{half}}}}}'
        answer = wire.raw(f'{{"jsonrpc":"2.0","id":77,"method":"tools/call","params":{asked}}}')
        assert answer["id"] == 77
        assert not answer["result"].get("isError")
        proxied = '{"name":"gong__search_calls","arguments":{"query":"\\udc00 price"}}'
        answer = wire.raw(f'{{"jsonrpc":"2.0","id":78,"method":"tools/call","params":{proxied}}}')
        assert answer["id"] == 78
        assert wire.ask("tools/list", {})["result"]["tools"]
