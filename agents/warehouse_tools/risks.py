"""The tool `deal_risks`: open deals that have been open unusually long."""

from datetime import date

from pydantic import Field

from agents.result import Finding, Record
from agents.sources import Sources
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import warehouse_of
from agents.warehouse_tools.deals import Deal, Overdue, deals_table, overdue
from agents.warehouse_tools.formats import counted, figure
from agents.warehouse_tools.narrowing import Narrowed, Narrowing, narrow

__all__ = ["DEAL_RISKS", "NO_ACTIVITY", "overdue_sentence"]

NO_ACTIVITY = "The warehouse holds no activity, next step or contact, so age is the only sign of risk here."


class RiskParameters(Narrowing):
    """Whose deals."""

    limit: int = Field(default=10, ge=1, le=50, description="deals to show, the dearest at list price first")


class RiskData(Record):
    """Overdue deals."""

    as_of: str
    usual_days: float | None = Field(description="three quarters of won deals took no longer than this")
    engaging: int
    overdue: int
    list_value: float
    deals: list[Deal]


async def run(sources: Sources, wanted: RiskParameters) -> Observation:
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    narrowed = await narrow(warehouse, wanted)
    found = await overdue(warehouse, as_of, narrowed, wanted.limit)
    headline = overdue_sentence(found, narrowed)
    texts = [f"**{headline}**"]
    if found.deals:
        texts.append(deals_table(found.deals, account=wanted.account is None, rep=wanted.rep is None))
        if found.overdue > len(found.deals):
            texts.append(f"Shown: {len(found.deals)} of {found.overdue:,}, the dearest at list price first.")
    texts.append(basis(found, as_of))
    citations = tuple(answer.citation(**narrowed.filters) for answer in found.answers)
    return Observation(
        text="\n\n".join(texts),
        data=RiskData(
            as_of=as_of.isoformat(),
            usual_days=found.usual_days,
            engaging=found.engaging,
            overdue=found.overdue,
            list_value=found.list_value,
            deals=list(found.deals),
        ),
        findings=(
            Finding(
                statement=headline, kind="candidate", citations=[cited.id for cited in citations], confidence=0.6
            ),
        ),
        citations=citations,
        notes=(*narrowed.notes, NO_ACTIVITY),
    )


def overdue_sentence(found: Overdue, narrowed: Narrowed) -> str:
    """The one line that says how much of the pipeline is old."""
    if not found.overdue or found.usual_days is None:
        return f"No engaging deal{narrowed.phrase} is older than won deals usually take"
    return (
        f"{found.overdue:,} of {counted(found.engaging, 'engaging deal')}{narrowed.phrase} "
        f"{'is' if found.overdue == 1 else 'are'} older than {found.usual_days:g} days, longer than three quarters of "
        f"won deals took; {figure(found.list_value, 'usd')} at list price"
    )


def basis(found: Overdue, as_of: date) -> str:
    return (
        f"How: days from engagement to {as_of.isoformat()}, against the 75th percentile of the cycle of won deals. "
        "Deals still prospecting have no engagement date and are not judged. [SQL]"
    )


DEAL_RISKS = Tool(
    name="deal_risks",
    description="Lists open deals that have been open longer than won deals usually take, the dearest first.",
    cues=(
        "at risk",
        "risk",
        "risky deals",
        "stale",
        "stuck",
        "stalled",
        "overdue",
        "oldest deals",
        "open too long",
        "aging",
        "deals to drop",
        "no activity",
    ),
    parameters=RiskParameters,
    data=RiskData,
    needs="warehouse",
    run=run,
)
