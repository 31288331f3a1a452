"""The tool `executive_brief`: one page for somebody who decides. Numbers, what moved, risks, customers, decisions, caveats.

Every section is made by the tool that answers its question alone, so the page and the tools never disagree. What the
warehouse cannot carry is named as missing, above all targets: a number is set against the period before instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agents.analysis.kpi import Kpi
from agents.analysis.kpi_catalog import KPIS
from agents.analysis.metrics import computable, named_sql, splittable
from agents.analysis.periods import Period
from agents.analysis.timespan import quarter
from agents.result import Citation, Finding, Record
from agents.sources import Sources, Warehouse
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import Answer, ask_one, warehouse_of
from agents.warehouse_tools.compare import Compared, biggest_moves
from agents.warehouse_tools.computed import Figures, groups_of
from agents.warehouse_tools.customer_voice import Voice, listen
from agents.warehouse_tools.deals import Deal
from agents.warehouse_tools.formats import change, figure
from agents.warehouse_tools.glance import Glance, Glanced, glance
from agents.warehouse_tools.kpi_answer import answer_kpi, lacking
from agents.warehouse_tools.metric_text import PeriodData
from agents.warehouse_tools.narrowing import Narrowed, narrow_topic, period_of
from agents.warehouse_tools.people import People, Spread, spread_over_people
from agents.warehouse_tools.quality import Checked, check_quality
from agents.warehouse_tools.risk_calls import DealSigns
from agents.warehouse_tools.risks import Risky, overdue_sentence, risk_line, risky_deals, top_risks
from agents.warehouse_tools.waterfall import Steps, Waterfall, waterfall

__all__ = ["EXECUTIVE_BRIEF"]

RISKS = 5
MOVES = 2
MISSING = ("quota_attainment", "weighted_forecast", "pipeline_coverage", "nrr", "slippage")


class BriefParameters(BaseModel):
    """Which period, and what it is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: str | None = Field(
        default=None,
        max_length=200,
        description="a region, manager, product, sector, account or rep to look at alone",
    )
    period: str | None = Field(default=None, max_length=100, description="left out: the last quarter of the data")

    @field_validator("*", mode="before")
    @classmethod
    def blank_is_open(cls, value: object) -> object:
        """Models fill optional parameters with empty strings."""
        return None if isinstance(value, str) and not value.strip() else value


class Move(Record):
    """A group whose revenue changed much."""

    dimension: str
    moved: Compared


class BriefData(Record):
    """The page as data."""

    as_of: str
    period: PeriodData
    against: PeriodData | None
    filters: dict[str, str]
    key_figures: list[Glance]
    moves: list[Move]
    overdue: int
    engaging: int
    usual_days: float | None
    list_value: float
    top_risks: list[Deal]
    risk_signs: list[DealSigns] = Field(description="those of `top_risks` whose account has recorded calls")
    close_dates_moved: dict[str, int] | None
    waterfall: Steps | None = Field(description="deals open before, engaged, won, lost and open after the period")
    waterfall_before: Steps | None
    people: Spread | None
    voice: Voice | None
    targets: list[str] = Field(
        description="number against target, forecast, slippage and retention, where tables hold them"
    )
    segments: list[Figures] = Field(description="win rate by region")
    decisions: list[str] = Field(description="candidates, for a person to take")
    not_computable: dict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """What the sections are made from."""

    shown: Glanced
    moves: tuple[Move, ...]
    move_answers: tuple[Answer, ...]
    risky: Risky
    steps: Waterfall | None
    people: People | None
    quality: Checked
    voice: Voice | None
    heard: Observation | None
    targets: tuple[Observation, ...]
    missing: tuple[Kpi, ...]
    segments: tuple[Figures, ...]
    segment_answer: Answer | None


async def run(sources: Sources, wanted: BriefParameters) -> Observation:
    """The brief. Raises SourceError `not_found` for a period without closed deals."""
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    period = period_of(wanted.period, as_of) if wanted.period else quarter(as_of.year, (as_of.month + 2) // 3)
    narrowed, notes = await narrow_topic(warehouse, wanted.topic)
    page = await gather(sources, warehouse, period, narrowed, as_of)
    data = data_of(page, period, narrowed, as_of)
    risk = overdue_sentence(page.risky.old, narrowed)
    return Observation(
        text="\n\n".join(sections(page, data, period, risk)),
        data=data,
        findings=findings_of(page, risk),
        citations=citations_of(page, narrowed),
        notes=(*notes, *caveats(page)),
    )


async def gather(sources: Sources, warehouse: Warehouse, period: Period, narrowed: Narrowed, as_of: date) -> Page:
    shown = await glance(warehouse, period, narrowed)
    moves: list[Move] = []
    answers: list[Answer] = []
    for dimension in ("product", "regional_office"):
        if shown.before is None or dimension in narrowed.filters:
            continue
        moved, asked = await biggest_moves(
            warehouse, computable("revenue"), period, shown.before, dimension, narrowed
        )
        moves += [Move(dimension=dimension, moved=it) for it in moved[:MOVES]]
        answers += asked
    voice, heard = await listen(sources, period, narrowed)
    targets, missing = await against_targets(warehouse, period, as_of)
    split = splittable(computable("win_rate"), "regional_office")
    asked = None
    if split.id not in narrowed.filters:
        asked = await ask_one(warehouse, named_sql("win_rate", period, split, narrowed.filters))
    steps = await waterfall(warehouse, period, shown.before, narrowed) if shown.before else None
    attained = next((it for it in targets if getattr(it.data, "metric", None) == "quota_attainment"), None)
    return Page(
        shown=shown,
        moves=tuple(moves),
        move_answers=tuple(answers),
        risky=await risky_deals(sources, warehouse, as_of, narrowed, RISKS),
        steps=steps,
        people=await spread_over_people(warehouse, period, narrowed, attained),
        quality=await check_quality(warehouse),
        voice=voice,
        heard=heard,
        targets=targets,
        missing=missing,
        segments=tuple(it for it in groups_of(computable("win_rate"), asked, split) if it.key) if asked else (),
        segment_answer=asked,
    )


async def against_targets(
    warehouse: Warehouse, period: Period, as_of: date
) -> tuple[tuple[Observation, ...], tuple[Kpi, ...]]:
    """The figures that the warehouse has tables for, and those that it has not."""
    found: list[Observation] = []
    missing: list[Kpi] = []
    for kpi in (it for it in KPIS if it.id in MISSING):
        if await lacking(warehouse, kpi):
            missing.append(kpi)
        else:
            found.append(await answer_kpi(warehouse, kpi, period, as_of, narrowed=False))
    return tuple(found), tuple(missing)


def data_of(page: Page, period: Period, narrowed: Narrowed, as_of: date) -> BriefData:
    return BriefData(
        as_of=as_of.isoformat(),
        period=PeriodData.of(period),
        against=PeriodData.of(page.shown.before) if page.shown.before else None,
        filters=dict(narrowed.filters),
        key_figures=list(page.shown.figures),
        moves=list(page.moves),
        overdue=page.risky.old.overdue,
        engaging=page.risky.old.engaging,
        usual_days=page.risky.old.usual_days,
        list_value=page.risky.old.list_value,
        top_risks=[deal for deal, _ in top_risks(page.risky, RISKS)],
        risk_signs=[it for _, it in top_risks(page.risky, RISKS) if it],
        close_dates_moved=page.risky.pushed,
        waterfall=page.steps.now if page.steps else None,
        waterfall_before=page.steps.before if page.steps else None,
        people=page.people.spread if page.people else None,
        voice=page.voice,
        targets=[it.findings[0].statement for it in page.targets],
        segments=list(page.segments),
        decisions=decisions(page),
        not_computable={it.title: it.lacks for it in page.missing},
    )


def decisions(page: Page) -> list[str]:
    """What the figures suggest that somebody decides; each names the figure it rests on."""
    found: list[str] = []
    old = page.risky.old
    if old.engaging and old.overdue * 2 > old.engaging:
        found.append(
            f"Close or requalify the overdue deals: {old.overdue:,} of {old.engaging:,} engaging ones, so the open "
            "pipeline says little about what will close."
        )
    no_account = next((it for it in page.quality.data.issues if it.id == "no_account"), None)
    if no_account:
        found.append(f"Have the account filled in for {no_account.deals:,} deals that have none.")
    fallen = [move for move in page.moves if (move.moved.difference or 0) < 0]
    if fallen:
        worst = min(fallen, key=lambda move: move.moved.difference or 0).moved
        found.append(f"Look into {worst.key or 'deals without a name'}, which lost the most revenue.")
    return found


def sections(page: Page, data: BriefData, period: Period, risk: str) -> list[str]:
    texts = [
        f"**{page.shown.headline}**",
        page.shown.table,
    ]
    if data.targets:
        texts.append("**Against target**\n\n" + "\n".join(f"- {line}" for line in data.targets))
    changed = [page.steps.text(period, page.shown.before)] if page.steps and page.shown.before else []
    if page.moves:
        changed.append("\n".join(f"- {move_line(move)}" for move in page.moves))
    if changed:
        texts.append("**What changed**\n\n" + "\n\n".join(changed))
    lines = [risk_line(deal, signs, page.risky) for deal, signs in top_risks(page.risky, RISKS)]
    listed = " The dearest of them, and open deals with signs in their calls:\n\n" + "\n".join(lines) if lines else ""
    texts.append(f"**Top risks** (candidates)\n\n{risk}.{listed}")
    if page.segments:
        by = ", ".join(f"{it.key} {figure(it.value, 'ratio')} of {it.n:,} closed" for it in page.segments)
        texts.append(f"**Conversion by region**: {by}.")
    if page.people:
        texts.append(f"**People**\n\n{page.people.text}")
    if page.voice:
        texts.append(f"**Customer voice** (candidates)\n\n{page.voice.text}")
    if data.decisions:
        texts.append("**To decide**\n\n" + "\n".join(f"- {decision}" for decision in data.decisions))
    if data.not_computable:
        texts.append(f"Not in the sources: {', '.join(data.not_computable)}.")
    texts.append(
        f"How: deals by close date, {data.period.label}; open deals as they stand. Data as of {data.as_of}. [SQL]"
    )
    return texts


def move_line(move: Move) -> str:
    it = move.moved
    if it.now is None or it.before is None:
        return f"{it.key}: not comparable"
    return f"{it.key or '(none)'}: revenue {figure(it.now, 'usd')}, {change(it.now, it.before, 'usd')}"


def findings_of(page: Page, risk: str) -> tuple[Finding, ...]:
    ids = [answer.citation().id for answer in page.move_answers]
    return (
        *page.shown.findings,
        *(Finding(statement=move_line(move), kind="metric", citations=ids, confidence=1) for move in page.moves),
        Finding(
            statement=risk,
            kind="candidate",
            citations=[answer.citation().id for answer in page.risky.old.answers],
            confidence=0.6,
        ),
        *signs_shown(page),
        *(page.people.findings if page.people else ()),
        *(finding for it in page.targets for finding in it.findings),
        *(page.heard.findings if page.heard else ()),
    )


def signs_shown(page: Page) -> tuple[Finding, ...]:
    """The findings from calls of the deals that are shown."""
    shown = {
        quote.citation for _, it in top_risks(page.risky, RISKS) if it for sign in it.signs for quote in sign.quotes
    }
    found = page.risky.joined.evidence.findings if page.risky.joined else ()
    return tuple(finding for finding in found if set(finding.citations) & shown)


def citations_of(page: Page, narrowed: Narrowed) -> tuple[Citation, ...]:
    answers: Sequence[Answer] = (
        page.shown.answer,
        *page.move_answers,
        *([page.steps.answer] if page.steps else []),
        *page.risky.old.answers,
        *(page.people.answers if page.people else ()),
        *page.quality.answers,
    )
    queries = {(cited := answer.citation(**narrowed.filters)).id: cited for answer in answers}
    if page.segment_answer:
        cited = page.segment_answer.citation(**narrowed.filters)
        queries[cited.id] = cited
    targets = (citation for it in page.targets for citation in it.citations)
    said = {it.id: it for it in (*page.risky.citations, *(page.heard.citations if page.heard else ()))}
    return (*queries.values(), *targets, *said.values())


def caveats(page: Page) -> tuple[str, ...]:
    heard = page.heard.notes if page.heard else ("No recorded calls were read for this brief.",)
    no_quota = any(it.id == "quota_attainment" for it in page.missing)
    return (
        *(["There is no table of targets: the figures are set against the period before."] if no_quota else []),
        f"Data: {page.quality.summary}",
        *heard,
        *(f"Top risks: {note}" for note in (page.risky.notes if page.risky.joined else ()) if note not in heard),
    )


EXECUTIVE_BRIEF = Tool(
    name="executive_brief",
    description=(
        "Writes the one-page brief of a period: key figures against the period before, what moved, top risks with "
        "owner, customer voice from calls, decisions to take, and what cannot be computed."
    ),
    cues=(
        "brief",
        "executive brief",
        "summary",
        "overview",
        "one page",
        "state of the business",
        "how are we doing",
        "board",
        "report",
        "risks",
        "what should I decide",
        "what changed",
    ),
    parameters=BriefParameters,
    data=BriefData,
    needs="warehouse",
    run=run,
)
