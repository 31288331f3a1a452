"""Days as servers write them."""

from datetime import date

__all__ = ["day_of"]


def day_of(said: object) -> date | None:
    """The day of an ISO date or instant; None where there is none to be read."""
    try:
        return date.fromisoformat(said[:10]) if isinstance(said, str) else None
    except ValueError:
        return None
