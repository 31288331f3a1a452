"""What customers push back on in the calls of a period, as far as calls are recorded."""

from datetime import date

from pydantic import Field

from agents.analysis.periods import Period
from agents.call_tools.objections import OBJECTIONS, ObjectionsData
from agents.call_tools.scope import ScopeParameters
from agents.result import CallCitation, Finding, Record
from agents.sources import SourceError, Sources
from agents.tool import Observation
from agents.warehouse_tools.formats import counted
from agents.warehouse_tools.narrowing import Narrowed

__all__ = ["Voice", "listen"]

QUOTES = 2


class Voice(Record):
    """How many calls were read, what came up how often, and the text for a page."""

    calls: int
    counts: dict[str, int]
    quotes: list[CallCitation] = Field(description="the sentences that `text` quotes")
    text: str


async def listen(sources: Sources, period: Period, narrowed: Narrowed) -> tuple[Voice | None, Observation | None]:
    """The objections of the period's calls; nothing where no calls are recorded or can be had.

    Only an account or a rep narrows calls: other filters of the warehouse mean nothing to them.
    """
    if sources.calls is None:
        return None, None
    scope = ScopeParameters(
        account=narrowed.filters.get("account"),
        rep=narrowed.filters.get("sales_agent"),
        from_date=None if period.from_date == date.min else period.from_date,
        to_date=None if period.to_date == date.max else period.to_date,
    )
    try:
        heard = await OBJECTIONS.run(sources, scope)
    except SourceError:  # a brief without calls is still a brief, and says that it read none
        return None, None
    data = heard.data
    if not isinstance(data, ObjectionsData) or not data.calls:
        return None, None
    best = sorted(heard.findings, key=lambda finding: -finding.confidence)[:QUOTES]
    counts = {count.type: count.objections for count in data.counts}
    kept = keep(heard, best)
    quotes = [it for it in kept.citations if isinstance(it, CallCitation)]
    text = voice_text(data, counts, best, quotes)
    return Voice(calls=len(data.calls), counts=counts, quotes=quotes, text=text), kept


def voice_text(data: ObjectionsData, counts: dict[str, int], best: list[Finding], quotes: list[CallCitation]) -> str:
    listed = ", ".join(f"{type_} {number}" for type_, number in counts.items())
    lines = [f"{counted(len(data.calls), 'call')} read; objections found: {listed or 'none'}."]
    cited = {it.id: it for it in quotes}
    for finding in best:
        said = next((cited[id_] for id_ in finding.citations if id_ in cited), None)
        seconds = (said.start_ms or 0) // 1000 if said else 0
        quote = (
            f": “{said.quote}” [{seconds // 60:02d}:{seconds % 60:02d} {said.speaker}, {said.call_title}]"
            if said
            else ""
        )
        lines.append(f"- {finding.statement}{quote}")
    return "\n".join(lines) if len(lines) == 1 else f"{lines[0]}\n\n" + "\n".join(lines[1:])


def keep(heard: Observation, best: list[Finding]) -> Observation:
    """The observation with the findings that are shown, and their citations."""
    cited = {id_ for finding in best for id_ in finding.citations}
    return Observation(
        text=heard.text,
        data=heard.data,
        findings=tuple(best),
        citations=tuple(citation for citation in heard.citations if citation.id in cited),
        notes=heard.notes,
    )
