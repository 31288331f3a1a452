"""The tool `account_view`: what was sold to one account, what is open, and by whom."""

from datetime import date

from pydantic import Field

from agents.analysis.periods import Period
from agents.result import Finding, Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import warehouse_of
from agents.warehouse_tools.deals import Deal, deals_table, list_deals
from agents.warehouse_tools.formats import counted, figure, table
from agents.warehouse_tools.glance import Glance, Glanced, glance
from agents.warehouse_tools.metric_text import PeriodData
from agents.warehouse_tools.narrowing import Narrowed, Narrowing, narrow, period_of

__all__ = ["ACCOUNT_VIEW", "view_account"]

OPEN_SHOWN = 10
CLOSED_SHOWN = 5


class AccountParameters(Narrowing):
    """Which account."""

    period: str | None = Field(default=None, max_length=100, description="left out: all time")


class AccountData(Record):
    """The account's figures and deals."""

    as_of: str
    account: str
    period: PeriodData
    key_figures: list[Glance]
    overall: list[Glance]
    open_deals: list[Deal]
    latest_closed: list[Deal]


async def view_account(sources: Sources, wanted: AccountParameters) -> Observation:
    """One account. Raises SourceError `not_found` when none was named or it does not exist."""
    if wanted.account is None:
        raise SourceError("not_found", "No account was named. Give `account`, such as Cancity.")
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    period = period_of(wanted.period, as_of)
    narrowed = await narrow(warehouse, wanted)
    own = await glance(warehouse, period, narrowed)
    everyone = await glance(warehouse, period, Narrowed({}, ()))
    still_open, open_deals = await list_deals(
        warehouse, as_of, narrowed, "deal_stage IN ('Prospecting', 'Engaging')", "engage_date NULLS LAST, 1", 100
    )
    latest, closed = await list_deals(
        warehouse, as_of, narrowed, "deal_stage IN ('Won', 'Lost')", "close_date DESC, 1", CLOSED_SHOWN
    )
    account = narrowed.filters["account"]
    headline = headline_of(account, own, open_deals)
    answers = (own.answer, everyone.answer, still_open, latest)
    citations = tuple(answer.citation(**narrowed.filters) for answer in answers)
    return Observation(
        text=text_of_account(headline, account, own, everyone, (open_deals, closed), period, as_of),
        data=AccountData(
            as_of=as_of.isoformat(),
            account=account,
            period=PeriodData.of(period),
            key_figures=list(own.figures),
            overall=list(everyone.figures),
            open_deals=list(open_deals),
            latest_closed=list(closed),
        ),
        findings=(
            Finding(statement=headline, kind="metric", citations=[citations[0].id, citations[2].id], confidence=1),
        ),
        citations=citations,
        notes=narrowed.notes,
    )


def headline_of(account: str, own: Glanced, open_deals: tuple[Deal, ...]) -> str:
    by = {it.metric: it for it in own.figures}
    return (
        f"{account}: {figure(by['revenue'].value or 0, 'usd')} from {counted(by['deals_won'].n, 'won deal')}, win rate "
        f"{figure(by['win_rate'].value, 'ratio')} of {by['win_rate'].n:,} closed, {len(open_deals)} open"
    )


def text_of_account(
    headline: str,
    account: str,
    own: Glanced,
    everyone: Glanced,
    deals: tuple[tuple[Deal, ...], tuple[Deal, ...]],
    period: Period,
    as_of: date,
) -> str:
    open_deals, closed = deals
    compared = [
        [mine.title, *(figure(it.value, it.unit) for it in (mine, all_of))]  # pyright: ignore[reportArgumentType]
        for mine, all_of in zip(own.figures, everyone.figures, strict=True)
    ]
    texts = [f"**{headline}**", table(["Figure", account, "All accounts"], compared)]
    if open_deals:
        texts.append(f"Open deals, the oldest first:\n\n{deals_table(open_deals[:OPEN_SHOWN], account=False)}")
    if closed:
        texts.append(f"Last closed:\n\n{deals_table(closed, account=False)}")
    span = "all time" if period.is_all else period.label
    texts.append(f"How: deals by close date, {span}; open deals as they stand. Data as of {as_of.isoformat()}. [SQL]")
    return "\n\n".join(texts)


async def run(sources: Sources, wanted: AccountParameters) -> Observation:
    return await view_account(sources, wanted)


ACCOUNT_VIEW = Tool(
    name="account_view",
    description="Shows one account: revenue, win rate and cycle beside all accounts, its open deals and last closings.",
    cues=(
        "account",
        "customer",
        "client",
        "what did they buy",
        "history with",
        "what should I know",
        "account overview",
    ),
    parameters=AccountParameters,
    data=AccountData,
    needs="warehouse",
    run=run,
)
