"""A SQL warehouse over any MCP server that runs a query and answers with rows.

The name of the argument that takes the SQL is read from the tool's own schema, `rows` knows the shapes of answers, and
the SQL is rendered for the engine that the server turns out to stand before.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast

import anyio

from agents.analysis.layouts import is_ours
from agents.sources import SourceError, Table
from server.downstream.adapters.days import day_of
from server.downstream.adapters.dialect import Dialect, find_dialect
from server.downstream.adapters.rows import error_in, table_of
from server.downstream.adapters.size import kept
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_answer, garbage, refusal
from server.errors import SophiaError, SourceFailed

__all__ = ["McpWarehouse"]

DETAIL_CHARS = 300
STILL_LIVE = timedelta(days=45)
"""A set whose last deal closed longer ago than this has ended: its last day is the day that it speaks of."""
LAST_CLOSED_SQL = "SELECT MAX(close_date) AS last_day FROM opportunities WHERE deal_stage IN ('Won', 'Lost')"


class McpWarehouse:
    """`agents.sources.Warehouse` over one tool of one server."""

    def __init__(self, connection: Connection, binding: Binding) -> None:
        self._connection = connection
        self._tool = binding.tool.name
        self._binding = binding
        self._as_of: date | None = None
        self._answered = False
        self._refused = (
            f"The warehouse `{connection.name}` refused the query. Check that it has the tables and columns asked for; "
            "Sophia's log has what it said."
        )
        self._dialect: Dialect | None = None
        self._finding = anyio.Lock()

    async def as_of(self) -> date:
        """The last day the data speaks of: what the server says of itself, else today.

        A server that says nothing and whose last deal closed long ago holds a set that has ended, on that day.
        """
        if not self._answered:
            await self.query("SELECT 1 AS one")
        return self._as_of or await self._last_day(datetime.now(UTC).date())

    async def query(self, sql: str) -> Table:
        """Run one SELECT in DuckDB's SQL; `Table.sql` is what was sent where the server needs it differently."""
        if not is_ours(sql):
            return await self._send(sql)
        rendered = (await self._spoken()).render(sql)
        table = await self._send(rendered)
        return table if rendered == sql else replace(table, sql=rendered)

    async def _spoken(self) -> Dialect:
        async with self._finding:
            if self._dialect is None:
                self._dialect = await find_dialect(self._send)
            return self._dialect

    async def _last_day(self, today: date) -> date:
        try:
            rows = (await self.query(LAST_CLOSED_SQL)).rows
        except SourceError as error:
            if error.kind == "unavailable":
                raise
            return today
        last = day_of(rows[0][0]) if rows else None
        return last if last is not None and today - last > STILL_LIVE else today

    async def _send(self, sql: str) -> Table:
        try:
            answer = await call_for_answer(self._connection, self._tool, self._binding.arguments(sql=sql))
            if (said := error_in(answer)) is not None:
                raise refusal(self._connection, self._tool, said)
        except SourceFailed as error:
            raise SourceError("refused", self._refused, detail=self._line(error.said)) from error
        except SophiaError as error:
            raise as_source_error(error) from error
        self._answered = True
        if isinstance(answer.json, dict):
            self._as_of = day_of(cast("dict[str, object]", answer.json).get("as_of")) or self._as_of
        table = table_of(answer)
        if table is None:
            raise as_source_error(garbage(self._connection, self._tool, answer.text, "the rows"))
        return kept(table.columns, table.rows, truncated=table.truncated)

    def _line(self, said: str) -> str | None:
        """The database's own message for whoever wrote the SQL: one line, without what this process keeps secret."""
        return self._connection.endpoint.hide(" ".join(said.split()))[:DETAIL_CHARS] or None
