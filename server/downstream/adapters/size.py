"""How much of an answer is kept: a statement of one line can ask for more text than this process has memory."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from agents.sources import Table

__all__ = ["kept"]

MAX_CHARS = 2_000_000
MAX_CELL_CHARS = 100_000
CELL_CHARS = 16
"""What a number, a day or nothing counts for."""


def kept(
    columns: tuple[str, ...],
    rows: Iterable[Sequence[object]],
    max_rows: int | None = None,
    *,
    truncated: bool = False,
) -> Table:
    """The rows up to `MAX_CHARS`, their cells cut at `MAX_CELL_CHARS`; `truncated` where anything is missing."""
    taken: list[tuple[object, ...]] = []
    chars = 0
    for row in rows:
        cells = tuple(cut(value) for value in row)
        chars += sum(len(it) if isinstance(it, str) else CELL_CHARS for it in cells)
        if chars > MAX_CHARS or len(taken) == max_rows:
            return Table(columns, tuple(taken), truncated=True)
        truncated = truncated or any(short is not value for short, value in zip(cells, row, strict=True))
        taken.append(cells)
    return Table(columns, tuple(taken), truncated)


def cut(value: object) -> object:
    """The value itself where it is short enough."""
    if value is None or isinstance(value, bool | int | float | Decimal | date):
        return value
    if isinstance(value, str):
        return value if len(value) <= MAX_CELL_CHARS else value[:MAX_CELL_CHARS] + "…"
    written = str(value)
    return value if len(written) <= CELL_CHARS else written[:MAX_CELL_CHARS]
