"""Periods such as "last quarter" count back from the last day of the data, also while that day is still being asked for."""

from datetime import date

import anyio
import pytest

from server.downstream.adapters import known
from server.library.calls import CallLibrary
from tests.surface.crm_in_memory import Starts

LAST_QUARTER = {"request": "which objections came up last quarter?"}
THIRD_QUARTER = {"request": "which objections came up in 2017-Q3?"}


async def test_a_period_is_never_counted_from_today_while_the_last_day_is_not_known_yet(
    sophia: Starts, monkeypatch: pytest.MonkeyPatch
) -> None:
    let = anyio.Event()

    async def slow(_: CallLibrary) -> date:
        await let.wait()
        return date(2017, 12, 31)

    monkeypatch.setattr(CallLibrary, "as_of", slow)
    monkeypatch.setattr(known, "WAIT_S", 0.0)
    monkeypatch.setattr(known, "DAY_WAIT_S", 0.0)
    async with sophia(gong={}) as (_, client):
        refused = await client.call_tool("gong_intelligence", LAST_QUARTER)
        dated = await client.call_tool("bridge_explain", {"tool": "gong_intelligence", "arguments": THIRD_QUARTER})
        monkeypatch.setattr(known, "DAY_WAIT_S", 60.0)
        let.set()
        read = await client.call_tool("bridge_explain", {"tool": "gong_intelligence", "arguments": LAST_QUARTER})
    assert refused.meta["sophia/error"]["kind"] == "busy"
    assert "Ask again in a moment" in refused.content[0].text
    for found in (dated, read):
        assert found.structured_content["read"]["arguments"]["from_date"] == "2017-07-01"
