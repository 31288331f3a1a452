"""The tool `run_sql`: one SELECT, read before it is sent.

The warehouse is read-only by itself; this is the second lock, for the warehouses that are not. A statement passes
when it parses, is alone, reads and does nothing else, reads tables and no files, and its rows are capped.
"""

from pydantic import BaseModel, ConfigDict, Field

from agents.result import Cell, Finding, Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import ask_one, cell, warehouse_of
from agents.warehouse_tools.formats import counted, table

__all__ = ["MAX_ROWS", "RUN_SQL", "guarded"]

MAX_ROWS = 200
SHOWN = 20
MAX_COLUMNS = 12
MAX_CELL = 60
READS_FILES = (
    "read_",
    "scan_",
    "parquet_",
    "sniff_",
    "glob",
    "query",
    "getenv",
    "pragma_",
    "duckdb_",
    "iceberg_",
    "delta_",
)


class SqlParameters(BaseModel):
    """The statement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sql: str = Field(min_length=6, max_length=20_000, description="one SELECT over the view `opportunities`")


class SqlData(Record):
    """The rows, as far as they were kept."""

    sql: str
    columns: list[str]
    rows: list[list[Cell]]
    truncated: bool


def guarded(sql: str) -> str:
    """The statement as it may be sent, its rows capped at one more than `MAX_ROWS`.

    Raises SourceError `refused`, saying what is wrong.
    """
    import sqlglot  # 0.2 s to import, and only this tool needs it
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse(sql, read="duckdb")
    except (SqlglotError, RecursionError):
        raise refused("it does not parse as SQL. Check the statement") from None
    statements = [it for it in parsed if it is not None and not isinstance(it, exp.Semicolon)]  # "; -- a comment"
    if len(statements) != 1:
        raise refused("it is not one statement. Send a single SELECT")
    statement = statements[0]
    if not isinstance(statement, exp.Query):
        raise refused("it is no SELECT. Only reading is allowed")
    for node in statement.walk():
        if isinstance(
            node, exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Create | exp.Drop | exp.Command | exp.Into
        ):
            raise refused("a part of it would change something. Only reading is allowed")
        if isinstance(node, exp.Func) and called(node).startswith(READS_FILES):
            raise refused(f"it calls {called(node)}, which can read outside the warehouse. Read tables only")
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Func) and unlike_a_table(node.name):
            raise refused("it reads a file. Read tables only")
    limit = statement.args.get("limit")
    asked = limit.expression if isinstance(limit, exp.Limit) else None
    kept = isinstance(asked, exp.Literal) and asked.is_int and int(asked.name) <= MAX_ROWS
    return statement.sql(dialect="duckdb") if kept else statement.limit(MAX_ROWS + 1).sql(dialect="duckdb")


def called(function: object) -> str:
    """The name of a function as it was written."""
    from sqlglot import exp

    if isinstance(function, exp.Anonymous):
        return function.name.lower()
    return function.sql_name().lower() if isinstance(function, exp.Func) else ""


def unlike_a_table(name: str) -> bool:
    return any(mark in name for mark in "./\\:*?")


def refused(why: str) -> SourceError:
    return SourceError("refused", f"The statement was not sent: {why}.")


async def run(sources: Sources, wanted: SqlParameters) -> Observation:
    """Send the statement. Raises SourceError `refused` for one that is not a plain SELECT.

    What the database says to it is told: whoever wrote the statement can mend it.
    """
    try:
        answer = await ask_one(warehouse_of(sources), guarded(wanted.sql))
    except SourceError as error:
        if error.detail is None:
            raise
        raise SourceError(error.kind, f"The warehouse refused the statement. It says: {error.detail}") from error
    columns = list(answer.table.columns)
    rows = [[cell(value) for value in row] for row in answer.table.rows[:MAX_ROWS]]
    truncated = answer.table.truncated or len(answer.table.rows) > MAX_ROWS
    shown = [[brief(value) for value in row[:MAX_COLUMNS]] for row in rows[:SHOWN]]
    headline = counted(len(rows), "row") + (" (cut off)" if truncated else "")
    texts = [f"**{headline}**"]
    if shown:
        texts.append(table(columns[:MAX_COLUMNS], shown))
    if len(rows) > SHOWN or len(columns) > MAX_COLUMNS:
        texts.append(
            f"Shown: {len(shown)} of {len(rows)} rows, {min(len(columns), MAX_COLUMNS)} of {len(columns)} columns."
        )
    texts.append("[SQL]")
    citation = answer.citation()
    return Observation(
        text="\n\n".join(texts),
        data=SqlData(sql=answer.sql, columns=columns, rows=rows, truncated=truncated),
        findings=(Finding(statement=headline, kind="fact", citations=[citation.id], confidence=1),),
        citations=(citation,),
        notes=(f"Only the first {MAX_ROWS} rows were read.",) if truncated else (),
    )


def brief(value: Cell) -> str:
    """A cell of the table in the text."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.2f}"
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


RUN_SQL = Tool(
    name="run_sql",
    description=(
        "Runs one read-only SELECT that you wrote over the view `opportunities` (opportunity_id, sales_agent, manager, "
        "regional_office, product, account, sector, deal_stage, engage_date, close_date, close_value, list_price). "
        f"At most {MAX_ROWS} rows. Prefer `metric` for anything it can compute."
    ),
    cues=("run this SQL", "SQL statement"),
    parameters=SqlParameters,
    data=SqlData,
    needs="warehouse",
    run=run,
)
