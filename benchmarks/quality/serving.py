"""Sophia as a client meets it, and beside it the servers it stands before, each spoken to on its own.

Sophia runs in this process on the embedded model, its servers as processes over stdio, over the bundled synthetic
calls or over calls imported from a folder. What is checked against is fetched from the call server and the warehouse by
another connection, with no Sophia between.
"""

import json
import os
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mcp_types as t
from mcp import Client, StdioServerParameters

from benchmarks.quality.row import NoData
from server.app import Sophia, running
from server.config import load
from workspace.gong_import.reading import read_file, source_files
from workspace.gong_import.shelf import Shelf

__all__ = ["AskedInVain", "Served", "canonical", "directly", "import_calls", "served", "structured"]

CALLS = "SOPHIA_GONG_DATA"
CANONICAL = ("answer", "findings", "citations", "data")


class AskedInVain(Exception):
    """A call ended in an error; the message is what the client was told."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running Sophia and a client of it."""

    sophia: Sophia
    client: Client


@asynccontextmanager
async def served(calls: Path | None) -> AsyncGenerator[Served, None]:
    """Sophia over the calls in a folder that was imported, or over the bundled ones."""
    with _as_environment(_environment(calls)), TemporaryDirectory() as state:
        configuration = load(None, os.environ)
        async with running(configuration, Path(state), operator=True) as sophia:
            await sophia.pool.settled()
            async with Client(sophia.server) as client:
                yield Served(sophia, client)


@asynccontextmanager
async def directly(module: str, calls: Path | None) -> AsyncGenerator[Client, None]:
    """An embedded server as a process of its own, such as `workspace.gong`."""
    parameters = StdioServerParameters(command=sys.executable, args=["-P", "-m", module], env=_environment(calls))
    async with Client(parameters) as client:
        yield client


def import_calls(data: Path, into: Path) -> list[str]:
    """Import a folder of Gong-shaped JSON; the ids of the calls. Raises NoData where it holds none."""
    shelf = Shelf(into, datetime.now(UTC))
    for file in source_files(data):
        shelf.take(read_file(file, file.name))
    report = shelf.close()
    if not report.new:
        raise NoData(f"No call in Gong's shape was found in {data.name}.")
    return sorted(report.new)


async def structured(client: Client, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The structured content of a call that must not fail."""
    result = await client.call_tool(tool, dict(arguments))
    if result.is_error or result.structured_content is None:
        said = " ".join(block.text for block in result.content if isinstance(block, t.TextContent))
        raise AskedInVain(f"{tool}: {said}")
    return dict(result.structured_content)


def canonical(answer: Mapping[str, Any]) -> str:
    """What must be the same for the same request and data: ids, times and freshness stand outside."""
    return json.dumps({name: answer[name] for name in CANONICAL}, sort_keys=True, ensure_ascii=False)


@contextmanager
def _as_environment(wanted: Mapping[str, str]) -> Generator[None, None, None]:
    """Another environment for this process: its servers inherit it."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _environment(calls: Path | None) -> dict[str, str]:
    """This environment without what would change the configuration."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("SOPHIA_")}
    return plain | ({CALLS: str(calls)} if calls else {})
