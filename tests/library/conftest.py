"""A call server in memory, and a library over it: every call and every word is invented."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.sources import Call, Party, Sentence, SourceError, Transcript
from server.downstream.adapters.feed import Given, Listed, Page
from server.library.calls import CallLibrary
from server.library.looking import Limits
from server.library.shelf import Shelf

PARTIES = (Party("1", "Ann Seller", "internal", speaker_id="a"), Party("2", "Bo Buyer", "external", speaker_id="b"))


def a_call(number: int) -> Call:
    started = datetime(2024, 1, 1, 9, tzinfo=UTC) + timedelta(days=number)
    account = f"Account {number % 3}"
    return Call(
        str(1000 + number),
        f"Call {number}",
        started,
        60,
        PARTIES,
        account=account,
        owner="Ann Seller",
        synthetic=True,
    )


def the_words(call: Call) -> Transcript:
    number = int(call.id) - 1000
    said = ("a", "What would help with the delivery?"), ("b", f"We need pallet{number} before the audit.")
    return Transcript(
        call.id, tuple(Sentence(who, n * 5000, n * 5000 + 4000, text) for n, (who, text) in enumerate(said))
    )


@dataclass
class Feed:
    """`fails` holds, for each coming request of a kind, what it raises instead of an answer, or None."""

    calls: list[Call] = field(default_factory=list[Call])
    page_size: int = 10
    wordless: set[str] = field(default_factory=set[str])
    refused: set[str] = field(default_factory=set[str])
    unreadable: int = 0
    fails: dict[str, list[SourceError | None]] = field(default_factory=dict[str, list[SourceError | None]])
    asked: list[tuple[str, object]] = field(default_factory=list[tuple[str, object]])

    details_at_once: int = 100
    says_private: bool = False
    cursors: list[str | None] | None = None

    async def page(self, since: datetime | None, cursor: str | None) -> Page:
        self._meet("page", cursor)
        listed = [call for call in self.calls if since is None or call.started >= since]
        start = int(cursor or 0)
        shown = listed[start : start + self.page_size]
        more = str(start + self.page_size) if start + self.page_size < len(listed) else None
        if self.cursors is not None:
            more = self.cursors[self.count("page") - 1]
        said = [Listed(call.id, private=call.private if self.says_private else None) for call in shown]
        return Page(tuple(said), more, unreadable=0 if start else self.unreadable)

    async def details(self, call_ids: Sequence[str]) -> Given[Call]:
        self._meet("details", tuple(call_ids))
        return Given(tuple({call.id: call for call in self.calls if call.id in call_ids}.values()))

    async def transcripts(self, call_ids: Sequence[str]) -> Given[Transcript]:
        self._meet("transcripts", tuple(call_ids))
        if refused := self.refused & set(call_ids):
            raise SourceError("refused", f"no access to {refused}")
        return Given(tuple(the_words(call) for call in self.calls if call.id in set(call_ids) - self.wordless))

    def count(self, kind: str) -> int:
        return sum(asked == kind for asked, _ in self.asked)

    def _meet(self, kind: str, what: object) -> None:
        self.asked.append((kind, what))
        coming = self.fails.get(kind)
        if coming and (error := coming.pop(0)) is not None:
            raise error


@pytest.fixture
def feed() -> Feed:
    """Twenty-five calls, on three pages."""
    return Feed([a_call(number) for number in range(25)])


@pytest.fixture
def library(feed: Feed, tmp_path: Path) -> Callable[..., CallLibrary]:
    """Opens the library of the feed, as each process does; `again` in the same file."""

    def opened(calls: int = 1000, megabytes: float = 100, name: str = "gong-1") -> CallLibrary:
        path = tmp_path / "library" / f"{name}.db"
        return CallLibrary("gong", feed, lambda: Shelf(path), Limits(calls, int(megabytes * 10**6)), reads_on=True)

    return opened


@pytest.fixture
def changed() -> Callable[..., Call]:
    """The same call with other values."""
    return replace
