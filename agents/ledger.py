"""What the tools of one run were asked and what they answered, in the order in which the model asked.

One ledger belongs to one agent in one run. Everything that ends up in a result beside the prose is read from here and
never from what a model says. A call that was already answered is answered again from here; one that failed may be
tried again, and then takes its old place, unless it changes something: that is never sent twice.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from types import TracebackType
from typing import Literal

from pydantic import JsonValue

from agents.tool import Observation

__all__ = ["Broke", "Entry", "Heard", "Ledger", "Observed", "Refused", "SourceFailed", "Stopwatch", "ToolFailed"]


class ToolFailed(Exception):
    """Tells a model that a tool call failed; the text is for the model and safe to show to anybody."""


@dataclass(slots=True)
class Stopwatch:
    """Time during which at least one of several concurrent things was going on."""

    ms: float = 0.0
    _running: int = 0
    _since: float = 0.0

    def __enter__(self) -> None:
        if self._running == 0:
            self._since = perf_counter()
        self._running += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._running -= 1
        if self._running == 0:
            self.ms += (perf_counter() - self._since) * 1000


@dataclass(frozen=True, slots=True)
class Observed:
    """One of our tools answered; `payload` is its data as JSON, `reply` what the model was told."""

    tool: str
    observation: Observation
    payload: JsonValue
    reply: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A tool of another server answered."""

    tool: str
    reply: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The parameters do not fit the tool."""

    tool: str
    message: str


@dataclass(frozen=True, slots=True)
class SourceFailed:
    """A source could not answer; `kind` as in `agents.sources.SourceError`."""

    tool: str
    message: str
    kind: Literal["unavailable", "not_found", "refused"]


@dataclass(frozen=True, slots=True)
class Broke:
    """The tool itself failed, for a reason that only the log says."""

    tool: str
    message: str


Entry = Observed | Heard | Refused | SourceFailed | Broke
Key = tuple[str, str]


@dataclass(slots=True)
class Ledger:
    """The record of one agent's tool calls; `wrote` as soon as a call that can change something is sent."""

    watch: Stopwatch = field(default_factory=Stopwatch)
    wrote: bool = False
    on_write: Callable[[], None] | None = None
    _calls: dict[Key, "asyncio.Future[Entry]"] = field(default_factory=dict[Key, "asyncio.Future[Entry]"])

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is known by now, in the order in which it was asked for."""
        return tuple(call.result() for call in self._calls.values() if call.done() and not call.cancelled())

    @property
    def observed(self) -> tuple[Observed, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, Observed))

    @property
    def heard(self) -> tuple[Heard, ...]:
        return tuple(entry for entry in self.entries if isinstance(entry, Heard))

    @property
    def failures(self) -> tuple[Refused | SourceFailed | Broke, ...]:
        """What failed in the end: parameters that a model corrected afterwards are no failure."""
        answered = {entry.tool for entry in self.entries if not failed(entry)}
        return tuple(
            entry
            for entry in self.entries
            if isinstance(entry, SourceFailed | Broke) or (isinstance(entry, Refused) and entry.tool not in answered)
        )

    async def record(
        self, tool: str, parameters: Mapping[str, object], ask: Callable[[], Awaitable[Entry]], *, writes: bool
    ) -> str:
        """Ask once and remember it; what the model is told. Raises ToolFailed where the model must know of a failure."""
        key = (tool, json.dumps(parameters, sort_keys=True, default=str))
        known = self._calls.get(key)
        if known is None or (not writes and known.done() and not known.cancelled() and failed(known.result())):
            known = asyncio.get_running_loop().create_future()
            self._calls[key] = known
            if writes:
                self.wrote = True
                if self.on_write is not None:
                    self.on_write()
            try:
                with self.watch:
                    known.set_result(await ask())
            finally:
                known.cancel()  # no effect but where `ask` was cancelled: whoever waits is then cancelled too
        return told(await asyncio.shield(known))

    def refuse(self, tool: str, parameters: Mapping[str, object], message: str) -> str:
        """Note a call that could not be made. Raises ToolFailed."""
        known: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()
        known.set_result(Refused(tool, message))
        self._calls[tool, json.dumps(parameters, sort_keys=True, default=str)] = known
        return told(known.result())

    def evidence(self) -> Iterator[str]:
        """Everything the tools said, as text: what a figure in an answer may rest on."""
        for entry in self.entries:
            match entry:
                case Observed(observation=seen, payload=payload):
                    yield seen.text
                    yield json.dumps(payload)
                    yield from seen.notes
                    yield from (finding.statement for finding in seen.findings)
                    yield from (getattr(citation, "quote", "") for citation in seen.citations)
                case Heard(reply=reply):
                    yield reply
                case Refused(message=message) | SourceFailed(message=message) | Broke(message=message):
                    yield message


def failed(entry: Entry) -> bool:
    return not isinstance(entry, Observed | Heard)


def told(entry: Entry) -> str:
    match entry:
        case Observed(reply=reply) | Heard(reply=reply):
            return reply
        case Refused(message=message) | SourceFailed(message=message) | Broke(message=message):
            raise ToolFailed(message)
