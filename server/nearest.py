"""The names that a mistyped one was most likely meant to be, as a hint behind an error."""

import difflib
from collections.abc import Iterable

__all__ = ["nearest_hint"]

MOST = 3
LONGEST = 100


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """` Nearest: `a`, `b`.` with the space before it, or nothing where none is near."""
    near = difflib.get_close_matches(name[:LONGEST], list(known), n=MOST)
    return f" Nearest: {', '.join(f'`{one}`' for one in near)}." if near else ""
