"""What an agent may ask of the world, as small Protocols over typed values.

An agent never meets an MCP server: it is handed `Sources`, and whoever hands them over decides which
servers stand behind. A source that is not there is `None`; a tool that needs it is then not offered.

Units: sentence times in milliseconds from the start of the call, durations in seconds, instants with a time zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

__all__ = [
    "Call",
    "CallQuery",
    "CallScope",
    "CallSource",
    "Channel",
    "Coverage",
    "DocumentSource",
    "Excerpt",
    "Found",
    "Level",
    "Message",
    "MessageScope",
    "MessageSource",
    "Names",
    "Outlined",
    "Partly",
    "Party",
    "Passage",
    "Posted",
    "Sentence",
    "SourceError",
    "Sources",
    "Table",
    "Topic",
    "Tracked",
    "Transcript",
    "Warehouse",
]

Side = Literal["internal", "external", "unknown"]
"""Gong's affiliation: the seller's people are internal, the customer's external."""

Level = Literal["timed", "untimed", "prose"]
"""How much a call source tells: sentences with times, sentences without, or a summary only."""


class SourceError(Exception):
    """A source could not answer. `message` is written for the person who asked: what failed, what to do next.

    `kind`: `unavailable` (try again later), `not_found` (the thing asked for does not exist),
    `refused` (the source does not allow it). `detail` is a line of the source's own, without secrets: only for
    somebody who wrote what was refused.
    """

    def __init__(
        self, kind: Literal["unavailable", "not_found", "refused"], message: str, detail: str | None = None
    ) -> None:
        super().__init__(message)
        self.kind: Literal["unavailable", "not_found", "refused"] = kind
        self.message = message
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody on a call. `speaker_id` joins to sentences; an attendee who said nothing may have none."""

    id: str
    name: str
    side: Side
    title: str | None = None
    email: str | None = None
    speaker_id: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Topic:
    """A subject that the recorder itself found, and how long it was talked about."""

    name: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Tracked:
    """How often one of the recorder's own trackers was hit, with the times where it gives them."""

    name: str
    count: int
    at_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlined:
    """One section of the recorder's outline. `items` are its own words, not what was said."""

    section: str
    start_s: float
    duration_s: float
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded conversation, without its words.

    `owner` is the seller whose call it is; `recorded_stats` holds what the recorder computed itself (Gong's
    `interactionStats`), by name, and `topics`, `trackers` and `outline` what it found; `synthetic` marks invented data and must be shown with whatever is said of it.
    """

    id: str
    title: str
    started: datetime
    duration_s: float
    parties: tuple[Party, ...] = ()
    account: str | None = None
    deal_id: str | None = None
    deal_stage: str | None = None
    owner: str | None = None
    language: str | None = None
    url: str | None = None
    private: bool = False
    synthetic: bool = False
    recorded_stats: Mapping[str, float] = field(default_factory=dict[str, float])
    topics: tuple[Topic, ...] = ()
    trackers: tuple[Tracked, ...] = ()
    outline: tuple[Outlined, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One spoken sentence; `speaker_id` may belong to nobody in `Call.parties`, and times may overlap.

    Both times are 0 where the transcript has none.
    """

    speaker_id: str
    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The words of one call, in order of time."""

    call_id: str
    sentences: tuple[Sentence, ...]
    level: Level = "timed"


@dataclass(frozen=True, slots=True)
class CallScope:
    """Which calls are meant; `None` leaves a dimension open. Dates are inclusive."""

    call_id: str | None = None
    account: str | None = None
    rep: str | None = None
    from_date: date | None = None
    to_date: date | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """The names a request may mention, as the sources spell them: for parsing and completion."""

    accounts: tuple[str, ...] = ()
    reps: tuple[str, ...] = ()
    call_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallQuery:
    """What is looked for in the words of calls.

    `side` leaves out what others said, `newest` all but the newest so many calls in scope; `limit` bounds the passages.
    """

    text: str
    scope: CallScope = field(default_factory=CallScope)
    side: Side | None = None
    newest: int | None = None
    limit: int = 300


@dataclass(frozen=True, slots=True)
class Passage:
    """One turn that may fit a query.

    `first` and `last` number its sentences among those of the call in order of time, from 0; backchannels of others
    may stand between them. `start` is how many words of turns were said on the call before.
    """

    call_id: str
    first: int
    last: int
    start: int
    speaker: str
    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a search could look at: of the `calls` in scope, the `private` ones apart, `searched` have words that were
    searched and `waiting` have not been read yet; the rest has no words. `synthetic` of the calls are invented."""

    calls: int
    searched: int
    waiting: int = 0
    private: int = 0
    synthetic: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates for an answer, those of one call together and in order; whoever asked ranks them.

    What is usual in everything searched: `turns` of `mean_terms` each, of which `having` says how many hold a term.
    """

    passages: tuple[Passage, ...]
    coverage: Coverage
    turns: int
    mean_terms: float
    having: Mapping[str, int]


class CallSource(Protocol):
    """Recorded calls."""

    async def as_of(self) -> date:
        """The day that relative periods count back from: today for a live source, the last day of a frozen set."""
        ...

    async def names(self) -> Names:
        """The accounts, reps and call ids that exist."""
        ...

    async def find(self, scope: CallScope) -> Sequence[Call]:
        """The calls in scope, newest first; none is an empty sequence.

        Raises SourceError `not_found` for a `call_id` that does not exist.
        """
        ...

    async def transcript(self, call_id: str) -> Transcript | None:
        """The words of a call, or None where it was not transcribed."""
        ...

    async def search(self, query: CallQuery) -> Found:
        """The turns of the calls in scope that share words with the query. Private calls are never searched."""
        ...

    async def notes(self) -> Sequence[str]:
        """What a reader has to know of the set as it stands: what is missing from it, and why."""
        ...


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a query, in the order of the query; `truncated` when the source cut them off.

    `sql` is the statement as it was sent, where that differs from what was asked.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    truncated: bool = False
    sql: str | None = None


class Warehouse(Protocol):
    """A SQL warehouse, read-only."""

    async def as_of(self) -> date:
        """The last day the data speaks of."""
        ...

    async def query(self, sql: str) -> Table:
        """Run one SELECT, in DuckDB's SQL where it reads the view `opportunities`.

        Raises SourceError `refused` for anything else or for SQL the warehouse rejects.
        """
        ...


@dataclass(frozen=True, slots=True)
class Channel:
    """A place for messages, by its name without `#`."""

    name: str
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a channel.

    `reply_to` is the id of the message whose thread it stands in; `synthetic` marks an invented message and must be
    shown with whatever is said of it.
    """

    id: str
    channel: str
    author: str
    sent: datetime
    text: str
    link: str | None = None
    reply_to: str | None = None
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class MessageScope:
    """Which messages are meant; `None` leaves a dimension open. Dates are inclusive.

    A period that reaches a frozen set's last day has no end: what was written there since belongs to it.
    """

    channel: str | None = None
    from_date: date | None = None
    to_date: date | None = None


class Partly(tuple[Message, ...]):
    """Messages of a source that has more of them than were read, which an answer from them has to say."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that stands in its channel; `repeated` where it stood there already and was not sent again.

    Not `placed` where the server took it and did not say where it stands or when it was written.
    """

    message: Message
    repeated: bool = False
    placed: bool = True


class MessageSource(Protocol):
    """Channels of messages. What the source cannot do (no history, no posting) raises SourceError `refused`.

    Messages come as `Partly` where there are more than were read.
    """

    async def as_of(self) -> date:
        """The day that relative periods count back from: today for a live source, the last day of a frozen set."""
        ...

    async def channels(self) -> Sequence[Channel]:
        """The channels that can be read."""
        ...

    async def search(self, query: str, scope: MessageScope) -> Sequence[Message]:
        """Messages that match, newest first. Raises SourceError `not_found` for a channel that does not exist."""
        ...

    async def history(self, scope: MessageScope) -> Sequence[Message]:
        """What was written in the scope's channel, threads included, newest first.

        Raises SourceError `not_found` for a channel that does not exist, or for none.
        """
        ...

    async def send(self, channel: str, text: str) -> Posted:
        """Post once: the same words for the same channel within ten minutes are one post, whoever asks again.

        Raises SourceError `unavailable` where it is not known whether the message was posted, and says so.
        """
        ...


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a document, word for word. `link` leads to the document where it can be opened."""

    title: str
    text: str
    link: str | None = None


class DocumentSource(Protocol):
    """Written knowledge."""

    async def search(self, query: str) -> Sequence[Excerpt]:
        """The passages that match, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Sources:
    """All that an agent is handed for one call. `None`: no configured server offers it."""

    calls: CallSource | None = None
    warehouse: Warehouse | None = None
    messages: MessageSource | None = None
    documents: DocumentSource | None = None
