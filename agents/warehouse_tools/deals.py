"""Single deals: reading them from the warehouse, and which open ones have been open unusually long.

An open deal is overdue when it has been engaged for longer than three quarters of the won deals ever took. That is a
sign, not a fact: overdue deals are candidates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from agents.analysis.metrics import filter_conditions, literal, ranked
from agents.result import Record
from agents.sources import SourceError, Warehouse
from agents.warehouse_tools.asking import Answer, ask, ask_one, number, text_of, whole
from agents.warehouse_tools.formats import figure, table
from agents.warehouse_tools.narrowing import Narrowed

__all__ = ["Deal", "Overdue", "deals_table", "find_deal", "list_deals", "overdue"]

COLUMNS = (
    "opportunity_id, sales_agent, manager, regional_office, product, account, sector, deal_stage, engage_date, "
    "close_date, close_value, list_price"
)
DAYS_TO_WIN = "DATE_DIFF('day', engage_date, close_date)"
USUAL_SQL = (
    "SELECT MIN(CASE WHEN 4 * place >= 3 * ranked_n THEN ranked_by END) AS usual_days\nFROM (\n"
    + ranked(f"opportunities\nWHERE deal_stage = 'Won' AND {DAYS_TO_WIN} IS NOT NULL", DAYS_TO_WIN)
    + "\n) AS ranked"
)
"""The 75th percentile: the fewest days that three quarters of the won deals did not exceed."""


class Deal(Record):
    """One opportunity. `age_days` counts from engagement to the data's last day, for open ones."""

    id: str
    account: str | None
    rep: str | None
    manager: str | None
    region: str | None
    product: str | None
    sector: str | None
    stage: str
    engaged: str | None
    closed: str | None
    value: float | None
    list_price: float | None
    age_days: int | None
    cycle_days: int | None

    @property
    def is_open(self) -> bool:
        return self.stage not in {"Won", "Lost"}


@dataclass(frozen=True, slots=True)
class Overdue:
    """Open deals that are older than usual: how many of how many, the dearest of them, and the queries."""

    usual_days: float | None
    engaging: int
    overdue: int
    list_value: float
    deals: tuple[Deal, ...]
    answers: tuple[Answer, ...]


def read_deal(answer: Answer, row: int, as_of: date) -> Deal:
    engaged, closed = text_of(answer.value("engage_date", row)), text_of(answer.value("close_date", row))
    stage = text_of(answer.value("deal_stage", row)) or "unknown"
    started = date.fromisoformat(engaged) if engaged else None
    ended = date.fromisoformat(closed) if closed else None
    return Deal(
        id=str(answer.value("opportunity_id", row)),
        account=text_of(answer.value("account", row)),
        rep=text_of(answer.value("sales_agent", row)),
        manager=text_of(answer.value("manager", row)),
        region=text_of(answer.value("regional_office", row)),
        product=text_of(answer.value("product", row)),
        sector=text_of(answer.value("sector", row)),
        stage=stage,
        engaged=engaged,
        closed=closed,
        value=number(answer.value("close_value", row)),
        list_price=number(answer.value("list_price", row)),
        age_days=(as_of - started).days if started and not ended else None,
        cycle_days=(ended - started).days if started and ended else None,
    )


async def list_deals(
    warehouse: Warehouse, as_of: date, narrowed: Narrowed, condition: str, order: str, limit: int
) -> tuple[Answer, tuple[Deal, ...]]:
    """Deals under a condition and an order of ours, as many as `limit`."""
    where = "\n  AND ".join([condition, *filter_conditions(narrowed.filters)])
    sql = f"SELECT {COLUMNS}\nFROM opportunities\nWHERE {where}\nORDER BY {order}\nLIMIT {int(limit)}"
    answer = await ask_one(warehouse, sql)
    return answer, tuple(read_deal(answer, row, as_of) for row in range(len(answer.table.rows)))


async def find_deal(warehouse: Warehouse, deal_id: str, as_of: date) -> tuple[Answer, Deal]:
    """One deal by its id, in any case. Raises SourceError `not_found` with the nearest ids."""
    wanted = deal_id.strip().upper()
    sql = f"SELECT {COLUMNS}\nFROM opportunities\nWHERE UPPER(opportunity_id) = {literal(wanted)}"
    answer = await ask_one(warehouse, sql)
    if answer.table.rows:
        return answer, read_deal(answer, 0, as_of)
    near = await nearest_ids(warehouse, wanted)
    hint = f" Nearest: {', '.join(near)}." if near else ""
    raise SourceError("not_found", f"There is no deal “{deal_id[:40]}”.{hint}")


async def nearest_ids(warehouse: Warehouse, wanted: str) -> tuple[str, ...]:
    """Ids that begin or end like the wanted one, those that differ in the fewest letters first."""
    from rapidfuzz import process  # only after a miss
    from rapidfuzz.distance import OSA

    if not wanted.isalnum() or len(wanted) < 4:
        return ()
    sql = (
        "SELECT opportunity_id\nFROM opportunities\n"
        f"WHERE opportunity_id LIKE '{wanted[:3]}%' OR opportunity_id LIKE '%{wanted[-3:]}'\nLIMIT 200"
    )
    ids = [str(row[0]) for row in (await warehouse.query(sql)).rows]
    return tuple(id_ for id_, _, _ in process.extract(wanted, ids, scorer=OSA.distance, limit=3))


async def overdue(warehouse: Warehouse, as_of: date, narrowed: Narrowed, limit: int) -> Overdue:
    """Engaging deals that are older than three quarters of the won ones took; the dearest at list price first."""
    (usual,) = await ask(warehouse, [USUAL_SQL])
    days = number(usual.value("usual_days"))
    if days is None:
        return Overdue(None, 0, 0, 0.0, (), (usual,))
    old = f"DATE_DIFF('day', engage_date, CAST('{as_of.isoformat()}' AS DATE)) > {days:g}"
    where = "\n  AND ".join(["deal_stage = 'Engaging'", *filter_conditions(narrowed.filters)])
    counting = (
        f"SELECT COUNT(*) AS engaging, COUNT(CASE WHEN {old} THEN 1 END) AS overdue,\n"
        f"  SUM(CASE WHEN {old} THEN list_price END) AS list_value\nFROM opportunities\nWHERE {where}"
    )
    (counted,) = await ask(warehouse, [counting])
    listed, deals = await list_deals(
        warehouse,
        as_of,
        narrowed,
        f"deal_stage = 'Engaging' AND {old}",
        "list_price DESC NULLS LAST, engage_date, opportunity_id",
        limit,
    )
    return Overdue(
        usual_days=days,
        engaging=whole(counted.value("engaging")),
        overdue=whole(counted.value("overdue")),
        list_value=number(counted.value("list_value")) or 0.0,
        deals=deals,
        answers=(counted, listed, usual),
    )


def deals_table(deals: Sequence[Deal], *, account: bool = True, rep: bool = True) -> str:
    """Deals in a table; the account or the rep is left out where it is the same for all."""
    open_ones = all(deal.is_open for deal in deals)
    headings = ["Deal", "Account", "Rep", "Product", "Stage", "Engaged" if open_ones else "Closed", "Days"]
    headings.append("List price" if open_ones else "Value")
    rows = [
        [
            deal.id,
            deal.account or "(none)",
            deal.rep or "(none)",
            deal.product or "(none)",
            deal.stage,
            (deal.engaged if open_ones else deal.closed) or "–",
            days_of(deal),
            figure(deal.list_price if open_ones else deal.value, "usd"),
        ]
        for deal in deals
    ]
    shown = [place for place in range(len(headings)) if (account or place != 1) and (rep or place != 2)]
    return table([headings[place] for place in shown], [[row[place] for place in shown] for row in rows])


def days_of(deal: Deal) -> str:
    days = deal.cycle_days if deal.cycle_days is not None else deal.age_days
    return "–" if days is None else f"{days:,}"
