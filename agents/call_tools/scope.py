"""Which calls are meant, and what to say when there are none.

A manager types "Acme", a date range that is a year off, or half a call id. None of these may end in an empty answer:
a name that only one account begins with is taken and said so, otherwise the nearest names are given; an empty period
says which dates exist; private calls are never read, and their number is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from rapidfuzz import fuzz, process, utils

from agents.sources import Call, CallScope, CallSource, Coverage, SourceError, Sources

__all__ = [
    "ScopeParameters",
    "Selection",
    "Speaking",
    "SpokenParameters",
    "call_source",
    "marked",
    "scope_of",
    "select",
]


Speaking = Literal["external", "internal"]


class ScopeParameters(BaseModel):
    """Which calls a tool looks at; everything left out is open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    call_id: str | None = Field(default=None, description="one call, by its id")
    account: str | None = Field(default=None, description="calls with this customer account")
    rep: str | None = Field(default=None, description="calls of this seller, by full name")
    from_date: date | None = Field(default=None, description="first day, ISO date, inclusive")
    to_date: date | None = Field(default=None, description="last day, ISO date, inclusive")
    newest: int | None = Field(default=None, ge=1, le=100, description="only the newest so many of these calls")

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_open(cls, value: object) -> object:
        """Models fill optional parameters with empty strings."""
        return None if isinstance(value, str) and not value.strip() else value


class SpokenParameters(ScopeParameters):
    """Whose sentences of which calls."""

    side: Speaking | None = Field(
        default=None,
        description="`external` for what customers said, `internal` for what sellers said; both if left out",
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """The calls in scope, newest first. `nothing` says why there are none."""

    scope: CallScope
    calls: tuple[Call, ...]
    notes: tuple[str, ...] = ()
    nothing: str | None = None


def scope_of(parameters: ScopeParameters) -> CallScope:
    """The scope that parameters describe."""
    return CallScope(
        call_id=parameters.call_id,
        account=parameters.account,
        rep=parameters.rep,
        from_date=parameters.from_date,
        to_date=parameters.to_date,
    )


def call_source(sources: Sources) -> CallSource:
    """The recorded calls. Raises SourceError `unavailable` where no configured server offers them."""
    if sources.calls is None:
        raise SourceError("unavailable", "No configured server offers recorded calls; add one to downstream.yaml.")
    return sources.calls


async def select(source: CallSource, scope: CallScope, newest: int | None = None) -> Selection:
    """The calls in scope, or the `newest` of them. Raises SourceError `not_found`, with the nearest ids, for a call id that does not exist."""
    if scope.from_date and scope.to_date and scope.from_date > scope.to_date:
        swapped = replace(scope, from_date=scope.to_date, to_date=scope.from_date)
        note = f"The period ended before it began; it was read as {_period(swapped)}."
        return _noted(await select(source, swapped, newest), note)
    try:
        calls = await source.find(scope)
    except SourceError as error:
        if error.kind == "not_found" and scope.call_id:
            raise SourceError("not_found", await _with_nearest_ids(source, scope.call_id, error.message)) from error
        raise
    if calls:
        selection = _without_private(scope, calls, newest)
        late = _not_yet(selection.calls, await source.as_of())
        return replace(selection, notes=(*await source.notes(), *selection.notes, *late))
    return await _nothing_found(source, scope, newest)


def _noted(selection: Selection, *notes: str) -> Selection:
    return replace(selection, notes=(*notes, *selection.notes))


def marked(covered: Coverage) -> tuple[str, ...]:
    """What is said of private and of invented calls in a scope."""
    notes = (_private_note(covered.private),) if covered.private else ()
    return (*notes, _synthetic_note(covered.synthetic, covered.calls)) if covered.synthetic else notes


def _without_private(scope: CallScope, calls: Sequence[Call], newest: int | None) -> Selection:
    open_calls = tuple(call for call in calls if not call.private)
    private = len(calls) - len(open_calls)
    open_calls = open_calls[:newest]
    notes: list[str] = []
    nothing = None
    if private and scope.call_id:
        nothing = (
            f"Call {scope.call_id} is private in the recorder: it is neither read nor quoted here. "
            "Its owner can share it there."
        )
    elif private:
        notes.append(_private_note(private))
        if not open_calls:
            nothing = (
                f"All {private} calls in this scope are private." if private > 1 else "The only call is private."
            )
    synthetic = sum(1 for call in open_calls if call.synthetic)
    if synthetic:
        notes.append(_synthetic_note(synthetic, len(open_calls)))
    return Selection(scope, open_calls, tuple(notes), nothing)


def _not_yet(calls: Sequence[Call], as_of: date) -> tuple[str, ...]:
    """A note on calls that are dated after the data ends; a day's grace, for time zones."""
    late = [call for call in calls if call.started.date() > as_of + timedelta(days=1)]
    if not late:
        return ()
    which = f"Call {late[0].id} is" if len(late) == 1 else f"{len(late)} calls are"
    return (f"{which} dated in the future, after {as_of.isoformat()}; the date is shown as the recorder gives it.",)


def _private_note(private: int) -> str:
    return f"{private} private call{'s' * (private > 1)} left out: private calls are never read or quoted."


def _synthetic_note(synthetic: int, total: int) -> str:
    if total == 1:
        return "This call is synthetic: it was written as sample data and never took place."
    which = "All of these calls are" if synthetic == total else f"{synthetic} of these {total} calls are"
    return f"{which} synthetic: written as sample data, they never took place."


async def _nothing_found(source: CallSource, scope: CallScope, newest: int | None) -> Selection:
    """No call: read a name differently if only one fits, or say what there is instead."""
    names = await source.names()
    for kind, given, known in (("account", scope.account, names.accounts), ("rep", scope.rep, names.reps)):
        if given is None or given.casefold() in {name.casefold() for name in known}:
            continue
        meant = _only_match(given, known)
        if meant is None:
            return Selection(scope, (), nothing=_unknown_name(kind, given, known))
        wider = replace(scope, account=meant) if kind == "account" else replace(scope, rep=meant)
        return _noted(await select(source, wider, newest), f'"{given}" was read as the {kind} {meant}.')
    return Selection(scope, (), nothing=await _empty_period(source, scope))


def _only_match(given: str, known: Sequence[str]) -> str | None:
    """The one name that holds all words of what was given, as `Acme` is held by `Acme Corporation`."""
    words = utils.default_process(given).split()
    holding = [name for name in known if words and set(words) <= set(utils.default_process(name).split())]
    return holding[0] if len(holding) == 1 else None


def _unknown_name(kind: str, given: str, known: Sequence[str]) -> str:
    near = [
        name
        for name, score, _ in process.extract(
            given, known, scorer=fuzz.WRatio, processor=utils.default_process, limit=3
        )
        if score >= 50
    ]
    if near:
        return f'No {kind} "{given}" has recorded calls. Nearest: {", ".join(near)}.'
    some = f" Some that have: {', '.join(known[:5])}." if known else ""
    return f'No {kind} "{given}" has recorded calls.{some}'


async def _empty_period(source: CallSource, scope: CallScope) -> str:
    if scope.from_date is None and scope.to_date is None:
        return f"No recorded calls{_whose(scope)}."
    anytime = await source.find(replace(scope, from_date=None, to_date=None))
    if not anytime:
        return f"No recorded calls{_whose(scope)}, in this period or any other."
    days = sorted(call.started.date() for call in anytime)
    there = f"{len(days)} from {days[0]} to {days[-1]}" if len(days) > 1 else f"one, on {days[0]}"
    return f"No recorded calls{_whose(scope)} {_period(scope)}. There {'are' if len(days) > 1 else 'is'} {there}."


def _whose(scope: CallScope) -> str:
    account = f" with {scope.account}" if scope.account else ""
    return account + (f" by {scope.rep}" if scope.rep else "")


def _period(scope: CallScope) -> str:
    if scope.from_date and scope.to_date:
        return f"from {scope.from_date} to {scope.to_date}"
    return f"from {scope.from_date} on" if scope.from_date else f"up to {scope.to_date}"


async def _with_nearest_ids(source: CallSource, call_id: str, message: str) -> str:
    ids = (await source.names()).call_ids
    near = [match for match, score, _ in process.extract(call_id, ids, scorer=fuzz.ratio, limit=3) if score >= 50]
    near = [match for match in near if match not in message]
    return f"{message.rstrip()} Nearest call ids: {', '.join(near)}." if near else message
