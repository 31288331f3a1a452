"""A company with a CRM server and no SQL warehouse: its deals, in the shapes of the public servers. All invented."""

import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import anyio
import pytest

from agents.analysis.metric_catalog import METRICS
from agents.sources import SourceError, Sources
from agents.warehouse_tools.metric import METRIC
from server.downstream.adapters import crm as crm_module
from server.downstream.adapters.crm import CrmWarehouse
from server.downstream.adapters.deal_feed import feed_of
from server.downstream.adapters.deals import plain_deal
from server.downstream.capabilities import bind
from server.downstream.connection import Connection

Scripted = Any
Held = Callable[[Connection], AbstractAsyncContextManager[Connection]]
Json = dict[str, Any]

STANDING = """SELECT opportunity_id, sales_agent, account, sector, deal_stage, engage_date, close_date, close_value,
 expected_close_date, amount FROM opportunities ORDER BY 1"""
CREATED, CLOSED = date(2026, 1, 5), date(2026, 3, 1)
DEALS = (
    ("1", "Ann Bell", "Acme", "retail", "Won", CREATED, CLOSED, 500.0, None, 500.0),
    ("2", "Ann Bell", "Initech", "software", "Lost", CREATED, CLOSED, 0.0, None, 70.0),
    ("3", "Bo Carr", None, None, "Engaging", CREATED, None, None, CLOSED, 90.0),
)


def text(answer: Any, heading: str = "") -> Json:
    return {"content": [{"type": "text", "text": heading + json.dumps(answer, indent=2)}]}


def hubspot_object(deal_id: str, stage: str, amount: str, company: str | None, owner: str, **flags: str) -> Json:
    return {
        "id": deal_id,
        "properties": {
            "dealname": f"Deal {deal_id}",
            "dealstage": stage,
            "amount": amount,
            "createdate": "2026-01-05T10:00:00Z",
            "closedate": "2026-03-01T00:00:00Z",
            "hubspot_owner_id": owner,
            **flags,
        },
        **({"associations": {"companies": {"results": [{"id": company}]}}} if company else {}),
    }


HUBSPOT_DEALS = [
    hubspot_object("1", "closedwon", "500", "77", "5", hs_is_closed="true", hs_is_closed_won="true"),
    hubspot_object("2", "9481", "70", "78", "5", hs_is_closed="true", hs_is_closed_won="false"),
    hubspot_object("3", "presentationscheduled", "90", None, "6", hs_is_closed="false", hs_is_closed_won="false"),
]
HUBSPOT_COMPANIES = [
    {"id": "77", "properties": {"name": "Acme", "industry": "retail"}},
    {"id": "78", "properties": {"name": "Initech", "industry": "software"}},
]


def hubspot_npm(arguments: Mapping[str, Any]) -> Json:
    items = HUBSPOT_DEALS if arguments["objectType"] == "deals" else HUBSPOT_COMPANIES
    start = int(arguments.get("after", 0))
    following = {"next": {"after": str(start + 1)}} if start + 1 < len(items) else None
    return text({"results": items[start : start + 1], "paging": following})


def hubspot_remote(arguments: Mapping[str, Any]) -> Json:
    items = HUBSPOT_DEALS if arguments["objectType"] == "deals" else HUBSPOT_COMPANIES
    start = arguments.get("offset", 0)
    return {"content": [], "structuredContent": {"results": items[start : start + 2], "total": len(items)}}


def hubspot_owners(_: Mapping[str, Any]) -> Json:
    owners = [{"id": 5, "firstName": "Ann", "lastName": "Bell"}, {"id": 6, "firstName": "Bo", "lastName": "Carr"}]
    return text({"results": owners})


def record(
    deal_id: str, stage: str, amount: float, owner: str, account: Json | None, *, won: bool, closed: bool
) -> Json:
    return {
        "attributes": {"type": "Opportunity"},
        "Id": deal_id,
        "Name": f"Deal {deal_id}",
        "StageName": stage,
        "Amount": amount,
        "CloseDate": "2026-03-01",
        "CreatedDate": "2026-01-05T10:00:00.000+0000",
        "IsWon": won,
        "IsClosed": closed,
        "Probability": 40,
        "Owner": {"attributes": {}, "Name": owner},
        "Account": account,
    }


RECORDS = [
    record("1", "Closed Won", 500, "Ann Bell", {"Name": "Acme", "Industry": "retail"}, won=True, closed=True),
    record("2", "Closed Lost", 70, "Ann Bell", {"Name": "Initech", "Industry": "software"}, won=False, closed=True),
    record("3", "Proposal", 90, "Bo Carr", None, won=False, closed=False),
]


def salesforce(arguments: Mapping[str, Any]) -> Json:
    """Cut short after two records, as servers do that mind the size of an answer."""
    soql = arguments["query"]
    assert soql.startswith("SELECT Id, Name, StageName")
    rest = [r for r in RECORDS if "Id > " not in soql or r["Id"] > soql.split("'")[1]]
    if len(rest) > 2:
        answer = {"done": False, "totalSize": 3, "returnedRecords": 2, "truncated": True, "records": rest[:2]}
        return text(answer, "SOQL query results (TRUNCATED):\n\nAGENT INSTRUCTIONS:\n- Narrow it.\n\n")
    return text({"done": True, "totalSize": len(rest), "records": rest}, "SOQL query results:\n\n")


def plain(arguments: Mapping[str, Any]) -> Json:
    deals = [
        {
            "id": "1",
            "stage": "Won",
            "amount": 500,
            "owner": {"name": "Ann Bell"},
            "account": "Acme",
            "sector": "retail",
        },
        {"id": "2", "stage": "lost", "amount": "70", "owner": "Ann Bell", "account": "Initech", "sector": "software"},
        {"id": "3", "stage": "Engaging", "amount": 90, "owner": "Bo Carr"},
        {"stage": "Won"},
    ]
    dates = {"created_date": "2026-01-05", "close_date": "2026-03-01"}
    start = int(arguments.get("cursor") or 0)
    page = [deal | dates for deal in deals[start : start + 3]]
    return text({"deals": page, "next_cursor": "3" if not start else None, "as_of": "2026-06-30"})


LIST = ("objectType", "limit", "after", "properties", "associations")
SEARCH = ("objectType", "query", "filterGroups", "properties", "sorts", "limit", "offset")
OWNERS = {"search_owners": (("query", "limit"), hubspot_owners)}
CRMS = {
    "hubspot npm": {"hubspot-list-objects": (LIST, hubspot_npm)} | OWNERS,
    "hubspot remote": {"search_crm_objects": (SEARCH, hubspot_remote)} | OWNERS,
    "salesforce": {"run_soql_query": (("query", "maxRecords"), salesforce)},
    "plain": {"list_deals": (("limit", "cursor"), plain)},
}


@asynccontextmanager
async def deals_of(scripted: Scripted, held: Held, tools: Mapping[str, Any]) -> AsyncGenerator[CrmWarehouse, None]:
    scripted.is_like(tools)
    async with held(scripted.connection()) as connection:
        assert connection.offer is not None
        bound = bind({"crm": connection.offer}, {})
        owners = (connection, bound["crm.owners"]) if "crm.owners" in bound else None
        yield CrmWarehouse("crm", feed_of((connection, bound["crm.deals"]), owners))


@pytest.mark.parametrize("crm", CRMS)
async def test_deals_stand_in_the_view_whatever_crm_they_come_from(crm: str, scripted: Scripted, held: Held) -> None:
    async with deals_of(scripted, held, CRMS[crm]) as warehouse:
        assert (await warehouse.query(STANDING)).rows == DEALS
        assert await warehouse.as_of() == (date(2026, 6, 30) if crm == "plain" else datetime.now(UTC).date())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
async def test_every_named_metric_is_computed_over_the_deals_of_a_crm(
    metric: Any, scripted: Scripted, held: Held
) -> None:
    async with deals_of(scripted, held, CRMS["plain"]) as warehouse:
        wanted = METRIC.parameters.model_validate({"metric": metric.id, "period": "all"})
        seen = await METRIC.run(Sources(warehouse=warehouse), wanted)
    assert seen.citations


async def test_deals_are_read_once_for_many_questions(scripted: Scripted, held: Held) -> None:
    async with deals_of(scripted, held, CRMS["plain"]) as warehouse, anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(warehouse.query, STANDING)
    assert len(scripted.asked("list_deals")) == 2


async def test_a_reading_that_was_interrupted_goes_on_where_it_stopped(scripted: Scripted, held: Held) -> None:
    async with deals_of(scripted, held, CRMS["hubspot remote"]) as warehouse:
        answer = scripted.answers["tools/call"]
        scripted.answers["tools/call"] = lambda params: (
            answer(params) if not params["arguments"].get("offset") else broken()
        )
        with pytest.raises(SourceError):
            await warehouse.query(STANDING)
        scripted.answers["tools/call"] = answer
        assert (await warehouse.query(STANDING)).rows == DEALS
    offsets = [a.get("offset") for a in scripted.asked("search_crm_objects") if a["objectType"] == "deals"]
    assert offsets == [None, 2, 2]


def broken() -> Json:
    return {"isError": True, "content": [{"type": "text", "text": "Error listing HubSpot deals: fetch failed"}]}


async def test_what_was_read_last_answers_while_the_crm_is_away(
    scripted: Scripted, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with deals_of(scripted, held, CRMS["plain"]) as warehouse:
        await warehouse.query(STANDING)
        monkeypatch.setattr(crm_module, "FRESH_S", 0.0)
        scripted.refuses("tools/call", -32603, "away")
        assert (await warehouse.query(STANDING)).rows == DEALS
        monkeypatch.setattr(crm_module, "USABLE_S", 0.0)
        with pytest.raises(SourceError) as raised:
            await warehouse.query(STANDING)
        assert raised.value.kind == "unavailable"


async def test_more_deals_than_can_be_read_are_refused_and_not_summed_in_part(
    scripted: Scripted, held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crm_module, "MAX_DEALS", 2)
    async with deals_of(scripted, held, CRMS["plain"]) as warehouse:
        with pytest.raises(SourceError, match="more than 2 deals"):
            await warehouse.query(STANDING)


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE opportunities",
        "SELECT 1; SELECT 2",
        "COPY opportunities TO 'x.csv'",
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT no_such_column FROM opportunities",
        "SELEC",
    ],
)
async def test_the_deals_can_be_read_and_nothing_else(sql: str, scripted: Scripted, held: Held) -> None:
    async with deals_of(scripted, held, CRMS["plain"]) as warehouse:
        with pytest.raises(SourceError) as raised:
            await warehouse.query(sql)
    assert raised.value.kind == "refused"


async def test_a_crm_without_deals_is_an_empty_view(scripted: Scripted, held: Held) -> None:
    tools = {"list_deals": ((), lambda _: text({"deals": []}))}
    async with deals_of(scripted, held, tools) as warehouse:
        assert (await warehouse.query("SELECT COUNT(*) FROM opportunities")).rows == ((0,),)


async def test_an_answer_without_a_list_is_refused_and_not_taken_for_no_deals(scripted: Scripted, held: Held) -> None:
    async with deals_of(scripted, held, {"list_deals": ((), lambda _: text({"status": "ok"}))}) as warehouse:
        with pytest.raises(SourceError, match="without a list"):
            await warehouse.query(STANDING)


def test_amounts_and_dates_that_cannot_be_read_are_left_out() -> None:
    deal = plain_deal({"id": 7, "stage": "Won", "amount": "a lot", "close_date": "soon", "owner": {"id": 1}})
    assert deal is not None
    assert (deal.opportunity_id, deal.close_value, deal.close_date, deal.sales_agent) == ("7", None, None, None)


@pytest.mark.parametrize("amount", ["NaN", "inf", "1e400", 10**400, "1,000", float("nan"), ["5"], "1e17"])
def test_an_amount_that_is_no_number_costs_only_itself(amount: Any) -> None:
    deal = plain_deal({"id": "7", "stage": "Won", "amount": amount})
    assert deal is not None
    assert (deal.amount, deal.close_value, deal.amount_unread) == (None, None, True)


def test_commas_that_can_only_stand_between_thousands_are_read() -> None:
    deals = [plain_deal({"id": "7", "amount": amount}) for amount in ("1,000.50", "2,000,000", "", None)]
    assert [(it.amount, it.amount_unread) for it in deals if it] == [
        (1000.5, False),
        (2_000_000, False),
        (None, False),
        (None, False),
    ]


async def test_one_bad_deal_does_not_cost_the_figures_of_the_others(
    scripted: Scripted, held: Held, caplog: pytest.LogCaptureFixture
) -> None:
    deals = [
        {"id": "1", "stage": "Won", "amount": "NaN", "name": "Half \ud83d"},
        {"id": "2", "stage": "Won", "amount": 5},
    ]
    async with deals_of(scripted, held, {"list_deals": ((), lambda _: text({"deals": deals}))}) as warehouse:
        table = await warehouse.query("SELECT sum(close_value), min(deal_name) FROM opportunities")
    assert table.rows == ((5.0, "Half ?"),)
    assert "1 deal without a readable amount" in caplog.text


def pages(*answers: Json) -> Mapping[str, Any]:
    """A server whose pages are named by their places."""
    return {"list_deals": (("limit", "cursor"), lambda arguments: text(answers[int(arguments.get("cursor") or 0)]))}


def some(*ids: str, **more: Any) -> Json:
    return {"deals": [{"id": deal_id, "stage": "Won", "amount": 1} for deal_id in ids], **more}


COUNT = "SELECT COUNT(*) FROM opportunities"


@pytest.mark.parametrize(
    "first",
    [
        some("a", nextCursor="1"),
        some("a", has_more=True, next_page_token=1),
        some("a", pagination={"next_cursor": "1", "total": 2}),
        some("a", pageInfo={"endCursor": "1", "hasNextPage": True}),
    ],
)
async def test_the_next_page_is_found_under_the_names_that_servers_give_it(
    first: Json, scripted: Scripted, held: Held
) -> None:
    last = some("b", pageInfo={"endCursor": "1", "hasNextPage": False})
    async with deals_of(scripted, held, pages(first, last)) as warehouse:
        assert (await warehouse.query(COUNT)).rows == ((2,),)


@pytest.mark.parametrize(
    "answers",
    [
        [some("a", hasMore=True)],
        [some("a", has_more=True)],
        [some("a", total=2)],
        [some("a", meta={"totalCount": 2})],
        [some("a", truncated=True)],
        [some("a", nextCursor="1"), some("b", nextCursor="1")],
        [some("a", nextCursor="1"), some("b", nextCursor="2"), some("c", nextCursor="1")],
        [some("a", nextCursor="1"), some("a", nextCursor="2"), some("a", nextCursor="3")],
    ],
)
async def test_deals_that_cannot_all_be_read_give_no_figure(
    answers: list[Json], scripted: Scripted, held: Held
) -> None:
    async with deals_of(scripted, held, pages(*answers)) as warehouse:
        with pytest.raises(SourceError, match="says that there are more") as raised:
            await warehouse.query(COUNT)
    assert raised.value.kind == "refused"


async def test_a_list_by_offset_is_read_to_its_total(scripted: Scripted, held: Held) -> None:
    def listed(arguments: Mapping[str, Any]) -> Json:
        return text(some(*"abc"[int(arguments.get("offset") or 0) :][:2], total=3))

    async with deals_of(scripted, held, {"list_deals": (("limit", "offset"), listed)}) as warehouse:
        assert (await warehouse.query(COUNT)).rows == ((3,),)


async def test_an_answer_of_many_megabytes_is_cut_off(scripted: Scripted, held: Held) -> None:
    async with deals_of(scripted, held, CRMS["plain"]) as warehouse:
        table = await warehouse.query("SELECT repeat('x', 1000000) FROM range(100)")
    assert table.truncated
    assert sum(len(str(row[0])) for row in table.rows) <= 2_000_000
