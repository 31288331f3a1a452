"""A Sophia in this process over a server in memory, and a real client of it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from mcp import Client
from mcp.server.lowlevel import Server

from server import app
from server.app import Sophia, running
from server.config import load
from tests.surface.crm_in_memory import Crm, Starts, in_memory
from workspace.gong.library import bundled
from workspace.gong.server import build_server


@pytest.fixture
def crm() -> Crm:
    return Crm()


@pytest.fixture
def sophia(tmp_path: Path, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> Starts:
    """Starts a Sophia over the CRM, which is restricted, free or paid as a test says, and over the bundled calls."""

    async def not_warmed(*_: Any) -> None:
        pass

    @asynccontextmanager
    async def started(agno: Mapping[str, Any] | None = None, **options: Any) -> AsyncGenerator[tuple[Sophia, Client]]:
        servers: dict[str, Server[Any]] = {"crm": crm.server()}
        if "gong" in options:
            servers["gong"] = build_server(bundled())
        calls = {"capabilities": ["calls.list", "calls.details", "calls.transcripts"], "library_background": False}
        written = {
            "crm": {"command": "none", "sophia": {"capabilities": ["calls.analysis"], **options.get("crm", {})}},
            "gong": {
                "command": "none",
                "disabled": "gong" not in options,
                "sophia": {**calls, **options.get("gong", {})},
            },
            **{name: {"command": "none", "disabled": True} for name in ("snowflake", "hubspot", "slack", "linear")},
        }
        (tmp_path / "services").mkdir(exist_ok=True)
        (tmp_path / "downstream.yaml").write_text(yaml.safe_dump({"mcpServers": written}), encoding="utf-8")
        named = tmp_path / "services" / "agno_integration.yaml"
        named.write_text(yaml.safe_dump({"agno_integration": dict(agno or {})}), encoding="utf-8")
        monkeypatch.setattr(app, "endpoint_of", lambda server, *_: in_memory(server, servers[server.name]))
        monkeypatch.setattr(app, "_warm", not_warmed)
        with anyio.fail_after(60):
            async with running(load(tmp_path, {}), tmp_path / "state", operator=True) as sophia:
                await sophia.pool.settled()
                async with Client(sophia.server) as client:
                    yield sophia, client

    return started
