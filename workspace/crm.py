"""The bundled CRM set as the call server needs it: who sells, and how a deal stands.

The files keep their dirt (`workspace/data/maven_crm/SOURCE.md`); here names are read through `CLEAN`, the
same normalisations that the warehouse shows in its views.
"""

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["AS_OF", "BUNDLED_CRM", "CLEAN", "Account", "Crm", "Opportunity", "Rep"]

BUNDLED_CRM = Path(__file__).parent / "data" / "maven_crm"
AS_OF = "2017-12-31"
"""The last day the set speaks of: the newest close date in it."""

CLEAN = {"GTXPro": "GTX Pro", "technolgy": "technology", "Philipines": "Philippines"}
"""Misspelling in the files -> what is meant."""


@dataclass(frozen=True, slots=True)
class Opportunity:
    """One deal. `close_date` and `close_value` are None while it is open."""

    id: str
    sales_agent: str
    product: str
    account: str
    stage: str
    engage_date: str | None
    close_date: str | None
    close_value: float | None


@dataclass(frozen=True, slots=True)
class Account:
    """One customer."""

    name: str
    sector: str
    employees: int
    country: str


@dataclass(frozen=True, slots=True)
class Rep:
    """One seller."""

    name: str
    manager: str
    office: str


class Crm:
    """The CRM files of one folder, each read when first asked for."""

    def __init__(self, folder: Path = BUNDLED_CRM) -> None:
        self._folder = folder

    def opportunity(self, opportunity_id: str) -> Opportunity | None:
        """One deal, or None where the set has no such id."""
        row = self._pipeline.get(opportunity_id)
        return _opportunity(row) if row else None

    def opportunities(self) -> list[Opportunity]:
        """Every deal, in the order of the file."""
        return [_opportunity(row) for row in self._pipeline.values()]

    @cached_property
    def _pipeline(self) -> dict[str, dict[str, str]]:
        return {row["opportunity_id"]: row for row in self._rows("sales_pipeline.csv")}

    @cached_property
    def accounts(self) -> dict[str, Account]:
        return {
            row["account"]: Account(
                name=row["account"],
                sector=CLEAN.get(row["sector"], row["sector"]),
                employees=int(row["employees"]),
                country=CLEAN.get(row["office_location"], row["office_location"]),
            )
            for row in self._rows("accounts.csv")
        }

    @cached_property
    def reps(self) -> dict[str, Rep]:
        return {
            row["sales_agent"]: Rep(row["sales_agent"], row["manager"], row["regional_office"])
            for row in self._rows("sales_teams.csv")
        }

    def _rows(self, name: str) -> list[dict[str, str]]:
        with (self._folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


def _opportunity(row: dict[str, str]) -> Opportunity:
    return Opportunity(
        id=row["opportunity_id"],
        sales_agent=row["sales_agent"],
        product=CLEAN.get(row["product"], row["product"]),
        account=row["account"],
        stage=row["deal_stage"],
        engage_date=row["engage_date"] or None,
        close_date=row["close_date"] or None,
        close_value=float(row["close_value"]) if row["close_value"] else None,
    )
