"""The tool `deal_view`: one deal, and how it compares with others like it."""

from pydantic import BaseModel, ConfigDict, Field

from agents.analysis.metrics import MIDDLE, literal, ranked
from agents.result import Finding, Record
from agents.sources import Sources
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import Answer, ask_one, number, warehouse_of, whole
from agents.warehouse_tools.deals import Deal, find_deal
from agents.warehouse_tools.formats import figure, table

__all__ = ["DEAL_VIEW", "view_deal"]


class DealParameters(BaseModel):
    """Which deal."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    deal_id: str = Field(min_length=1, max_length=40, description="opportunity id, such as 1C1I7A6R")


class DealData(Record):
    """The deal, and what is usual for closed deals of the same product."""

    as_of: str
    deal: Deal
    product_closed: int
    product_win_rate: float | None
    product_median_days: float | None
    product_average_value: float | None


def product_sql(product: str) -> str:
    days = "CASE WHEN deal_stage = 'Won' THEN DATE_DIFF('day', engage_date, close_date) END"
    deals = f"opportunities\nWHERE deal_stage IN ('Won', 'Lost')\n  AND product = {literal(product)}"
    return (
        "SELECT COUNT(*) AS closed,\n"
        "  1.0 * COUNT(CASE WHEN deal_stage = 'Won' THEN 1 END) / NULLIF(COUNT(*), 0) AS win_rate,\n"
        f"  {MIDDLE} AS median_days,\n"
        "  AVG(CASE WHEN deal_stage = 'Won' THEN close_value END) AS average_value\n"
        f"FROM (\n{ranked(deals, days)}\n) AS ranked"
    )


async def view_deal(sources: Sources, deal_id: str) -> Observation:
    """One deal. Raises SourceError `not_found` with the nearest ids."""
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    answer, deal = await find_deal(warehouse, deal_id, as_of)
    usual = await ask_one(warehouse, product_sql(deal.product)) if deal.product else None
    data = DealData(
        as_of=as_of.isoformat(),
        deal=deal,
        product_closed=whole(usual.value("closed")) if usual else 0,
        product_win_rate=number(usual.value("win_rate")) if usual else None,
        product_median_days=number(usual.value("median_days")) if usual else None,
        product_average_value=number(usual.value("average_value")) if usual else None,
    )
    headline = headline_of(deal)
    citations = (answer.citation(deal_id=deal.id), *((usual.citation(product=deal.product),) if usual else ()))
    return Observation(
        text="\n\n".join([f"**{headline}**", facts(deal), *usual_line(data, usual)]),
        data=data,
        findings=(Finding(statement=headline, kind="fact", citations=[citations[0].id], confidence=1),),
        citations=citations,
        notes=notes_of(deal),
    )


def headline_of(deal: Deal) -> str:
    what = f"Deal {deal.id}: {deal.product or 'no product'} for {deal.account or 'no account'}, {deal.stage.lower()}"
    if deal.stage == "Won":
        return f"{what} at {figure(deal.value, 'usd')} on {deal.closed}"
    if deal.stage == "Lost":
        return f"{what} on {deal.closed}"
    return what if deal.age_days is None else f"{what} for {deal.age_days:,} days"


def facts(deal: Deal) -> str:
    listed = figure(deal.list_price, "usd")
    rows = [
        ("Rep", f"{deal.rep or '–'} (manager {deal.manager or '–'}, {deal.region or '–'})"),
        ("Account", f"{deal.account or '–'}{f' ({deal.sector})' if deal.sector else ''}"),
        ("Engaged", deal.engaged or "–"),
        (
            "Closed",
            f"{deal.closed}, after {deal.cycle_days} days" if deal.cycle_days is not None else deal.closed or "–",
        ),
        (
            "Value",
            f"{figure(deal.value, 'usd')} (list price {listed})"
            if not deal.is_open
            else f"open; list price {listed}",
        ),
    ]
    return table(("", deal.id), rows)


def usual_line(data: DealData, usual: Answer | None) -> list[str]:
    if usual is None or not data.product_closed:
        return ["[SQL]"]
    return [
        f"Usual for {data.deal.product}: win rate {figure(data.product_win_rate, 'ratio')} of "
        f"{data.product_closed:,} closed deals, median cycle {figure(data.product_median_days, 'days')} and average "
        f"value {figure(data.product_average_value, 'usd')} when won. Data as of {data.as_of}. [SQL]"
    ]


def notes_of(deal: Deal) -> tuple[str, ...]:
    notes: list[str] = []
    if deal.account is None:
        notes.append("The deal has no account in the CRM; set one there.")
    if deal.is_open:
        notes.append("Open deals carry no value, and no next step or activity is recorded.")
    return tuple(notes)


async def run(sources: Sources, wanted: DealParameters) -> Observation:
    return await view_deal(sources, wanted.deal_id)


DEAL_VIEW = Tool(
    name="deal_view",
    description="Shows one deal by its id: stage, account, rep, dates, value, and what is usual for its product.",
    cues=("deal id", "this deal", "opportunity id", "status of deal", "look up deal", "show deal", "deal details"),
    parameters=DealParameters,
    data=DealData,
    needs="warehouse",
    run=run,
)
