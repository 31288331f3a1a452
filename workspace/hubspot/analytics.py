"""`get_analytics`: plain counts and sums over the CRM set, each with what it was computed from.

A period ends on the set's last day, or on a day that is given. What has no denominator is null, never 0.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from workspace.hubspot.records import Records
from workspace.toolset import Json, ToolError

__all__ = ["PERIODS", "analytics"]

PERIODS = ("today", "week", "month", "quarter", "year", "all")
FIRST_DAY = date(1900, 1, 1)
DEFINITIONS = {
    "won": "deals whose stage is Won and whose close date is in the period",
    "lost": "deals whose stage is Lost and whose close date is in the period",
    "win_rate": "won / (won + lost); null where nothing was closed",
    "revenue": "sum of the amounts of won deals, USD",
    "average_deal": "revenue / won; null where nothing was won",
    "open": "deals that are not closed, on the last day of the data, whatever the period",
}


def analytics(records: Records, arguments: Mapping[str, Any]) -> Json:
    """The figures of one kind. Raises ToolError for a pipeline or a period that does not exist."""
    region = records.known_region(arguments.get("pipeline"))
    first, last = _days(arguments, date.fromisoformat(records.as_of))
    kind: str = arguments["metric_type"]
    metrics = _contacts(records) if kind == "contacts" else _deals(records, first, last, region)
    wanted = {"revenue": ("won", "revenue", "average_deal"), "deals": ("won", "lost", "win_rate", "open")}.get(kind)
    shown = {name: metrics[name] for name in wanted} if wanted else metrics
    return {
        "metric_type": kind,
        "time_period": arguments.get("time_period"),
        "from": None if first == FIRST_DAY else first.isoformat(),
        "to": last.isoformat(),
        "pipeline": region,
        "metrics": shown,
        "definitions": {name: DEFINITIONS[name] for name in shown if name in DEFINITIONS},
        "as_of": records.as_of,
        "synthetic": kind == "contacts",
    }


def _deals(records: Records, first: date, last: date, region: str | None) -> Json:
    closed = records.closed_between(first, last, region)
    won = [deal for deal in closed if deal.stage == "Won"]
    revenue = sum(deal.close_value or 0 for deal in won)
    stages = Counter(deal.stage for deal in records.of_region(region) if deal.stage not in {"Won", "Lost"})
    return {
        "open": stages.total(),
        "open_by_stage": dict(sorted(stages.items())),
        "won": len(won),
        "lost": len(closed) - len(won),
        "win_rate": round(len(won) / len(closed), 4) if closed else None,
        "revenue": revenue,
        "average_deal": round(revenue / len(won), 2) if won else None,
    }


def _contacts(records: Records) -> Json:
    companies = {contact.account for contact in records.contacts}
    return {"contacts": len(records.contacts), "companies_with_a_contact": len(companies)}


def _days(arguments: Mapping[str, Any], as_of: date) -> tuple[date, date]:
    if "from" in arguments or "to" in arguments:
        first, last = _day(arguments, "from", FIRST_DAY), _day(arguments, "to", as_of)
        if last < first:
            raise ToolError("bad_date", "`to` must not be before `from`.")
        return first, last
    begins = {
        "today": as_of,
        "week": as_of - timedelta(days=as_of.weekday()),
        "month": as_of.replace(day=1),
        "quarter": as_of.replace(month=3 * ((as_of.month - 1) // 3) + 1, day=1),
        "year": as_of.replace(month=1, day=1),
        "all": FIRST_DAY,
    }
    return begins[arguments.get("time_period", "month")], as_of


def _day(arguments: Mapping[str, Any], name: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(arguments[name]) if name in arguments else otherwise
    except ValueError:
        what = f"{name}: {arguments[name][:40]!r} is no day. Write 2017-10-01."
        raise ToolError("bad_date", what) from None
