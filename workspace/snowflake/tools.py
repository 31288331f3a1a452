"""The four tools of the warehouse.

They are listed before the engine is imported: it is opened by the first call.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from workspace.toolset import Json, ToolSpec, string, takes

if TYPE_CHECKING:
    from workspace.snowflake.warehouse import Rows, TableInfo, Warehouse

__all__ = ["warehouse_tools"]

TEXT: Json = {"type": "string"}
AS_OF: Json = {"type": "string", "description": "The last day that the data speaks of, YYYY-MM-DD."}
COLUMN: Json = {"type": "object", "properties": {"name": TEXT, "type": TEXT}, "required": ["name", "type"]}
TABLE: Json = {
    "type": "object",
    "properties": {
        "table": TEXT,
        "kind": {"type": "string", "enum": ["table", "view"]},
        "description": TEXT,
        "columns": {"type": "array", "items": COLUMN},
        "row_count": {"type": "integer"},
    },
    "required": ["table", "kind", "description", "columns", "row_count"],
}
ROWS: Json = {
    "type": "object",
    "properties": {
        "columns": {"type": "array", "items": TEXT},
        "column_types": {"type": "array", "items": TEXT},
        "rows": {"type": "array", "items": {"type": "array"}},
        "row_count": {"type": "integer", "description": "How many rows are in this answer."},
        "truncated": {
            "type": "boolean",
            "description": "True where there were more rows than the limit lets through.",
        },
        "as_of": AS_OF,
    },
    "required": ["columns", "column_types", "rows", "row_count", "truncated", "as_of"],
}
TABLE_NAME = string("A table that list_tables names.", minLength=1, maxLength=100)


def warehouse_tools(open_warehouse: "Callable[[], Warehouse]") -> list[ToolSpec]:
    """All tools, over one warehouse that is opened once, by the first call."""
    opened = cache(open_warehouse)

    def execute_query(arguments: Mapping[str, Any]) -> Json:
        return _rows(opened().query(arguments["query"], arguments.get("limit", 1000)), opened().as_of)

    def list_tables(_: Mapping[str, Any]) -> Json:
        return {"tables": [_table(table) for table in opened().tables()], "as_of": opened().as_of}

    def describe_table(arguments: Mapping[str, Any]) -> Json:
        return _table(opened().table(arguments["table"]))

    def get_table_sample(arguments: Mapping[str, Any]) -> Json:
        return _rows(opened().sample(arguments["table"], arguments.get("n", 10)), opened().as_of)

    def interrupt() -> None:
        opened().interrupt()

    return [
        ToolSpec(
            "execute_query",
            "Run a SQL query",
            "Run one read-only SELECT (DuckDB SQL) on the sales warehouse: deals, accounts, products, sellers. Ask the "
            "view opportunities first: it has stage, dates, value, seller, manager, product and sector in one row. "
            "Dates count back from as_of, not from today.",
            takes(
                {
                    "query": string("One SELECT; WITH and UNION are fine.", minLength=1),
                    "limit": {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1000},
                },
                "query",
            ),
            ROWS,
            execute_query,
            interrupt,
        ),
        ToolSpec(
            "list_tables",
            "List tables",
            "Every table and view with its columns, number of rows and what it is for.",
            takes({}),
            {
                "type": "object",
                "properties": {"tables": {"type": "array", "items": TABLE}, "as_of": AS_OF},
                "required": ["tables", "as_of"],
            },
            list_tables,
        ),
        ToolSpec(
            "describe_table",
            "Describe a table",
            "The columns and types of one table or view, its number of rows and what it is for.",
            takes({"table": TABLE_NAME}, "table"),
            TABLE,
            describe_table,
        ),
        ToolSpec(
            "get_table_sample",
            "Sample a table",
            "The first n rows of a table or view, to see what the values look like.",
            takes(
                {"table": TABLE_NAME, "n": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10}}, "table"
            ),
            ROWS,
            get_table_sample,
        ),
    ]


def _rows(rows: "Rows", as_of: str) -> Json:
    return {
        "columns": [column.name for column in rows.columns],
        "column_types": [column.type for column in rows.columns],
        "rows": [list(row) for row in rows.rows],
        "row_count": len(rows.rows),
        "truncated": rows.truncated,
        "as_of": as_of,
    }


def _table(table: "TableInfo") -> Json:
    return {
        "table": table.name,
        "kind": table.kind,
        "description": table.description,
        "columns": [{"name": column.name, "type": column.type} for column in table.columns],
        "row_count": table.row_count,
    }
