"""The tool `why_lost`: where deals are lost more often than elsewhere. Not why: no reason is recorded."""

from datetime import date

from pydantic import Field

from agents.analysis.metrics import computable, named_sql
from agents.analysis.periods import Period
from agents.result import Finding, Record
from agents.sources import SourceError, Sources, Warehouse
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import Answer, ask, number, text_of, warehouse_of, whole
from agents.warehouse_tools.customer_voice import Voice, listen
from agents.warehouse_tools.deals import Deal, deals_table, list_deals
from agents.warehouse_tools.formats import counted, figure, table, when
from agents.warehouse_tools.metric_text import PeriodData
from agents.warehouse_tools.narrowing import MAX_NAME, Narrowed, Narrowing, narrow, narrow_topic, period_of
from agents.warehouse_tools.span import closings_span

__all__ = ["WHY_LOST"]

SPLITS = ("product", "regional_office", "sector", "manager")
FEWEST = 20
"""A group with fewer closed deals is not said to lose more than others."""
SHOWN = 6
NO_REASON = "No reason is recorded for a lost deal: this shows where more is lost than elsewhere, not why."


class LossParameters(Narrowing):
    """Which losses."""

    period: str | None = Field(default=None, max_length=100, description="left out: all time")
    topic: str | None = Field(
        default=None,
        max_length=MAX_NAME,
        description="the one account, rep, manager, region, product or sector meant",
    )


class Segment(Record):
    """A group and how much of it was lost."""

    dimension: str
    key: str
    lost: int
    closed: int
    loss_rate: float


class LossData(Record):
    """Losses at a glance."""

    as_of: str
    period: PeriodData
    filters: dict[str, str]
    lost: int
    closed: int
    loss_rate: float | None
    worst: list[Segment]
    lost_deals: list[Deal] = Field(description="the newest lost ones, where an account is named")
    voice: Voice | None


async def run(sources: Sources, wanted: LossParameters) -> Observation:
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    period = period_of(wanted.period, as_of)
    narrowed = await narrow(warehouse, wanted)
    if wanted.topic and not narrowed.filters:
        narrowed, unknown = await narrow_topic(warehouse, wanted.topic)
        narrowed = Narrowed(narrowed.filters, (*narrowed.notes, *unknown))
    metric = computable("win_rate")
    splits = [split for split in SPLITS if split not in narrowed.filters]
    answers = await ask(
        warehouse,
        [named_sql(metric, period, split, narrowed.filters) for split in (None, *splits)],
    )
    closed = whole(answers[0].value("denominator"))
    lost = closed - whole(answers[0].value("numerator"))
    rate = lost / closed if closed else None
    worst = worst_segments(splits, answers[1:], rate or 0)
    voice, heard = await listen(sources, period, narrowed)
    listed, deals = await lost_deals(warehouse, as_of, narrowed) if "account" in narrowed.filters else (None, ())
    if not closed and not period.is_all:
        told = f"No deal{narrowed.phrase} closed {when(period.label)}. {await closings_span(warehouse, narrowed)}"
        raise SourceError("not_found", told)
    headline = headline_of(lost, closed, rate, period, narrowed)
    citations = tuple(it.citation(**narrowed.filters) for it in (*answers, *((listed,) if listed else ())))
    texts = [f"**{headline}**"]
    if deals:
        texts.append(f"Its lost deals, the newest first:\n\n{deals_table(deals, account=False)}")
    if worst:
        rows = [[it.key, figure(it.loss_rate, "ratio"), f"{it.lost:,}", f"{it.closed:,}"] for it in worst]
        texts.append(f"Lost more often than overall:\n\n{table(['Where', 'Loss rate', 'Lost', 'Closed'], rows)}")
    if voice:
        texts.append(f"**What they said on calls** (candidates, not reasons)\n\n{voice.text}")
    elif sources.calls is not None:
        texts.append("No recorded call of that period was found to ask.")
    texts.append(f"How: lost ÷ (won + lost) deals, by close date. Data as of {as_of.isoformat()}. [SQL]")
    return Observation(
        text="\n\n".join(texts),
        data=LossData(
            as_of=as_of.isoformat(),
            period=PeriodData.of(period),
            filters=dict(narrowed.filters),
            lost=lost,
            closed=closed,
            loss_rate=rate,
            worst=worst,
            lost_deals=list(deals),
            voice=voice,
        ),
        findings=(
            Finding(statement=headline, kind="metric", citations=[citations[0].id], confidence=1),
            *(heard.findings if heard else ()),
        ),
        citations=(*citations, *(heard.citations if heard else ())),
        notes=(*narrowed.notes, NO_REASON, *(heard.notes if heard else ())),
    )


async def lost_deals(warehouse: Warehouse, as_of: date, narrowed: Narrowed) -> tuple[Answer, tuple[Deal, ...]]:
    return await list_deals(warehouse, as_of, narrowed, "deal_stage = 'Lost'", "close_date DESC, 1", SHOWN)


def worst_segments(splits: list[str], answers: list[Answer], overall: float) -> list[Segment]:
    """Groups that lose more than the whole does, the worst first, without those too small to say."""
    found: list[Segment] = []
    for split, answer in zip(splits, answers, strict=True):
        for row in range(len(answer.table.rows)):
            key, closed = text_of(answer.value(split, row)), whole(answer.value("denominator", row))
            lost = closed - int(number(answer.value("numerator", row)) or 0)
            if key and closed >= FEWEST and lost / closed > overall:
                found.append(Segment(dimension=split, key=key, lost=lost, closed=closed, loss_rate=lost / closed))
    return sorted(found, key=lambda it: -it.loss_rate)[:SHOWN]


def headline_of(lost: int, closed: int, rate: float | None, period: Period, narrowed: Narrowed) -> str:
    if rate is None:
        return f"No deal{narrowed.phrase} closed {when(period.label)}"
    return f"{counted(lost, 'deal')} lost{narrowed.phrase} {when(period.label)}: {figure(rate, 'ratio')} of {closed:,} closed"


WHY_LOST = Tool(
    name="why_lost",
    description=(
        "Shows where deals are lost more often than elsewhere, by product, region, sector and manager, and what "
        "customers objected to on calls. Gives no reasons: none are recorded."
    ),
    cues=(
        "why did we lose",
        "why do we lose",
        "why are we losing",
        "why lost",
        "lost deals",
        "loss reasons",
        "losses",
    ),
    parameters=LossParameters,
    data=LossData,
    needs="warehouse",
    run=run,
)
