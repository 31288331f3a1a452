"""The call library: reading synthetic calls for the first time, and searching all of them through the MCP tool.

The first sync reads from a real MCP server over stdio; beside it, the same server asked for the same calls by a client
that keeps nothing. Searches go through `gong_intelligence` of a Sophia that serves over HTTP, from the client's call
to its result. What they look for stands in every call, in some, and in few.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio
from mcp import Client, StdioServerParameters

from benchmarks.figures import Figure, Measured, NoFigure, Report, limit, percentile, program, progress
from benchmarks.processes import CHECKOUT, Served, as_a_user, resident_kib, serving, sophia
from benchmarks.synthetic_calls import call_id, word

__all__ = ["main"]

ABOUT = "The call library: first sync and search over all calls, seen by the client"
LIMIT_MS = 200.0
BATCH = 20
WARM = 5
SENTENCES = 120
COMMON = ("delivery", "delivery audit", "security review", "integration", "team")


@dataclass(frozen=True, slots=True)
class Spent:
    """What was measured in one run."""

    synced_s: float
    fetched_s: float
    fetched_mb: float
    file_mb: float
    searches_ms: list[float]
    grown_mb: float


def main() -> int:
    """Run the program."""
    return program("library", ABOUT, 60, "searches", measure, more={"calls": (10_000, "calls in the library")})


def measure(searches: int, calls: int) -> Report:
    """Sync, then search."""
    with tempfile.TemporaryDirectory(prefix="sophia-benchmark-") as folder:
        config, state = Path(folder) / "config", Path(folder) / "state"
        config.mkdir()
        command = [sys.executable, "-m", "benchmarks.peers.call_server", "--calls", str(calls)]
        entry = {"command": command[0], "args": command[1:], "cwd": str(CHECKOUT)}
        entry |= {"sophia": {"library_max_calls": max(calls, 1)}}
        (config / "downstream.json").write_text(json.dumps({"mcpServers": {"calls": entry}}))
        progress("fetching without keeping")
        fetched_s, fetched_mb = anyio.run(_fetched, command, calls)
        progress("first sync")
        synced_s, file_mb = _synced(config, state, calls)
        with serving(sophia(state, "--config", str(config), "--http", "127.0.0.1:0")) as served:
            searches_ms, grown_mb = anyio.run(_searched, served, searches, calls)
    spent = Spent(synced_s, fetched_s, fetched_mb, file_mb, searches_ms, grown_mb)
    data = f"{calls:,} synthetic calls of {SENTENCES} sentences each, {calls * SENTENCES:,} sentences"
    return Report(data, tuple(_figures(spent, calls)))


def _figures(spent: Spent, calls: int) -> Generator[Figure, None, None]:
    n = len(spent.searches_ms)
    most = limit("design's limit", LIMIT_MS, "ms")
    for p in (50, 95):
        yield Figure(
            Measured(f"search over {calls:,} calls", f"p{p}", percentile(spent.searches_ms, p), "ms", n), most
        )
    per_1000 = 1000 / calls
    yield Figure(
        Measured("first sync, per 1,000 calls", "mean", spent.synced_s * per_1000, "s", calls),
        Measured("fetching alone, keeping nothing", "mean", spent.fetched_s * per_1000, "s", calls),
    )
    size = Measured("library file", "size", spent.file_mb, "MB", 1)
    yield Figure(size, Measured("the transcripts as JSON", "size", spent.fetched_mb, "MB", 1))
    yield Figure(Measured("resident set, growth over all searches", "difference", spent.grown_mb, "MB", n), size)


async def _fetched(command: list[str], calls: int) -> tuple[float, float]:
    """Seconds and megabytes of asking for everything, one request after the other."""
    started, size = time.perf_counter(), 0
    async with Client(StdioServerParameters(command=command[0], args=command[1:], cwd=str(CHECKOUT))) as client:
        for start in range(0, calls, BATCH):
            ids = [call_id(number) for number in range(start, min(calls, start + BATCH))]
            await client.call_tool("get_call_details", {"callIds": ids})
            words = await client.call_tool("retrieve_transcripts", {"callIds": ids})
            size += len(json.dumps(words.structured_content))
    return time.perf_counter() - started, size / 1e6


def _synced(config: Path, state: Path, calls: int) -> tuple[float, float]:
    command = [str(Path(sys.executable).with_name("sophia")), "library", "sync", "--json"]
    started = time.perf_counter()
    ran = subprocess.run(
        [*command, "--config", str(config), "--state", str(state)],
        capture_output=True, text=True, check=False, env=as_a_user(), cwd=CHECKOUT,
    )  # fmt: skip
    took_s = time.perf_counter() - started
    if ran.returncode:
        raise NoFigure(f"sophia library sync failed:\n{ran.stderr}")
    state_read = json.loads(ran.stdout)
    if state_read["stock"]["kept"] != calls:
        raise NoFigure(f"{state_read['stock']['kept']} of {calls} calls were kept")
    return took_s, state_read["megabytes"]


async def _searched(served: Served, searches: int, calls: int) -> tuple[list[float], float]:
    """Milliseconds of each search, and by how many megabytes the server grew over them."""
    ranks = [5 * 3**power % 15_000 for power in range(12)]
    asked = [*COMMON, *map(word, ranks), *(f"{word(rank)} delivery" for rank in ranks)]
    took_ms: list[float] = []
    resident = 0
    async with Client(served.url) as client:
        for number in range(WARM + searches):
            if number == WARM:
                resident = resident_kib(served.pid)
            progress(f"search {number} of {searches}")
            started = time.perf_counter()
            request = f"Search calls for {asked[number % len(asked)]}"
            result = await client.call_tool("gong_intelligence", {"request": request})
            if number >= WARM:
                took_ms.append((time.perf_counter() - started) * 1000)
            data: dict[str, Any] = cast("dict[str, Any]", result.structured_content or {}).get("data", {})
            found = data.get("search_calls") or ()
            if result.is_error or not found or found[0]["calls_searched"] != calls:
                raise NoFigure(f"{request!r} was not answered by a search of {calls} calls: {result.content}")
    return took_ms, (resident_kib(served.pid) - resident) / 1024


if __name__ == "__main__":
    sys.exit(main())
