"""The versions of policy: appended, never changed. The newest holds what operators set; the rest is the audit.

A change is one row in one durable transaction, appended to the version that whoever makes it has seen. If another came
first, nothing is written and `Conflict` says what the newest is: nobody undoes a change unread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from server.state.database import Database, Row, StoreError, Transaction, as_object, as_text

__all__ = ["Conflict", "NewVersion", "Policies", "UnreadableVersion", "Version"]

VERSIONS = "SELECT number, at, content FROM policy "
NEWEST = VERSIONS + "ORDER BY number DESC LIMIT 1"
NUMBER = "SELECT COALESCE(MAX(number), 0) FROM policy"
MOST_VERSIONS = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """A change that somebody wants to make, with everything that holds after it.

    `what` says what kind of change it is, `difference` how it differs from the version before, in readable lines.
    `settings` are by dotted key, `rollouts` by tool; `config` is what the configuration came to.
    """

    who: str
    why: str
    what: str
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rollouts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    difference: tuple[str, ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(NewVersion):
    """A version: `number` counts from 1 without a gap, `at` is in seconds since 1970 on the store's clock."""

    number: int
    at: float


class UnreadableVersion(StoreError):
    """A version that this release cannot read: a newer one wrote it, or something else did. `number` names it."""

    def __init__(self, number: int, what: str) -> None:
        self.number = number
        super().__init__(
            f"Version {number} of the policy cannot be read by this release ({what}). Install the release that wrote "
            f"it, or take a tool back with `sophia rollback`, or everything with `sophia rollback --to {number - 1}`."
        )


class Conflict(Exception):
    """Another change came first; nothing was written. `newest` is what holds now, or None in a store without any."""

    def __init__(self, newest: Version | None) -> None:
        self.newest = newest
        said = "no version" if newest is None else f"version {newest.number} by {newest.who}"
        super().__init__(f"The policy was changed by somebody else meanwhile: the store has {said}.")


class Policies:
    """The versions that are kept: all of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._number = database.watch(NUMBER)

    def number(self) -> int:
        """The newest version's number, 0 without any: microseconds, and never an error."""
        return self._number()

    def newest_number(self) -> int:
        """The newest version's number as the database has it now, whether that version can be read or not."""
        return int(self._database.read(NUMBER)[0][0])

    def latest(self) -> Version | None:
        """The newest version, or None while nothing was ever set. Raises UnreadableVersion."""
        rows = self._database.read(NEWEST)
        return _version(rows[0]) if rows else None

    def version(self, number: int) -> Version | None:
        """A version by its number, or None if there is none. Raises UnreadableVersion."""
        if not 0 < number <= MOST_VERSIONS:
            return None  # no database keeps a greater one
        rows = self._database.read(VERSIONS + "WHERE number = ?", (number,))
        return _version(rows[0]) if rows else None

    def history(self, limit: int, tool: str | None = None) -> list[Version]:
        """The newest versions, newest first; with `tool` those that changed something about its rollout.

        One that cannot be read stands among them, and says so.
        """
        if tool is None:
            rows = self._database.read(VERSIONS + "ORDER BY number DESC LIMIT ?", (min(limit, MOST_VERSIONS),))
        else:
            of_tool = VERSIONS + "JOIN policy_tool USING (number) WHERE tool = ? ORDER BY number DESC LIMIT ?"
            rows = self._database.read(of_tool, (tool, min(limit, MOST_VERSIONS)))
        return [_version_or_gap(row) for row in rows]

    def append(self, expected: int, new: NewVersion) -> Version:
        """Append a version to the one numbered `expected` (0: to none); it is on the disk when this returns.

        Raises Conflict when that is not the newest any more.
        """
        with self._database.transaction(durable=True) as run:
            rows = run.read(NEWEST)
            newest = _version_or_gap(rows[0]) if rows else None
            if (newest.number if newest else 0) != expected:
                raise Conflict(newest)
            at = float(run.read("SELECT now_s()")[0][0])
            version = Version(number=expected + 1, at=at, **_fields(new))
            _write(run, version, newest)
        return version


def _write(run: Transaction, version: Version, before: Version | None) -> None:
    written = run.write(
        "INSERT INTO policy (number, at, content) VALUES (?, ?, ?) ON CONFLICT (number) DO NOTHING",
        (version.number, version.at, as_text(_fields(version))),
    )
    if not written:  # PostgreSQL lets two get here; the second waits above until the first has ended
        raise Conflict(_version_or_gap(run.read(NEWEST)[0]))
    known: Mapping[str, Any] = before.rollouts if before else {}
    changed = [tool for tool in {*known, *version.rollouts} if known.get(tool) != version.rollouts.get(tool)]
    if changed:
        run.write(
            "INSERT INTO policy_tool (tool, number) VALUES (?, ?)", *((tool, version.number) for tool in changed)
        )


def _fields(version: NewVersion) -> dict[str, Any]:
    return {each.name: getattr(version, each.name) for each in fields(NewVersion)}


def _version(row: Row) -> Version:
    number, at, kept = row
    content = as_object(kept)
    if content is None:
        raise UnreadableVersion(number, "it is no JSON object")
    known: dict[str, Any] = {"who": "", "why": "", "what": ""}
    known |= {each.name: content[each.name] for each in fields(NewVersion) if each.name in content}
    for name, kind in _KINDS.items():
        if not isinstance(known.get(name, kind()), kind):
            raise UnreadableVersion(number, f"`{name}` is not what it should be")
    difference: list[Any] = known.pop("difference", [])
    return Version(number=number, at=at, difference=tuple(map(str, difference)), **known)


_KINDS: Mapping[str, type] = {
    "who": str,
    "why": str,
    "what": str,
    "settings": dict,
    "rollouts": dict,
    "difference": list,
    "config": dict,
}


def _version_or_gap(row: Row) -> Version:
    """The version, or in its place one that says only that it cannot be read."""
    try:
        return _version(row)
    except UnreadableVersion as error:
        return Version(number=row[0], at=row[1], who="unknown", why="", what="unknown", difference=(str(error),))
