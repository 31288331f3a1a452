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
made from the message. After a failure whose outcome is unknown nothing is sent again unless one of the last two can
tell.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import anyio
from rapidfuzz import process

from agents.sources import Channel, Message, MessageScope, Posted, SourceError
from server.downstream.adapters.days import day_of
from server.downstream.adapters.trouble import as_source_error
from server.downstream.capabilities import Binding, Capability
from server.downstream.connection import Connection
from server.downstream.proxy import call_for_json
from server.errors import SophiaError

__all__ = ["McpMessages", "MessageDoors"]

MAX_MESSAGES = 500
"""How many messages an answer is read from; a busy channel has more in a week than anybody reads."""

PAGE = 100
REPEAT_S = 600.0

MessageDoors = Mapping[Capability, tuple[Connection, Binding]]
"""Where the capabilities are bound; `messages.search` is among them."""

DOING: Mapping[Capability, str] = {
    "messages.search": "search messages",
    "messages.history": "read a channel",
    "messages.channels": "list channels",
    "messages.send": "post messages",
}


@dataclass(frozen=True, slots=True)
class _Sending:
    """What this process sent, and when; None where it is not known whether it arrived."""

    at: float
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
        if not self._asked and "messages.channels" in self._doors:
            await self.channels()
        return self._as_of or datetime.now(UTC).date()

    async def channels(self) -> Sequence[Channel]:
        """The channels that can be read."""
        answer = await self._ask("messages.channels", {})
        listed = (it for it in _objects(answer, "channels") if it.get("name"))
        return [Channel(str(it["name"]).lstrip("#"), _text(it.get("purpose"))) for it in listed]

    async def search(self, query: str, scope: MessageScope) -> Sequence[Message]:
        """Messages that match, newest first."""
        asked = {"query": query} | ({"channel": scope.channel} if scope.channel else {})
        return await self._messages("messages.search", asked | await self._span(scope))

    async def history(self, scope: MessageScope) -> Sequence[Message]:
        """What was written in one channel, newest first."""
        if scope.channel is None:
            raise SourceError("not_found", "Say which channel to read: give `channel`.")
        return await self._messages("messages.history", {"channel": scope.channel} | await self._span(scope))

    async def send(self, channel: str, text: str) -> Posted:
        """Post once."""
        key = sha256(f"{channel.casefold()}\x1f{text}".encode(errors="surrogatepass")).hexdigest()
        async with self._one_at_a_time:
            earlier = self._sent.get(key)
            if earlier is not None and anyio.current_time() - earlier.at >= REPEAT_S:
                earlier = None
            known = earlier.message if earlier is not None else None
            if (known := known or await self._standing(channel, text)) is not None:
                return Posted(known, repeated=True)
            if earlier is not None and not self._can_tell:
                raise SourceError("unavailable", self._unknown(channel))
            return await self._send(key, channel, text)

    async def _send(self, key: str, channel: str, text: str) -> Posted:
        connection, binding = self._door("messages.send")
        asked = {"channel": channel, "text": text}
        if binding.takes("client_msg_id"):
            # Two processes that are asked the same at the same time give the same id.
            asked["client_msg_id"] = f"sophia-{key[:24]}-{int(time.time() // REPEAT_S)}"
        now = anyio.current_time()
        self._sent = {it: sending for it, sending in self._sent.items() if now - sending.at < REPEAT_S}
        # Noted before it is sent: whoever is cancelled while waiting does not know either whether it arrived.
        self._sent[key] = _Sending(now, None)
        try:
            answer = await call_for_json(connection, binding.tool.name, binding.arguments(**asked))
        except SophiaError as error:
            failed = as_source_error(error)
            if failed.kind == "unavailable" and error.delivered:
                raise SourceError("unavailable", self._unknown(channel)) from error
            del self._sent[key]
            raise await self._explained(failed, channel) from error
        message = _message(cast("Mapping[str, Any]", answer.get("message") or {}), channel, text)
        self._sent[key] = _Sending(now, message)
        return Posted(message, repeated=bool(answer.get("duplicate")))

    @property
    def _can_tell(self) -> bool:
        """Whether a message that was perhaps posted can be found, or be sent again without harm."""
        return "messages.history" in self._doors or self._door("messages.send")[1].takes("client_msg_id") is not None

    async def _standing(self, channel: str, text: str) -> Message | None:
        """The same words, posted to the channel within the last minutes by whomever."""
        if "messages.history" not in self._doors:
            return None
        since = datetime.now(UTC) - timedelta(seconds=REPEAT_S)
        answer = await self._ask("messages.history", {"channel": channel, "oldest": since.isoformat()})
        recent = (_message(it, channel, "") for it in _objects(answer, "messages"))
        return next((it for it in recent if it.text.strip() == text.strip()), None)

    @staticmethod
    def _unknown(channel: str) -> str:
        return (
            f"It is not known whether the message was posted to #{channel}: the connection was lost on the way. "
            "It was not sent again. Look into the channel before you repeat it."
        )

    async def _span(self, scope: MessageScope) -> dict[str, str]:
        span = {"oldest": scope.from_date.isoformat()} if scope.from_date else {}
        if scope.to_date and scope.to_date < await self.as_of():
            span["latest"] = (scope.to_date + timedelta(days=1)).isoformat() + "T00:00:00Z"
        return span

    async def _messages(self, capability: Capability, asked: Mapping[str, Any]) -> Sequence[Message]:
        found: list[Message] = []
        cursor: str | None = None
        while len(found) < MAX_MESSAGES:
            page = await self._ask(capability, {**asked, "limit": PAGE, **({"cursor": cursor} if cursor else {})})
            channel = str(asked.get("channel") or "")
            found += [_message(it, channel, "") for it in _objects(page, "messages") if it.get("text")]
            if not (cursor := _text(page.get("next_cursor"))):
                break
        return sorted(found[:MAX_MESSAGES], key=lambda message: (message.sent, message.id), reverse=True)

    async def _explained(self, failed: SourceError, channel: str | None) -> SourceError:
        """The same failure; where a channel does not exist, with the names of the nearest ones."""
        if failed.kind != "not_found" or channel is None or "messages.channels" not in self._doors:
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
        try:
            answer = await call_for_json(connection, binding.tool.name, binding.arguments(**arguments))
        except SophiaError as error:
            raise await self._explained(as_source_error(error), arguments.get("channel")) from error
        self._asked = True
        self._as_of = day_of(answer.get("as_of")) or self._as_of
        return answer


def _message(data: Mapping[str, Any], channel: str, text: str) -> Message:
    """One message, read tolerantly; `channel` and `text` stand in for what an answer leaves out."""
    place: Any = data.get("channel")
    name = cast("Mapping[str, Any]", place).get("name") if isinstance(place, dict) else place
    where = str(name or channel).lstrip("#")
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


def _objects(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    listed: Any = answer.get(key)
    items = cast("list[Any]", listed) if isinstance(listed, list) else []
    return [cast("Mapping[str, Any]", item) for item in items if isinstance(item, dict)]
