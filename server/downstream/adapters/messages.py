"""Channels of messages over MCP: the capabilities `messages.search`, `messages.history`, `messages.channels` and
`messages.send`, in the shapes of our own channel server.

    messages.search    query, channel?, oldest?, latest?, limit?, cursor? -> {messages, next_cursor?, as_of?}
    messages.history   channel, oldest?, latest?, limit?, cursor?         -> {messages, next_cursor?, as_of?}
    messages.channels  cursor?                                            -> {channels: [{name, purpose?}], as_of?}
    messages.send      channel, text, client_msg_id?                      -> {message, duplicate?}

A message is `{ts, channel: {name}, username, text, sent, permalink?, thread_ts?, synthetic?}`. Only `messages.search`
must be bound; whatever else is asked of a source without it is refused in words.

Posting once, whoever repeats a request: the same words for the same channel within `REPEAT_S` are one post. Three
things see to it: what this process sent, what already stands in the channel, and, where the server takes one, an id
made from the message. While it is not known whether a message arrived (its sender was cut off, or heard nothing back)
it is sent again only with the id it was sent with: a channel that does not show it proves nothing, for it may still be
on its way. A public Slack server takes no such id: through one, nothing is posted where the channel cannot be read.

Public servers are asked and read as `channel_dialects` says. Whatever server answers: what lies outside the channel or
the days that were asked for is left out here, since a tool that does not take an argument widens the question.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from html import unescape
from typing import Any, cast

import anyio
from rapidfuzz import process

from agents.sources import Channel, Message, MessageScope, Partly, Posted, SourceError
from server.downstream.adapters.channel_dialects import DIALECTS, Dialect
from server.downstream.adapters.days import day_of
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding, Capability
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_answer, call_for_json, garbage, objects_in, refusal
from server.errors import SophiaError

__all__ = ["McpMessages", "MessageDoors"]

MAX_MESSAGES = 500
"""How many messages an answer is read from; a busy channel has more in a week than anybody reads."""

MAX_PAGES = 30
"""How many pages an answer is read from, however few messages stand on them."""

PAGE = 100
IDENTITY = re.compile(r"[CGD][A-Z0-9]{7,}")
REPEAT_S = 600.0

BY_NAME = "The server finds channels by their names and lists none. Name a channel, or say what to look for."
UNCHECKED = (
    "Nothing was posted: the server that posts cannot be asked whether the same words stand in the channel already, so a "
    "repeated request could post them twice. Configure one that reads channels too."
)

MessageDoors = Mapping[Capability, tuple[Connection, Binding]]
"""Where the capabilities are bound; `messages.search` is among them."""

FAILED = re.compile(r"\b(?:errors?|fail(?:ed|ure|s)?|denied|cannot|could not|not_\w+|\w+_not_\w+)\b", re.IGNORECASE)
"""Words of a plain text that make it doubtful that a message was posted, though its server says no failure."""

DOING: Mapping[Capability, str] = {
    "messages.search": "search messages",
    "messages.history": "read a channel",
    "messages.channels": "list channels",
    "messages.send": "post messages",
}


@dataclass(frozen=True, slots=True)
class _Sending:
    """What this process sent, when, and under which id where there is one; no message where it is not known whether it
    arrived."""

    at: float
    client_id: str | None
    message: Message | None


class McpMessages:
    """`agents.sources.MessageSource` over the bound tools. One for all calls of the process."""

    def __init__(self, doors: MessageDoors) -> None:
        self._doors = doors
        self._as_of: date | None = None
        self._asked = False
        self._sent: dict[str, _Sending] = {}
        self._one_at_a_time = anyio.Lock()

    async def as_of(self) -> date:
        """The day a frozen set ends on as its server says, else today."""
        if not self._asked and "messages.channels" in self._doors and self._dialect("messages.channels") is None:
            await self.channels()
        return self._as_of or datetime.now(UTC).date()

    async def channels(self) -> Sequence[Channel]:
        """The channels that can be read."""
        if not self._lists:
            raise SourceError("refused", BY_NAME)
        answer = await self._ask("messages.channels", {})
        listed = (it for it in objects_in(answer.get("channels")) if it.get("name"))
        return [Channel(str(it["name"]).lstrip("#"), _text(it.get("purpose"))) for it in listed]

    async def search(self, query: str, scope: MessageScope) -> Sequence[Message]:
        """Messages that match, newest first."""
        asked = {"query": query} | ({"channel": scope.channel} if scope.channel else {})
        return await self._messages("messages.search", asked | await self._span(scope), scope)

    async def history(self, scope: MessageScope) -> Sequence[Message]:
        """What was written in one channel, newest first."""
        if scope.channel is None:
            raise SourceError("not_found", "Say which channel to read: give `channel`.")
        asked = {"channel": scope.channel} | await self._span(scope)
        return await self._messages("messages.history", asked, scope)

    async def send(self, channel: str, text: str) -> Posted:
        """Post once."""
        if self._dialect("messages.send") is not None and "messages.history" not in self._doors:
            raise SourceError("refused", UNCHECKED)
        key = sha256(f"{channel.casefold()}\x1f{text}".encode(errors="surrogatepass")).hexdigest()
        async with self._one_at_a_time:
            earlier = self._sent.get(key)
            if earlier is not None and anyio.current_time() - earlier.at >= REPEAT_S:
                earlier = None
            known = earlier.message if earlier is not None else None
            try:
                known = known or await self._standing(channel, text)
            except SourceError as error:
                if earlier is None:
                    raise
                raise SourceError("unavailable", _still_unknown(channel)) from error
            if known is not None:
                return Posted(known, repeated=True)
            if earlier is not None and earlier.client_id is None:
                raise SourceError("unavailable", _still_unknown(channel))
            return await self._send(key, channel, text, earlier.client_id if earlier is not None else None)

    async def _send(self, key: str, channel: str, text: str, client_id: str | None) -> Posted:
        connection, binding = self._door("messages.send")
        dialect = self._dialect("messages.send")
        place = await self._identity(channel) if dialect is not None and dialect.by_id else channel
        if client_id is None and binding.takes("client_msg_id"):
            # Two processes that are asked the same at the same time give the same id.
            client_id = f"sophia-{key[:24]}-{int(time.time() // REPEAT_S)}"
        asked = {"channel": place, "text": text} | ({"client_msg_id": client_id} if client_id else {})
        now = anyio.current_time()
        self._sent = {it: sending for it, sending in self._sent.items() if now - sending.at < REPEAT_S}
        # Noted before it is sent: whoever is cancelled while waiting does not know either whether it arrived.
        self._sent[key] = _Sending(now, client_id, None)
        try:
            said = await _accepted(connection, binding, asked, dialect)
        except SophiaError as error:
            failed = as_source_error(error)
            if failed.kind == "unavailable" and error.delivered:
                raise SourceError("unavailable", _unknown(channel)) from error
            del self._sent[key]
            raise await self._explained(failed, channel) from error
        posted = _posted(said, channel, text)
        self._sent[key] = _Sending(now, client_id, posted.message)
        return posted

    async def _standing(self, channel: str, text: str) -> Message | None:
        """The same words, posted to the channel within the last minutes by whomever."""
        if "messages.history" not in self._doors:
            return None
        since = datetime.now(UTC) - timedelta(seconds=REPEAT_S)
        answer = await self._ask("messages.history", {"channel": channel, "oldest": since.isoformat()})
        recent = (_message(it, channel, "") for it in objects_in(answer.get("messages")))
        wanted = {text.strip(), unescape(text).strip()}
        same = (it for it in recent if it.sent >= since and not wanted.isdisjoint({it.text, unescape(it.text)}))
        return next(same, None)

    async def _span(self, scope: MessageScope) -> dict[str, str]:
        span = {"oldest": scope.from_date.isoformat()} if scope.from_date else {}
        if scope.to_date and scope.to_date < await self.as_of():
            span["latest"] = (scope.to_date + timedelta(days=1)).isoformat() + "T00:00:00Z"
        return span

    async def _messages(
        self, capability: Capability, asked: Mapping[str, Any], scope: MessageScope
    ) -> Sequence[Message]:
        as_of = await self.as_of()
        # Where the tool does not take the channel, nobody knows that a message is from it before it says so.
        channel = (scope.channel or "") if self._narrows(capability) else ""
        found: list[Message] = []
        read, cursor, over = 0, None, False
        before = False
        followed: set[str] = set()
        while read < MAX_MESSAGES and len(followed) < MAX_PAGES:
            page = await self._ask(capability, {**asked, "limit": PAGE, **({"cursor": cursor} if cursor else {})})
            listed = [(it, _message(it, channel, "")) for it in objects_in(page.get("messages")) if it.get("text")]
            read += len(listed)
            found += [message for it, message in listed if _within(it, message, scope, as_of)]
            cursor = _text(page.get("next_cursor"))
            before = scope.from_date is not None and any(_day(message) < scope.from_date for _, message in listed)
            over = cursor is None or (before and capability == "messages.history")
            if cursor is None or over or cursor in followed:  # a server that goes round gives nothing new
                break
            followed.add(cursor)
        if cursor and not found and not before:
            newest = f"The newest {read} messages that the server gave hold none of those asked for, and it has more."
            what = newest if read else "The server gave no messages and says that it has more."
            raise SourceError("unavailable", f"{what} Ask with rarer words, or for a later period.")
        kept = sorted(found[:MAX_MESSAGES], key=lambda message: (message.sent, message.id), reverse=True)
        return kept if over and len(kept) == len(found) else Partly(kept)

    def _dialect(self, capability: Capability) -> Dialect | None:
        """How a tool that is not like ours is spoken to."""
        door = self._doors.get(capability)
        return DIALECTS.get(door[1].tool.name) if door is not None else None

    @property
    def _lists(self) -> bool:
        dialect = self._dialect("messages.channels")
        return dialect is None or not dialect.by_name

    def _narrows(self, capability: Capability) -> bool:
        return self._door(capability)[1].takes("channel") is not None

    async def _identity(self, channel: str) -> str:
        """A channel's id, for servers that know channels by nothing else."""
        if IDENTITY.fullmatch(channel):
            return channel
        answer = await self._ask("messages.channels", {"channel": channel})
        known = {str(it.get("name")).casefold(): it.get("id") for it in objects_in(answer.get("channels"))}
        identity = known.get(channel.casefold())
        if not isinstance(identity, str):
            raise SourceError(
                "not_found", f"The server shows no channel #{channel[:80]}. Give its exact name or its id."
            )
        return identity

    async def _explained(self, failed: SourceError, channel: str | None) -> SourceError:
        """The same failure; where a channel does not exist, with the names of the nearest ones."""
        if failed.kind != "not_found" or channel is None or "messages.channels" not in self._doors or not self._lists:
            return failed
        known = [it.name for it in await self.channels()]
        if channel.casefold() in {name.casefold() for name in known}:
            return failed
        near = [f"#{match[0]}" for match in process.extract(channel, known, limit=3)]
        nearest = f" Nearest: {', '.join(near)}." if near else ""
        return SourceError("not_found", f"There is no channel #{channel[:80]}.{nearest}")

    def _door(self, capability: Capability) -> tuple[Connection, Binding]:
        door = self._doors.get(capability)
        if door is None:
            what = f"No configured server can {DOING[capability]}; `sophia doctor` says which tools were looked for."
            raise SourceError("refused", what)
        return door

    async def _ask(self, capability: Capability, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        connection, binding = self._door(capability)
        dialect = self._dialect(capability)
        if dialect is not None and dialect.by_id:
            arguments = {**arguments, "channel": await self._identity(str(arguments["channel"]))}
        try:
            answer = await _answered(connection, binding, arguments, dialect)
        except SophiaError as error:
            raise await self._explained(as_source_error(error), arguments.get("channel")) from error
        self._asked = True
        self._as_of = day_of(answer.get("as_of")) or self._as_of
        return answer


async def _answered(
    connection: Connection, binding: Binding, asked: Mapping[str, Any], dialect: Dialect | None
) -> Mapping[str, Any]:
    """What a tool answers, in the shapes of our own server. Raises as `call_for_json` does."""
    tool = binding.tool.name
    if dialect is None:
        return await call_for_json(connection, tool, binding.arguments(**asked))
    answer = await call_for_answer(connection, tool, binding.arguments(**dialect.asks(asked)))
    found = dialect.reads(answer)
    if found is None:
        raise garbage(connection, tool, answer.text, "the messages or channels")
    return found


async def _accepted(
    connection: Connection, binding: Binding, asked: Mapping[str, Any], dialect: Dialect | None
) -> Mapping[str, Any]:
    """What a server says when it took a message, in whatever shape. Raises SophiaError where it did not, or may not have."""
    if dialect is not None:
        return await _answered(connection, binding, asked, dialect)
    tool = binding.tool.name
    answer = await call_for_answer(connection, tool, binding.arguments(**asked))
    said = cast("dict[str, Any]", answer.json) if isinstance(answer.json, dict) else {}
    if said.get("ok") is False:
        raise refusal(connection, tool, str(said.get("error") or answer.text))
    if not said and FAILED.search(answer.text):
        raise garbage(connection, tool, answer.text, "the word that it posted")
    return said


def _within(data: Mapping[str, Any], message: Message, scope: MessageScope, as_of: date) -> bool:
    """Whether a message belongs to a scope, whatever the server made of it."""
    day = _day(message)
    if scope.from_date is not None and day < scope.from_date:
        return False
    if scope.to_date is not None and scope.to_date < as_of and day > scope.to_date:
        return False
    place: Any = data.get("channel")
    identity = cast("Mapping[str, Any]", place).get("id") if isinstance(place, dict) else None
    return scope.channel is None or scope.channel.casefold() in {message.channel.casefold(), str(identity).casefold()}


def _day(message: Message) -> date:
    return message.sent.astimezone(UTC).date()


def _unknown(channel: str) -> str:
    return (
        f"It is not known whether the message was posted to #{channel}: the server did not confirm it. "
        "It was not sent again. Look into the channel before you repeat it."
    )


def _still_unknown(channel: str) -> str:
    return (
        f"It is not known yet whether the message was posted to #{channel} when it was first sent, so it was not sent "
        "again. Look in the channel. To post it again on purpose, change a word or wait ten minutes."
    )


def _posted(said: Mapping[str, Any], channel: str, text: str) -> Posted:
    """What a server says of a message that it took, however little that is."""
    inner: Any = said.get("message")
    data = cast("Mapping[str, Any]", inner) if isinstance(inner, dict) else {**said, "channel": channel, "text": text}
    return Posted(_message(data, channel, text), repeated=said.get("duplicate") is True, placed=bool(data.get("ts")))


def _message(data: Mapping[str, Any], channel: str, text: str) -> Message:
    """One message, read tolerantly; `channel` and `text` stand in for what an answer leaves out."""
    place: Any = data.get("channel")
    name = cast("Mapping[str, Any]", place).get("name") if isinstance(place, dict) else place
    where = str(name or channel).lstrip("#")
    if channel and IDENTITY.fullmatch(where):
        where = channel
    ts = str(data.get("ts") or "")
    thread_ts = _text(data.get("thread_ts"))
    return Message(
        id=f"{where}/{ts}",
        channel=where,
        author=str(data.get("username") or data.get("user") or "somebody"),
        sent=_sent(data, ts),
        text=str(data.get("text") or text),
        link=_text(data.get("permalink")),
        reply_to=f"{where}/{thread_ts}" if thread_ts and thread_ts != ts else None,
        synthetic=bool(data.get("synthetic")),
    )


def _sent(data: Mapping[str, Any], ts: str) -> datetime:
    try:
        sent = (
            datetime.fromisoformat(str(data["sent"])) if data.get("sent") else datetime.fromtimestamp(float(ts), UTC)
        )
    except (ValueError, OverflowError, OSError):
        return datetime.now(UTC)
    return sent if sent.tzinfo else sent.replace(tzinfo=UTC)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
