"""The names that a warehouse knows, by the argument that takes them: for reading requests and for completion."""

from collections import defaultdict
from collections.abc import Mapping

from agents.sources import Warehouse
from agents.warehouse_tools.asking import text_of
from agents.warehouse_tools.narrowing import COLUMN_OF

__all__ = ["vocabulary"]


async def vocabulary(warehouse: Warehouse) -> Mapping[str, tuple[str, ...]]:
    """Accounts, reps, managers, regions, products and sectors, in one query. Raises SourceError."""
    lists = [names_sql(name, column) for name, column in COLUMN_OF.items()]
    found: defaultdict[str, list[str]] = defaultdict(list)
    for kind, name in (await warehouse.query("\nUNION ALL\n".join(lists) + "\nORDER BY 1, 2")).rows:
        found[str(kind)].append(text_of(name) or "")
    return {kind: tuple(names) for kind, names in found.items()}


def names_sql(kind: str, column: str) -> str:
    return f"SELECT DISTINCT '{kind}' AS kind, {column} AS name FROM opportunities WHERE {column} IS NOT NULL"  # noqa: S608  constants of ours
