"""The existing tools that answer for our own, worn as our own results."""

from typing import Any

import mcp_types as t
import pytest

from server.bridge.mapped_routes import MAPPED_ROUTES
from server.downstream.capabilities import Binding
from server.errors import SourceFailed


class Door:
    """A server in memory that answers one tool, in place of a connection."""

    def __init__(self, answer: dict[str, Any], *, is_error: bool = False) -> None:
        self.name = "server"
        self.endpoint = self
        self.asked: list[dict[str, Any]] = []
        self._answer = t.CallToolResult(
            content=[], structured_content=None if is_error else answer, is_error=is_error
        )

    @staticmethod
    def hide(text: str) -> str:
        return text

    async def ask(self, request: Any, *_: object) -> t.CallToolResult:
        self.asked.append(request.params.arguments)
        return self._answer


MESSAGE = {
    "ts": "1513933200.000001",
    "channel": {"name": "wins"},
    "username": "Dana",
    "text": "Acme signed.",
    "sent": "2017-12-22T09:00:00Z",
    "synthetic": True,
}
ANALYTICS = {
    "metric_type": "pipeline",
    "from": "2017-10-01",
    "to": "2017-12-31",
    "pipeline": "West",
    "metrics": {
        "open": 2,
        "open_by_stage": {"Engaging": 2},
        "won": 3,
        "lost": 1,
        "win_rate": 0.75,
        "revenue": 1500.0,
    },
    "definitions": {"won": "won deals"},
}


def binding(tool: str, *takes: str) -> Binding:
    schema: dict[str, Any] = {"type": "object", "properties": {name: {} for name in takes}}
    return Binding("server", t.Tool(name=tool, input_schema=schema))


async def test_messages_that_the_server_finds_are_told_as_the_agent_tells_them() -> None:
    door = Door({"messages": [MESSAGE], "next_cursor": None, "as_of": "2017-12-31"})
    route = MAPPED_ROUTES["slack_orchestrator"]
    bound = binding("search_messages", "query", "channel", "limit")
    answered = await route.serve(door, bound, {"query": "Acme", "channel": "wins"})
    assert "[#wins, Dana, 2017-12-22] “Acme signed.”" in answered.answer
    assert answered.citations[0].model_dump()["quote"] == "Acme signed."
    assert set(answered.data) == {"search_messages"}
    assert door.asked == [{"query": "Acme", "channel": "wins", "limit": 100}]
    assert any("synthetic" in note for note in answered.notes)


def test_nothing_but_a_search_goes_to_the_channel_server_by_itself() -> None:
    route = MAPPED_ROUTES["slack_orchestrator"]
    assert route.intents == {"search_messages"}
    assert not route.expressible & {"text", "confirm"}


async def test_figures_of_the_crm_are_told_with_their_definitions() -> None:
    door = Door(ANALYTICS)
    route = MAPPED_ROUTES["hubspot_crm"]
    answered = await route.serve(door, binding("get_analytics"), {"region": "West", "period": "2017-Q4"})
    assert door.asked == [{"metric_type": "pipeline", "pipeline": "West", "from": "2017-10-01", "to": "2017-12-31"}]
    for said in ("Pipeline in West, 2017-10-01 to 2017-12-31", "win rate: 75.0%", "Engaging 2", "won: won deals"):
        assert said in answered.answer
    assert answered.data["downstream"] == ANALYTICS


async def test_a_server_that_says_no_is_a_failure_of_the_source() -> None:
    door = Door({}, is_error=True)
    with pytest.raises(SourceFailed):
        await MAPPED_ROUTES["hubspot_crm"].serve(door, binding("get_analytics"), {})
