"""Narrowing a figure to an account, a rep, a manager, a region, a product or a sector.

The names come from whoever asks, so each is looked up among those the warehouse has before it goes into a query: a
misspelling is corrected and said, a name that does not exist is an error with the nearest ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, field_validator

from agents.analysis.periods import ALL_TIME, Period, parse_period
from agents.analysis.roster import Found, Roster, Unclear
from agents.analysis.words import words
from agents.sources import SourceError, Warehouse
from agents.warehouse_tools.asking import ask, text_of

__all__ = ["MAX_NAME", "Narrowed", "Narrowing", "narrow", "narrow_topic", "period_of"]

COLUMN_OF: Mapping[str, str] = {
    "account": "account",
    "rep": "sales_agent",
    "manager": "manager",
    "region": "regional_office",
    "product": "product",
    "sector": "sector",
}
PEOPLE = frozenset({"rep", "manager"})
MAX_NAME = 200


class Narrowing(BaseModel):
    """The parameters that narrow a figure; all of them may be combined."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: str | None = Field(default=None, max_length=MAX_NAME, description="only this customer")
    rep: str | None = Field(default=None, max_length=MAX_NAME, description="only deals of this sales rep")
    manager: str | None = Field(default=None, max_length=MAX_NAME, description="only the team of this manager")
    region: str | None = Field(default=None, max_length=MAX_NAME, description="only this regional office")
    product: str | None = Field(default=None, max_length=MAX_NAME, description="only this product")
    sector: str | None = Field(default=None, max_length=MAX_NAME, description="only customers of this sector")

    @field_validator("*", mode="before")
    @classmethod
    def blank_is_open(cls, value: object) -> object:
        """Models fill optional parameters with empty strings."""
        return None if isinstance(value, str) and not value.strip() else value


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Filters by column, each value as the warehouse spells it."""

    filters: Mapping[str, str]
    notes: tuple[str, ...]

    @property
    def phrase(self) -> str:
        """ " for Darcel Schlecht, GTX Pro", or nothing."""
        return f" for {', '.join(self.filters.values())}" if self.filters else ""


async def narrow(warehouse: Warehouse, wanted: Narrowing) -> Narrowed:
    """Look the names up. Raises SourceError `not_found` for one that does not exist or fits several."""
    given = {
        name: value.strip() for name in COLUMN_OF if isinstance(value := getattr(wanted, name), str) and value.strip()
    }
    lists = await ask(warehouse, [distinct(COLUMN_OF[name]) for name in given])
    filters: dict[str, str] = {}
    notes: list[str] = []
    for (name, value), listed in zip(given.items(), lists, strict=True):
        known = [text for row in listed.table.rows if (text := text_of(row[0]))]
        match Roster(known, people=name in PEOPLE).read(value):
            case Found() as found:
                filters[COLUMN_OF[name]] = found.name
                if found.how != "exact":
                    notes.append(f"Read “{value}” as {found.name}.")
            case Unclear(nearest=nearest, several=several):
                near = ", ".join(nearest)
                why = f"fits several: {near}. Give one of them" if several else f"is not known. Nearest: {near}"
                raise SourceError("not_found", f"The {name} “{value[:60]}” {why}.")
    return Narrowed(filters, tuple(notes))


async def narrow_topic(warehouse: Warehouse, topic: str | None) -> tuple[Narrowed, tuple[str, ...]]:
    """What a topic narrows to, if it names one thing that the warehouse knows, and a note where it does not."""
    if topic is None:
        return Narrowed({}, ()), ()
    sentence = words(topic)
    lists = await ask(warehouse, [distinct(column) for column in COLUMN_OF.values()])
    for (name, column), listed in zip(COLUMN_OF.items(), lists, strict=True):
        known = [text for row in listed.table.rows if (text := text_of(row[0]))]
        found = list(Roster(known, people=name in PEOPLE).within(sentence, lambda _: True))
        named = {it.name for it in found if isinstance(it, Found) and it.how != "spelling"}
        if len(named) == 1:
            return Narrowed({column: named.pop()}, ()), ()
    return Narrowed({}, ()), (f"“{topic[:60]}” is no name in the warehouse, so this covers everything.",)


def distinct(column: str) -> str:
    return f"SELECT DISTINCT {column} AS name FROM opportunities WHERE {column} IS NOT NULL ORDER BY 1"  # noqa: S608  a column of ours


def period_of(text: str | None, as_of: date) -> Period:
    """The period that was asked for; none is all time.

    Raises SourceError `not_found` for words that name no period, or one of which nothing can be known yet.
    """
    if text is None or not text.strip():
        return ALL_TIME
    period = parse_period(text, as_of)
    if period is None:
        raise SourceError(
            "not_found",
            f"“{text[:60]}” names no period. Write it like 2017-Q4, 2017-10, 2017-10-01..2017-12-31, last quarter or all.",
        )
    if period.from_date > as_of:
        raise SourceError(
            "not_found",
            f"{period.label[0].upper()}{period.label[1:]} lies after {as_of.isoformat()}, where the data ends. Open deals carry no close date, so "
            "nothing says which of them will close then. Ask for the open deals, or for a period up to that day.",
        )
    return period
