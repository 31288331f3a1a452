"""One SELECT goes through the warehouse and nothing else."""

import pytest

from workspace.snowflake.warehouse import Warehouse
from workspace.toolset import ToolError


@pytest.fixture(scope="module")
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "(SELECT 1)",
        "FROM opportunities LIMIT 1",
        "WITH won AS (SELECT * FROM opportunities WHERE is_won) SELECT count(*) FROM won",
        "SELECT 1 UNION ALL SELECT 2",
        "SELECT * FROM range(3)",
        "SELECT unnest([1, 2])",
        'SELECT "deal_stage" FROM main.opportunities LIMIT 1',
        "SELECT 'DROP TABLE raw_teams; --' AS text -- a comment; with a semicolon",
        "SELECT account, row_number() OVER (ORDER BY account) FROM accounts LIMIT 2",
    ],
)
def test_a_query_runs(warehouse: Warehouse, sql: str) -> None:
    assert warehouse.query(sql, 5).rows


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE raw_teams",
        "INSERT INTO raw_teams VALUES ('a', 'b', 'c')",
        "UPDATE raw_teams SET manager = 'x'",
        "DELETE FROM raw_teams",
        "CREATE TABLE t AS SELECT 1",
        "WITH x AS (INSERT INTO raw_teams VALUES ('a', 'b', 'c') RETURNING *) SELECT * FROM x",
        "SELECT * INTO t FROM raw_teams",
        "COPY raw_teams TO 'out.csv'",
        "COPY (SELECT 1) TO 'out.csv'",
        "EXPORT DATABASE 'x'",
        "ATTACH 'x.db'",
        "PRAGMA database_list",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 1",
        "RESET lock_configuration",
        "CALL pragma_version()",
        "EXPLAIN SELECT 1",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP TABLE raw_teams",
        "",
        "-- nothing",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM 'file.csv'",
        'SELECT * FROM "/etc/passwd"',
        "SELECT * FROM glob('/*')",
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM query('SELECT 1')",
        "SELECT current_setting('threads')",
        "SELECT getenv('HOME')",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM pg_catalog.pg_tables",
        "SELECT (SELECT count(*) FROM read_csv('/etc/passwd'))",
        "WITH x AS (SELECT * FROM 'a.parquet') SELECT * FROM x",
    ],
)
def test_anything_else_is_refused_with_a_reason(warehouse: Warehouse, sql: str) -> None:
    with pytest.raises(ToolError) as refused:
        warehouse.query(sql, 5)
    assert refused.value.code in {"sql_not_allowed", "sql_error", "unknown_table"}
    assert warehouse.query("SELECT count(*) FROM raw_teams", 1).rows == ((35,),)


def test_the_engine_itself_would_refuse_a_file(warehouse: Warehouse) -> None:
    engine = warehouse._engine  # pyright: ignore[reportPrivateUsage]  # what stands behind the guard
    for sql in ("SELECT * FROM read_csv('/etc/passwd')", "ATTACH '/tmp/x.db'", "SET enable_external_access = true"):
        with pytest.raises(Exception, match=r"disabled|locked|Permission|Cannot"):
            engine.execute(sql)


def test_a_misspelled_table_names_the_nearest_ones(warehouse: Warehouse) -> None:
    with pytest.raises(ToolError) as refused:
        warehouse.query("SELECT * FROM oportunities", 1)
    assert refused.value.nearest[0] == "opportunities"


def test_a_misspelled_column_shows_the_candidates_and_no_path(warehouse: Warehouse) -> None:
    with pytest.raises(ToolError) as refused:
        warehouse.query("SELECT stage FROM opportunities", 1)
    assert refused.value.code == "sql_error"
    assert "deal_stage" in str(refused.value) or "Candidate" in str(refused.value)
    assert "/" not in str(refused.value)
    assert "LINE" not in str(refused.value)


def test_sql_that_does_not_parse_says_where(warehouse: Warehouse) -> None:
    with pytest.raises(ToolError, match=r"does not parse.*line 1, column"):
        warehouse.query("SELECT FROM WHERE", 1)
    with pytest.raises(ToolError) as deep:
        warehouse.query("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, 1)
    assert deep.value.code == "sql_error"
    with pytest.raises(ToolError, match="longer than"):
        warehouse.query("SELECT '" + "x" * 30_000 + "'", 1)
