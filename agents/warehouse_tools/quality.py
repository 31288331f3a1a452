"""The tool `data_quality`: what in the deals is missing, impossible or spelt in several ways, before a figure is trusted."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from agents.result import Finding, Record
from agents.sources import SourceError, Sources, Warehouse
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import Answer, ask_one, text_of, warehouse_of, whole
from agents.warehouse_tools.doubtful import SimilarNames, doubtful
from agents.warehouse_tools.formats import counted, figure, table

__all__ = ["DATA_QUALITY", "Checked", "QualityData", "check_quality"]


class QualityParameters(BaseModel):
    """Nothing to choose: all deals are checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Check:
    """Something that can be wrong with a deal; `matters` says for what."""

    id: str
    title: str
    condition: str
    matters: str


CHECKS = (
    Check("no_account", "No account", "account IS NULL", "missing from figures by account and sector"),
    Check("no_rep", "No rep", "sales_agent IS NULL", "missing from figures by rep, manager and region"),
    Check("no_manager", "Rep without a team", "sales_agent IS NOT NULL AND manager IS NULL", "missing by manager"),
    Check("no_list_price", "Product without a list price", "list_price IS NULL", "left out of discounts"),
    Check(
        "closed_undated",
        "Closed without a close date",
        "deal_stage IN ('Won', 'Lost') AND close_date IS NULL",
        "left out of every period",
    ),
    Check("won_no_value", "Won without a value", "deal_stage = 'Won' AND close_value IS NULL", "left out of revenue"),
    Check("won_zero", "Won at zero or less", "deal_stage = 'Won' AND close_value <= 0", "pulls averages down"),
    Check("reversed", "Closed before engaged", "close_date < engage_date", "negative cycles"),
    Check(
        "open_unengaged",
        "Open without an engagement date",
        "deal_stage IN ('Prospecting', 'Engaging') AND engage_date IS NULL",
        "no age; normal while prospecting",
    ),
    Check(
        "open_no_value",
        "Open without a value",
        "deal_stage IN ('Prospecting', 'Engaging') AND close_value IS NULL",
        "the pipeline can be counted, not summed",
    ),
)
DUPLICATES = "COUNT(*) - COUNT(DISTINCT opportunity_id)"
QUALITY_SQL = (
    "SELECT\n  COUNT(*) AS opportunities,\n  MIN(close_date) AS first_day,\n  MAX(close_date) AS last_day,\n"
    f"  {DUPLICATES} AS duplicates,\n  "
    + ",\n  ".join(f"COUNT(CASE WHEN {check.condition} THEN 1 END) AS {check.id}" for check in CHECKS)
    + "\nFROM opportunities"
)
SPELLINGS_SQL = (
    "SELECT product_original AS spelling, COUNT(*) AS deals\nFROM opportunities\n"
    "WHERE product_original <> product\nGROUP BY 1\nORDER BY 2 DESC, 1"
)
"""Only a view that keeps what was written beside what is meant can answer this."""


class Issue(Record):
    """What was found wrong, and in how many deals."""

    id: str
    title: str
    deals: int
    share: float
    matters: str


class QualityData(Record):
    """The checks, those that found nothing included."""

    as_of: str
    opportunities: int
    closed_from: str | None
    closed_to: str | None
    issues: list[Issue]
    passed: list[str] = Field(description="checks that found nothing")
    respelled: dict[str, int] = Field(description="spellings of products that the view corrects, and how often")
    similar_accounts: list[SimilarNames] = Field(
        default_factory=list[SimilarNames],
        description="candidates: accounts that may be one; looked for by this tool",
    )
    past_due: int | None = Field(
        default=None, description="open deals past their expected close date; null where they carry none"
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks gave, and the query behind them."""

    data: QualityData
    answers: tuple[Answer, ...]

    @property
    def summary(self) -> str:
        """One line for other answers to begin with."""
        gaps = [
            f"{it.deals:,} {it.title.lower()}" for it in self.data.issues if it.id in {"no_account", "open_no_value"}
        ]
        return f"{self.data.opportunities:,} deals, {'; '.join(gaps) or 'no gaps found'}."


async def check_quality(warehouse: Warehouse) -> Checked:
    """Run the checks. Raises SourceError when the warehouse has no view `opportunities`."""
    as_of = await warehouse.as_of()
    answer = await ask_one(warehouse, QUALITY_SQL)
    total = whole(answer.value("opportunities"))
    duplicates = whole(answer.value("duplicates"))
    found = [(check, whole(answer.value(check.id))) for check in CHECKS]
    issues = [
        Issue(id=check.id, title=check.title, deals=deals, share=deals / total if total else 0, matters=check.matters)
        for check, deals in found
        if deals
    ]
    if duplicates:
        share = duplicates / total
        issues.append(
            Issue(id="duplicates", title="Id used twice", deals=duplicates, share=share, matters="counted twice")
        )
    respelled, answers = await spellings(warehouse), [answer]
    if respelled is not None:
        answers.append(respelled)
    data = QualityData(
        as_of=as_of.isoformat(),
        opportunities=total,
        closed_from=text_of(answer.value("first_day")),
        closed_to=text_of(answer.value("last_day")),
        issues=sorted(issues, key=lambda it: -it.deals),
        passed=[check.title for check, deals in found if not deals] + ([] if duplicates else ["Id used twice"]),
        respelled={str(row[0]): whole(row[1]) for row in respelled.table.rows} if respelled else {},
    )
    return Checked(data, tuple(answers))


async def spellings(warehouse: Warehouse) -> Answer | None:
    try:
        return await ask_one(warehouse, SPELLINGS_SQL)
    except SourceError:  # the column is more than we may count on
        return None


async def run(sources: Sources, _: QualityParameters) -> Observation:
    checked = await check_quality(warehouse_of(sources))
    warehouse = warehouse_of(sources)
    doubts = await doubtful(warehouse, await warehouse.as_of())
    data = checked.data.model_copy(update={"similar_accounts": list(doubts.similar), "past_due": doubts.past_due})
    citations = tuple(answer.citation() for answer in (*checked.answers, *doubts.answers))
    headline = f"{counted(len(data.issues), 'gap')} in {data.opportunities:,} deals; {counted(len(data.passed), 'check')} passed"
    rows = [[it.title, f"{it.deals:,}", figure(it.share, "ratio"), it.matters] for it in data.issues]
    texts = [f"**{headline}**"]
    if rows:
        texts.append(table(["Gap", "Deals", "Share", "What it does"], rows))
    texts.append("\n".join(f"- {line}" for line in doubts.lines))
    texts.append(f"No fault found: {', '.join(title.lower() for title in data.passed)}.")
    texts.append(f"Closings from {data.closed_from} to {data.closed_to}. Data as of {data.as_of}. [SQL]")
    respelt = [f"{deals:,} deals spell a product “{name}”" for name, deals in data.respelled.items()]
    return Observation(
        text="\n\n".join(texts),
        data=data,
        findings=tuple(
            Finding(
                statement=f"{it.title}: {it.deals:,} of {data.opportunities:,} deals",
                kind="metric",
                citations=[citations[0].id],
                confidence=1,
            )
            for it in data.issues
        )
        + tuple(
            Finding(
                statement=f"{it.names[0]} and {it.names[1]} may be one account",
                kind="candidate",
                citations=[doubts.answers[0].citation().id],
                confidence=0.5,
            )
            for it in doubts.similar[:20]
        ),
        citations=citations,
        notes=(f"{'; '.join(respelt)}; they are counted under the product that is meant.",) if respelt else (),
    )


DATA_QUALITY = Tool(
    name="data_quality",
    description="Checks the deals for what is missing, impossible or spelt in several ways, and says what it affects.",
    cues=(
        "data quality",
        "how good is the data",
        "how clean is the data",
        "is the data good",
        "CRM hygiene",
        "data problems",
        "missing data",
        "missing accounts",
        "missing values",
        "without an account",
        "without account",
        "dirty data",
        "clean data",
        "duplicates",
        "trust the data",
        "trust the numbers",
        "completeness",
    ),
    parameters=QualityParameters,
    data=QualityData,
    needs="warehouse",
    run=run,
)
