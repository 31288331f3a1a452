"""Channels, people and messages, and how the packaged ones are read (`workspace/data/slack/SOURCE.md`).

Ids are made from names, so that they are the same on every machine. A message is known by its `ts`: seconds and
microseconds since 1970 as Slack writes them, unique in its channel, in the order in which messages were written.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from workspace.crm import Crm

__all__ = ["SAMPLE", "Channel", "Message", "Person", "channel_of", "read_messages", "read_people", "ts_of"]

SAMPLE = Path(__file__).parent.parent / "data" / "slack"
DOMAIN = "seller.example"
BOT = "Sophia"


@dataclass(frozen=True, slots=True)
class Channel:
    """A place for messages."""

    id: str
    name: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes; `bot` for what is sent through this server."""

    id: str
    name: str
    title: str
    office: str | None
    bot: bool = False

    @property
    def handle(self) -> str:
        return ".".join(self.name.lower().split())

    @property
    def email(self) -> str:
        return f"{self.handle}@{DOMAIN}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `thread_ts` is the `ts` of the message that it answers."""

    ts: str
    channel: Channel
    author: Person
    text: str
    thread_ts: str | None = None
    synthetic: bool = False
    client_msg_id: str | None = None

    @property
    def sent(self) -> datetime:
        return datetime.fromtimestamp(int(self.ts.partition(".")[0]), UTC)


def ts_of(micros: int) -> str:
    """Microseconds since 1970 as Slack writes them."""
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d}"


def channel_of(name: str, purpose: str) -> Channel:
    return Channel(_id("C", "channel", name), name, purpose)


def read_people(crm: Crm) -> tuple[Person, ...]:
    """The sellers and managers of the CRM, the invented colleagues, and the bot that sends what is sent here."""
    reps = crm.reps.values()
    found = [(rep.name, "Account Executive", rep.office) for rep in reps]
    found += sorted({(rep.manager, "Sales Manager", rep.office) for rep in reps})
    with (SAMPLE / "people.csv").open(encoding="utf-8", newline="") as file:
        found += [(row["name"], row["title"], row["office"]) for row in csv.DictReader(file)]
    people = [Person(_id("U", "user", name), name, title, office) for name, title, office in found]
    return (*people, Person(_id("U", "user", BOT), BOT, "Posts what was sent through Sophia", None, bot=True))


def read_messages(people: Sequence[Person]) -> Iterator[Message]:
    """The packaged messages, in the order of the file."""
    by_name = {person.name: person for person in people}
    channel, thread_ts = channel_of("general", ""), None
    for number, line in enumerate((SAMPLE / "messages.txt").read_text(encoding="utf-8").splitlines()):
        if line.startswith("# "):
            channel = channel_of(*_halves(line[2:]))
            continue
        if not line.strip():
            continue
        head, text = _halves(line.strip())
        at = datetime.fromisoformat(head[:16]).replace(tzinfo=UTC)
        ts = ts_of(int(at.timestamp()) * 1_000_000 + number)
        is_reply = line.startswith("  ")
        yield Message(ts, channel, by_name[head[17:]], text, thread_ts if is_reply else None, synthetic=True)
        thread_ts = thread_ts if is_reply else ts


def _halves(line: str) -> tuple[str, str]:
    before, _, behind = line.partition(" | ")
    return before.strip(), behind.strip()


def _id(letter: str, kind: str, name: str) -> str:
    return letter + sha256(f"{kind}/{name}".encode()).hexdigest()[:10].upper()
