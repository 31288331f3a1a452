"""A warehouse that nobody prepared for us is asked in its own SQL, over its own tables, and gives the same figures."""

import sqlite3
from collections.abc import Callable

import duckdb
import pytest

from agents.analysis.dimensions import DIMENSIONS
from agents.analysis.metric_catalog import METRICS
from agents.analysis.metrics import MetricError, named_sql
from agents.sources import SourceError, Table
from agents.warehouse_tools.deals import USUAL_SQL
from benchmarks.quality.maven import BUNDLED, FILES
from benchmarks.quality.warehouses import write_sqlite
from server.downstream.adapters.dialect import Dialect, Query, find_dialect

Run = Callable[[str], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """The CRM files as plain tables: typed in DuckDB, all text in SQLite."""
    file = tmp_path_factory.mktemp("crm") / "crm.sqlite"
    write_sqlite(BUNDLED, file)
    plain = sqlite3.connect(file)
    typed = duckdb.connect()
    for name in FILES:
        typed.execute(f"CREATE TABLE {name} AS FROM read_csv('{BUNDLED / name}.csv', header = true)")
    return {"sqlite": lambda sql: plain.execute(sql).fetchall(), "duckdb": lambda sql: typed.execute(sql).fetchall()}


def asking(run: Run) -> Query:
    async def query(sql: str) -> Table:
        try:
            return Table((), tuple(run(sql)))
        except (duckdb.Error, sqlite3.Error) as error:
            raise SourceError("refused", str(error)) from None

    return query


def comparable(rows: list[tuple[object, ...]]) -> list[str]:
    return sorted(str([round(it, 6) if isinstance(it, int | float) else it for it in row]) for row in rows)


async def test_the_engine_and_the_layout_are_found_by_asking(engines: dict[str, Run]) -> None:
    for engine, run in engines.items():
        found = await find_dialect(asking(run))
        assert (found.engine, found.layout and found.layout.id) == (engine, "maven")


async def test_every_metric_gives_the_same_figures_in_sqlite_and_duckdb(engines: dict[str, Run]) -> None:
    plain, typed = [await find_dialect(asking(engines[name])) for name in ("sqlite", "duckdb")]
    compared = 0
    for metric in METRICS:
        for dimension in (None, *DIMENSIONS):
            try:
                sql = named_sql(metric, None, dimension)
            except MetricError:
                continue
            ours = comparable(engines["duckdb"](typed.render(sql)))
            assert comparable(engines["sqlite"](plain.render(sql))) == ours, f"{metric.id} by {dimension}"
            compared += 1
    assert compared > 80
    assert engines["sqlite"](plain.render(USUAL_SQL)) == engines["duckdb"](typed.render(USUAL_SQL)) == [(88,)]


async def test_a_view_that_is_there_is_asked_and_none_is_put_in_front_of_it() -> None:
    async def prepared(sql: str) -> Table:
        return Table(("version",), (("PostgreSQL 17.2",),))

    found = await find_dialect(prepared)
    assert found == Dialect("postgres", None)
    assert found.render("SELECT COUNT(*) AS n FROM opportunities") == "SELECT\n  COUNT(*) AS n\nFROM opportunities"


async def test_a_warehouse_that_is_away_is_said_to_be_away_and_not_to_be_empty() -> None:
    async def away(sql: str) -> Table:
        raise SourceError("unavailable", "The server is away.")

    with pytest.raises(SourceError, match="away"):
        await find_dialect(away)


async def test_a_statement_that_begins_with_a_common_table_keeps_it(engines: dict[str, Run]) -> None:
    found = await find_dialect(asking(engines["sqlite"]))
    sql = "WITH won AS (SELECT * FROM opportunities WHERE deal_stage = 'Won') SELECT COUNT(*) FROM won"
    assert engines["sqlite"](found.render(sql)) == [(4238,)]
