"""Instants as callers write them: ISO-8601 dates and times."""

from datetime import UTC, datetime, timedelta

from workspace.toolset import ToolError

__all__ = ["iso", "read_instant"]


def read_instant(name: str, value: str, *, end: bool = False) -> datetime:
    """An ISO-8601 date or time; without a zone it is UTC. A date is its midnight, as an `end` the next one.

    Raises ToolError `bad_date`.
    """
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        what = f"{name}: {value[:40]!r} is no ISO-8601 date or time. Write 2017-12-01 or 2017-12-01T09:30:00Z."
        raise ToolError("bad_date", what) from None
    whole_day = len(value) == len("2017-12-01") or len(value) == len("20171201")
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return instant + timedelta(days=1) if end and whole_day else instant


def iso(instant: datetime) -> str:
    """An instant in UTC, to the second."""
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
