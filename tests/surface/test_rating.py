"""`rate_answer` through real clients: who may rate what, and what is kept."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import mcp_types as t
import pytest
from mcp import Client

from server import app
from server.app import Sophia, running
from server.config import load
from server.state.database import StoreError
from server.surface.rating import RATE_ANSWER

TOOL = "executive_knowledge_team"


@asynccontextmanager
async def serving(place: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Sophia]:
    async def not_warmed(*_: Any) -> None:
        pass

    monkeypatch.setattr(app, "_warm", not_warmed)
    (place / "downstream.yaml").write_text("mcpServers: {}\n", encoding="utf-8")
    async with running(load(place, {}), place / "state") as sophia:
        yield sophia


async def answered(client: Client, **more: str) -> str:
    """The decision id of an answer; without a server the agents have nothing to ask, which is no less an answer."""
    result = await client.call_tool(TOOL, {"request": "Give me the brief", **more})
    return result.meta["sophia/decision"]


async def rated(client: Client, decision_id: Any, score: Any, **more: Any) -> t.CallToolResult:
    return await client.call_tool("rate_answer", {"decision_id": decision_id, "score": score, **more})


@pytest.mark.parametrize("era", ["auto", "legacy"])
async def test_everybody_is_offered_it_and_the_newest_rating_of_an_answer_is_kept(
    tmp_path: Path, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch) as sophia, Client(sophia.server, mode=era) as client:
        assert RATE_ANSWER in (await client.list_tools()).tools
        decision_id = await answered(client)
        for score in (2, 5):
            result = await rated(client, decision_id, score)
            assert result.structured_content == {"decision_id": decision_id, "tool": TOOL, "score": score}
        kept = sophia.store.ratings.of(0)
        assert [(rating.decision_id, rating.score) for rating in kept] == [(decision_id, 5)]


async def test_an_answer_of_a_session_is_rated_by_whoever_has_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch) as sophia, Client(sophia.server) as client:
        decision_id = await answered(client, session_id="anns")
        foreign = [await rated(client, decision_id, 1, **more) for more in ({}, {"session_id": "bobs"})]
        unknown = await rated(client, f"{decision_id[:-1]}x", 1)
        assert sophia.store.ratings.of(0) == []
        assert not (await rated(client, decision_id, 4, session_id="anns")).is_error
        kept = sophia.store.ratings.of(0)
    assert {one.content[0].text for one in foreign} == {unknown.content[0].text}
    assert unknown.meta["sophia/error"]["kind"] == "not_found"
    assert "decision_id" in unknown.content[0].text
    assert "anns" not in str(kept), "who rated is kept as a number only"


async def test_the_session_id_that_an_answer_came_with_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch) as sophia, Client(sophia.server) as client:
        assert not (await rated(client, await answered(client), 3, session_id="minted")).is_error


async def test_what_is_no_score_is_refused_and_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(tmp_path, monkeypatch) as sophia, Client(sophia.server) as client:
        decision_id = await answered(client)
        for score in (0, 6, 3.5, "5", True, None):
            result = await rated(client, decision_id, score)
            assert result.is_error
            assert "score" in result.content[0].text
        assert (await rated(client, "", 3)).is_error
        assert (await rated(client, "\u0000é", 3)).meta["sophia/error"]["kind"] == "not_found"
        assert sophia.store.ratings.of(0) == []


async def test_a_rating_that_was_not_stored_is_not_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StoreError("/secret/state.db: disk full")

    async with serving(tmp_path, monkeypatch) as sophia, Client(sophia.server) as client:
        decision_id = await answered(client)
        monkeypatch.setattr(sophia.store.ratings, "add", full)
        result = await rated(client, decision_id, 3)
    assert result.is_error
    assert "not kept" in result.content[0].text
    assert "secret" not in result.content[0].text


@pytest.mark.slow
async def test_over_http_nobody_rates_what_another_connection_was_answered(served: str) -> None:
    with anyio.fail_after(60):
        async with Client(served, mode="legacy") as ann, Client(served, mode="legacy") as bob:
            decision_id = await answered(ann)
            assert (await rated(bob, decision_id, 1)).meta["sophia/error"]["kind"] == "not_found"
            assert not (await rated(ann, decision_id, 5)).is_error
