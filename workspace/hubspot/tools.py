"""The seven tools of the CRM server: what each takes and gives, and the function behind it."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from workspace.hubspot.analytics import PERIODS, analytics
from workspace.hubspot.records import Records
from workspace.matching import matcher
from workspace.pages import CURSOR, Page, limit, page_of
from workspace.toolset import Json, ToolSpec, given, string, takes

__all__ = ["hubspot_tools"]

STAGES = ["Prospecting", "Engaging", "Won", "Lost"]
TEXT: Json = {"type": "string"}
OPTIONAL_TEXT: Json = {"type": ["string", "null"]}
AS_OF: Json = {"type": "string", "description": "The last day of the data, YYYY-MM-DD; periods count back from it."}
SYNTHETIC: Json = {"type": "boolean", "description": "True where what is shown was invented; say so."}
OBJECT = given(
    {
        "id": TEXT,
        "properties": {"type": "object", "additionalProperties": OPTIONAL_TEXT},
        "synthetic": {"type": "boolean"},
    },
    "id",
    "properties",
)
PAGING: Json = {
    "type": "object",
    "properties": {"next": given({"after": TEXT})},
    "description": "Holds `next.after` while more follows; give it as `after`.",
}
LISTED = given(
    {
        "total": {"type": "integer"},
        "results": {"type": "array", "items": OBJECT},
        "paging": PAGING,
        "as_of": AS_OF,
        "synthetic": SYNTHETIC,
    },
    "total",
    "results",
    "as_of",
    "synthetic",
)
LIMIT = limit(10, 100)


def hubspot_tools(records: Records) -> list[ToolSpec]:
    """All tools, over one set of records."""

    def over(function: Callable[[Records, Mapping[str, Any]], Json]) -> Callable[[Mapping[str, Any]], Json]:
        return partial(function, records)

    return [
        ToolSpec(
            "list_deals",
            "List deals",
            "Deals, newest first, by pipeline (a regional office), stage, owner or company. Amounts are USD.",
            takes(
                {
                    "pipeline": string("Central, East or West.", maxLength=40),
                    "stage": {"type": "string", "enum": STAGES},
                    "owner": string("Seller, by full name.", maxLength=100),
                    "company": string("Customer, by name, domain or id.", maxLength=100),
                    "limit": LIMIT,
                    "after": CURSOR,
                }
            ),
            LISTED,
            over(list_deals),
        ),
        ToolSpec(
            "get_deal",
            "Get a deal",
            "One deal with its stage, amount, dates, owner and company.",
            takes({"deal_id": string("Eight letters and digits.", minLength=1, maxLength=40)}, "deal_id"),
            OBJECT,
            over(lambda known, asked: known.deal_object(known.deal(asked["deal_id"]))),
        ),
        ToolSpec(
            "search_contacts",
            "Search contacts",
            "People at customers whose name, title, company or address holds every word of the query. Invented.",
            takes({"query": string("Words.", minLength=1, maxLength=200), "limit": LIMIT, "after": CURSOR}, "query"),
            LISTED,
            over(search_contacts),
        ),
        ToolSpec(
            "get_contact",
            "Get a contact",
            "One person at a customer. Invented.",
            takes({"contact_id": string("Id, address or full name.", minLength=1, maxLength=100)}, "contact_id"),
            OBJECT,
            over(lambda known, asked: known.contact_object(known.contact(asked["contact_id"]))),
        ),
        ToolSpec(
            "get_company",
            "Get a company",
            "One customer with its industry, size, country and number of deals.",
            takes({"company_id": string("Id, name or domain.", minLength=1, maxLength=100)}, "company_id"),
            OBJECT,
            over(lambda known, asked: known.company_object(known.company(asked["company_id"]))),
        ),
        ToolSpec(
            "list_contacts",
            "List contacts",
            "People at customers, by company. Invented.",
            takes({"company": string("Customer, by name.", maxLength=100), "limit": LIMIT, "after": CURSOR}),
            LISTED,
            over(list_contacts),
        ),
        ToolSpec(
            "get_analytics",
            "Get analytics",
            "Counts and sums for a period: deals (won, lost, win rate), revenue, pipeline (all of them and what is open "
            "by stage), contacts. Each comes with its definition.",
            takes(
                {
                    "metric_type": {"type": "string", "enum": ["deals", "contacts", "revenue", "pipeline"]},
                    "time_period": {"type": "string", "enum": list(PERIODS), "default": "month"},
                    "from": string("First day, YYYY-MM-DD, in place of time_period.", maxLength=10),
                    "to": string("Last day, YYYY-MM-DD, inclusive.", maxLength=10),
                    "pipeline": string("Central, East or West; all of them if left out.", maxLength=40),
                },
                "metric_type",
            ),
            given(
                {
                    "metric_type": TEXT,
                    "time_period": OPTIONAL_TEXT,
                    "from": OPTIONAL_TEXT,
                    "to": TEXT,
                    "pipeline": OPTIONAL_TEXT,
                    "metrics": {"type": "object"},
                    "definitions": {"type": "object", "additionalProperties": TEXT},
                    "as_of": AS_OF,
                    "synthetic": SYNTHETIC,
                }
            ),
            over(analytics),
        ),
    ]


def list_deals(records: Records, arguments: Mapping[str, Any]) -> Json:
    asked: dict[str, Any] = dict(arguments)
    company = records.company(asked["company"]).name if "company" in asked else None
    owner = asked.get("owner", "").casefold()
    found = [
        deal
        for deal in records.of_region(records.known_region(asked.get("pipeline")))
        if asked.get("stage") in {None, deal.stage}
        and (not owner or deal.sales_agent.casefold() == owner)
        and company in {None, deal.account}
    ]
    page = page_of(found, arguments, 10)
    return _listed([records.deal_object(deal) for deal in page.items], page, len(found), records, synthetic=False)


def search_contacts(records: Records, arguments: Mapping[str, Any]) -> Json:
    holds = matcher(arguments["query"])
    found = [it for it in records.contacts if holds(f"{it.name} {it.title} {it.account} {it.email}")]
    page = page_of(found, arguments, 10)
    return _listed([records.contact_object(it) for it in page.items], page, len(found), records, synthetic=True)


def list_contacts(records: Records, arguments: Mapping[str, Any]) -> Json:
    company = arguments.get("company")
    found = [it for it in records.contacts if company is None or it.account.casefold() == company.strip().casefold()]
    if company is not None and not found:
        records.company(company)  # raises, and names the nearest ones
    page = page_of(found, arguments, 10)
    return _listed([records.contact_object(it) for it in page.items], page, len(found), records, synthetic=True)


def _listed(results: Sequence[Json], page: Page[Any], total: int, records: Records, *, synthetic: bool) -> Json:
    paging = {"paging": {"next": {"after": page.next_cursor}}} if page.next_cursor else {}
    return {"total": total, "results": list(results), **paging, "as_of": records.as_of, "synthetic": synthetic}
