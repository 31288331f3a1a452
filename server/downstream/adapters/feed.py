"""Where a call library gets its calls from: the seam between what is kept and how a server is read.

The library decides what to ask for, when, and what to keep; a feed knows the tools and the shapes of one kind of
server and nothing else. Another kind of server is another class of this shape, chosen in `bound`.

A page lists calls; where listing tells all that the server can tell of a call, the page carries it whole, otherwise
the library asks for `details` of those it does not know. What is not in an answer does not exist. What is there in a
shape that cannot be read is counted, so that an answer can say so. Each method raises `SourceError`, and nothing else,
where the server fails; the library keeps what it has, waits and asks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, Protocol, TypeVar

from agents.sources import Call, Transcript

__all__ = ["CallFeed", "Given", "Listed", "Page"]

ThingT = TypeVar("ThingT")


@dataclass(frozen=True, slots=True)
class Listed:
    """A call as a page lists it; `call` where there are no further details to be asked for, `private` where
    the page says so much."""

    id: str
    call: Call | None = None
    private: bool | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some calls and the way to the next ones. `as_of` is the last day of a frozen set, as its server says."""

    listed: tuple[Listed, ...]
    cursor: str | None = None
    as_of: date | None = None
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Given(Generic[ThingT]):
    """What a server gave of what was asked for."""

    found: tuple[ThingT, ...]
    unreadable: int = 0


class CallFeed(Protocol):
    """One call server, read."""

    @property
    def details_at_once(self) -> int:
        """The details of how many calls one request brings; 0 where there are none to be asked for."""
        ...

    async def page(self, since: datetime | None, cursor: str | None) -> Page:
        """The calls that began at `since` or later, all where it is None; `cursor` is that of the page before."""
        ...

    async def details(self, call_ids: Sequence[str]) -> Given[Call]:
        """Everything known of these calls but their words. At most 100 at a time."""
        ...

    async def transcripts(self, call_ids: Sequence[str]) -> Given[Transcript]:
        """The words of those of these calls that have any. At most 100 at a time."""
        ...
