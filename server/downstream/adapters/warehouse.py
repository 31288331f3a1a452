"""A SQL warehouse over any MCP server that runs a query and answers with rows.

The name of the argument that takes the SQL is read from the tool's own schema; `rows` knows the shapes of answers.
"""

from datetime import UTC, date, datetime
from typing import cast

from agents.sources import SourceError, Table
from server.downstream.adapters.days import day_of
from server.downstream.adapters.rows import error_in, table_of
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_answer, garbage, refusal
from server.errors import SophiaError, SourceFailed

__all__ = ["McpWarehouse"]

DETAIL_CHARS = 300


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

    async def as_of(self) -> date:
        """The last day the data speaks of: what the server says of itself, else today."""
        if not self._answered:
            await self.query("SELECT 1")
        return self._as_of or datetime.now(UTC).date()

    async def query(self, sql: str) -> Table:
        """Run one SELECT."""
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
        return table

    def _line(self, said: str) -> str | None:
        """The database's own message for whoever wrote the SQL: one line, without what this process keeps secret."""
        return self._connection.endpoint.hide(" ".join(said.split()))[:DETAIL_CHARS] or None
