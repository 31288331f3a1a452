"""All deals of a CRM server, page by page, in the ways that public ones list them.

HubSpot lists objects of a type (`hubspot-list-objects`, `search_crm_objects`), Salesforce answers SOQL (`soqlQuery`,
`run_soql_query`), and a plain tool gives a list (`list_deals`). Which of them a tool is shows in what it takes. A page
is the unit of work: whoever reads may stop after any and go on later with its cursor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, cast

from agents.sources import SourceError
from server.downstream.adapters.days import day_of
from server.downstream.adapters.deals import (
    Company,
    Deal,
    company_of,
    hubspot_company,
    hubspot_deal,
    mapping,
    plain_deal,
    salesforce_deal,
)
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_answer, garbage
from server.errors import SophiaError

__all__ = ["DealFeed", "DealPage", "Door", "feed_of"]

PAGE = 100
OBJECT_LISTS = ("results", "records", "deals", "objects", "items", "data")
PAGINGS = ("paging", "pagination", "page_info", "pageInfo", "meta", "metadata")
CURSORS = (
    "next_cursor",
    "nextCursor",
    "next_page_token",
    "nextPageToken",
    "end_cursor",
    "endCursor",
    "next_offset",
    "nextOffset",
)
MORE = ("has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage", "truncated")
NO_MORE = MORE[:-1]
"""A list that is not cut off may have other pages all the same."""
TOTALS = ("total", "total_count", "totalCount", "total_results", "totalResults")
HUBSPOT_DEAL_PROPERTIES = (
    "dealname",
    "dealstage",
    "pipeline",
    "amount",
    "amount_in_home_currency",
    "closedate",
    "createdate",
    "hs_is_closed",
    "hs_is_closed_won",
    "hs_deal_stage_probability",
    "hs_manual_forecast_category",
    "hs_primary_associated_company",
    "hubspot_owner_id",
)
SOQL_FIELDS = (
    "Id, Name, StageName, Amount, CloseDate, CreatedDate, IsWon, IsClosed, Probability, ForecastCategoryName, Type, "
    "Owner.Name, Account.Name, Account.Industry"
)

Door = tuple[Connection, Binding]


@dataclass(frozen=True, slots=True)
class DealPage:
    """Some deals and the way to the next ones. `as_of` is the last day of a frozen set, as its server says.

    `total` is how many the CRM says there are, and `more` that there are others although no way to them is given.
    """

    deals: tuple[Deal, ...]
    cursor: str | None = None
    as_of: date | None = None
    unreadable: int = 0
    total: int | None = None
    more: bool = False


class DealFeed(Protocol):
    """One CRM, read."""

    async def page(self, cursor: str | None) -> DealPage:
        """The deals after `cursor`, the first ones for None. Raises SourceError and nothing else."""
        ...


def feed_of(deals: Door, owners: Door | None) -> DealFeed:
    """The feed for a tool that lists deals."""
    binding = deals[1]
    properties = cast("Mapping[str, Any]", binding.tool.input_schema.get("properties") or {})
    if "objectType" in properties:
        return HubSpotFeed(deals, owners)
    if binding.takes("soql") is not None:
        return SalesforceFeed(deals)
    return PlainFeed(deals)


class HubSpotFeed:
    """Objects of type `deals`, with the names of their owners and companies read beside them."""

    def __init__(self, deals: Door, owners: Door | None) -> None:
        self._deals = deals
        self._owners_at = owners
        self._owners: Mapping[str, str] | None = None
        self._companies: dict[str, Company] | None = None

    async def page(self, cursor: str | None) -> DealPage:
        """One page of deals."""
        if cursor is None or self._owners is None:
            self._owners, self._companies = await self._read_owners(), None
        answer = await self._objects("deals", HUBSPOT_DEAL_PROPERTIES, cursor)
        items = listed(answer)
        if self._companies is None and any(company_of(item) for item in items):
            self._companies = await self._read_companies()
        read = [hubspot_deal(item, self._owners, self._companies or {}) for item in items]
        found = tuple(deal for deal in read if deal is not None)
        following = self._following(answer, cursor, len(items))
        more = following is None and bool(items) and says_more(answer, cursor)
        return DealPage(found, following, None, len(read) - len(found), total_of(answer), more)

    async def _objects(self, kind: str, properties: Sequence[str], cursor: str | None) -> Mapping[str, Any]:
        connection, binding = self._deals
        after: Any = cursor
        if cursor is not None and binding.takes("after") == "offset":
            after = int(cursor)
        associated = ["companies"] if kind == "deals" and binding.takes("associations") else None
        sent = binding.arguments(
            objectType=kind, properties=list(properties), limit=PAGE, after=after, associations=associated
        )
        return await ask(connection, binding, sent)

    def _following(self, answer: Mapping[str, Any], cursor: str | None, count: int) -> str | None:
        if self._deals[1].takes("after") == "offset":
            seen = int(cursor or 0) + count
            total = total_of(answer)
            return str(seen) if count and (seen < (total or 0) or says_more(answer, cursor)) else None
        return next_cursor(answer, cursor)

    async def _read_companies(self) -> dict[str, Company]:
        companies: dict[str, Company] = {}
        cursor: str | None = None
        for _ in range(MAX_COMPANY_PAGES):
            answer = await self._objects("companies", ("name", "industry"), cursor)
            items = listed(answer)
            companies |= dict(found for item in items if (found := hubspot_company(item)) is not None)
            cursor = self._following(answer, cursor, len(items))
            if cursor is None:
                break
        return companies

    async def _read_owners(self) -> Mapping[str, str]:
        """Names by id; none where the server does not say who the owners are."""
        if self._owners_at is None:
            return {}
        connection, binding = self._owners_at
        answer = await ask(connection, binding, binding.arguments(limit=PAGE))
        named = {
            str(o.get("id")): " ".join(str(o.get(n) or "") for n in ("firstName", "lastName")) for o in listed(answer)
        }
        return {owner: name.strip() for owner, name in named.items() if name.strip()}


MAX_COMPANY_PAGES = 200


class SalesforceFeed:
    """Opportunities over SOQL, in order of their ids, so that the last id of a page is the way to the next."""

    def __init__(self, deals: Door) -> None:
        self._connection, self._binding = deals

    async def page(self, cursor: str | None) -> DealPage:
        """One page of opportunities."""
        after = f" WHERE Id > '{cursor}'" if cursor else ""
        soql = f"SELECT {SOQL_FIELDS} FROM Opportunity{after} ORDER BY Id LIMIT {PAGE}"  # noqa: S608  an id that Salesforce gave
        answer = await ask(self._connection, self._binding, self._binding.arguments(soql=soql, limit=PAGE))
        records = listed(answer)
        read = [salesforce_deal(record) for record in records]
        found = tuple(deal for deal in read if deal is not None)
        last = found[-1].opportunity_id if found else None
        # Some servers cut a page short; only an empty one, or a short one called complete, is the last.
        complete = len(records) < PAGE and answer.get("done") is not False and not answer.get("truncated")
        following = last if last is not None and last.isalnum() and last != cursor and not complete else None
        more = following is None and bool(records) and not complete
        return DealPage(found, following, None, len(read) - len(found), None, more)


class PlainFeed:
    """A tool that lists deals as flat objects."""

    def __init__(self, deals: Door) -> None:
        self._connection, self._binding = deals

    async def page(self, cursor: str | None) -> DealPage:
        """One page of deals."""
        answer = await ask(self._connection, self._binding, self._binding.arguments(limit=PAGE, after=cursor))
        items = listed(answer)
        read = [hubspot_deal(item, {}, {}) if "properties" in item else plain_deal(item) for item in items]
        found = tuple(deal for deal in read if deal is not None)
        total, following = total_of(answer), next_cursor(answer, cursor)
        if following is None and items and self._binding.takes("after") == "offset" and (cursor or "0").isdecimal():
            seen = int(cursor or 0) + len(items)
            following = str(seen) if says_more(answer, cursor) or seen < (total or 0) else None
        return DealPage(
            found,
            following,
            day_of(answer.get("as_of") or answer.get("asOf")),
            len(read) - len(found),
            total,
            following is None and bool(items) and says_more(answer, cursor),
        )


def next_cursor(answer: Mapping[str, Any], cursor: str | None) -> str | None:
    """The way to the next page, under the names that servers give it; None where it leads nowhere else."""
    found = None if says(answer, NO_MORE, False) else cursor_in(answer)
    return found if found != cursor else None


def cursor_in(answer: Mapping[str, Any]) -> str | None:
    """What a server gives for the way on. Some give it on the last page too, and say that nothing follows."""
    given = [mapping(place.get("next")).get("after") for place in places(answer)]
    given += [place.get(name) for place in places(answer) for name in CURSORS]
    return next((str(it) for it in given if it and isinstance(it, str | int) and not isinstance(it, bool)), None)


def says_more(answer: Mapping[str, Any], cursor: str | None) -> bool:
    """Whether the server says that others follow, in so many words or with a cursor that leads nowhere."""
    if says(answer, MORE, True):
        return True
    return cursor is not None and not says(answer, NO_MORE, False) and cursor_in(answer) == cursor


def says(answer: Mapping[str, Any], names: Sequence[str], what: object) -> bool:
    return any(place.get(name) is what for place in places(answer) for name in names)


def total_of(answer: Mapping[str, Any]) -> int | None:
    """How many there are on all pages, as the server says."""
    said = (place.get(name) for place in places(answer) for name in TOTALS)
    return next((it for it in said if isinstance(it, int) and not isinstance(it, bool)), None)


def places(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Where servers speak of pages: in the answer itself or in a part of it."""
    return [answer, *(mapping(answer.get(name)) for name in PAGINGS)]


async def ask(connection: Connection, binding: Binding, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The JSON object that a tool of a CRM answers with. Raises SourceError."""
    tool = binding.tool.name
    try:
        answer = await call_for_answer(connection, tool, sent)
    except SophiaError as error:
        raise as_source_error(error) from error
    if isinstance(answer.json, list):
        return {"results": cast("list[object]", answer.json)}
    if not isinstance(answer.json, dict):
        raise as_source_error(garbage(connection, tool, answer.text))
    return cast("Mapping[str, Any]", answer.json)


def listed(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects of a page, whatever the server calls the list. Raises SourceError where there is none."""
    for key in OBJECT_LISTS:
        if isinstance(answer.get(key), list):
            items = cast("list[Any]", answer[key])
            return [cast("Mapping[str, Any]", item) if isinstance(item, dict) else {} for item in items]
    raise SourceError("unavailable", "The CRM answered without a list; `sophia doctor` shows how it is bound.")
