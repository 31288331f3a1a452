"""What one downstream server offers, as it said so itself, and as it is kept between runs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import mcp_types as t
from mcp import Client
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel, ConfigDict, ValidationError

from server.downstream.sound_lists import SoundLists

__all__ = ["Offer", "fetch_offer", "offer_from_json", "offer_to_json"]

MAX_PAGES = 200
"""A server that never ends its list is cut off here rather than followed for ever."""

PageT = TypeVar("PageT", bound=t.PaginatedResult)
ItemT = TypeVar("ItemT")


class Offer(BaseModel):
    """Everything a server lists, in its order; `left_out` says what was not taken, and why."""

    model_config = ConfigDict(frozen=True)

    protocol_version: str
    tools: tuple[t.Tool, ...] = ()
    resources: tuple[t.Resource, ...] = ()
    templates: tuple[t.ResourceTemplate, ...] = ()
    prompts: tuple[t.Prompt, ...] = ()
    completes: bool = False
    left_out: tuple[str, ...] = ()


async def fetch_offer(client: Client, lists: SoundLists) -> Offer:
    """Ask a connected server for all it declares to have.

    Raises MCPError or a validation error when the server fails to list what it declared.
    """
    has = client.server_capabilities
    session = client.session
    return Offer(
        protocol_version=client.protocol_version,
        tools=await _all(_pages(session.list_tools), lambda page: page.tools) if has.tools else (),
        resources=await _all(_pages(session.list_resources), lambda page: page.resources) if has.resources else (),
        templates=await _all(_pages(session.list_resource_templates), lambda page: page.resource_templates)
        if has.resources
        else (),
        prompts=await _all(_pages(session.list_prompts), lambda page: page.prompts) if has.prompts else (),
        completes=has.completions is not None,
        left_out=lists.left_out,
    )


def offer_to_json(offer: Offer) -> Mapping[str, Any]:
    """The kept form."""
    return offer.model_dump(mode="json", by_alias=True, exclude_none=True)


def offer_from_json(kept: Mapping[str, Any]) -> Offer | None:
    """The offer as it was kept, or None when another release kept it in a form this one does not read."""
    try:
        return Offer.model_validate(kept)
    except ValidationError:
        return None


def _pages(fetch: Callable[..., Awaitable[PageT]]) -> Callable[[str | None], Awaitable[PageT]]:
    def page(cursor: str | None) -> Awaitable[PageT]:
        return fetch(params=t.PaginatedRequestParams(cursor=cursor) if cursor else None)

    return page


async def _all(
    fetch: Callable[[str | None], Awaitable[PageT]], items: Callable[[PageT], list[ItemT]]
) -> tuple[ItemT, ...]:
    found: list[ItemT] = []
    seen: set[str] = set()
    cursor: str | None = None
    for _ in range(MAX_PAGES):
        try:
            page = await fetch(cursor)
        except MCPError as error:
            # Servers declare resources and know no templates: what is not there to be listed is empty.
            if error.code == t.METHOD_NOT_FOUND:
                break
            raise
        found.extend(items(page))
        cursor = page.next_cursor
        if not cursor or cursor in seen:
            break
        seen.add(cursor)
    return tuple(found)
