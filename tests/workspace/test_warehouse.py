"""The figures of the CRM set, by the warehouse's own views."""

import csv

import pytest

from workspace.crm import BUNDLED_CRM
from workspace.snowflake.warehouse import Warehouse
from workspace.toolset import ToolError


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


def _row(warehouse: Warehouse, sql: str) -> tuple[object, ...]:
    (row,) = warehouse.query(sql, 10).rows
    return row


def test_deals_are_counted_by_stage(warehouse: Warehouse) -> None:
    stages = warehouse.query("SELECT deal_stage, count(*) FROM opportunities GROUP BY 1 ORDER BY 2 DESC", 10)
    assert stages.rows == (("Won", 4238), ("Lost", 2473), ("Engaging", 1589), ("Prospecting", 500))


def test_the_published_figures_come_out(warehouse: Warehouse) -> None:
    sql = """
        SELECT round(100.0 * count(*) FILTER (WHERE is_won) / count(*) FILTER (WHERE is_closed), 2),
               sum(close_value), round(avg(close_value) FILTER (WHERE is_won), 2),
               round(avg(close_date - engage_date) FILTER (WHERE is_won), 2),
               median(close_date - engage_date) FILTER (WHERE is_won)
        FROM opportunities"""
    assert _row(warehouse, sql) == (63.15, 10_005_534, 2360.91, 51.78, 57.0)


def test_a_correction_is_seen_beside_the_original(warehouse: Warehouse) -> None:
    sql = "SELECT DISTINCT product, product_original FROM opportunities WHERE normalised"
    assert warehouse.query(sql, 10).rows == (("GTX Pro", "GTXPro"),)
    assert _row(warehouse, "SELECT count(*) FROM opportunities WHERE list_price IS NULL") == (0,)
    assert _row(warehouse, "SELECT count(*) FROM raw_pipeline WHERE product = 'GTXPro'") == (1480,)
    assert _row(warehouse, "SELECT count(*) FROM accounts WHERE sector = 'technolgy'") == (0,)


def test_data_quality_counts_every_correction_and_gap(warehouse: Warehouse) -> None:
    counted = warehouse.query("SELECT what, rows, of_rows FROM data_quality", 50).rows
    figures = {str(what).split(",")[0]: (rows, of_rows) for what, rows, of_rows in counted}
    assert figures["product spelled wrong"] == (1480, 8800)
    assert figures["deal without an account"] == (1425, 8800)
    assert figures["deal without an engage date (Prospecting)"] == (500, 8800)
    assert figures["open deal"] == (2089, 8800)
    assert figures["seller without a deal"] == (5, 35)


def test_raw_tables_are_the_files(warehouse: Warehouse) -> None:
    with (BUNDLED_CRM / "sales_pipeline.csv").open(newline="", encoding="utf-8") as file:
        lines = [tuple(value or None for value in line) for line in csv.reader(file)]
    raw = warehouse.query("FROM raw_pipeline", 10_000)
    assert tuple(column.name for column in raw.columns) == lines[0]
    assert list(raw.rows) == lines[1:]


def test_a_deal_has_its_seller_product_and_customer_in_one_row(warehouse: Warehouse) -> None:
    sql = "SELECT * FROM opportunities WHERE opportunity_id = 'LFMMI05H'"
    answer = warehouse.query(sql, 1)
    deal = dict(zip((column.name for column in answer.columns), answer.rows[0], strict=True))
    assert deal == {
        "opportunity_id": "LFMMI05H",
        "sales_agent": "Cassey Cress",
        "manager": "Rocco Neubert",
        "regional_office": "East",
        "product": "GTX Plus Pro",
        "account": "Acme Corporation",
        "sector": "technology",
        "deal_stage": "Won",
        "is_won": True,
        "is_closed": True,
        "engage_date": "2017-08-14",
        "close_date": "2017-12-21",
        "close_value": 5881,
        "list_price": 5482,
        "product_original": "GTX Plus Pro",
        "normalised": False,
    }


def test_every_table_is_described(warehouse: Warehouse) -> None:
    tables = {table.name: table for table in warehouse.tables()}
    assert tables["opportunities"].row_count == tables["raw_pipeline"].row_count == 8800
    assert tables["opportunities"].kind == "view"
    assert all(table.description and table.columns for table in tables.values())
    with pytest.raises(ToolError, match="opportunities"):
        warehouse.table("deals")


def test_rows_over_the_limit_are_left_out_and_it_is_said(warehouse: Warehouse) -> None:
    some = warehouse.query("FROM opportunities", 5)
    assert (len(some.rows), some.truncated) == (5, True)
    exact = warehouse.query("FROM opportunities LIMIT 5", 5)
    assert (len(exact.rows), exact.truncated) == (5, False)


def test_an_answer_over_the_size_limit_is_cut_and_it_is_said(warehouse: Warehouse) -> None:
    wide = warehouse.query("SELECT repeat('x', 100000) FROM range(100)", 100)
    assert 0 < len(wide.rows) < 100
    assert wide.truncated
    with pytest.raises(ToolError, match="size limit"):
        warehouse.query("SELECT repeat('x', 2000000)", 1)


def test_a_query_that_takes_too_long_is_stopped_and_the_next_one_runs() -> None:
    warehouse = Warehouse(timeout_s=0.2)
    with pytest.raises(ToolError, match="stopped after") as stopped:
        warehouse.query("SELECT count(*) FROM range(10000000) a, range(10000000) b", 1)
    assert stopped.value.code == "timeout"
    assert _row(warehouse, "SELECT 1") == (1,)


def test_values_become_what_json_can_hold(warehouse: Warehouse) -> None:
    sql = "SELECT DATE '2017-12-31', 1.5::DECIMAL(5, 2), [1, NULL], {'a': DATE '2017-01-01'}, 'nan'::DOUBLE, NULL"
    assert _row(warehouse, sql) == ("2017-12-31", 1.5, [1, None], {"a": "2017-01-01"}, None, None)


def test_a_sample_shows_the_first_rows(warehouse: Warehouse) -> None:
    assert len(warehouse.sample("products", 3).rows) == 3
    assert warehouse.as_of == "2017-12-31"
