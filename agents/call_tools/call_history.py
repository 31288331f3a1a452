"""`call_history`: how a deal came along, call by call; or which accounts were spoken to, and when last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import Field

from agents.call_tools.account_state import AccountState, Heard, hear, state_of
from agents.call_tools.evidence import Evidence, more, said
from agents.call_tools.material import SUMMARIES_SHOWN, CallRow, Material, call_row, gather, one_by_one, summary_text
from agents.call_tools.next_steps import next_step_text
from agents.call_tools.scope import ScopeParameters, call_source, scope_of, select
from agents.result import Record
from agents.sources import Call, Sources
from agents.tool import Observation, Tool

__all__ = ["CALL_HISTORY"]

_CALLS_SHOWN = 8
_ACCOUNTS_SHOWN = 10


class HistoryEntry(Record):
    """One call in the course of an account."""

    call: CallRow
    days_since_previous: int | None
    customers: list[str]
    new_people: list[str] = Field(description="customers who were on none of the earlier calls")
    objection_types: list[str] = Field(description="candidates")
    next_step: str | None = Field(description="the most likely candidate")


class AccountHistory(Record):
    """All calls with one account, oldest first."""

    account: str
    calls: int
    first: str
    last: str
    entries: list[HistoryEntry]
    state: AccountState | None = Field(description="what to know before the next call, where one account is meant")


class HistoryData(Record):
    """The accounts in scope, the one spoken to last first."""

    accounts: list[AccountHistory]


@dataclass(frozen=True, slots=True)
class _Told:
    """One call's entry and its lines in the text."""

    entry: HistoryEntry
    text: tuple[str, ...]


async def _run(sources: Sources, parameters: ScopeParameters) -> Observation:
    widened = await _account_of_call(sources, parameters)
    material = await gather(sources, widened)
    evidence = material.evidence()
    accounts: list[AccountHistory] = []
    texts: list[str] = []
    by_account = _by_account(material.calls)
    single = len(by_account) == 1
    heard = {talk.call.id: hear(talk) async for talk in one_by_one(material.conversations)}
    for account, calls in by_account.items():
        spoken = [heard[call.id] for call in calls if call.id in heard]
        state, lines = state_of(evidence, calls, spoken) if single else (None, [])
        told = _tell(evidence, material, calls, heard)
        accounts.append(
            AccountHistory(
                account=account,
                calls=len(calls),
                first=calls[0].started.date().isoformat(),
                last=calls[-1].started.date().isoformat(),
                entries=[item.entry for item in told],
                state=state,
            )
        )
        if single:
            texts += _course(accounts[0], told, lines)
    if len(by_account) > 1:
        texts = [*_overview(accounts), *map(summary_text, material.prose[:SUMMARIES_SHOWN])]
    text = "\n".join(texts) if material.calls else material.nothing or ""
    return Observation(text, HistoryData(accounts=accounts), evidence.findings, evidence.citations, material.notes)


async def _account_of_call(sources: Sources, parameters: ScopeParameters) -> ScopeParameters:
    """The history around one call is that of its account."""
    if parameters.call_id is None:
        return parameters
    selection = await select(call_source(sources), scope_of(ScopeParameters(call_id=parameters.call_id)))
    if not selection.calls or selection.calls[0].account is None:
        return parameters
    return ScopeParameters(
        account=selection.calls[0].account, from_date=parameters.from_date, to_date=parameters.to_date
    )


def _by_account(calls: Sequence[Call]) -> dict[str, list[Call]]:
    """Calls oldest first, by account, the account spoken to last first."""
    grouped: dict[str, list[Call]] = {}
    for call in calls:  # newest first
        grouped.setdefault(call.account or "no account", []).insert(0, call)
    return grouped


def _tell(evidence: Evidence, material: Material, calls: Sequence[Call], heard: Mapping[str, Heard]) -> list[_Told]:
    prose = {talk.call.id: talk for talk in material.prose}
    met: set[str] = set()
    told: list[_Told] = []
    previous: Call | None = None
    for call in calls:
        found = heard.get(call.id)
        talk = found.talk if found else None
        objections, steps = (found.objections, found.steps) if found else ((), ())
        customers = [party.name for party in call.parties if party.side == "external"]
        types = list(dict.fromkeys(objection.type for objection in objections))
        gap = (call.started.date() - previous.started.date()).days if previous else None
        entry = HistoryEntry(
            call=call_row(call),
            days_since_previous=gap,
            customers=customers,
            new_people=[name for name in customers if previous and name not in met],
            objection_types=list(types),
            next_step=f"{steps[0].owner}: {steps[0].action}" if steps else None,
        )
        lines = [f"  {summary_text(prose[call.id])}"] if call.id in prose else []
        if talk and objections:
            strongest = max(objections, key=lambda objection: objection.confidence)
            lines.append(f"  - {strongest.type} objection {said(talk, strongest.lines)}")
            evidence.candidate(
                f"{call.started.date().isoformat()}: possible {strongest.type} objection",
                talk, strongest.lines, strongest.confidence,
            )  # fmt: skip
        if talk and steps:
            lines.append(f"  {next_step_text(talk, steps[0])}")
            evidence.candidate(
                f"{call.started.date().isoformat()}: next step, {steps[0].owner}: {steps[0].action}",
                talk, [steps[0].line], steps[0].confidence,
            )  # fmt: skip
        told.append(_Told(entry, tuple(lines)))
        met |= set(customers)
        previous = call
    return told


def counted(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _course(history: AccountHistory, told: Sequence[_Told], state: Sequence[str]) -> list[str]:
    people = {name for item in told for name in item.entry.customers}
    span = history.first if history.calls == 1 else f"{history.first} to {history.last}"
    head = f"**{history.account}: {history.calls} call{'s' * (history.calls > 1)}, {span}**, {counted(len(people), 'person', 'people')} of theirs"
    lines = [head, *state, "", "**Call by call**"]
    for item in told[-_CALLS_SHOWN:]:
        entry = item.entry
        gap = (
            f", {entry.days_since_previous} days after the one before"
            if entry.days_since_previous is not None
            else ""
        )
        stage = f" · deal now: {entry.call.stage}" if entry.call.stage else ""
        new = f" · new: {', '.join(entry.new_people)}" if entry.new_people else ""
        lines.append(f"- {entry.call.date} **{entry.call.title}**{gap}{stage} · {entry.call.rep or 'no owner'}{new}")
        lines += item.text
    return [*lines, *more(len(told), min(len(told), _CALLS_SHOWN))]


def _overview(accounts: Sequence[AccountHistory]) -> list[str]:
    total = sum(account.calls for account in accounts)
    lines = [
        f"**{total} calls with {len(accounts)} accounts**, last contact first; ask for one account for its course."
    ]
    for account in accounts[:_ACCOUNTS_SHOWN]:
        last = account.entries[-1]
        step = f" · {last.next_step}" if last.next_step else ""
        lines.append(f"- **{account.account}**: {account.calls} calls, last {account.last} ({last.call.title}){step}")
    return [*lines, *more(len(accounts), min(len(accounts), _ACCOUNTS_SHOWN))]


CALL_HISTORY = Tool(
    name="call_history",
    description=(
        "What to know of an account or deal before the next call: their people, what each side promised, the last "
        "amount, the last worry, rivals, and the timeline of the calls with objections and next steps; "
        "without an account, all accounts by last contact. Good before a meeting."
    ),
    cues=("history", "timeline", "so far", "relationship", "before my meeting", "prepare", "call tomorrow",
          "meeting tomorrow", "last contact", "last spoke", "what should i know",
          "who was involved", "who from their side", "involved", "stakeholders", "participants", "who joined"),
    parameters=ScopeParameters,
    data=HistoryData,
    needs="calls",
    run=_run,
)  # fmt: skip
