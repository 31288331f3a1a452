"""The tool `deal_risks`: open deals that look at risk, from the deal itself and from the calls about it.

The dearest deals that are open unusually long come from the warehouse. Beside them stand the open deals whose account
has recorded calls, with what those calls show; a deal without calls says so. Every sign is a candidate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import Field

from agents.analysis.calls.deal_signs import Rules
from agents.analysis.kpi import RELATIONS
from agents.analysis.metrics import literal
from agents.result import Citation, Finding, Record
from agents.sources import Sources, Warehouse
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import Answer, ask_one, text_of, warehouse_of, whole
from agents.warehouse_tools.deals import Deal, Overdue, deals_table, overdue
from agents.warehouse_tools.formats import counted, figure
from agents.warehouse_tools.kpi_answer import answers
from agents.warehouse_tools.narrowing import Narrowed, Narrowing, narrow
from agents.warehouse_tools.risk_calls import DealSigns, Joined, join_calls, sign_text

__all__ = [
    "DEAL_RISKS",
    "NO_ACTIVITY",
    "Risky",
    "deal_facts",
    "overdue_sentence",
    "risk_line",
    "risky_deals",
    "top_risks",
]

NO_ACTIVITY = "The warehouse holds no activity, next step or contact, so age is the only sign of risk here."
WITH_CALLS = 6
"""How many deals are read beside their calls."""


class RiskParameters(Narrowing):
    """Whose deals, and what counts as quiet."""

    limit: int = Field(default=10, ge=1, le=50, description="deals to show, the dearest at list price first")
    quiet_days: int = Field(
        default=Rules().quiet_days, ge=1, le=365, description="days without a call after which an account is quiet"
    )


class RiskData(Record):
    """Overdue deals, and open deals beside their calls."""

    as_of: str
    usual_days: float | None = Field(description="three quarters of won deals took no longer than this")
    engaging: int
    overdue: int
    list_value: float
    deals: list[Deal]
    with_calls: list[DealSigns]
    calls_with_account: dict[str, int] = Field(description="recorded calls with the account of each deal in `deals`")
    pushed: dict[str, int] | None = Field(
        description="times that a close date was moved back; null without a history"
    )
    rules: dict[str, str]


@dataclass(frozen=True, slots=True)
class Risky:
    """What was found, for a page or for a whole answer."""

    old: Overdue
    joined: Joined | None
    pushed: dict[str, int] | None
    pushed_answer: Answer | None
    call_rules: Rules

    @property
    def rules(self) -> dict[str, str]:
        """Each rule that was applied, in words."""
        days = f"{self.old.usual_days:g}" if self.old.usual_days is not None else "?"
        texts = {"age": f"engaged for more than {days} days, the 75th percentile of won deals"}
        if self.pushed is not None:
            texts["pushed"] = "its close date was moved back at least once"
        return {**texts, **(self.call_rules.texts if self.joined else {})}

    @property
    def citations(self) -> tuple[Citation, ...]:
        """The sentences of calls and the queries that found the deals, but those of `old`."""
        said = self.joined.evidence.citations if self.joined else ()
        asked = [*(self.joined.answers if self.joined else ()), *([self.pushed_answer] if self.pushed_answer else [])]
        return (*(answer.citation() for answer in asked), *said)

    @property
    def notes(self) -> tuple[str, ...]:
        if self.joined is None:
            return (NO_ACTIVITY,)
        return self.joined.notes


async def risky_deals(
    sources: Sources, warehouse: Warehouse, as_of: date, narrowed: Narrowed, limit: int, rules: Rules | None = None
) -> Risky:
    """The dearest overdue deals and the open deals with calls."""
    rules = rules or Rules()
    old = await overdue(warehouse, as_of, narrowed, limit)
    joined = await join_calls(sources, warehouse, as_of, narrowed, WITH_CALLS, rules)
    ids = [deal.id for deal in old.deals] + [it.deal.id for it in (joined.deals if joined else ())]
    pushed, asked = await pushes(warehouse, ids)
    return Risky(old, joined, pushed, asked, rules)


async def pushes(warehouse: Warehouse, ids: Sequence[str]) -> tuple[dict[str, int] | None, Answer | None]:
    """How often the close dates of these deals were moved back, where the warehouse keeps a history of them."""
    if not ids or not await answers(warehouse, RELATIONS["close_hist"].probe):
        return None, None
    listed = ", ".join(literal(id_) for id_ in dict.fromkeys(ids))
    sql = (
        "SELECT CAST(opp_id AS VARCHAR) AS deal, COUNT(*) AS pushes\nFROM close_hist\n"
        f"WHERE CAST(new_close AS DATE) > CAST(old_close AS DATE) AND CAST(opp_id AS VARCHAR) IN ({listed})\n"
        "GROUP BY 1\nORDER BY 1"
    )
    answer = await ask_one(warehouse, sql)
    found = {
        text_of(answer.value("deal", row)) or "": whole(answer.value("pushes", row))
        for row in range(len(answer.table.rows))
    }
    return found, answer


def deal_facts(deal: Deal, risky: Risky) -> list[str]:
    """What the deal itself shows."""
    facts: list[str] = []
    usual = risky.old.usual_days
    if usual is not None and deal.age_days is not None and deal.age_days > usual:
        facts.append(f"open {deal.age_days:,} days, usual is up to {usual:g}")
    times = (risky.pushed or {}).get(deal.id, 0)
    if times:
        facts.append(f"close date moved back {counted(times, 'time')}")
    return facts


async def run(sources: Sources, wanted: RiskParameters) -> Observation:
    warehouse = warehouse_of(sources)
    as_of = await warehouse.as_of()
    narrowed = await narrow(warehouse, wanted)
    found = await risky_deals(sources, warehouse, as_of, narrowed, wanted.limit, Rules(quiet_days=wanted.quiet_days))
    old = found.old
    headline = overdue_sentence(old, narrowed)
    citations = tuple(answer.citation(**narrowed.filters) for answer in old.answers)
    return Observation(
        text="\n\n".join([f"**{headline}**", *old_deals(found, wanted), *talked(found), basis(found, as_of)]),
        data=RiskData(
            as_of=as_of.isoformat(),
            usual_days=old.usual_days,
            engaging=old.engaging,
            overdue=old.overdue,
            list_value=old.list_value,
            deals=list(old.deals),
            with_calls=list(found.joined.deals) if found.joined else [],
            calls_with_account={it.id: found.joined.count(it) for it in old.deals} if found.joined else {},
            pushed=found.pushed,
            rules=found.rules,
        ),
        findings=(
            Finding(
                statement=headline, kind="candidate", citations=[cited.id for cited in citations], confidence=0.6
            ),
            *(found.joined.evidence.findings if found.joined else ()),
        ),
        citations=(*citations, *found.citations),
        notes=(*narrowed.notes, *found.notes),
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


def old_deals(found: Risky, wanted: RiskParameters) -> list[str]:
    """The dearest overdue deals, and how many of them nobody's calls speak of."""
    old = found.old
    if not old.deals:
        return []
    texts = [deals_table(old.deals, account=wanted.account is None, rep=wanted.rep is None)]
    told: list[str] = []
    if old.overdue > len(old.deals):
        told.append(f"Shown: {len(old.deals)} of {old.overdue:,}, the dearest at list price first.")
    moved = [
        f"{deal.id} {counted(times, 'time')}" for deal in old.deals if (times := (found.pushed or {}).get(deal.id))
    ]
    if moved:
        told.append(f"Close date moved back: {', '.join(moved)}.")
    if found.joined:
        silent = [deal for deal in old.deals if deal.account and not found.joined.count(deal)]
        nameless = sum(1 for deal in old.deals if not deal.account)
        if silent:
            told.append(f"No recorded calls with {', '.join(dict.fromkeys(it.account or '' for it in silent))}.")
        if nameless:
            told.append(
                f"{counted(nameless, 'of these deals has', 'of these deals have')} no account, so no calls can be matched."
            )
    return [*texts, *([" ".join(told)] if told else [])]


def talked(found: Risky) -> list[str]:
    """The open deals that calls speak of, with the signs."""
    if found.joined is None:
        return []
    if not found.joined.deals:
        return ["**Signs from calls**: none of these open deals belongs to an account with recorded calls."]
    lines = ["**Signs from calls** (candidates), for the open deals whose account has recorded calls:", ""]
    for it in found.joined.deals:
        lines += deal_lines(it, found)
    return ["\n".join(lines)]


def deal_lines(it: DealSigns, found: Risky) -> list[str]:
    deal = it.deal
    about = {
        "deal": f"{counted(it.calls, 'call')} about it",
        "account": f"{counted(it.calls, 'call')} with the account",
        "other": f"no call about it, {it.calls} with the account about other deals",
    }[it.about]
    title = (
        f"- **{deal.account or 'No account'}**, {deal.id}, {deal.product or 'no product'} at "
        f"{figure(deal.list_price, 'usd')}, {deal.rep or 'no rep'}; {about}"
    )
    signs = [*(fact[0].upper() + fact[1:] for fact in deal_facts(deal, found))]
    signs += [sign_text(sign, it.about) for sign in it.signs]
    return [title, *(f"  - {sign}" for sign in signs or ["No sign of risk found"])]


def top_risks(found: Risky, limit: int) -> list[tuple[Deal, DealSigns | None]]:
    """The dearest overdue deals, some places kept for those whose calls show signs; the dearest first."""
    talked_of = [it for it in (found.joined.deals if found.joined else ()) if it.signs]
    spoken = sorted(talked_of, key=lambda it: (it.about != "deal", -len(it.signs)))[: limit * 2 // 5]
    ids = {it.deal.id for it in spoken}
    dearest = [deal for deal in found.old.deals if deal.id not in ids][: limit - len(spoken)]
    chosen: list[tuple[Deal, DealSigns | None]] = [
        *((it.deal, it) for it in spoken),
        *((deal, None) for deal in dearest),
    ]
    return sorted(chosen, key=lambda it: (-(it[0].list_price or 0), it[0].id))


def risk_line(deal: Deal, signs: DealSigns | None, found: Risky) -> str:
    """One deal of a page: what it is, whose it is, and why it is there."""
    what = f"{deal.id}, {deal.product or 'no product'} at {figure(deal.list_price, 'usd')}"
    facts = deal_facts(deal, found)
    if signs is not None:
        texts = [sign_text(sign, signs.about) for sign in signs.signs]
        facts += [text[0].lower() + text[1:] for text in texts]
    elif not deal.account:
        facts.append("no account, so no calls can be matched")
    elif found.joined and not found.joined.count(deal):
        facts.append("no recorded calls with the account")
    return f"- **{deal.account or 'No account'}** ({what}), owner {deal.rep or 'not given'}: {'; '.join(facts)}"


def basis(found: Risky, as_of: date) -> str:
    how = (
        f"How: days from engagement to {as_of.isoformat()}, against the 75th percentile of the cycle of won deals. "
        "Deals still prospecting have no engagement date and are not judged by age. [SQL]"
    )
    if found.joined is None:
        return how
    rules = found.call_rules
    return (
        f"{how} From calls: the newest {rules.calls} are read; an account is quiet after {rules.quiet_days} days, a deal "
        f"hangs on one person when fewer than {rules.people} of the customer's people were heard, and competitors count "
        f"in the last {rules.rival_calls} calls. What was not found may still have been said elsewhere."
    )


DEAL_RISKS = Tool(
    name="deal_risks",
    description=(
        "Lists open deals that look at risk: open longer than won deals usually take, close date moved back, and from "
        "calls no next step, one contact only, no senior person, no price talk, a competitor, or no call for days."
    ),
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
