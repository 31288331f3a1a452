"""Asking the warehouse: several queries at the same time, and what comes back as numbers and citations.

Another server may give a number as text or as a decimal and a date as text; here they become floats and text.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from agents.result import Cell, QueryCitation
from agents.sources import SourceError, Sources, Table, Warehouse

__all__ = ["Answer", "ask", "ask_one", "cell", "number", "text_of", "warehouse_of", "whole"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A query as it was sent, and what it gave."""

    sql: str
    table: Table

    def citation(self, **parameters: Cell) -> QueryCitation:
        """The citation of this query; `parameters` are what its values were made from."""
        return QueryCitation(
            id=f"query:{hashlib.sha256(self.sql.encode()).hexdigest()[:12]}",
            sql=self.sql,
            parameters=parameters,
            rows=len(self.table.rows),
        )

    def value(self, column: str, row: int = 0) -> object:
        """One cell. Raises SourceError when the warehouse did not give that column or row."""
        if column not in self.table.columns or row >= len(self.table.rows):
            raise SourceError(
                "unavailable",
                f"The warehouse answered without the column “{column}”. Check that it has the view `opportunities`.",
            )
        return self.table.rows[row][self.table.columns.index(column)]


def warehouse_of(sources: Sources) -> Warehouse:
    """The warehouse; a tool that needs it is offered only where there is one."""
    if sources.warehouse is None:
        raise SourceError(
            "unavailable", "No configured server offers a warehouse. Add one to config/downstream.yaml."
        )
    return sources.warehouse


async def ask(warehouse: Warehouse, queries: Sequence[str]) -> list[Answer]:
    """Run the queries at the same time; the answers are in their order.

    Raises the first SourceError, the other queries being cancelled.
    """
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(warehouse.query(sql)) for sql in queries]
    except* SourceError as failed:
        first = failed.exceptions[0]
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        raise first from None
    tables = [task.result() for task in running]
    return [Answer(table.sql or sql, table) for sql, table in zip(queries, tables, strict=True)]


async def ask_one(warehouse: Warehouse, sql: str) -> Answer:
    table = await warehouse.query(sql)
    return Answer(table.sql or sql, table)


def number(value: object) -> float | None:
    """A number that a warehouse gave, however it wrote it; None for NULL and for what is no number."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, Decimal | str):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def whole(value: object) -> int:
    """A count; nothing counts as none."""
    return int(number(value) or 0)


def text_of(value: object) -> str | None:
    """A name or a day as text."""
    if value is None:
        return None
    return value.isoformat()[:10] if isinstance(value, date) else str(value)


def cell(value: object) -> Cell:
    """A value as JSON holds it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else str(value)
