"""A SQL warehouse over any MCP server that runs a query and answers with rows.

Three result shapes are in use among public servers: columns beside rows of values, rows of objects, and rows of
objects under `data`. The name of the argument that takes the SQL is read from the tool's own schema.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, cast

from agents.sources import SourceError, Table
from server.downstream.adapters.days import day_of
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_json
from server.errors import SophiaError, SourceFailed

__all__ = ["McpWarehouse"]

DETAIL_CHARS = 300
SQL_ARGUMENTS = ("query", "sql", "statement")


class McpWarehouse:
    """`agents.sources.Warehouse` over one tool of one server."""

    def __init__(self, connection: Connection, binding: Binding) -> None:
        self._connection = connection
        self._tool = binding.tool.name
        self._argument = sql_argument(binding)
        self._as_of: date | None = None
        self._answered = False
        self._refused = (
            f"The warehouse `{connection.name}` refused the query. Check that it has the tables and columns asked for; "
            "Sophia's log has what it said."
        )

    async def as_of(self) -> date:
        """The last day the data speaks of: what the server says of itself, else today."""
        if not self._answered:
            await self.query("SELECT 1")
        return self._as_of or datetime.now(UTC).date()

    async def query(self, sql: str) -> Table:
        """Run one SELECT."""
        try:
            answer = await call_for_json(self._connection, self._tool, {self._argument: sql})
        except SourceFailed as error:
            raise SourceError("refused", self._refused, detail=self._line(error.said)) from error
        except SophiaError as error:
            raise as_source_error(error) from error
        self._answered = True
        self._as_of = day_of(answer.get("as_of")) or self._as_of
        return table_of(answer)

    def _line(self, said: str) -> str | None:
        """The database's own message for whoever wrote the SQL: one line, without what this process keeps secret."""
        return self._connection.endpoint.hide(" ".join(said.split()))[:DETAIL_CHARS] or None


def sql_argument(binding: Binding) -> str:
    """The name under which the tool takes SQL."""
    properties: Mapping[str, Any] = binding.tool.input_schema.get("properties") or {}
    return next((name for name in SQL_ARGUMENTS if name in properties), SQL_ARGUMENTS[0])


def table_of(answer: Mapping[str, Any]) -> Table:
    """The rows in any of the known shapes. Raises SourceError for another one."""
    nested: Any = answer.get("data")
    body = cast("Mapping[str, Any]", nested) if isinstance(nested, dict) else answer
    rows: Any = body.get("rows")
    names: Any = body.get("columns") or ()
    truncated = bool(body.get("truncated", False))
    if _all(rows, dict):
        objects = cast("Sequence[Mapping[str, object]]", rows)
        # Servers leave out what is null: a column may be missing from the first row.
        columns = tuple(dict.fromkeys(chain(map(str, names), *objects)))
        return Table(columns, tuple(tuple(row.get(column) for column in columns) for row in objects), truncated)
    if _all(rows, list) and all(len(row) == len(names) for row in rows):
        return Table(tuple(str(name) for name in names), tuple(tuple(row) for row in rows), truncated)
    raise SourceError("unavailable", "The warehouse answered without rows; `sophia doctor` shows how it is bound.")


def _all(rows: Any, kind: type) -> bool:
    return isinstance(rows, list) and all(isinstance(row, kind) for row in cast("list[object]", rows))
