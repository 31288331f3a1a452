"""A foreign server that is reached by its address, the newer way and the older one, and that goes away and comes back."""

import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

pytestmark = pytest.mark.external

TOKYO = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
StartServer = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(params=[("streamableHttp", "http", "/mcp"), ("sse", "sse", "/sse")], ids=["http", "sse"])
def way(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    """The server's word for a transport, ours, and the path it is served at."""
    return request.param


@pytest.fixture
def start_everything(foreign: Any, way: tuple[str, str, str], free_port: int) -> Iterator[StartServer]:
    """Starts server-everything at the free port, again and again if need be."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        program = foreign["everything"].over(way[0], PORT=str(free_port))
        started.append(program.start(stderr=subprocess.PIPE))
        assert any(str(free_port) in line for line in started[-1].stderr), "it did not say that it listens"
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_is_called_dies_and_is_connected_again(
    way: tuple[str, str, str],
    start_everything: StartServer,
    free_port: int,
    foreign: Mapping[str, Any],
    sophia_over: Any,
) -> None:
    far = {"type": way[1], "url": f"http://127.0.0.1:{free_port}{way[2]}", "sophia": {"prefix": ""}}
    running = start_everything()
    with sophia_over({"far": far, "clock": foreign["clock"].entry}).wire("modern") as sophia:
        long_running = {"duration": 0.2, "steps": 2}
        assert not sophia.call("trigger-long-running-operation", long_running, progressToken=1)["isError"]
        assert [step["progress"] for step in sophia.progress()] == [1, 2]

        running.kill()
        running.wait()
        assert not sophia.call("clock__convert_time", TOKYO)["isError"]
        away = sophia.call("echo", {"message": "anybody?"})
        assert away["isError"]
        assert away["_meta"]["sophia/error"]["retryable"]

        start_everything()
        while (result := sophia.call("echo", {"message": "after"}))["isError"]:
            pass  # each call waits a moment for the server by itself
        assert result["content"] == [{"type": "text", "text": "Echo: after"}]
