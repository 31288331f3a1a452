"""Calls from a server that answers in Gong's own shapes, as `list_calls`, `get_call_details` and
`retrieve_transcripts` of most public ones do."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from agents.sources import Call, SourceError, Transcript
from server.downstream.adapters.days import day_of
from server.downstream.adapters.feed import Given, Listed, Page
from server.downstream.adapters.gong import read_call, read_transcript
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding, Capability
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_json
from server.errors import SophiaError

__all__ = ["MOST_AT_ONCE", "Doors", "GongFeed", "said_private"]

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 100

Doors = Mapping[Capability, tuple[Connection, Binding]]
"""Where `calls.list`, `calls.details` and `calls.transcripts` are bound."""

ReadT = TypeVar("ReadT")


class GongFeed:
    """`CallFeed` over the bound tools."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    @property
    def details_at_once(self) -> int:
        """As many as the library asks for."""
        return MOST_AT_ONCE if "calls.details" in self._doors else 0

    async def page(self, since: datetime | None, cursor: str | None) -> Page:
        """One page of `list_calls`."""
        arguments: dict[str, Any] = {}
        if since is not None:
            arguments["fromDateTime"] = since.isoformat()
        if cursor is not None:
            arguments["cursor"] = cursor
        answer = await self._ask("calls.list", arguments)
        calls = _objects(answer, "calls")
        detailed = "calls.details" in self._doors
        listed = tuple(
            Listed(str(call["id"]), None if detailed else _basic(call), said_private(call))
            for call in calls
            if call.get("id")
        )
        records: Any = answer.get("records")
        following: Any = cast("Mapping[str, Any]", records).get("cursor") if isinstance(records, dict) else None
        return Page(
            listed,
            cursor=str(following) if following else None,
            as_of=day_of(answer.get("asOf")),
            unreadable=len(calls) - len(listed),
        )

    async def details(self, call_ids: Sequence[str]) -> Given[Call]:
        """`get_call_details` of these calls."""
        if "calls.details" not in self._doors:
            return Given(())
        binding = self._doors["calls.details"][1]
        # A public server leaves out the CRM's account unless it is asked for everything.
        asked = {"callIds": list(call_ids)} | (
            {"contentSelector": "full"} if binding.takes("contentSelector") else {}
        )
        answer = await self._ask("calls.details", asked)
        return _read(read_call, _objects(answer, "calls"))

    async def transcripts(self, call_ids: Sequence[str]) -> Given[Transcript]:
        """`retrieve_transcripts` of these calls."""
        answer = await self._ask("calls.transcripts", {"callIds": list(call_ids)})
        return _read(read_transcript, _objects(answer, "callTranscripts"))

    async def _ask(self, capability: Capability, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        connection, binding = self._doors[capability]
        try:
            return await call_for_json(connection, binding.tool.name, arguments)
        except SophiaError as error:
            raise as_source_error(error) from error


def said_private(call: Mapping[str, Any]) -> bool | None:
    """Whether a list calls a call private; None where it does not say."""
    said: object = call.get("isPrivate")
    return said if isinstance(said, bool) else None


def _basic(call: Mapping[str, Any]) -> Call | None:
    """What a list says of a call, where nothing says more: no parties, so nobody knows who speaks for whom."""
    try:
        return read_call({"metaData": call})
    except (SourceError, ValueError):
        return None


def _objects(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects in a list of a foreign answer; whatever else stands there becomes one that nothing can be read of."""
    listed: Any = answer.get(key)
    items = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [cast("Mapping[str, Any]", item) if isinstance(item, dict) else {} for item in items]


def _read(read: Callable[[Mapping[str, Any]], ReadT], items: Sequence[Mapping[str, Any]]) -> Given[ReadT]:
    found: list[ReadT] = []
    for item in items:
        try:
            found.append(read(item))
        except (SourceError, AttributeError, KeyError, TypeError, ValueError):
            logger.warning("a call that is not of Gong's shape is left out")
    return Given(tuple(found), len(items) - len(found))
