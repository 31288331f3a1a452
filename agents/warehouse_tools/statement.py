"""The tool `run_sql`: one SELECT, read before it is sent.

The warehouse is read-only by itself; `guard` is the second lock, for the warehouses that are not: a statement passes
when it is alone, reads tables and does nothing else, and its rows are capped.
"""

from pydantic import BaseModel, ConfigDict, Field

from agents.result import Cell, Finding, Record
from agents.sources import SourceError, Sources
from agents.tool import Observation, Tool
from agents.warehouse_tools.asking import ask_one, cell, warehouse_of
from agents.warehouse_tools.formats import counted, table
from agents.warehouse_tools.guard import guarded

__all__ = ["MAX_ROWS", "RUN_SQL"]

MAX_ROWS = 200
SHOWN = 20
MAX_COLUMNS = 12
MAX_CELL = 60


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


async def run(sources: Sources, wanted: SqlParameters) -> Observation:
    """Send the statement. Raises SourceError `refused` for one that is not a plain SELECT.

    What the database says to it is told: whoever wrote the statement can mend it.
    """
    try:
        answer = await ask_one(warehouse_of(sources), guarded(wanted.sql, MAX_ROWS))
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
        notes=(cut_off(len(rows)),) if truncated else (),
    )


def cut_off(rows: int) -> str:
    if rows == MAX_ROWS:
        return f"Only the first {MAX_ROWS} rows were read."
    return "The answer was too long to be read whole: rows are missing or long texts are cut. Ask for less."


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
