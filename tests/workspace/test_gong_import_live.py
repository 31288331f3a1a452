"""Importing from Gong's live API, against a server on loopback that speaks its protocol."""

import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
import uvicorn
from anyio.abc import Process
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.workspace.callers import gong_pair
from workspace.gong_import.__main__ import main
from workspace.gong_import.live import GongApi, GongError, gong_client
from workspace.gong_import.shelf import Report, Shelf

SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
KEY = f"Basic {base64.b64encode(b'key:secret').decode()}"


@dataclass
class FakeGong:
    """Gong's protocol over some calls: pages of `page_size`, and answers to give before the real ones."""

    calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    page_size: int = 2
    before: list[Response] = field(default_factory=list[Response])
    requests: list[str] = field(default_factory=list[str])
    url: str = ""
    stops_after: int | None = None
    stopped: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v2/calls", self._listed, methods=["GET"]),
                Route("/v2/calls/extensive", self._extensive, methods=["POST"]),
                Route("/v2/calls/transcript", self._transcripts, methods=["POST"]),
            ]
        )

    async def _listed(self, request: Request) -> Response:
        wanted = request.query_params
        if self.stops_after is not None and self.requests.count("GET /v2/calls") >= self.stops_after:
            self.stopped.set()
            await self.released.wait()
        inside = [
            pair["call"]["metaData"]
            for pair in self.calls
            if wanted["fromDateTime"]
            <= pair["call"]["metaData"]["started"].replace("Z", "+00:00")
            < wanted["toDateTime"]
        ]
        return self._page(request, "calls", inside, wanted.get("cursor"))

    async def _extensive(self, request: Request) -> Response:
        body = await request.json()
        assert body["contentSelector"]["exposedFields"]["parties"] is True
        found = [pair["call"] for pair in self.calls if _id(pair) in body["filter"]["callIds"]]
        return self._page(request, "calls", found, body.get("cursor"))

    async def _transcripts(self, request: Request) -> Response:
        body = await request.json()
        found = [pair["transcript"] for pair in self.calls if _id(pair) in body["filter"]["callIds"]]
        return self._page(request, "callTranscripts", [words for words in found if words], body.get("cursor"))

    def _page(self, request: Request, key: str, entries: list[Any], cursor: str | None) -> Response:
        self.requests.append(f"{request.method} {request.url.path}")
        if self.before:
            return self.before.pop(0)
        if request.headers.get("authorization") != KEY:
            return JSONResponse({"errors": ["unauthorized"]}, 401)
        if not entries:
            return JSONResponse({"errors": ["No calls found"]}, 404)
        start = int(cursor or 0)
        records: dict[str, Any] = {"totalRecords": len(entries), "currentPageSize": self.page_size}
        if start + self.page_size < len(entries):
            records["cursor"] = str(start + self.page_size)
        return JSONResponse({"requestId": "r", "records": records, key: entries[start : start + self.page_size]})


def _id(pair: dict[str, Any]) -> str:
    return pair["call"]["metaData"]["id"]


@asynccontextmanager
async def serving(gong: FakeGong) -> AsyncIterator[FakeGong]:
    config = uvicorn.Config(gong.application(), host="127.0.0.1", port=0, log_level="critical", lifespan="off")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    gong.url = f"http://127.0.0.1:{port}"
    try:
        yield gong
    finally:
        await server.shutdown()


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        self.now_s += seconds


async def _import(gong: FakeGong, into: Path, clock: Clock | None = None, credential: str = "secret") -> Report:
    clock = clock or Clock()
    shelf = Shelf(into, datetime(2026, 12, 1, tzinfo=UTC))
    async with gong_client(gong.url, "key", credential) as client:
        async for page in GongApi(client, clock.sleep, lambda: clock.now_s).pages(SINCE, UNTIL):
            shelf.take(page.found)
    return shelf.close()


async def test_all_pages_come_in_with_their_words(tmp_path: Path) -> None:
    async with serving(FakeGong([gong_pair(str(number)) for number in range(5)])) as gong:
        report = await _import(gong, tmp_path)
    assert report.new == {"0", "1", "2", "3", "4"}
    assert report.skipped == []
    assert json.loads((tmp_path / "4.json").read_text()) == gong_pair("4")
    assert gong.requests.count("GET /v2/calls") == 3


async def test_importing_the_range_again_changes_nothing(tmp_path: Path) -> None:
    async with serving(FakeGong([gong_pair("1"), gong_pair("2")])) as gong:
        await _import(gong, tmp_path)
        report = await _import(gong, tmp_path)
    assert report.unchanged == {"1", "2"}


async def test_a_call_without_a_transcript_is_imported_and_noted(tmp_path: Path) -> None:
    async with serving(FakeGong([gong_pair("1") | {"transcript": None}])) as gong:
        report = await _import(gong, tmp_path)
    assert report.new == {"1"}
    assert [note.kind for note in report.notes["1"]] == ["no_transcript"]


async def test_an_empty_range_is_no_error(tmp_path: Path) -> None:
    async with serving(FakeGong([gong_pair("1", started="2020-01-01T00:00:00Z")])) as gong:
        report = await _import(gong, tmp_path)
    assert report.shaped()["imported"] == 0


async def test_no_more_than_three_requests_a_second_are_sent(tmp_path: Path) -> None:
    clock = Clock()
    async with serving(FakeGong([gong_pair(str(number)) for number in range(5)])) as gong:
        await _import(gong, tmp_path, clock)
    assert len(gong.requests) == 9
    assert clock.now_s - 100.0 == pytest.approx(8 / 3)


async def test_gong_is_asked_again_when_it_says(tmp_path: Path) -> None:
    clock = Clock()
    busy: Callable[[], Response] = lambda: Response(status_code=429, headers={"Retry-After": "7"})  # noqa: E731
    async with serving(FakeGong([gong_pair("1")], before=[busy(), busy()])) as gong:
        report = await _import(gong, tmp_path, clock)
    assert report.new == {"1"}
    assert clock.slept_s.count(7.0) == 2


async def test_a_server_error_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    async with serving(FakeGong([gong_pair("1")], before=[Response(status_code=503)])) as gong:
        assert (await _import(gong, tmp_path)).new == {"1"}
    async with serving(FakeGong([gong_pair("1")], before=[Response(status_code=503)] * 9)) as gong:
        with pytest.raises(GongError, match="Try again later") as given_up:
            await _import(gong, tmp_path)
    assert given_up.value.code == "unavailable"
    assert len(gong.requests) == 5


async def test_a_used_up_day_is_said_and_not_waited_for(tmp_path: Path) -> None:
    used_up = Response(status_code=429, headers={"Retry-After": "36000"})
    async with serving(FakeGong([gong_pair("1")], before=[used_up])) as gong:
        with pytest.raises(GongError, match="36000 s") as refused:
            await _import(gong, tmp_path)
    assert refused.value.code == "rate_limited"


async def test_a_wrong_key_names_the_variables_to_check(tmp_path: Path) -> None:
    async with serving(FakeGong([gong_pair("1")])) as gong:
        with pytest.raises(GongError, match="GONG_ACCESS_KEY"):
            await _import(gong, tmp_path, credential="wrong")
    assert len(gong.requests) == 1


async def test_a_server_that_is_not_there_is_given_up(tmp_path: Path) -> None:
    gong = FakeGong(url="http://127.0.0.1:9")
    with pytest.raises(GongError, match="did not answer"):
        await _import(gong, tmp_path)


async def test_the_command_imports_with_the_key_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--live", "--from", "2026-10-01", "--to", "2026-11-01", "--into", str(tmp_path), "--json"]
    monkeypatch.delenv("GONG_ACCESS_KEY", raising=False)
    assert await anyio.to_thread.run_sync(main, arguments) == 1
    assert "GONG_ACCESS_KEY" in json.loads(capsys.readouterr().out)["error"]
    async with serving(FakeGong([gong_pair("1")])) as gong:
        monkeypatch.setenv("GONG_ACCESS_KEY", "key")
        monkeypatch.setenv("GONG_ACCESS_SECRET", "secret")
        monkeypatch.setenv("GONG_BASE_URL", gong.url)
        assert await anyio.to_thread.run_sync(main, arguments) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["imported"], report["error"]) == (1, None)


@pytest.fixture
def heeding_interrupts() -> Iterator[None]:
    """Children heed SIGINT, even where a shell started the tests in the background and made them deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
async def test_an_interrupted_import_keeps_and_reports_what_had_come_in(
    tmp_path: Path, heeding_interrupts: None
) -> None:
    gong = FakeGong([gong_pair(str(number)) for number in (1, 2, 3)], stops_after=1)
    command = [sys.executable, "-m", "workspace.gong_import", "--live", "--from", "2026-10-01", "--json"]
    command += ["--into", str(tmp_path)]
    async with serving(gong):
        variables = {
            **os.environ,
            "GONG_ACCESS_KEY": "key",
            "GONG_ACCESS_SECRET": "secret",
            "GONG_BASE_URL": gong.url,
        }
        async with await anyio.open_process(command, env=variables) as process, anyio.create_task_group() as tasks:
            tasks.start_soon(_interrupt, process, gong.stopped)
            assert process.stdout is not None
            report = json.loads(b"".join([chunk async for chunk in process.stdout]))
            code = await process.wait()
            gong.released.set()
    assert code == 130
    assert report["interrupted"]
    assert report["new"] == len(os.listdir(tmp_path)) == 2


async def _interrupt(process: Process, when: anyio.Event) -> None:
    await when.wait()
    process.send_signal(signal.SIGINT)
