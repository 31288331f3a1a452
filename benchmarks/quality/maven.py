"""The KPIs of a folder of Maven CRM files, counted with the `csv` module and nothing else.

On purpose nothing here is shared with the SQL that is measured: rows are read and added up one by one.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import fmean, median

__all__ = ["BUNDLED", "FILES", "PUBLISHED", "Deal", "deals_of", "golden"]

BUNDLED = Path(__file__).parents[2] / "workspace" / "data" / "maven_crm"
FILES = ("accounts", "products", "sales_pipeline", "sales_teams")
PUBLISHED: Mapping[str, float] = {
    "deals won": 4238,
    "deals lost": 2473,
    "engaging": 1589,
    "prospecting": 500,
    "win rate": 0.6315,
    "revenue": 10_005_534,
    "average deal value": 2360.91,
    "won cycle, mean": 51.78,
    "won cycle, median": 57,
    "product spelt GTXPro": 1480,
    "deals without an account": 1425,
}
"""What is known of the public files, to the digits that are known; each is held against `golden` of the same files."""


@dataclass(frozen=True, slots=True)
class Deal:
    """One row of the pipeline, its product under the catalog's name."""

    agent: str
    region: str
    product: str
    product_written: str
    account: str
    stage: str
    engaged: date | None
    closed: date | None
    value: float | None

    @property
    def days(self) -> int | None:
        return (self.closed - self.engaged).days if self.closed and self.engaged else None


def deals_of(folder: Path) -> list[Deal]:
    """The deals of the folder's four files."""
    region_of = {row["sales_agent"]: row["regional_office"] for row in rows_of(folder, "sales_teams")}
    named = {squeezed(row["product"]): row["product"] for row in rows_of(folder, "products")}
    return [
        Deal(
            agent=row["sales_agent"],
            region=region_of.get(row["sales_agent"], ""),
            product=named.get(squeezed(row["product"]), row["product"]),
            product_written=row["product"],
            account=row["account"],
            stage=row["deal_stage"],
            engaged=date.fromisoformat(row["engage_date"]) if row["engage_date"] else None,
            closed=date.fromisoformat(row["close_date"]) if row["close_date"] else None,
            value=float(row["close_value"]) if row["close_value"] else None,
        )
        for row in rows_of(folder, "sales_pipeline")
    ]


def golden(deals: list[Deal]) -> dict[str, float]:
    """What there is to know of them, by the names of `PUBLISHED`, and by group: `revenue | product | GTX Pro`."""
    won = [deal for deal in deals if deal.stage == "Won"]
    closed = [deal for deal in deals if deal.stage in {"Won", "Lost"}]
    values = [deal.value for deal in won if deal.value is not None]
    days = [deal.days for deal in won if deal.days is not None]
    found: dict[str, float] = {
        "deals won": len(won),
        "deals lost": len(closed) - len(won),
        "engaging": sum(deal.stage == "Engaging" for deal in deals),
        "prospecting": sum(deal.stage == "Prospecting" for deal in deals),
        "win rate": len(won) / len(closed),
        "revenue": sum(values),
        "average deal value": fmean(values),
        "won cycle, mean": fmean(days),
        "won cycle, median": median(days),
        "deals without an account": sum(not deal.account for deal in deals),
        **{
            f"product spelt {written}": sum(deal.product_written == written for deal in deals)
            for written in sorted({deal.product_written for deal in deals if deal.product_written != deal.product})
        },
    }
    for group, of in GROUPS.items():
        for key, revenue in summed((of(deal), deal.value or 0) for deal in won).items():
            found[f"revenue | {group} | {key}"] = revenue
        wins, ended = summed((of(deal), 1) for deal in won), summed((of(deal), 1) for deal in closed)
        for key, n in ended.items():
            found[f"win rate | {group} | {key}"] = wins.get(key, 0) / n
    return found


GROUPS: Mapping[str, Callable[[Deal], str]] = {
    "product": lambda deal: deal.product,
    "region": lambda deal: deal.region,
    "quarter": lambda deal: f"{deal.closed.year}-Q{(deal.closed.month + 2) // 3}" if deal.closed else "",
}


def summed(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    sums: defaultdict[str, float] = defaultdict(float)
    for key, amount in pairs:
        sums[key] += amount
    return dict(sums)


def squeezed(name: str) -> str:
    return "".join(name.split()).lower()


def rows_of(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
