"""The rows in a warehouse's answer, in the shapes that public servers give them.

JSON: columns beside rows of values (our own, motherduck), rows of objects (dbhub, under `data`, one statement or
several), a bare list of objects, and Snowflake's `resultSetMetaData` beside `data`. Text: a Python list of dicts
(mcp-server-sqlite), and numbered rows of `column: value` (mcp-alchemy). Another shape is refused and not guessed.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, cast

from agents.sources import Table
from server.downstream.proxy import Answer

__all__ = ["error_in", "table_of"]

MAX_LITERAL_CHARS = 2_000_000
"""Python's own reader takes some hundred bytes of memory for each of text."""
ERROR = re.compile(r"\s*(?:[\w ]{0,30} )?error(?: \w+){0,3}:\s*(.+)", re.IGNORECASE | re.DOTALL)
NO_ROWS = re.compile(r"\s*(?:no rows returned|\(no results?\)|\[\])\s*", re.IGNORECASE)
NUMBERED = re.compile(r"^(\d+)\. row$", re.MULTILINE)
FIELD = re.compile(r"^([^\n:]+): ?", re.MULTILINE)
RESULT_LINE = re.compile(r"\n+Result: [^\n]*rows?\b[^\n]*(?:\n.*)?\Z", re.DOTALL)
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d+)?(?:[eE][+-]?\d+)?")
CUT_OFF_MARKS = ("truncated", "has_more", "hasMore")
CUT_OFF = re.compile(r"truncated", re.IGNORECASE)


def error_in(answer: Answer) -> str | None:
    """What the server says went wrong where it says so in plain text only."""
    if answer.json is not None:
        return None
    found = ERROR.match(answer.text)
    return found[1].strip() if found else None


def table_of(answer: Answer) -> Table | None:
    """The rows in any of the known shapes, None for another one."""
    if isinstance(answer.json, list):
        return _of_objects(cast("list[Any]", answer.json), (), truncated=False)
    if isinstance(answer.json, dict):
        return _of_json(cast("Mapping[str, Any]", answer.json))
    if NO_ROWS.fullmatch(RESULT_LINE.sub("", answer.text)):
        return Table((), ())
    return _of_python(answer.text) or _of_numbered(answer.text)


def _of_json(answer: Mapping[str, Any]) -> Table | None:
    body = answer
    for key in ("data", "result_set"):
        if isinstance(body.get(key), dict):
            body = cast("Mapping[str, Any]", body[key])
    statements: Any = body.get("statements")
    if isinstance(statements, list) and len(cast("list[Any]", statements)) == 1:
        if not isinstance(statements[0], dict):
            return None
        body = cast("Mapping[str, Any]", statements[0])
    if isinstance(body.get("resultSetMetaData"), dict):
        return _of_snowflake(body)
    names = _names(body.get("columns"))
    rows: Any = body.get("rows")
    if names is None or not isinstance(rows, list):
        return None
    listed = cast("list[Any]", rows)
    truncated = any(place.get(mark) is True for place in (answer, body) for mark in CUT_OFF_MARKS)
    return _of_values(listed, names, truncated=truncated) or _of_objects(listed, names, truncated=truncated)


def _names(described: object) -> tuple[str, ...] | None:
    """The names of columns, given as they are or as objects with a name; None for anything else."""
    if described is None:
        return ()
    if not isinstance(described, list):
        return None
    columns = cast("list[Any]", described)
    names: list[Any] = [cast("Mapping[str, Any]", it).get("name") if isinstance(it, dict) else it for it in columns]
    return tuple(names) if all(isinstance(name, str) for name in names) else None


def _of_objects(rows: Sequence[Any], names: Sequence[Any], *, truncated: bool) -> Table | None:
    if not all(isinstance(row, dict) for row in rows):
        return None
    objects = cast("Sequence[Mapping[str, object]]", rows)
    # Servers leave out what is null: a column may be missing from the first row.
    columns = tuple(dict.fromkeys(chain(map(str, names), *objects)))
    return Table(columns, tuple(tuple(row.get(column) for column in columns) for row in objects), truncated)


def _of_values(rows: Sequence[Any], names: Sequence[Any], *, truncated: bool) -> Table | None:
    if not all(isinstance(row, list) and len(cast("list[Any]", row)) == len(names) for row in rows):
        return None
    return Table(tuple(map(str, names)), tuple(tuple(row) for row in rows), truncated)


def _of_snowflake(body: Mapping[str, Any]) -> Table | None:
    """Snowflake gives every value as text and every unquoted name in capitals."""
    names = _names(body["resultSetMetaData"].get("rowType"))
    rows: Any = body.get("data") or []
    if names is None or not isinstance(rows, list):
        return None
    lowered = [name.lower() if name.isupper() else name for name in names]
    return _of_values(cast("list[Any]", rows), lowered, truncated=False)


def _of_python(text: str) -> Table | None:
    stripped = text.strip()
    if not stripped.startswith("[{") or len(stripped) > MAX_LITERAL_CHARS:
        return None
    try:
        rows: Any = ast.literal_eval(stripped)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return _of_objects(rows, (), truncated=False)


def _of_numbered(text: str) -> Table | None:
    trailer = RESULT_LINE.search(text)
    body = text[: trailer.start()] if trailer else text
    firsts = _in_turn(list(NUMBERED.finditer(body)))
    if not firsts or body[: firsts[0].start()].strip():
        return None
    ends = [*(start.start() for start in firsts[1:]), len(body)]
    parts = [body[start.end() : end].strip("\n") for start, end in zip(firsts, ends, strict=True)]
    named = [dict.fromkeys(found[1] for found in FIELD.finditer(part)) for part in parts]
    # A value of several lines may look like a column of its own, but hardly in every row.
    columns = tuple(name for name in named[0] if all(name in names for names in named))
    rows = tuple(_values(part, columns) for part in parts)
    cut = bool(trailer and CUT_OFF.search(trailer[0]))
    return Table(columns, rows, cut)


def _in_turn(starts: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    """A value may hold a line like that too: only the next number begins a row."""
    kept: list[re.Match[str]] = []
    for start in starts:
        if int(start[1]) == len(kept) + 1:
            kept.append(start)
    return kept


def _values(row: str, columns: Sequence[str]) -> tuple[object, ...]:
    """A value reaches to the line that begins with the next column."""
    values: list[object] = []
    at = 0
    for place, column in enumerate(columns):
        head = f"{column}:"
        if not row.startswith(head, at):
            values.append(None)
            continue
        later = (row.find(f"\n{name}:", at + len(head)) for name in columns[place + 1 :])
        end = next((found for found in later if found >= 0), len(row))
        values.append(_value(row[at + len(head) : end].removeprefix(" ")))
        at = end + 1
    return tuple(values)


def _value(text: str) -> object:
    if text in ("NULL", "None"):
        return None
    if NUMBER.fullmatch(text):
        return float(text) if "." in text or "e" in text.lower() else int(text)
    return text
