"""The least client of a stdio server: JSON lines and a clock, so that what is measured is the server's start.

It opens as clients of the handshake era do, which is what desktop clients still send.
"""

import json
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import Any

from benchmarks.figures import NoFigure
from benchmarks.processes import CHECKOUT, as_a_user

__all__ = ["StdioClient", "started"]

PATIENCE_S = 60.0
LEAVE_WITHIN_S = 10.0
OPENING: Mapping[str, Any] = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "benchmark", "version": "1"},
}


class StdioClient:
    """Asks one thing after another and knows how long ago the server was spawned."""

    def __init__(self, process: "subprocess.Popen[str]", spawned: float) -> None:
        self.pid = process.pid
        self._process = process
        self._spawned = spawned
        self._ids = 0

    @property
    def since_spawn_ms(self) -> float:
        """Milliseconds since the server's process was asked for."""
        return (time.perf_counter() - self._spawned) * 1000

    def initialize(self) -> None:
        """The handshake."""
        self._ask("initialize", OPENING)
        self._send({"method": "notifications/initialized"})

    def list_tools(self) -> None:
        """`tools/list`; what is listed does not matter here."""
        self._ask("tools/list", {})

    def call(self, tool: str, arguments: Mapping[str, Any]) -> None:
        """`tools/call`, which must not fail."""
        result = self._ask("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            raise NoFigure(f"{tool} failed: {result['content']}")

    def _ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._ids += 1
        self._send({"id": self._ids, "method": method, "params": params})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message: Mapping[str, Any] = json.loads(line)
            if message.get("id") != self._ids:
                continue
            if "result" not in message:
                raise NoFigure(f"{method} failed: {message['error']}")
            return message["result"]
        raise NoFigure(f"the server ended, or said nothing for {PATIENCE_S:g} s, before it answered {method}")

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self._process.stdin.flush()


@contextmanager
def started(command: Sequence[str]) -> Generator[StdioClient, None, None]:
    """A freshly spawned server and its client; at the end the server is left as clients leave it."""
    spawned = time.perf_counter()
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=as_a_user(),
        cwd=CHECKOUT,
    ) as process:
        watchdog = Timer(PATIENCE_S, process.kill)
        watchdog.start()
        try:
            yield StdioClient(process, spawned)
            assert process.stdin is not None
            process.stdin.close()
            process.wait(LEAVE_WITHIN_S)
        finally:
            watchdog.cancel()
            process.kill()
