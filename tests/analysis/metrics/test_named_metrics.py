"""Named metrics give the golden values of the bundled CRM, and their SQL can be sent anywhere."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
import sqlglot

from agents.analysis.dimensions import DIMENSIONS
from agents.analysis.kpi_catalog import KPIS
from agents.analysis.metric_catalog import METRICS
from agents.analysis.metrics import MetricError, choose_metric, coverage_sql, follows_period, named_sql, several_sql
from agents.analysis.not_computable import NOT_COMPUTABLE
from agents.analysis.periods import parse_period

MAVEN = Path(__file__).parents[3] / "workspace" / "data" / "maven_crm"
Q3 = parse_period("2017-Q3", date(2017, 12, 31))


@pytest.fixture(scope="module")
def crm() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    for name in ("products", "sales_pipeline", "sales_teams", "accounts"):
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{MAVEN / name}.csv', header = true)")
    connection.execute(
        "CREATE VIEW opportunities AS SELECT p.*, t.manager, t.regional_office, a.sector, g.sales_price AS list_price"
        " FROM sales_pipeline p LEFT JOIN sales_teams t USING (sales_agent) LEFT JOIN accounts a USING (account)"
        " LEFT JOIN products g ON g.product = replace(p.product, 'GTXPro', 'GTX Pro')"
    )
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("metric", "value", "digits"),
    [
        ("deals_won", 4238, 0),
        ("deals_lost", 2473, 0),
        ("revenue", 10_005_534, 0),
        ("win_rate", 0.6315, 4),
        ("average_deal_value", 2360.91, 2),
        ("sales_cycle", 51.78, 2),
        ("pipeline_open", 1589 + 500, 0),
    ],
)
def test_the_golden_values_come_out(crm: duckdb.DuckDBPyConnection, metric: str, value: float, digits: int) -> None:
    row = crm.execute(named_sql(metric)).fetchall()[0]
    assert round(float(row[0]), digits) == value


def test_the_median_cycle_stands_beside_the_mean(crm: duckdb.DuckDBPyConnection) -> None:
    assert crm.execute(named_sql("sales_cycle")).fetchall()[0][4] == 57


def test_a_ratio_is_its_numerator_by_its_denominator(crm: duckdb.DuckDBPyConnection) -> None:
    value, won, closed, n = crm.execute(named_sql("win_rate", Q3)).fetchall()[0]
    assert (won / closed, closed) == (value, n)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_every_metric_runs_with_every_split_it_has(crm: duckdb.DuckDBPyConnection, metric: object) -> None:
    from agents.analysis.metric import Metric

    assert isinstance(metric, Metric)
    crm.execute(coverage_sql(metric, {"manager": "Nobody O'Neil"}))
    for dimension in DIMENSIONS:
        try:
            rows = crm.execute(named_sql(metric, Q3, dimension)).fetchall()
        except MetricError:
            assert dimension.is_time
            continue
        whole = crm.execute(named_sql(metric, Q3)).fetchall()[0][0]
        if metric.additive:
            assert sum(row[1] for row in rows) == pytest.approx(whole)


def test_several_figures_come_from_one_query(crm: duckdb.DuckDBPyConnection) -> None:
    asked = [(metric, Q3) for metric in METRICS]
    together = [row[1] for row in crm.execute(several_sql(asked)).fetchall()]
    assert together == pytest.approx([crm.execute(named_sql(metric, Q3)).fetchall()[0][0] for metric in METRICS])


def test_what_a_user_writes_stays_within_its_literal(crm: duckdb.DuckDBPyConnection) -> None:
    hostile = "x' OR 1=1; DROP TABLE sales_pipeline; --"
    assert crm.execute(named_sql("deals_won", None, None, {"account": hostile})).fetchall()[0][0] == 0


@pytest.mark.parametrize("value", ["back\\slash", "line\nbreak", "nul\0", "x" * 201])
def test_a_value_that_some_dialect_reads_otherwise_is_refused(value: str) -> None:
    with pytest.raises(MetricError, match="plain name"):
        named_sql("revenue", None, None, {"account": value})


def test_a_filter_on_another_column_is_refused() -> None:
    with pytest.raises(MetricError, match="Cannot filter by password"):
        named_sql("revenue", None, None, {"password": "x"})


@pytest.mark.parametrize("dialect", ["snowflake", "sqlite", "postgres", "bigquery"])
def test_other_dialects_get_sql_of_their_own(dialect: str) -> None:
    for metric in METRICS:
        sqlglot.parse_one(named_sql(metric, Q3, "sales_agent", None, dialect), read=dialect)


def test_an_unknown_metric_names_the_nearest_and_all() -> None:
    with pytest.raises(MetricError, match=r"Nearest: win_rate.*All: revenue"):
        named_sql("winrtae")


@pytest.mark.parametrize("missing", NOT_COMPUTABLE, ids=lambda missing: missing.id)
def test_what_cannot_be_computed_says_what_is_missing(missing: object) -> None:
    from agents.analysis.metric import Missing

    assert isinstance(missing, Missing)
    with pytest.raises(MetricError, match="cannot be computed here"):
        named_sql(missing.id)
    assert all(choose_metric(name) in METRICS for name in missing.instead)


def test_a_snapshot_has_no_months() -> None:
    snapshot = choose_metric("open pipeline")
    assert snapshot in METRICS
    assert not follows_period(snapshot)  # pyright: ignore[reportArgumentType]
    with pytest.raises(MetricError, match="no history"):
        named_sql("open pipeline", None, "month")


def test_no_word_stands_for_two_metrics() -> None:
    seen: dict[str, str] = {}
    for metric in (*METRICS, *KPIS, *NOT_COMPUTABLE):
        for word in metric.words:
            assert seen.setdefault(word, metric.id) == metric.id, word
