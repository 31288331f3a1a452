"""What a reader of an answer has to know of a library: what is missing, why, and how fresh it is."""

from datetime import UTC, datetime

from server.library.looking import Limits
from server.library.shelf import Shelf

__all__ = ["freshness_of", "notes_of"]


def notes_of(shelf: Shelf, limits: Limits) -> list[str]:
    """One sentence for each thing that is not as it should be; none where all is well."""
    facts, stock = shelf.facts(), shelf.stock()
    notes: list[str] = []
    listed_at = float(facts.get("listed_at") or 0)
    if trouble := facts.get("trouble"):
        known = f"as it was at {_instant(listed_at)}" if listed_at else f"the {stock.calls:,} calls listed until then"
        notes.append(
            f"The call server could not be read at {_instant(facts['troubled_at'])}, so this is {known}: {trouble}"
        )
    elif not listed_at:
        notes.append(f"The list of calls is still being read; {stock.calls:,} are known so far.")
    if facts.get("cut") and facts.get("repeats"):
        notes.append(
            f"The call server began to list the same calls again after {facts['cut']} pages, so listing was ended there; "
            "there may be more."
        )
    elif facts.get("cut"):
        notes.append(f"The list of calls was cut off after {facts['cut']} pages; there may be more.")
    if unreadable := int(facts.get("unreadable") or 0):
        notes.append(
            f"{_calls(unreadable)} could not be read: what the call server gives is no call, or is incomplete."
        )
    if words := int(facts.get("unreadable_words") or 0):
        notes.append(f"{words:,} transcript{'s' * (words > 1)} could not be read, in a form that is not known here.")
    if twice := int(facts.get("twice") or 0):
        notes.append(f"{_calls(twice)} {'is' if twice == 1 else 'are'} listed more than once and counted once.")
    if beyond := int(facts.get("beyond") or 0):
        notes.append(
            f"The library keeps the newest {limits.calls:,} calls; {_calls(beyond)} before them are left out."
        )
    if stock.dropped:
        notes.append(
            f"The library is full: the words of the {stock.dropped:,} oldest calls are not kept and not searched."
        )
    return notes


def freshness_of(shelf: Shelf) -> str:
    """When the calls were last listed and how many of them have been read."""
    facts, stock = shelf.facts(), shelf.stock()
    listed_at = float(facts.get("listed_at") or 0)
    when = f"listed {_instant(listed_at)}" if listed_at else "still being listed"
    reading = f", {stock.waiting:,} still to be read" if stock.waiting else ""
    return f"{stock.calls:,} calls, {when}{reading}"


def _calls(number: int) -> str:
    return f"{number:,} call{'s' * (number != 1)}"


def _instant(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
