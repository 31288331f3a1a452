"""What somebody may have meant: the known names most like the one that is not known."""

from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(wanted: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known names most like the wanted one. rapidfuzz is imported by the first mistake."""
    from rapidfuzz import fuzz, process

    found = process.extract(wanted, list(known), scorer=fuzz.WRatio, limit=limit, processor=str.lower)
    return [name for name, _, _ in found]
