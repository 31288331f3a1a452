"""Open deals beside the calls that bear on them: which deals have any, and the signs of risk in their words.

Bounded: one look at the list of calls, one query for the deals of those accounts, one deal per account, and the words
of the newest few calls of each, fetched side by side.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

import anyio.lowlevel
from pydantic import Field

from agents.analysis.calls.conversation import Conversation
from agents.analysis.calls.deal_signs import Rules, Sign, Spoken, signs_in
from agents.analysis.metrics import MetricError, literal
from agents.call_tools.evidence import Evidence, quote
from agents.call_tools.material import Quoted, quoted
from agents.call_tools.reading import read
from agents.call_tools.scope import marked
from agents.result import Record
from agents.sources import Call, CallScope, Coverage, SourceError, Sources, Warehouse
from agents.warehouse_tools.asking import Answer
from agents.warehouse_tools.deals import Deal, list_deals
from agents.warehouse_tools.narrowing import Narrowed

__all__ = ["DealSigns", "Joined", "RiskSign", "join_calls", "sign_text"]

NAMES = 100
"""How many accounts, and how many deal ids, are looked up in the warehouse: those with the newest calls."""
DEALS = 200


class RiskSign(Record):
    """A sign of risk: a candidate."""

    rule: str = Field(description="id of the rule; `rules` says it in words")
    statement: str
    quotes: list[Quoted]
    confidence: float


class DealSigns(Record):
    """An open deal and what its calls say."""

    deal: Deal
    calls: int = Field(description="recorded calls that bear on it")
    about: str = Field(description="deal: calls tied to this deal; account: with its account; other: on other deals")
    signs: list[RiskSign]
    not_judged: dict[str, str] = Field(description="rules that the calls cannot answer, and why")


@dataclass(frozen=True, slots=True)
class Joined:
    """Deals with calls, those tied to calls first; `calls_of` counts calls by account, in lower case."""

    deals: tuple[DealSigns, ...]
    calls_of: Mapping[str, int]
    evidence: Evidence
    answers: tuple[Answer, ...]
    notes: tuple[str, ...]

    def count(self, deal: Deal) -> int:
        """How many calls with the deal's account are recorded."""
        return self.calls_of.get((deal.account or "").casefold(), 0)


@dataclass(frozen=True, slots=True)
class _Bearing:
    """The newest calls that bear on a deal, and how."""

    deal: Deal
    calls: tuple[Call, ...]
    total: int
    about: str


async def join_calls(
    sources: Sources, warehouse: Warehouse, as_of: date, narrowed: Narrowed, limit: int, rules: Rules
) -> Joined | None:
    """Up to `limit` open deals whose account has calls; None where no calls can be had."""
    if sources.calls is None:
        return None
    try:
        every = await sources.calls.find(CallScope())
    except SourceError:  # the deals are told without their calls, which is said
        return None
    past = [call for call in every if call.started.date() <= as_of + timedelta(days=1)]
    known = [call for call in past if not call.private]
    by_account: dict[str, list[Call]] = {}
    for call in known:
        by_account.setdefault((call.account or "").casefold(), []).append(call)
    by_account.pop("", None)
    counts = {account: len(calls) for account, calls in by_account.items()}
    answer, deals = await _open_deals(warehouse, as_of, narrowed, known)
    bearing = _bearing(deals, by_account, limit, rules)
    chosen = {call.id: call for it in bearing for call in it.calls}
    talks: dict[str, Conversation] = {}
    notes: tuple[str, ...] = ()
    if chosen:
        try:
            reading = await read(sources.calls, list(chosen.values()), len(chosen))
            talks = {talk.call.id: talk for talk in reading.conversations if talk.level != "prose"}
            notes = _unread(reading.unread)
        except SourceError as error:
            notes = (f"The words of the calls could not be read: {error.message}",)
    evidence = Evidence()
    found: list[DealSigns] = []
    for it in bearing:
        await anyio.lowlevel.checkpoint()
        found.append(_judged(evidence, it, talks, as_of, rules))
    synthetic = sum(1 for call in chosen.values() if call.synthetic)
    private = len(past) - len(known)
    covered = Coverage(calls=len(chosen), searched=len(talks), private=private, synthetic=synthetic)
    return Joined(tuple(found), counts, evidence, (answer,) if answer else (), (*notes, *marked(covered)))


async def _open_deals(
    warehouse: Warehouse, as_of: date, narrowed: Narrowed, calls: Sequence[Call]
) -> tuple[Answer | None, tuple[Deal, ...]]:
    """Open deals that a call names, or whose account has calls; those first, then the dearest."""
    accounts = _literals((call.account or "").lower() for call in calls)
    ids = _literals((call.deal_id or "").upper() for call in calls)
    named = f"UPPER(opportunity_id) IN ({', '.join(ids)})" if ids else "1 = 0"
    of_account = f"LOWER(account) IN ({', '.join(accounts)})" if accounts else "1 = 0"
    if not ids and not accounts:
        return None, ()
    return await list_deals(
        warehouse,
        as_of,
        narrowed,
        f"deal_stage IN ('Prospecting', 'Engaging') AND ({named} OR {of_account})",
        f"CASE WHEN {named} THEN 0 ELSE 1 END, CASE WHEN deal_stage = 'Engaging' THEN 0 ELSE 1 END, "
        "list_price DESC NULLS LAST, engage_date, opportunity_id",
        DEALS,
    )


def _unread(calls: Sequence[Call]) -> tuple[str, ...]:
    """The calls without words, in one line."""
    named = ", ".join(f"{call.title} ({call.started.date().isoformat()})" for call in calls[:3])
    more = f" and {len(calls) - 3} more" if len(calls) > 3 else ""
    return (f"Could not be read for signs of risk: {named}{more}.",) if calls else ()


def _literals(names: Iterable[str]) -> list[str]:
    """The names as SQL, each once, as many as are looked up; one that no literal can hold is left out."""
    found: list[str] = []
    for name in islice(dict.fromkeys(filter(None, names)), NAMES):
        with suppress(MetricError):
            found.append(literal(name))
    return found


def _bearing(
    deals: Sequence[Deal], by_account: Mapping[str, Sequence[Call]], limit: int, rules: Rules
) -> list[_Bearing]:
    """The first deal of each account, and every deal that calls are tied to."""
    tied: dict[str, list[Call]] = {}
    for calls in by_account.values():
        for call in calls:
            if call.deal_id:
                tied.setdefault(call.deal_id.upper(), []).append(call)
    chosen: list[_Bearing] = []
    taken: set[str] = set()
    for deal in deals:
        account = (deal.account or "").casefold()
        own = tied.get(deal.id.upper(), [])
        if not own and account in taken:
            continue
        taken.add(account)
        all_of = by_account.get(account, [])
        untied = [call for call in all_of if not call.deal_id]
        about, calls = ("deal", own) if own else ("account", untied) if untied else ("other", all_of)
        newest = sorted(calls, key=lambda call: call.started, reverse=True)
        if newest:
            chosen.append(_Bearing(deal, tuple(newest[: rules.calls]), len(newest), about))
    return chosen[:limit]


def _judged(
    evidence: Evidence, bearing: _Bearing, talks: Mapping[str, Conversation], as_of: date, rules: Rules
) -> DealSigns:
    spoken = Spoken(
        calls=bearing.calls,
        talks=[talks[call.id] for call in bearing.calls if call.id in talks],
        late=bearing.deal.stage == "Engaging",
        other_deals=bearing.about == "other",
    )
    judged = signs_in(spoken, as_of, rules)
    return DealSigns(
        deal=bearing.deal,
        calls=bearing.total,
        about=bearing.about,
        signs=[_view(evidence, bearing.deal, sign) for sign in judged.signs],
        not_judged=dict(judged.not_judged),
    )


def _view(evidence: Evidence, deal: Deal, sign: Sign) -> RiskSign:
    quotes: list[Quoted] = []
    if sign.talk is not None:
        quotes = quoted(evidence, sign.talk, sign.lines)
        evidence.candidate(f"Deal {deal.id}: {sign.statement}", sign.talk, sign.lines, sign.confidence)
    return RiskSign(rule=sign.rule, statement=sign.statement, quotes=quotes, confidence=sign.confidence)


def sign_text(sign: RiskSign, about: str) -> str:
    """The sign on one line, with where it was said."""
    said = [f"[{it.at} {it.speaker}] {quote(it.text)}" for it in sign.quotes]
    elsewhere = " (a call about another deal)" if about == "other" and said else ""
    return f"{sign.statement}{elsewhere}{': ' if said else ''}{' '.join(said)}"
