"""Reading calls for the first time: it may end at any moment, and whoever comes next goes on."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import pytest

from agents.sources import SourceError
from server.library.looking import pause_s
from server.library.shelf import Shelf
from tests.conftest import SOPHIA, quiet_environment

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("failures", "said", "seconds"),
    [
        (1, "The server is away.", 5),
        (3, "The server is away.", 20),
        (99, "The server is away.", 600),
        (1, "429 Too Many Requests, Retry-After: 12", 12),
        (1, "Rate limit reached; try again in 2 minutes", 120),
        (1, "retry after 90000 s", 600),
    ],
)
def test_a_server_is_left_alone_for_as_long_as_it_says_or_longer_each_time(failures, said, seconds) -> None:
    assert pause_s(failures, said) == seconds


async def test_two_that_look_at_once_lose_no_call(library, feed) -> None:
    one, other = library(), library()
    shelves = [await one.shelf(), await other.shelf()]
    async with anyio.create_task_group() as tasks:
        for calls, shelf in zip((one, other), shelves, strict=True):
            tasks.start_soon(calls.look, shelf)
    assert shelves[0].stock().calls == 25


async def test_one_process_reads_at_a_time_and_a_command_goes_first(library) -> None:
    shelf = await library().shelf()
    assert shelf.lease("read", "a", 60)
    assert not shelf.lease("read", "b", 60)
    assert shelf.lease("read", "b", 60, rank=1)
    assert not shelf.lease("read", "a", 60)
    shelf.release("read", "b")
    assert shelf.lease("read", "a", 60)


def test_the_lease_of_a_process_that_was_killed_is_taken_at_once(tmp_path) -> None:
    shelf = Shelf(tmp_path / "gong-1.db")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert shelf.lease("read", "a", 600)
    shelf._writer.execute("UPDATE lease SET pid = ?", (ended.pid,))
    assert shelf.lease("read", "b", 60)


async def test_what_was_read_before_a_failure_is_kept(library, feed, monkeypatch) -> None:
    feed.fails["transcripts"] = [None, SourceError("unavailable", "429, retry after 7 s")]
    calls = library()
    shelf = await calls.shelf()
    with pytest.raises(SourceError, match="429"):
        await calls._catch_up()
    assert shelf.stock().kept == 20
    await calls._catch_up()
    assert shelf.stock().kept == 25


# Real processes


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """`sophia library sync` over three hundred calls of a real server."""
    server = {"command": sys.executable, "args": ["-m", "benchmarks.peers.call_server", "--calls", "300"]}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "downstream.json").write_text(
        json.dumps({"mcpServers": {"calls": {**server, "cwd": str(CHECKOUT)}}})
    )
    return [SOPHIA, "library", "sync", "--json", "--config", str(tmp_path / "config"), "--state", str(tmp_path / "s")]


def started(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=quiet_environment(), cwd=CHECKOUT
    )


def until_some_are_read(process: "subprocess.Popen[str]", folder: Path) -> int:
    """Wait until a batch is on disk; returns how many calls have words then."""
    while process.poll() is None:
        for file in (folder / "s" / "library").glob("calls-*.db"):
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as shelf:
                try:
                    (kept,) = shelf.execute("SELECT count(*) FROM call WHERE words = 'kept'").fetchone()
                except sqlite3.OperationalError:  # not made yet
                    kept = 0
            shelf.close()
            if kept:
                return int(kept)
        time.sleep(0.02)
    pytest.fail(f"the command ended first: {process.communicate()}")


def finished(command: list[str]) -> dict[str, Any]:
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env=quiet_environment(), cwd=CHECKOUT, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_sync_that_is_ended_keeps_what_it_read_and_the_next_one_goes_on(command, tmp_path, how, code) -> None:
    with started(command) as process:
        kept = until_some_are_read(process, tmp_path)
        os.kill(process.pid, how)
        _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert kept > 0
    if how == signal.SIGINT:
        assert "What was read is kept" in said
    state = finished(command)
    assert (state["stock"]["kept"], state["stock"]["calls"]) == (300, 300)


@pytest.mark.slow
def test_two_syncs_at_once_read_everything_once_and_the_second_says_so(command, tmp_path) -> None:
    with started(command) as first:
        until_some_are_read(first, tmp_path)
        second = subprocess.run(
            command, capture_output=True, text=True, check=False, env=quiet_environment(), cwd=CHECKOUT, timeout=100
        )
        out, said = first.communicate(timeout=100)
    assert first.returncode == 0, said
    assert json.loads(out)["stock"]["kept"] == 300
    assert second.returncode == 0 or "Another `sophia library sync` is reading" in second.stderr


@pytest.mark.slow
def test_a_library_is_shown_and_forgotten(command, tmp_path) -> None:
    state = ["--state", str(tmp_path / "s")]
    assert finished(command)["notes"] == []
    words = [SOPHIA, "library", "forget", "calls", *state]
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env=quiet_environment(), timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert list((tmp_path / "s" / "library").iterdir()) == []
    assert (
        subprocess.run(words, capture_output=True, check=False, env=quiet_environment(), timeout=60).returncode == 1
    )
