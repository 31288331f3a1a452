"""Figures that need quotas, histories, forecasts or recurring revenue: by hand on a small synthetic warehouse.

The warehouse is a file with plain tables, in SQLite and in DuckDB; where a table is missing the answer says so.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pytest

from agents.analysis.kpi_catalog import KPIS
from agents.executive_knowledge import EXECUTIVE_KNOWLEDGE
from agents.snowflake_analyst import SNOWFLAKE_ANALYST
from agents.sources import SourceError, Sources, Table
from agents.tool import Observation
from server.downstream.adapters.dialect import Dialect, find_dialect

TODAY = date(2026, 11, 30)
METRIC = next(tool for tool in SNOWFLAKE_ANALYST.tools if tool.name == "metric")
SYNTHETIC = """
CREATE TABLE opp (id INTEGER, owner_id TEXT, amount INTEGER, acv INTEGER, is_won INTEGER, is_closed INTEGER,
  close_date DATE, created_date DATE, probability REAL);
INSERT INTO opp VALUES
  (1, 'ann', 100, 50, 1, 1, '2026-10-10', '2026-09-10', 1.0),
  (2, 'ann', 200, 100, 1, 1, '2026-11-20', '2026-10-01', 1.0),
  (3, 'bo',  300, 300, 0, 1, '2026-11-25', '2026-10-05', 0.0),
  (4, 'bo',  400, 400, 0, 0, '2026-12-15', '2026-11-01', 0.5),
  (5, 'ann', 600, 200, 0, 0, '2026-12-20', '2026-11-05', 0.25),
  (6, 'ann', NULL, NULL, 0, 0, '2026-12-22', '2026-11-05', 0.25),
  (7, 'bo',  900, 900, 0, 0, '2027-01-10', '2026-11-05', 0.1),
  (8, 'cy',  80,  80,  1, 1, '2026-11-02', '2026-10-02', 1.0);
CREATE TABLE quota (owner_id TEXT, period_start DATE, amount INTEGER);
INSERT INTO quota VALUES ('ann', '2026-10-01', 250), ('bo', '2026-10-01', 630), ('ann', '2026-07-01', 999);
CREATE TABLE close_hist (opp_id INTEGER, old_close DATE, new_close DATE);
INSERT INTO close_hist VALUES (4, '2026-11-15', '2026-12-15'), (4, '2026-11-01', '2026-11-15'), (5, '2027-01-20', '2026-12-20');
CREATE TABLE stage_hist (opp_id INTEGER, stage TEXT, entered_at DATE);
INSERT INTO stage_hist VALUES (1, 'demo', '2026-09-10'), (1, 'offer', '2026-09-20'), (2, 'demo', '2026-10-01'),
  (3, 'demo', '2026-10-05'), (4, 'demo', '2026-11-01'), (4, 'offer', '2026-11-20'), (5, 'demo', '2026-11-05');
CREATE TABLE forecast (submitted INTEGER, actual INTEGER);
INSERT INTO forecast VALUES (110, 100), (90, 100), (240, 200), (50, NULL);
CREATE TABLE mrr (account_id TEXT, month TEXT, mrr INTEGER);
INSERT INTO mrr VALUES ('a', '2025-10', 100), ('b', '2025-10', 100), ('c', '2025-10', 50), ('d', '2025-10', 0),
  ('a', '2026-10', 150), ('b', '2026-10', 60), ('e', '2026-10', 70);
CREATE TABLE spend (spend INTEGER, gross_margin REAL);
INSERT INTO spend VALUES (1200, 0.8);
CREATE TABLE new_cust (mrr INTEGER);
INSERT INTO new_cust VALUES (40), (60);
"""
BY_HAND = {
    # 400 + 600 open until 31 Dec; quota 880, won 100 + 200 + 80
    "pipeline_coverage": (1000 / 500, 1000, 500),
    "quota_attainment": (300 / 880, 300, 880),
    "weighted_forecast": (400 * 0.5 + 600 * 0.25, 350, 1000),
    "forecast_accuracy": (1 - 40 / 400, 440, 400),
    "forecast_bias": (40 / 400, 40, 400),
    "win_rate_by_value": (380 / 680, 380, 680),
    "acv": (230 / 3, 230, 3),
    "slippage": (2 / 8, 2, 8),
    "stage_conversion": (4 / 7, 4, 7),
    # on 30 November: deal 4 ten days in offer, deal 5 twenty-five days in demo
    "stage_age": (35 / 2, 35, 2),
    "nrr": (210 / 250, 210, 250),
    "grr": (160 / 250, 160, 250),
    "logo_churn": (1 / 3, 1, 3),
    "revenue_churn": (90 / 250, 90, 250),
    "cac_payback": (600 / 40, 600, 40),
}


@dataclass
class Plain:
    """A warehouse over either engine, spoken to as an adapter speaks to it."""

    connection: Any
    errors: tuple[type[Exception], ...]
    dialect: Dialect | None = None

    async def as_of(self) -> date:
        return TODAY

    async def query(self, sql: str) -> Table:
        if self.dialect is None:
            self.dialect = await find_dialect(self._send)
        return await self._send(self.dialect.render(sql))

    async def _send(self, sql: str) -> Table:
        try:
            cursor = self.connection.execute(sql)
        except self.errors as error:
            raise SourceError("refused", str(error)) from None
        return Table(tuple(column[0] for column in cursor.description or ()), tuple(cursor.fetchall()))


@pytest.fixture(params=["sqlite", "duckdb"])
def small(request: pytest.FixtureRequest) -> Iterator[Plain]:
    if request.param == "sqlite":
        connection = sqlite3.connect(":memory:")
        connection.executescript(SYNTHETIC)
        plain = Plain(connection, (sqlite3.Error,))
    else:
        connection = duckdb.connect()
        connection.execute(SYNTHETIC)
        plain = Plain(connection, (duckdb.Error,))
    yield plain
    connection.close()


async def ask(small: Plain, **parameters: Any) -> Observation:
    return await METRIC.run(Sources(warehouse=small), METRIC.parameters.model_validate(parameters))


def data(observation: Observation) -> dict[str, Any]:
    return observation.data.model_dump(mode="json")


@pytest.mark.parametrize("kpi", KPIS, ids=lambda kpi: kpi.id)
async def test_every_figure_is_what_it_is_by_hand(small: Plain, kpi: Any) -> None:
    seen = data(await ask(small, metric=kpi.id))
    figures = seen["figures"]
    value, numerator, denominator = BY_HAND[kpi.id]
    assert figures["value"] == pytest.approx(value)
    assert (figures["numerator"], figures["denominator"]) == (pytest.approx(numerator), pytest.approx(denominator))
    assert seen["sql"]
    assert seen["definition"]


async def test_what_was_left_out_is_said_with_its_reason(small: Plain) -> None:
    seen = await ask(small, metric="coverage")
    assert "Left out: 1 open deals without an amount; there is nothing to add up." in seen.notes
    attained = await ask(small, metric="attainment", period="this quarter")
    assert attained.notes[0].startswith("Left out: 1 won deals of owners without a quota")
    assert [group["key"] for group in data(attained)["groups"]] == ["ann", "bo"]


async def test_the_period_of_a_coverage_may_lie_ahead(small: Plain) -> None:
    seen = await ask(small, metric="weighted pipeline", period="2027-Q1")
    assert data(seen)["figures"]["value"] == pytest.approx(90)
    assert data(seen)["parameters"] == {"start": "2027-01-01", "end": "2027-03-31"}


async def test_both_retentions_are_always_shown(small: Plain) -> None:
    seen = await ask(small, metric="retention")
    assert "from 2025-10 to 2026-10: 84.00%" in seen.text
    assert "GRR 64.00%" in seen.text
    assert seen.notes == (
        "Left out: 1 customers that are new since then; retention is about those who were there at the start.",
    )


@pytest.mark.parametrize("kpi", [kpi for kpi in KPIS if kpi.fallback is None], ids=lambda kpi: kpi.id)
async def test_without_its_tables_a_figure_says_what_is_missing(sources: Sources, kpi: Any) -> None:
    seen = await METRIC.run(sources, METRIC.parameters.model_validate({"metric": kpi.id}))
    assert f"{kpi.title} cannot be computed here:" in seen.text
    assert kpi.lacks in seen.text
    assert data(seen)["figures"] is None


async def test_without_a_contract_term_the_closing_value_stands_in_and_says_so(sources: Sources) -> None:
    seen = await METRIC.run(sources, METRIC.parameters.model_validate({"metric": "ACV"}))
    assert "$2,360.91" in seen.text
    assert any("not a yearly one" in note for note in seen.notes)


async def test_the_deals_of_such_a_warehouse_give_the_other_figures_too(small: Plain) -> None:
    assert data(await ask(small, metric="win rate"))["figures"]["value"] == pytest.approx(3 / 4)
    assert data(await ask(small, metric="revenue"))["figures"]["value"] == 380


async def test_the_brief_stands_against_the_target_where_there_is_one(small: Plain) -> None:
    brief = next(tool for tool in EXECUTIVE_KNOWLEDGE.tools if tool.name == "executive_brief")
    seen = await brief.run(Sources(warehouse=small), brief.parameters.model_validate({}))
    assert "- Quota attainment in Q4 2026: 34.09% ($300 of $880; 1 of 2 owners reached theirs)" in seen.text
    assert "- Pipeline coverage in Q4 2026: 2.00x" in seen.text
    assert "Not in the sources" not in seen.text
