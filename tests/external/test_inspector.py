"""The official inspector as a client, over both transports and in both eras: it takes what Sophia publishes."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.external

OWN_TOOLS = {
    "gong_intelligence",
    "sales_coach",
    "hubspot_crm",
    "slack_orchestrator",
    "snowflake_analyst",
    "executive_knowledge",
    "business_intelligence_team",
    "executive_knowledge_team",
    "sales_intelligence_team",
}
ANNOUNCES = "Sophia serves "
START_WITHIN_S = 60
Inspect = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def servers(foreign: Mapping[str, Any]) -> Mapping[str, Any]:
    """The bundled calls and a foreign clock."""
    return {"gong": {"command": "${python}", "args": ["-m", "workspace.gong"]}, "clock": foreign["clock"].entry}


@pytest.fixture(scope="module", params=["stdio", "http"])
def entry(request: pytest.FixtureRequest, servers: Mapping[str, Any], sophia_over: Any) -> Iterator[dict[str, Any]]:
    """Sophia's entry in a client's configuration: a command to start, or the address of one that runs."""
    if request.param == "stdio":
        yield sophia_over(servers).entry
        return
    with sophia_over(servers, "--http", "127.0.0.1:0").start(stderr=subprocess.PIPE) as process:
        try:
            line = next(line for line in process.stderr if line.startswith(ANNOUNCES))
            yield {"type": "streamable-http", "url": line.removeprefix(ANNOUNCES).strip()}
        finally:
            process.terminate()


@pytest.fixture(params=["legacy", "modern"])
def inspect(
    request: pytest.FixtureRequest, entry: dict[str, Any], inspector: tuple[str, ...], tmp_path: Path
) -> Inspect:
    """One run of the inspector; gives the result it printed."""
    config = tmp_path / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"sophia": entry}}), encoding="utf-8")

    def inspect(method: str, *options: str) -> dict[str, Any]:
        command = [*inspector, "--config", str(config), "--server", "sophia", "--protocol-era", request.param]
        ran = subprocess.run(
            [*command, "--method", method, *options, "--format", "json"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=START_WITHIN_S,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return json.loads(ran.stdout)["result"]

    return inspect


def test_every_tool_of_ours_is_listed_with_schemas_that_any_client_can_use(inspect: Inspect) -> None:
    listed = inspect("tools/list", "--strict")["tools"]  # strict ends with an error over one that is not portable
    ours = {tool["name"]: tool for tool in listed if tool["name"] in OWN_TOOLS}
    assert set(ours) == OWN_TOOLS
    for tool in ours.values():
        assert tool["title"]
        assert tool["description"]
        assert tool["inputSchema"]["type"] == tool["outputSchema"]["type"] == "object"


def test_an_agent_answers_with_text_and_data(inspect: Inspect) -> None:
    result = inspect(
        "tools/call", "--tool-name", "gong_intelligence", "--tool-arg", "request=What did Globex object to?"
    )
    found = result["structuredContent"]
    assert found["answer"]
    assert found["citations"]
    assert found["answer"] in result["content"][0]["text"]
    assert result["_meta"]["sophia/route"] == found["served_by"]["route"]


def test_a_foreign_tool_is_called_through(inspect: Inspect) -> None:
    arguments = json.dumps({"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"})
    result = inspect("tools/call", "--tool-name", "clock__convert_time", "--tool-args-json", arguments)
    assert result["structuredContent"]["time_difference"] == "+9.0h"
    assert result["_meta"]["sophia/route"] == "downstream"


def test_the_prompts_are_listed(inspect: Inspect) -> None:
    names = {prompt["name"] for prompt in inspect("prompts/list")["prompts"]}
    assert {"call_brief", "weekly_coaching", "executive_brief"} <= names


def test_the_bridges_status_is_read(inspect: Inspect) -> None:
    (content,) = inspect("resources/read", "--uri", "sophia://bridge/status")["contents"]
    assert set(json.loads(content["text"])["servers"]) == {"gong", "clock"}
