"""Deals as CRMs give them, read into one shape: HubSpot's objects, Salesforce's records, and plain objects.

A deal is Won or Lost where the CRM says so, and otherwise Engaging from the day it was created. While it is open its
close date is only a plan: it stands in `expected_close_date` and its value in `amount`, so that neither is counted as
something that has happened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast

from server.downstream.adapters.days import day_of

__all__ = [
    "COLUMNS",
    "Company",
    "Deal",
    "company_of",
    "hubspot_company",
    "hubspot_deal",
    "plain_deal",
    "salesforce_deal",
]

Stage = Literal["Won", "Lost", "Engaging", "Prospecting"]

WON = frozenset({"closedwon", "closed won", "won"})
LOST = frozenset({"closedlost", "closed lost", "lost"})
THOUSANDS = re.compile(r"-?\d{1,3}(?:(?:,\d{3}){2,}(?:\.\d+)?|,\d{3}\.\d+)")
"""Commas that can only stand between thousands."""
MAX_NUMBER = 1e15
PROSPECTING = frozenset({"prospecting", "lead", "qualification"})


@dataclass(frozen=True, slots=True)
class Deal:
    """One deal; its fields are the columns of `opportunities`, and then what else CRMs know of it."""

    opportunity_id: str
    sales_agent: str | None
    manager: str | None
    regional_office: str | None
    product: str | None
    account: str | None
    sector: str | None
    deal_stage: Stage
    engage_date: date | None
    close_date: date | None
    close_value: float | None
    list_price: float | None
    deal_name: str | None
    crm_stage: str | None
    pipeline: str | None
    amount: float | None
    expected_close_date: date | None
    created_date: date | None
    probability: float | None
    forecast_category: str | None
    amount_unread: bool = False
    """Something stands where the amount should, and it is no number. No column."""


COLUMNS: Mapping[str, str] = {
    "opportunity_id": "VARCHAR",
    "sales_agent": "VARCHAR",
    "manager": "VARCHAR",
    "regional_office": "VARCHAR",
    "product": "VARCHAR",
    "account": "VARCHAR",
    "sector": "VARCHAR",
    "deal_stage": "VARCHAR",
    "engage_date": "DATE",
    "close_date": "DATE",
    "close_value": "DOUBLE",
    "list_price": "DOUBLE",
    "deal_name": "VARCHAR",
    "crm_stage": "VARCHAR",
    "pipeline": "VARCHAR",
    "amount": "DOUBLE",
    "expected_close_date": "DATE",
    "created_date": "DATE",
    "probability": "DOUBLE",
    "forecast_category": "VARCHAR",
}
"""The fields of a deal with DuckDB's types."""


@dataclass(frozen=True, slots=True)
class Company:
    """A customer as HubSpot keeps it apart from its deals."""

    name: str | None
    sector: str | None


def hubspot_deal(item: Mapping[str, Any], owners: Mapping[str, str], companies: Mapping[str, Company]) -> Deal | None:
    """An object of type `deals`; None for one without an id. Owners and companies are by their HubSpot ids."""
    given = mapping(item.get("properties"))
    deal_id = _text(item.get("id") or given.get("hs_object_id"))
    if deal_id is None:
        return None
    owner = _text(given.get("hubspot_owner_id"))
    company = companies.get(company_of(item) or "", Company(None, None))
    return _deal(
        deal_id,
        stage=_text(given.get("dealstage")),
        won=_flag(given.get("hs_is_closed_won")),
        closed=_flag(given.get("hs_is_closed")),
        amount=given.get("amount_in_home_currency") or given.get("amount"),
        created=day_of(given.get("createdate") or item.get("createdAt")),
        closes=day_of(given.get("closedate")),
        sales_agent=owners.get(owner, f"HubSpot owner {owner}") if owner else None,
        account=company.name,
        sector=company.sector,
        deal_name=_text(given.get("dealname")),
        pipeline=_text(given.get("pipeline")),
        probability=_number(given.get("hs_deal_stage_probability")),
        forecast_category=_text(given.get("hs_manual_forecast_category")),
    )


def company_of(item: Mapping[str, Any]) -> str | None:
    """The id of the company that a HubSpot deal is about."""
    companies = mapping(mapping(item.get("associations")).get("companies"))
    results: Any = companies.get("results")
    listed = cast("list[Any]", results) if isinstance(results, list) else []
    first = next((_text(mapping(found).get("id")) for found in listed), None)
    return _text(mapping(item.get("properties")).get("hs_primary_associated_company")) or first


def hubspot_company(item: Mapping[str, Any]) -> tuple[str, Company] | None:
    """An object of type `companies`, with its id."""
    given = mapping(item.get("properties"))
    company_id = _text(item.get("id"))
    return (company_id, Company(_text(given.get("name")), _text(given.get("industry")))) if company_id else None


def salesforce_deal(record: Mapping[str, Any]) -> Deal | None:
    """A record of Opportunity; None for one without an id."""
    deal_id = _text(record.get("Id"))
    if deal_id is None:
        return None
    owner, account = mapping(record.get("Owner")), mapping(record.get("Account"))
    percent = _number(record.get("Probability"))
    return _deal(
        deal_id,
        stage=_text(record.get("StageName")),
        won=_flag(record.get("IsWon")),
        closed=_flag(record.get("IsClosed")),
        amount=record.get("Amount"),
        created=day_of(record.get("CreatedDate")),
        closes=day_of(record.get("CloseDate")),
        sales_agent=_text(owner.get("Name")),
        manager=_text(mapping(owner.get("Manager")).get("Name")),
        account=_text(account.get("Name")),
        sector=_text(account.get("Industry")),
        deal_name=_text(record.get("Name")),
        pipeline=_text(record.get("Type")),
        probability=percent / 100 if percent is not None else None,
        forecast_category=_text(record.get("ForecastCategoryName")),
    )


def plain_deal(item: Mapping[str, Any]) -> Deal | None:
    """A flat object under the names most in use; None for one without an id."""

    def first(*names: str) -> object:
        return next((item[name] for name in names if item.get(name) not in (None, "")), None)

    deal_id = _text(first("opportunity_id", "deal_id", "id"))
    if deal_id is None:
        return None
    return _deal(
        deal_id,
        stage=_text(first("deal_stage", "stage", "dealstage", "status")),
        won=_flag(first("is_won", "won")),
        closed=_flag(first("is_closed", "closed")),
        amount=first("close_value", "amount", "value"),
        created=day_of(first("engage_date", "created_date", "created_at", "createdate", "created")),
        closes=day_of(first("close_date", "closedate", "closed_at")),
        sales_agent=_name(first("sales_agent", "owner_name", "owner", "rep")),
        manager=_name(first("manager")),
        regional_office=_text(first("regional_office", "region")),
        product=_name(first("product")),
        account=_name(first("account", "account_name", "company", "company_name")),
        sector=_text(first("sector", "industry")),
        list_price=_number(first("list_price")),
        deal_name=_text(first("deal_name", "name", "dealname", "title")),
        pipeline=_text(first("pipeline")),
        probability=_number(first("probability")),
    )


def _deal(
    deal_id: str,
    *,
    stage: str | None,
    won: bool | None,
    closed: bool | None,
    amount: object,
    created: date | None,
    closes: date | None,
    **more: Any,
) -> Deal:
    named = (stage or "").casefold()
    is_won = won if won is not None else named in WON
    is_lost = not is_won and (closed if closed is not None else named in LOST)
    is_over = is_won or is_lost
    opened: Stage = "Prospecting" if named in PROSPECTING else "Engaging"
    known: dict[str, Any] = dict.fromkeys(COLUMNS) | more
    known["opportunity_id"] = deal_id
    known["deal_stage"] = "Won" if is_won else "Lost" if is_lost else opened
    known["engage_date"] = known["created_date"] = created
    known["close_date"], known["expected_close_date"] = (closes, None) if is_over else (None, closes)
    # What a lost deal would have brought is no revenue, and its value is not missing either.
    value = _number(amount)
    known["close_value"] = value if is_won else 0.0 if is_lost else None
    known["crm_stage"], known["amount"] = stage, value
    known["amount_unread"] = value is None and amount not in (None, "")
    return Deal(**known)


def mapping(value: object) -> Mapping[str, Any]:
    """An object of a foreign answer; whatever else stands there is an empty one."""
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _name(value: object) -> str | None:
    return _text(mapping(cast("object", value)).get("name") if isinstance(value, dict) else value)


def _text(value: object) -> str | None:
    """Half a character, as a name that was cut leaves it, is no text that can be stored."""
    if value in (None, "") or isinstance(value, dict | list):
        return None
    return str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).casefold())


def _number(value: object) -> float | None:
    """A number, however it is written; None for what is none, endless, or may mean two things as "1,000" does."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    said = value.replace(",", "") if isinstance(value, str) and THOUSANDS.fullmatch(value.strip()) else value
    try:
        number = float(said)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < MAX_NUMBER else None
