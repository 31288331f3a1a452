"""Let one SELECT through and nothing else.

The text is parsed by sqlglot (DuckDB dialect). It must be exactly one SELECT, CTEs and set operations
included; it may read only the warehouse's own tables, its own CTEs and a few functions that make rows out
of nothing. So no file, no setting and no catalog can be named, whatever the engine would do with it.
The engine's own parser is asked as well (`warehouse`), since two parsers may read one text differently,
and the engine has file access switched off and its configuration locked.
"""

from collections.abc import Iterable
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from workspace.toolset import ToolError

__all__ = ["check_select"]

ROW_MAKERS = {"generate_series", "range", "unnest", "explodinggenerateseries"}
"""Table functions that read nothing."""

FORBIDDEN_FUNCTIONS = {"getenv", "current_setting", "getvariable", "nextval", "currval", "query", "query_table"}
MAX_QUERY_CHARS = 20_000

QUERY_ONLY = "This warehouse is read-only: send exactly one SELECT (WITH and UNION are fine)."


def check_select(sql: str, tables: Iterable[str]) -> None:
    """Raise ToolError unless `sql` is one SELECT over `tables`."""
    if len(sql) > MAX_QUERY_CHARS:
        raise ToolError("sql_not_allowed", f"The query is longer than {MAX_QUERY_CHARS} characters.")
    tree = _parse(sql)
    if not isinstance(tree, exp.Query):
        what = str(tree.this) if isinstance(tree, exp.Command) else tree.key
        raise ToolError("sql_not_allowed", f"{what[:20].upper()} is not allowed. {QUERY_ONLY}")
    changing = tree.find(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Into, exp.Command)
    if changing is not None:
        raise ToolError("sql_not_allowed", f"{changing.key.upper()} is not allowed. {QUERY_ONLY}")
    _check_functions(tree)
    _check_tables(tree, set(tables))


def _parse(sql: str) -> exp.Expr:
    try:
        parsed = sqlglot.parse(sql, dialect="duckdb")
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        where = f" (line {first['line']}, column {first['col']})" if first.get("line") else ""
        what = str(first.get("description", "syntax error")).split(" but got <")[0]
        raise ToolError("sql_error", f"The SQL does not parse: {what}{where}.") from None
    except SqlglotError as error:
        raise ToolError("sql_error", f"The SQL does not parse: {str(error)[:200]}") from None
    except RecursionError:
        raise ToolError("sql_error", "The SQL is nested too deeply.") from None
    trees = [tree for tree in parsed if tree is not None and not isinstance(tree, exp.Semicolon)]  # "; -- a comment"
    if len(trees) != 1:
        raise ToolError("sql_not_allowed", f"There are {len(trees)} statements. {QUERY_ONLY}")
    return trees[0]


def _check_functions(tree: exp.Expr) -> None:
    for function in tree.find_all(exp.Func):
        name = _function_name(function)
        if name in FORBIDDEN_FUNCTIONS or name.startswith(("duckdb_", "pragma_", "read_")):
            raise ToolError("sql_not_allowed", f"The function {name} is not allowed here.")


def _check_tables(tree: exp.Expr, known: set[str]) -> None:
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        source = table.this
        if isinstance(source, exp.Func):
            name = _function_name(source)
            if name not in ROW_MAKERS:
                raise ToolError("sql_not_allowed", f"The table function {name} is not allowed: it can read files.")
        elif table.name.lower() not in known | ctes or table.db not in {"", "main"} or table.catalog:
            near = get_close_matches(table.name.lower(), known, n=3, cutoff=0.5) or sorted(known)
            raise ToolError("unknown_table", f"There is no table {table.name[:60]!r}.", near)


def _function_name(function: exp.Func) -> str:
    return (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()
