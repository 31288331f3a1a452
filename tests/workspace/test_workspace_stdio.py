"""The embedded servers as processes: both eras, the probe, and a clean end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.workspace.callers import gong_pair

pytestmark = pytest.mark.slow

SERVERS = ["workspace.gong", "workspace.snowflake", "workspace.slack"]
CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


@pytest.fixture(params=SERVERS)
def process(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", request.param],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def _ask(process: subprocess.Popen[str], request_id: int, method: str, **params: Any) -> dict[str, Any]:
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}) + "\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(
    ("module", "tool", "arguments"),
    [
        ("workspace.gong", "list_calls", {}),
        ("workspace.snowflake", "execute_query", {"query": "SELECT count(*) FROM opportunities"}),
        ("workspace.hubspot", "get_deal", {"deal_id": "FQPECFYO"}),
        ("workspace.slack", "list_channels", {}),
        ("workspace.linear", "get_issue", {"id": "PROD-118"}),
    ],
)
async def test_a_client_of_either_era_is_served(module: str, tool: str, arguments: dict[str, Any], mode: Any) -> None:
    command = StdioServerParameters(command=sys.executable, args=["-m", module])
    async with Client(command, mode=mode) as client:
        assert tool in {listed.name for listed in (await client.list_tools()).tools}
        result = await client.call_tool(tool, arguments)
        assert not result.is_error
        assert result.structured_content


@pytest.mark.parametrize("how", ["argument", "environment"])
async def test_what_is_sent_to_one_process_is_read_by_the_next(tmp_path: Path, how: str) -> None:
    given = ["--data", str(tmp_path)] if how == "argument" else []
    environment = {"SOPHIA_WORKSPACE_DATA": str(tmp_path)} if how == "environment" else {}
    command = StdioServerParameters(command=sys.executable, args=["-m", "workspace.slack", *given], env=environment)
    async with Client(command) as client:
        await client.call_tool("send_message", {"channel": "wins", "text": "From one process."})
    async with Client(command) as client:
        result = await client.call_tool("search_messages", {"query": "one process"})
    assert [message["text"] for message in result.structured_content["messages"]] == ["From one process."]


@pytest.mark.parametrize("how", ["argument", "environment"])
async def test_an_imported_directory_takes_the_place_of_the_bundled_calls(tmp_path: Path, how: str) -> None:
    (tmp_path / "77.json").write_text(json.dumps(gong_pair("77")))
    given = ["--data", str(tmp_path)] if how == "argument" else []
    environment = {"SOPHIA_GONG_DATA": str(tmp_path)} if how == "environment" else {}
    command = StdioServerParameters(command=sys.executable, args=["-m", "workspace.gong", *given], env=environment)
    async with Client(command) as client:
        result = await client.call_tool("list_calls", {})
        assert [call["id"] for call in result.structured_content["calls"]] == ["77"]


def test_a_directory_that_is_not_there_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "workspace.gong", "--data", str(tmp_path / "nowhere")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "import calls into it first" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_probe_does_not_stop_the_handshake(process: subprocess.Popen[str]) -> None:
    found = _ask(process, 1, "server/discover")
    assert "2026-07-28" in found["result"]["supportedVersions"]
    opened = _ask(process, 2, "initialize", **CLIENT)
    assert opened["result"]["protocolVersion"] == "2025-11-25"


def test_the_end_of_input_ends_the_process(process: subprocess.Popen[str]) -> None:
    _ask(process, 1, "initialize", **CLIENT)
    assert process.stdin
    process.stdin.close()
    assert process.wait(timeout=5) == 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_without_a_trace(process: subprocess.Popen[str], number: signal.Signals) -> None:
    _ask(process, 1, "initialize", **CLIENT)
    process.send_signal(number)
    assert process.wait(timeout=5) == 0
    assert process.stderr
    assert "Traceback" not in process.stderr.read()
