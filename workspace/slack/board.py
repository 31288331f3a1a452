"""All messages that this server knows: the packaged ones and those that were sent to it, as one list.

A message that was sent is on disk before its sender hears of it, and every process reads it from there. With a
`client_msg_id` a message is sent once: who sends the same again gets the one that stands there.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from workspace.crm import AS_OF, Crm
from workspace.matching import matcher
from workspace.nearest import nearest
from workspace.slack.message import Channel, Message, Person, read_messages, read_people, ts_of
from workspace.toolset import ToolError
from workspace.written import Written

__all__ = ["SCHEMA", "Board", "Sent", "Span"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    channel TEXT NOT NULL, ts TEXT NOT NULL, text TEXT NOT NULL, thread_ts TEXT, client_msg_id TEXT,
    PRIMARY KEY (channel, ts)
);
CREATE UNIQUE INDEX IF NOT EXISTS message_client ON message (channel, client_msg_id);
"""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time as two `ts`; None leaves an end open. `latest` is exclusive."""

    oldest: str | None = None
    latest: str | None = None

    def holds(self, message: Message) -> bool:
        after = self.oldest is None or message.ts >= self.oldest
        return after and (self.latest is None or message.ts < self.latest)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that stands in its channel; `duplicate` where it stood there before this call."""

    message: Message
    duplicate: bool


class Board:
    """Channels, people and messages over one file. `now_us` tells the time in microseconds since 1970."""

    def __init__(
        self, written: Written, crm: Crm | None = None, now_us: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self._written = written
        self._crm = crm or Crm()
        self._now_us = now_us

    as_of = AS_OF

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody who may write here."""
        return read_people(self._crm)

    @cached_property
    def _sample(self) -> tuple[Message, ...]:
        return tuple(read_messages(self.people))

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The channels there are; none is ever made or removed."""
        return tuple(sorted({message.channel for message in self._sample}, key=lambda channel: channel.name))

    def channel(self, wanted: str) -> Channel:
        """A channel by name, with or without `#`, or by id. Raises ToolError that names the nearest ones."""
        name = wanted.strip().lstrip("#").casefold()
        found = next((it for it in self.channels if name in {it.name, it.id.casefold()}), None)
        if found is None:
            known = [it.name for it in self.channels]
            raise ToolError("unknown_channel", f"There is no channel {wanted[:60]!r}.", nearest(name, known))
        return found

    def person(self, wanted: str) -> Person:
        """Somebody by id, handle or name. Raises ToolError that names the nearest ones."""
        name = wanted.strip().lstrip("@").casefold()
        found = next((it for it in self.people if name in {it.id.casefold(), it.handle, it.name.casefold()}), None)
        if found is None:
            raise ToolError("unknown_user", f"There is no user {wanted[:60]!r}.", nearest(name, self._names))
        return found

    def messages(self, channel: Channel | None = None, span: Span | None = None) -> list[Message]:
        """Newest first, threads included."""
        span = span or Span()
        found: Iterable[Message] = (*self._sample, *self._sent())
        kept = [it for it in found if (channel is None or it.channel == channel) and span.holds(it)]
        return sorted(kept, key=lambda message: message.ts, reverse=True)

    def search(
        self, query: str, channel: Channel | None = None, author: Person | None = None, span: Span | None = None
    ) -> list[Message]:
        """The messages that hold every word of the query, newest first."""
        holds = matcher(query)
        found = self.messages(channel, span)
        return [it for it in found if (author is None or it.author == author) and holds(it.text)]

    def send(self, channel: Channel, text: str, thread_ts: str | None, client_msg_id: str | None) -> Sent:
        """Post one message as the bot. Raises ToolError for an unknown thread or an id that another message has."""
        if thread_ts is not None and not any(it.ts == thread_ts for it in self.messages(channel)):
            what = f"There is no message {thread_ts[:30]!r} in #{channel.name}. get_channel_history gives each `ts`."
            raise ToolError("unknown_thread", what)
        with self._written.writing() as connection:
            known = connection.execute(
                "SELECT channel, ts, text, thread_ts, client_msg_id FROM message "
                "WHERE channel = ? AND client_msg_id = ?",
                (channel.name, client_msg_id),
            ).fetchone()
            if known is not None:
                return Sent(self._same(self._message(known), text), duplicate=True)
            newest = connection.execute("SELECT max(ts) FROM message WHERE channel = ?", (channel.name,)).fetchone()[
                0
            ]
            at = max(self._now_us(), int(newest.replace(".", "")) + 1 if newest else 0)
            row = (channel.name, ts_of(at), text, thread_ts, client_msg_id)
            connection.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", row)
        return Sent(self._message(row), duplicate=False)

    @staticmethod
    def _same(message: Message, text: str) -> Message:
        if message.text != text:
            what = (
                "This client_msg_id belongs to a message with another text. Send the new text with an id of its own."
            )
            raise ToolError("conflict", what)
        return message

    def _sent(self) -> list[Message]:
        with self._written.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute("SELECT channel, ts, text, thread_ts, client_msg_id FROM message").fetchall()
        return [self._message(row) for row in rows]

    def _message(self, row: Sequence[Any]) -> Message:
        name, ts, text, thread_ts, client_msg_id = row
        return Message(ts, self.channel(name), self.people[-1], text, thread_ts, client_msg_id=client_msg_id)

    @property
    def _names(self) -> list[str]:
        return [person.name for person in self.people]
