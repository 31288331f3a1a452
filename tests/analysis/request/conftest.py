"""What exists: the accounts and people of the bundled CRM, and two recorded calls."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from agents.sources import Names

MAVEN = Path(__file__).parents[3] / "workspace" / "data" / "maven_crm"


def column(file: str, name: str) -> tuple[str, ...]:
    with (MAVEN / file).open(encoding="utf-8-sig", newline="") as rows:
        return tuple(dict.fromkeys(row[name] for row in csv.DictReader(rows)))


@pytest.fixture(scope="session")
def as_of() -> date:
    return date(2017, 12, 31)


@pytest.fixture(scope="session")
def names() -> Names:
    return Names(
        accounts=column("accounts.csv", "account"),
        reps=column("sales_teams.csv", "sales_agent"),
        call_ids=("7782342274025937895", "100200300"),
    )


@pytest.fixture(scope="session")
def vocabulary() -> Mapping[str, tuple[str, ...]]:
    return {
        "manager": column("sales_teams.csv", "manager"),
        "region": column("sales_teams.csv", "regional_office"),
        "product": column("products.csv", "product"),
        "sector": column("accounts.csv", "sector"),
    }
