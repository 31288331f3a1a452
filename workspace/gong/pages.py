"""Gong's pages: 100 records, a cursor that belongs to one request, a range whose end is exclusive."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from workspace.gong.call import Card
from workspace.toolset import Json, ToolError

__all__ = ["PAGE_SIZE", "Page", "Span", "page_of", "read_instant", "read_span", "records"]

PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Span:
    """A range of time; None leaves an end open. `until` is exclusive."""

    since: datetime | None
    until: datetime | None

    def holds(self, card: Card) -> bool:
        after = self.since is None or card.started >= self.since
        return after and (self.until is None or card.started < self.until)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list of headers, and Gong's record block for it."""

    cards: tuple[Card, ...]
    records: Json


def read_instant(name: str, value: str) -> datetime:
    """An ISO-8601 date or instant; a date is its midnight, a time without a zone is UTC."""
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        what = f"{name}: {value[:40]!r} is no ISO-8601 date or time. Write 2017-10-01 or 2017-10-01T09:30:00Z."
        raise ToolError("bad_date", what) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def read_span(arguments: Mapping[str, Any], since: str = "fromDateTime", until: str = "toDateTime") -> Span:
    """The range of a request. Raises ToolError for a bad date or an end before its start."""
    first, last = arguments.get(since), arguments.get(until)
    span = Span(read_instant(since, first) if first else None, read_instant(until, last) if last else None)
    if span.since and span.until and span.until <= span.since:
        raise ToolError("bad_date", f"{until} must be later than {since}; it is exclusive.")
    return span


def page_of(cards: Sequence[Card], span: Span, cursor: str | None) -> Page:
    """The page that the cursor points at, the first without one. Raises ToolError for a foreign cursor."""
    key = [str(span.since), str(span.until)]
    number = _page_number(cursor, key) if cursor else 0
    found = cards[number * PAGE_SIZE : (number + 1) * PAGE_SIZE]
    block = records(len(cards), len(found), number)
    if (number + 1) * PAGE_SIZE < len(cards):
        block["cursor"] = base64.urlsafe_b64encode(json.dumps([number + 1, *key]).encode()).decode()
    return Page(tuple(found), block)


def records(total: int, on_page: int, page_number: int = 0) -> Json:
    """Gong's record block."""
    return {"totalRecords": total, "currentPageSize": on_page, "currentPageNumber": page_number}


def _page_number(cursor: str, key: list[str]) -> int:
    try:
        number, *of_request = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        number, of_request = -1, []
    if of_request != key or not isinstance(number, int) or number < 0:
        raise ToolError("bad_cursor", "This cursor belongs to another request. Ask again without it.")
    return number
