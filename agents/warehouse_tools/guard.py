"""The lock on a statement that somebody wrote, before it goes to a warehouse of any make.

It is read by sqlglot, and what is sent is written anew from what was read: nothing passes that was not understood.
What is allowed is listed, not what is forbidden: one query, tables, functions that compute (`reading_functions`), and
texts in plain quotes. Backslashes are refused, since in some engines one keeps a text from ending where it seems to.
"""

from typing import TYPE_CHECKING

from agents.sources import SourceError
from agents.warehouse_tools.reading_functions import HARMLESS, KNOWN_BUT_REFUSED, ROW_MAKERS, SYSTEM_PREFIXES

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = ["guarded"]

MARKS_OF_A_FILE = "./\\:*?@"
ENDINGS_OF_A_FILE = frozenset({"csv", "tsv", "txt", "json", "jsonl", "ndjson", "parquet", "gz", "zst", "xlsx", "db"})
SYSTEM_SCHEMAS = frozenset({"mysql", "performance_schema", "sys", "pg_catalog", "account_usage"})
SEQUENCES = frozenset({"nextval", "currval"})
SYSTEM_TABLES = ("pg_", "duckdb_", "pragma_")


def guarded(sql: str, max_rows: int) -> str:
    """The statement as it may be sent, its rows capped at one more than `max_rows`.

    Raises SourceError `refused`, saying what is wrong.
    """
    import sqlglot  # 0.2 s to import, and only one tool needs it
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if "\\" in sql:
        raise refused(
            "it has a backslash, which not every warehouse reads the same way. Write [0-9] for \\d, for one"
        )
    try:
        parsed = sqlglot.parse(sql, read="duckdb")
        statements = [it for it in parsed if it is not None and not isinstance(it, exp.Semicolon)]  # "; -- a comment"
        if len(statements) != 1:
            raise refused("it is not one statement. Send a single SELECT")
        statement = statements[0]
        if not isinstance(statement, exp.Query):
            raise refused("it is no SELECT. Only reading is allowed")
        for node in statement.walk():
            check(node)
        return capped(statement, max_rows).sql(dialect="duckdb", comments=False)  # MySQL runs some comments
    except (SqlglotError, RecursionError):
        raise refused("it does not parse as SQL. Check the statement") from None


def capped(statement: "exp.Query", max_rows: int) -> "exp.Query":
    from sqlglot import exp

    limit = statement.args.get("limit")
    asked = limit.expression if isinstance(limit, exp.Limit) else None
    kept = isinstance(asked, exp.Literal) and asked.is_int and int(asked.name) <= max_rows
    return statement if kept else statement.limit(max_rows + 1)


def check(node: "exp.Expr") -> None:
    """Raises SourceError `refused` for a part of a statement that may do more than read tables."""
    from sqlglot import exp

    changing = (
        exp.Insert
        | exp.Update
        | exp.Delete
        | exp.Merge
        | exp.Create
        | exp.Drop
        | exp.Command
        | exp.Into
        | exp.Lock
        | exp.Hint
        | exp.Pragma
        | exp.Attach
    )
    if isinstance(node, changing):
        raise refused("a part of it would change or lock something. Only reading is allowed")
    if isinstance(node, exp.Parameter | exp.SessionParameter | exp.Placeholder):
        raise refused("it has a parameter or a variable. Write the value itself")
    if isinstance(node, exp.Column) and node.name.lower() in SEQUENCES:
        raise refused("it counts a sequence on, which changes it. Only reading is allowed")
    if isinstance(node, exp.RawString | exp.ByteString | exp.National | exp.UnicodeString | exp.Heredoc):
        raise refused("it has a text in unusual quotes. Write it in plain ones: 'text'")
    if isinstance(node, exp.Func):
        check_function(node)
    if isinstance(node, exp.Table | exp.Lateral):
        check_table(node)


def check_function(function: "exp.Func") -> None:
    from sqlglot import exp

    if isinstance(function, exp.Anonymous):
        name = function.name
        if name.lower() not in HARMLESS:
            raise refused(f"it calls {name[:60]}, and only functions known to read nothing but tables are allowed")
        return
    kind = type(function).__name__
    if kind in KNOWN_BUT_REFUSED or kind.startswith(SYSTEM_PREFIXES):
        raise refused(
            f"it calls {function.sql_name().lower()}, and only functions known to read nothing but tables are allowed"
        )


def check_table(table: "exp.Table | exp.Lateral") -> None:
    from sqlglot import exp

    made = table.this
    if isinstance(made, exp.Func):
        if type(made).__name__ not in ROW_MAKERS:
            name = made.name if isinstance(made, exp.Anonymous) else made.sql_name()
            raise refused(
                f"it reads rows from {name.lower()[:60]}, which can read outside the warehouse. Read tables only"
            )
        return
    if isinstance(table, exp.Lateral):
        return
    names = [part.name.lower() for part in table.parts]
    if any(mark in name for name in names for mark in MARKS_OF_A_FILE) or (
        len(names) > 1 and names[-1] in ENDINGS_OF_A_FILE  # DuckDB takes deals.csv for a file
    ):
        raise refused("it reads a file. Read tables only")
    if names[-1].startswith(SYSTEM_TABLES) or SYSTEM_SCHEMAS & set(names[:-1]):
        raise refused("it reads the tables of the system itself. Read tables of the company only")


def refused(why: str) -> SourceError:
    return SourceError("refused", f"The statement was not sent: {why}.")
