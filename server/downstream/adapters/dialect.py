"""Which SQL a warehouse speaks and how it holds its deals, found out by asking it, and our statements made fit for it.

Agents write DuckDB's SQL over the view `opportunities`. Before the first such statement a warehouse is asked for its
version in the ways that engines answer, and for the view; where that is missing, for the tables of the known layouts.
A question that it refuses is an answer too.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from agents.analysis.layouts import LAYOUTS, VIEW_PROBE, Layout, over, reads_the_view
from agents.analysis.metrics import translated
from agents.sources import SourceError, Table

__all__ = ["Dialect", "find_dialect"]

Query = Callable[[str], Awaitable[Table]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """`engine` as sqlglot names it; `layout` where the view has to be put in front of what is asked."""

    engine: str = "duckdb"
    layout: Layout | None = None

    def render(self, sql: str) -> str:
        """A statement of ours as this warehouse takes it."""
        whole = over(self.layout, sql) if self.layout and reads_the_view(sql) else sql
        return whole if self.engine == "duckdb" else translated(whole, self.engine)


async def find_dialect(query: Query) -> Dialect:
    """Ask. Raises SourceError only where the warehouse is away."""
    engine = await engine_of(query)
    if await answers(query, VIEW_PROBE):
        return Dialect(engine)
    for layout in LAYOUTS:
        if all([await answers(query, probe) for probe in layout.probes]):
            return Dialect(engine, layout)
    return Dialect(engine)


async def engine_of(query: Query) -> str:
    said = await asked(query, "SELECT version() AS version")
    if said is not None:
        named = next(
            (engine for mark, engine in (("PostgreSQL", "postgres"), ("MariaDB", "mysql")) if mark in said), ""
        )
        return named or ("mysql" if said[:1].isdigit() else "duckdb")
    if await asked(query, "SELECT sqlite_version() AS version") is not None:
        return "sqlite"
    if await asked(query, "SELECT CURRENT_VERSION() AS version") is not None:
        return "snowflake"
    return "duckdb"


async def asked(query: Query, sql: str) -> str | None:
    """The one value that a statement gives, None where it is refused."""
    try:
        rows = (await query(sql)).rows
    except SourceError as error:
        if error.kind == "unavailable":
            raise
        return None
    return str(rows[0][0]) if rows else None


async def answers(query: Query, sql: str) -> bool:
    try:
        await query(sql)
    except SourceError as error:
        if error.kind == "unavailable":
            raise
        return False
    return True
