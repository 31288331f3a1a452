"""Whose calls a coaching tool looks at: a seller's, of a period, of a kind, or one call."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agents.analysis.periods import parse_period
from agents.call_tools.manager_relation import RELATION, Relation
from agents.call_tools.material import Material, gather
from agents.call_tools.scope import ScopeParameters, call_source
from agents.sources import Call, SourceError, Sources

__all__ = ["CallKind", "RepParameters", "Subject", "coaching_data", "gather_calls", "kind_of", "subject_of"]

CallKind = Literal["discovery", "demo", "negotiation", "closing", "check_in"]


class RepParameters(BaseModel):
    """Whose calls, or which call, when, and who asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rep: str | None = Field(default=None, description="full name of the seller")
    call_id: str | None = Field(default=None, description="one call, by its id")
    period: str | None = Field(default=None, description="2017-Q4, 2017-10, 2017-10-01..2017-12-31 or all")
    kind: CallKind | None = Field(default=None, description="only calls whose title says that they are of this kind")
    newest: int | None = Field(default=None, ge=1, le=100, description="only the newest so many of these calls")
    relation: Relation | None = Field(default=None, description=RELATION)

    @field_validator("*", mode="before")
    @classmethod
    def _blank_is_open(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom and when an answer is about; `period` is how it is said."""

    scope: ScopeParameters
    period: str
    kind: CallKind | None
    newest: int | None
    notes: tuple[str, ...] = ()


async def subject_of(sources: Sources, parameters: RepParameters) -> Subject:
    """The calls that the parameters mean. Raises SourceError for a period that cannot be read."""
    source = call_source(sources)
    if parameters.call_id is not None:
        notes = ("The period was left aside: one call was asked for.",) if parameters.period else ()
        return Subject(ScopeParameters(call_id=parameters.call_id), "one call", None, None, notes)
    scope, label = ScopeParameters(rep=parameters.rep), "all calls"
    if parameters.period is not None:
        period = parse_period(parameters.period, await source.as_of())
        if period is None:
            message = f'"{parameters.period}" is no period. Write 2017-Q4, 2017-10, 2017-10-01..2017-12-31 or all.'
            raise SourceError("not_found", message)
        if not period.is_all:
            first = None if period.from_date == date.min else period.from_date
            last = None if period.to_date == date.max else period.to_date
            scope, label = ScopeParameters(rep=parameters.rep, from_date=first, to_date=last), period.label
    if parameters.kind is not None:
        label = f"{parameters.kind.replace('_', '-')} calls, {label}"
    if parameters.newest is not None:
        label = f"newest {parameters.newest} of {label}"
    return Subject(scope, label, parameters.kind, parameters.newest)


async def gather_calls(sources: Sources, subject: Subject) -> Material:
    """The calls of a subject with their words. Raises SourceError where the source fails."""
    material = await gather(sources, subject.scope)
    calls = _narrowed(material.calls, subject)
    kept = {call.id for call in calls}
    notes = (*subject.notes, *material.notes)
    nothing = material.nothing
    if subject.kind is not None and nothing is None and not calls:
        nothing = f"None of {len(material.calls)} calls says in its title that it is a {subject.kind} call."
    return replace(
        material,
        calls=tuple(calls),
        conversations=tuple(talk for talk in material.conversations if talk.call.id in kept),
        prose=tuple(talk for talk in material.prose if talk.call.id in kept),
        notes=notes,
        nothing=nothing,
    )


def kind_of(call: Call) -> CallKind | None:
    """The kind of a call, by the last words in its title that name one; None where none do."""
    title = call.title.casefold()
    found: list[tuple[int, CallKind]] = [
        (title.rfind(word), kind) for kind, words in _kinds() for word in words if word in title
    ]  # fmt: skip
    return max(found, key=lambda item: item[0])[1] if found else None


@lru_cache(maxsize=4)
def coaching_data(name: str) -> Any:
    """A data file of the coach, by name; each says where it comes from."""
    return json.loads((files("agents.call_tools") / "coaching_data" / f"{name}.json").read_text(encoding="utf-8"))


def _narrowed(calls: Sequence[Call], subject: Subject) -> list[Call]:
    of_kind = [call for call in calls if subject.kind is None or kind_of(call) == subject.kind]
    return of_kind[: subject.newest]


def _kinds() -> list[tuple[CallKind, list[str]]]:
    return list(coaching_data("call_kinds")["kinds"].items())
