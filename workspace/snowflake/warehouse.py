"""The bundled CRM set in an in-memory DuckDB that nobody can change or leave.

Built from the CSV files when first needed. After that the engine's access to files is switched off for
good and its configuration is locked. A query has a limit on rows, bytes and time.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from math import isfinite
from pathlib import Path
from typing import Any, cast

import duckdb

from workspace.crm import BUNDLED_CRM, CLEAN
from workspace.snowflake.guard import check_select
from workspace.snowflake.schema import DESCRIPTIONS, RAW_FILES, VIEWS
from workspace.toolset import ToolError

__all__ = ["Column", "Rows", "TableInfo", "Warehouse"]

MAX_BYTES = 1_000_000
TIMEOUT_S = 10.0

LOCKS = (
    "SET memory_limit = '512MB'",
    "SET threads = 2",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)

SPELT_OTHERWISE = """
    INSERT INTO corrections
    SELECT DISTINCT p.product, d.product FROM raw_pipeline p
    JOIN raw_products d ON lower(replace(d.product, ' ', '')) = lower(replace(p.product, ' ', ''))
    WHERE p.product NOT IN (SELECT product FROM raw_products) AND p.product NOT IN (SELECT wrong FROM corrections)
    ORDER BY 1"""
"""Products that differ from one of the catalog in case and spaces only; the bundled files have none but `GTXPro`."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column and the engine's name for its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query as JSON values; `truncated` where rows were left out for their number or size."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool


@dataclass(frozen=True, slots=True)
class TableInfo:
    """A table or view."""

    name: str
    kind: str
    description: str
    columns: tuple[Column, ...]
    row_count: int


class Warehouse:
    """Queries over the CSV files of one folder. One query at a time; `interrupt` may come from any thread."""

    def __init__(self, folder: Path = BUNDLED_CRM, timeout_s: float = TIMEOUT_S) -> None:
        self._folder = folder
        self._timeout_s = timeout_s
        self._running: duckdb.DuckDBPyConnection | None = None

    @cached_property
    def _engine(self) -> duckdb.DuckDBPyConnection:
        engine = duckdb.connect(":memory:")
        for table, file in RAW_FILES.items():
            path = str(self._folder / file).replace("'", "''")
            engine.execute(f"CREATE TABLE {_quoted(table)} AS FROM read_csv('{path}', header=true, all_varchar=true)")
        engine.execute("CREATE TABLE corrections (wrong VARCHAR, meant VARCHAR)")
        engine.executemany("INSERT INTO corrections VALUES (?, ?)", list(CLEAN.items()))
        engine.execute(SPELT_OTHERWISE)
        for view, query in VIEWS.items():
            engine.execute(f"CREATE VIEW {_quoted(view)} AS {query}")
        for lock in LOCKS:
            engine.execute(lock)
        return engine

    @cached_property
    def as_of(self) -> str:
        """The last day that the data speaks of."""
        return str(self._fetch("SELECT max(close_date)::VARCHAR FROM opportunities")[0][0])

    def query(self, sql: str, limit: int) -> Rows:
        """Run one SELECT. Raises ToolError with what is wrong with it."""
        check_select(sql, DESCRIPTIONS)
        with self._plain_errors():
            statements = self._engine.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise ToolError("sql_not_allowed", "This warehouse is read-only: send exactly one SELECT.")
        return self._run(statements[0], limit)

    def sample(self, table: str, limit: int) -> Rows:
        """The first rows of a table."""
        return self._run(f"FROM {_quoted(self.table(table).name)} LIMIT {limit}", limit)  # a known name

    def tables(self) -> tuple[TableInfo, ...]:
        """Every table, the views that are meant to be asked first."""
        return tuple(self.table(name) for name in DESCRIPTIONS)

    def table(self, name: str) -> TableInfo:
        """One table. Raises ToolError that names the tables there are."""
        known = next((table for table in DESCRIPTIONS if table == name.strip().lower()), None)
        if known is None:
            raise ToolError("unknown_table", f"There is no table {name[:60]!r}.", list(DESCRIPTIONS))
        described = self._fetch(f"DESCRIBE {_quoted(known)}")
        count = self._fetch(f"SELECT count(*) FROM {_quoted(known)}")  # noqa: S608  # a known name
        return TableInfo(
            name=known,
            kind="view" if known in VIEWS else "table",
            description=DESCRIPTIONS[known],
            columns=tuple(Column(str(row[0]), str(row[1])) for row in described),
            row_count=int(count[0][0]),
        )

    def interrupt(self) -> None:
        """Stop the query that is running, if one is."""
        if running := self._running:
            running.interrupt()

    def _fetch(self, sql: str) -> list[tuple[Any, ...]]:
        return self._engine.execute(sql).fetchall()

    def _run(self, statement: str | duckdb.Statement, limit: int) -> Rows:
        """Run on a connection of its own, so that stopping this query can never stop another."""
        with self._engine.cursor() as connection:
            self._running = connection
            timer = threading.Timer(self._timeout_s, connection.interrupt)
            timer.start()
            try:
                with self._plain_errors():
                    return self._collect(connection.execute(statement), limit)
            finally:
                timer.cancel()
                if self._running is connection:  # a query that was given up may end after the next began
                    self._running = None

    def _collect(self, cursor: duckdb.DuckDBPyConnection, limit: int) -> Rows:
        columns = tuple(Column(str(name), str(kind)) for name, kind, *_ in cursor.description or ())
        rows: list[tuple[Any, ...]] = []
        size = 0
        while len(rows) < limit and (row := cursor.fetchone()):
            values = tuple(_json_value(value) for value in row)
            size += sum(len(str(value)) + 3 for value in values)
            if size > MAX_BYTES:
                if not rows:
                    raise ToolError("result_too_large", "One row alone is over the size limit. Select less of it.")
                return Rows(columns, tuple(rows), truncated=True)
            rows.append(values)
        return Rows(columns, tuple(rows), truncated=len(rows) == limit and cursor.fetchone() is not None)

    @contextmanager
    def _plain_errors(self) -> Generator[None]:
        """Turn the engine's errors into ours: what is wrong, without the query and without a path."""
        try:
            yield
        except duckdb.InterruptException:
            what = f"The query was stopped after {self._timeout_s:g} s. Filter more or aggregate."
            raise ToolError("timeout", what) from None
        except duckdb.Error as error:
            raise ToolError("sql_error", _useful(str(error))) from None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _useful(message: str) -> str:
    told = message.split("\nLINE ", 1)[0]
    return " ".join(told.split())[:500]


def _json_value(value: object) -> Any:
    """What JSON can hold of a value: dates as ISO-8601, decimals as numbers, not-a-number as null."""
    match value:
        case Decimal() | float():
            return float(value) if isfinite(value) else None
        case None | bool() | int() | str():
            return value
        case list() | tuple():
            return [_json_value(item) for item in cast("list[object]", value)]
        case dict():
            return {str(key): _json_value(item) for key, item in cast("dict[object, object]", value).items()}
        case date() | datetime() | time():
            return value.isoformat()
        case _:
            return str(value)
