"""Points in time as programs read them."""

from datetime import UTC, datetime

__all__ = ["iso"]


def iso(at: float) -> str:
    """Seconds since 1970 in ISO 8601, in UTC, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
