"""All calls that this server knows, whichever way they got here.

`bundled()` reads the hand-written scripts of the package; `imported(folder)` reads the files that
`workspace.gong_import` wrote, one `{"call": CallData, "transcript": CallTranscript or null}` each.
Nothing is read before the first question. Headers stay in memory; words are read again when they are
asked for and the last 64 calls are kept, so that thousands of imported calls fit. Calls that are imported
while the server runs are there at the next question.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from workspace.crm import AS_OF, Crm
from workspace.gong.call import Call, Card, read_call
from workspace.gong.script import read_script
from workspace.gong.shape import SELLER_DOMAIN, call_of, email_of, user_id_of
from workspace.nearest import nearest
from workspace.toolset import ToolError

__all__ = ["BUNDLED_CALLS", "Library", "User", "bundled", "imported"]

BUNDLED_CALLS = Path(__file__).parent.parent / "data" / "calls"
CALLS_KEPT = 64

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class User:
    """A seller with an account in the call recorder."""

    id: str
    name: str
    email: str | None
    title: str | None
    manager_id: str | None


class Library:
    """Calls by id, their headers in order of time, and the users they belong to.

    `stamp` changes when files come or go; then the next question reads what is new.
    """

    def __init__(
        self,
        paths: Callable[[], Sequence[Path]],
        read: Callable[[Path], Call],
        stamp: Callable[[], int] = lambda: 0,
        frozen: Callable[[], "Frozen"] | None = None,
    ) -> None:
        self._paths = paths

        def read_version(path: Path, _changed_ns: int) -> Call:
            return read(path)

        self._read = lru_cache(CALLS_KEPT)(read_version)
        self._stamp = stamp
        self._read_frozen = frozen
        self._indexed: _Index | None = None

    @cached_property
    def _frozen(self) -> "Frozen | None":
        return self._read_frozen() if self._read_frozen else None

    @property
    def _index(self) -> "_Index":
        stamp = self._stamp()
        if self._indexed is None or self._indexed.stamp != stamp:
            self._indexed = self._build_index(stamp)
        return self._indexed

    def _build_index(self, stamp: int) -> "_Index":
        known = {entry.file: entry for entry in self._indexed.by_id.values()} if self._indexed else {}
        entries: list[_Entry] = []
        unreadable: list[str] = []
        for path in self._paths():
            try:
                file = (path, path.stat().st_mtime_ns)
                entries.append(known.get(file) or _Entry(self._read(*file).card, file))
            except (OSError, ValueError, KeyError) as error:
                log.warning("%s is not a call: %s", path.name, error)
                unreadable.append(path.name)
        entries.sort(key=lambda entry: (entry.card.started, entry.card.id))
        by_id = {entry.card.id: entry for entry in entries}
        return _Index(stamp, by_id, tuple(entry.card for entry in by_id.values()), tuple(unreadable))

    @property
    def cards(self) -> tuple[Card, ...]:
        """Every call's header, oldest first."""
        return self._index.cards

    @property
    def unreadable_files(self) -> tuple[str, ...]:
        """Files of the folder that hold no call; named, never dropped in silence."""
        return self._index.unreadable

    @property
    def synthetic(self) -> bool:
        """Whether any call here was invented."""
        return any(card.synthetic for card in self.cards)

    @property
    def as_of(self) -> str | None:
        """The day that "this quarter" counts from: of the bundled set, or of the latest imported call."""
        if self._frozen:
            return self._frozen.as_of
        return self.cards[-1].started.date().isoformat() if self.cards else None

    def known(self, call_id: str) -> bool:
        return call_id in self._index.by_id

    def call(self, call_id: str) -> Call:
        """One call with its words. Raises ToolError that names the nearest ids."""
        entry = self._index.by_id.get(call_id)
        if entry is None:
            what = f"There is no call {call_id[:40]!r}. list_calls gives all ids."
            raise ToolError("unknown_call", what, self.nearest_ids(call_id[:40]))
        return self._read(*entry.file)

    def calls(self, cards: Iterable[Card]) -> Iterator[Call]:
        return (self.call(card.id) for card in cards)

    def nearest_ids(self, call_id: str) -> list[str]:
        return nearest(call_id, self._index.by_id)

    @property
    def users(self) -> tuple[User, ...]:
        """The whole sales organisation of the bundled set; of an imported one, whoever was heard as a user."""
        if self._frozen:
            return self._frozen.users
        seen = {
            party.user_id: User(party.user_id, party.name, party.email, party.title, None)
            for card in self.cards
            for party in card.parties
            if party.user_id
        }
        return tuple(sorted(seen.values(), key=lambda user: user.name))


@dataclass(frozen=True, slots=True)
class Frozen:
    """What a bundled set says of itself."""

    as_of: str
    users: tuple[User, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A header and where its call is read from: the path, and when it was changed."""

    card: Card
    file: tuple[Path, int]


@dataclass(frozen=True, slots=True)
class _Index:
    """All headers as of one stamp."""

    stamp: int
    by_id: dict[str, _Entry]
    cards: tuple[Card, ...]
    unreadable: tuple[str, ...]


def bundled(crm: Crm | None = None) -> Library:
    """The synthetic calls that come with the package."""
    deals = crm or Crm()

    def read(path: Path) -> Call:
        return call_of(read_script(path.read_text(encoding="utf-8")), deals)

    return Library(lambda: sorted(BUNDLED_CALLS.glob("*.txt")), read, frozen=lambda: Frozen(AS_OF, _staff(deals)))


def imported(folder: Path) -> Library:
    """The calls of a directory that the importer wrote. Raises ToolError where it does not exist."""
    if not folder.is_dir():
        raise ToolError("no_data", f"{folder.name!r} is no directory: import calls into it first.")

    def read(path: Path) -> Call:
        pair = json.loads(path.read_text(encoding="utf-8"))
        return read_call(pair["call"], pair.get("transcript"))

    return Library(lambda: sorted(folder.glob("*.json")), read, stamp=lambda: folder.stat().st_mtime_ns)


def _staff(crm: Crm) -> tuple[User, ...]:
    managers = sorted({rep.manager for rep in crm.reps.values()})
    people = [(name, "Sales Manager", None) for name in managers]
    people += [(rep.name, "Account Executive", user_id_of(rep.manager)) for rep in crm.reps.values()]
    return tuple(
        User(user_id_of(name), name, email_of(name, SELLER_DOMAIN), title, manager_id)
        for name, title, manager_id in people
    )
