"""All issues that this server knows: the packaged ones and those that were created, as one list.

An issue that was created is on disk before its creator hears of it. With a `request_id` it is created once: who asks
again gets the one that is there.
"""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from workspace.crm import AS_OF, Crm
from workspace.instants import iso
from workspace.matching import matcher
from workspace.nearest import nearest
from workspace.slack.message import read_people
from workspace.toolset import ToolError
from workspace.written import Written

__all__ = ["PRIORITIES", "SCHEMA", "STATES", "TEAMS", "Created", "Draft", "Issue", "Issues"]

SAMPLE = Path(__file__).parent.parent / "data" / "linear" / "issues.csv"
TEAMS = {"PROD": "Products", "OPS": "Sales operations", "DEAL": "What sellers promised"}
STATES = ("Backlog", "Todo", "In Progress", "Done", "Canceled")
PRIORITIES = ("Urgent", "High", "Medium", "Low")
FIRST_CREATED = 1000
"""Numbers of created issues start here, clear of the packaged ones."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS issue (
    team TEXT NOT NULL, number INTEGER NOT NULL, title TEXT NOT NULL, description TEXT NOT NULL, priority TEXT NOT NULL,
    assignee TEXT, labels TEXT NOT NULL, due TEXT, created_us INTEGER NOT NULL, request_id TEXT UNIQUE,
    PRIMARY KEY (team, number)
);
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """An issue before it has a number."""

    team: str
    title: str
    description: str
    priority: str
    assignee: str | None
    labels: tuple[str, ...]
    due: str | None


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue. Instants are ISO-8601; `due` is a day."""

    identifier: str
    draft: Draft
    state: str
    created: str
    updated: str
    synthetic: bool = field(default=False)


@dataclass(frozen=True, slots=True)
class Created:
    """An issue that is there; `duplicate` where it was there before this call."""

    issue: Issue
    duplicate: bool


class Issues:
    """The issues over one file. `now_us` tells the time in microseconds since 1970."""

    as_of = AS_OF

    def __init__(
        self, written: Written, crm: Crm | None = None, now_us: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self._written = written
        self._crm = crm or Crm()
        self._now_us = now_us

    @cached_property
    def people(self) -> tuple[str, ...]:
        """Who may be assigned."""
        return tuple(person.name for person in read_people(self._crm) if not person.bot)

    def all(self) -> list[Issue]:
        """Every issue, the last changed first."""
        found = (*self._sample, *self._created())
        return sorted(found, key=lambda issue: (issue.updated, issue.identifier), reverse=True)

    def one(self, identifier: str) -> Issue:
        """One issue. Raises ToolError that names the nearest ones."""
        known = {issue.identifier: issue for issue in self.all()}
        found = known.get(identifier.strip().upper())
        if found is None:
            raise ToolError("unknown_issue", f"There is no issue {identifier[:40]!r}.", nearest(identifier, known))
        return found

    def search(self, query: str) -> list[Issue]:
        """The issues that hold every word of the query."""
        holds = matcher(query)
        return [it for it in self.all() if holds(f"{it.identifier} {it.draft.title} {it.draft.description}")]

    def person(self, wanted: str) -> str:
        """Somebody's name as it is spelt. Raises ToolError that names the nearest ones."""
        found = next((name for name in self.people if name.casefold() == wanted.strip().casefold()), None)
        if found is None:
            raise ToolError("unknown_user", f"Nobody is called {wanted[:60]!r}.", nearest(wanted, self.people))
        return found

    def create(self, draft: Draft, request_id: str | None) -> Created:
        """Add one issue. Raises ToolError for a request id that belongs to another one."""
        with self._written.writing() as connection:
            known = connection.execute("SELECT * FROM issue WHERE request_id = ?", (request_id,)).fetchone()
            if known is not None:
                return Created(self._same(self._issue(known), draft), duplicate=True)
            last = connection.execute("SELECT max(number) FROM issue WHERE team = ?", (draft.team,)).fetchone()[0]
            row = (
                draft.team,
                (last or FIRST_CREATED) + 1,
                draft.title,
                draft.description,
                draft.priority,
                draft.assignee,
                ";".join(draft.labels),
                draft.due,
                self._now_us(),
                request_id,
            )
            connection.execute("INSERT INTO issue VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        return Created(self._issue(row), duplicate=False)

    @staticmethod
    def _same(issue: Issue, draft: Draft) -> Issue:
        if issue.draft != draft:
            raise ToolError("conflict", "This request_id belongs to another issue. Create this one with its own id.")
        return issue

    @cached_property
    def _sample(self) -> tuple[Issue, ...]:
        with SAMPLE.open(encoding="utf-8", newline="") as file:
            return tuple(_packaged(row) for row in csv.DictReader(file))

    def _created(self) -> list[Issue]:
        with self._written.reading() as connection:
            rows = connection.execute("SELECT * FROM issue").fetchall() if connection is not None else []
        return [self._issue(row) for row in rows]

    @staticmethod
    def _issue(row: Sequence[Any]) -> Issue:
        team, number, title, description, priority, assignee, labels, due, created_us, _ = row
        draft = Draft(team, title, description, priority, assignee, _labels(labels), due)
        created = iso(datetime.fromtimestamp(created_us // 1_000_000, UTC))
        return Issue(f"{team}-{number}", draft, "Todo", created, created)


def _packaged(row: dict[str, str]) -> Issue:
    team = row["identifier"].partition("-")[0]
    draft = Draft(
        team,
        row["title"],
        row["description"],
        row["priority"],
        row["assignee"] or None,
        _labels(row["labels"]),
        row["due"] or None,
    )
    created, updated = f"{row['created']}T09:00:00Z", f"{row['updated']}T09:00:00Z"
    return Issue(row["identifier"], draft, row["state"], created, updated, synthetic=True)


def _labels(text: str) -> tuple[str, ...]:
    return tuple(label for label in text.split(";") if label)
