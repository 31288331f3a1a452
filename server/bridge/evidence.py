"""What was measured about each tool and route, in sliding windows of an hour and of some days.

Recording adds to two buckets in memory, costs microseconds and waits for nothing; `server.bridge.tallied` keeps the
buckets in the store, and what other processes and earlier lives of this one kept is part of every figure. The memory
is bounded: a fixed number of buckets for each of the `MOST_WINDOWS` tools and routes that were used last, each bucket
bounded by its histogram. A tool and route beyond those is forgotten; what it counted since the last write is lost.

Two findings enter decisions, and both are settled by recording and never by asking: whether a tool is called often
(above 100 calls in a minute, calm again below 70), and how slow its downstream route is. Where samples end, the last
finding stays.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, cast

from server.bridge.decision import Route
from server.bridge.figures import BYTES_PER_MB, Figures, figures_of
from server.bridge.pace import Pace
from server.bridge.score import is_busy
from server.bridge.window import Bucket, Span, Window, summed
from server.errors import CallerDeadline, CallerError, SophiaError
from server.state.tallies import Tally

__all__ = ["FEWEST", "HOUR", "MOST_WINDOWS", "Evidence", "Figures", "Over"]

FEWEST = 20
"""Below this many answered attempts nothing measured enters a decision."""
MOST_WINDOWS = 512
SETTLE_EVERY_S = 5.0
HOUR = Span("hour", 600, 6)
LONG_BUCKETS = 14
PACE = "pace"
CALLS, ATTEMPTS = "calls", "attempts"

Over = Literal["hour", "long"]
Key = tuple[str, Route]


@dataclass(slots=True)
class _Measured:
    """One tool on one route: its windows, and when the buckets began that were not written yet."""

    windows: Mapping[str, Window]
    unsaved: dict[str, set[int]] = field(default_factory=dict[str, set[int]])
    _current: tuple[Bucket, ...] = ()
    _until_s: float = 0.0
    _since_s: float = 0.0

    def now(self, at_s: float) -> tuple[Bucket, ...]:
        """The buckets of this moment, about to change. The longer spans are made of whole shortest ones."""
        if not self._since_s <= at_s < self._until_s:
            self._current = tuple(window.at(at_s) for window in self.windows.values())
            self._since_s = HOUR.begin(at_s)
            self._until_s = self._since_s + HOUR.bucket_s
            for name, window in self.windows.items():
                self.unsaved.setdefault(name, set()).add(window.span.begin(at_s))
        return self._current

    def take_unsaved(self, over: "Over") -> set[int]:
        """When the buckets began that changed since this was last asked."""
        self._until_s = 0.0  # the next one to change a bucket says so again
        return self.unsaved.pop(over, set())


class Evidence:
    """The windows. `clock` gives epoch seconds; `long_hours` is how far the long window reaches."""

    def __init__(self, clock: Callable[[], float] = time.time, long_hours: float = 168) -> None:
        self._clock = clock
        steps = max(1, math.ceil(long_hours * 3600 / LONG_BUCKETS / HOUR.bucket_s))
        self._spans = {"hour": HOUR, "long": Span("long", steps * HOUR.bucket_s, LONG_BUCKETS)}
        self._own: OrderedDict[Key, _Measured] = OrderedDict()
        self._others: dict[str, Mapping[Key, Window]] = {}
        self._calls, self._attempts = Pace(clock), Pace(clock)
        self._busy: set[str] = set()
        self._slow: dict[str, float] = {}
        self._memory_mb: dict[str, float] = {}
        self._settle_at: dict[str, float] = {}

    def called(self, tool: str) -> None:
        """Count a call of a tool, however many attempts it takes."""
        self._calls.count(tool)
        if is_busy(self._calls.last_minute(tool), tool in self._busy):
            self._busy.add(tool)
        else:
            self._busy.discard(tool)

    def record(self, tool: str, route: Route, latency_ms: float, error: SophiaError | None) -> None:
        """Note one attempt that ended by itself or for lack of time."""
        now = self._clock()
        self._attempts.count(_name(tool, route))
        for bucket in self._measured(tool, route).now(now):
            bucket.attempts += 1
            if error is None:
                bucket.latency.add(max(0.0, latency_ms))
            elif isinstance(error, CallerError | CallerDeadline):
                bucket.callers_own += 1
            else:
                bucket.errors[error.kind] = bucket.errors.get(error.kind, 0) + 1
        if route == "downstream" and self._settle_at.get(tool, 0.0) <= now:
            self._settle(tool, now)

    def spent(
        self,
        tool: str,
        route: Route,
        model_calls: int = 0,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cost: float | None = None,
        first_token_ms: float | None = None,
        *,
        credits: float | None = None,  # noqa: A002 - the word of the servers that charge them
    ) -> None:
        """Note what one run used, answered or not; None is what nobody reported."""
        reported = Bucket(
            runs=int(route == "agno"),
            model_calls=model_calls,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cost=cost,
            credits=credits,
        )
        for bucket in self._measured(tool, route).now(self._clock()):
            bucket.merge(reported)
            if first_token_ms is not None:
                bucket.first_token.add(max(0.0, first_token_ms))

    def sample_memory(self, held_bytes: Callable[[str, Route], float | None]) -> None:
        """Note how much memory each tool and route takes that was used within this hour; None is not known."""
        now = self._clock()
        for (tool, route), measured in self._own.items():
            used = any(bucket.attempts for _, bucket in measured.windows["hour"].inside(now))
            held = held_bytes(tool, route) if used else None
            if held is None:
                continue
            for bucket in measured.now(now):
                bucket.memory_bytes += held
                bucket.memory_samples += 1
            if route == "downstream":
                self._memory_mb[tool] = held / BYTES_PER_MB

    def figures(self, tool: str, route: Route, over: Over = "hour") -> Figures:
        """What is known of a tool on a route, all processes together."""
        now, span = self._clock(), self._spans[over]
        held = list(self._inside((tool, route), over, now))
        first = min((begin for begin, _ in held), default=now)
        return figures_of(
            summed(bucket for _, bucket in held),
            over_s=span.seconds,
            covered_s=max(60.0, now - first),
            calls_last_minute=self._attempts.last_minute(_name(tool, route)),
        )

    def calls_last_minute(self, tool: str) -> int:
        """How often the tool was called in the last minute; by other processes, as of when they were last read."""
        return self._calls.last_minute(tool)

    def busy(self, tool: str) -> bool:
        """Whether the tool counted as called often when it was last called."""
        return tool in self._busy

    def downstream_p95_ms(self, tool: str) -> float | None:
        """How slow the downstream route was when it was last measured; None before there were enough attempts."""
        return self._slow.get(tool)

    def downstream_memory_mb(self, tool: str) -> float | None:
        """What the downstream server took when it was last sampled; None where nobody knows."""
        return self._memory_mb.get(tool)

    def windows(self) -> Sequence[Key]:
        """The tools and routes that anything is known of."""
        return sorted({*self._own, *chain.from_iterable(self._others.values())})

    def _measured(self, tool: str, route: Route) -> _Measured:
        key = (tool, route)
        measured = self._own.get(key)
        if measured is None:
            measured = self._own[key] = _Measured({name: Window(span) for name, span in self._spans.items()})
            if len(self._own) > MOST_WINDOWS:
                (forgotten, _), _ = self._own.popitem(last=False)
                self._busy.discard(forgotten)
                self._slow.pop(forgotten, None)
                self._memory_mb.pop(forgotten, None)
                self._settle_at.pop(forgotten, None)
        else:
            self._own.move_to_end(key)
        return measured

    def _inside(self, key: Key, over: Over, now: float) -> Iterable[tuple[int, Bucket]]:
        own, others = self._own.get(key), self._others.get(over, {}).get(key)
        if own is not None:
            yield from own.windows[over].inside(now)
        if others is not None:
            yield from others.inside(now)

    def _settle(self, tool: str, now: float) -> None:
        """Measure the downstream route anew, at most every few seconds."""
        total = summed(bucket for _, bucket in self._inside((tool, "downstream"), "hour", now))
        if total.latency.count >= FEWEST:
            self._slow[tool] = cast("float", total.latency.quantile(0.95))
            self._settle_at[tool] = now + SETTLE_EVERY_S

    # What is kept in the store: a row for each bucket, and two for the pace.

    @property
    def kinds(self) -> Mapping[str, float]:
        """The kinds of rows, and how long one counts in seconds."""
        return {PACE: 60.0} | {_kind(span): float(span.seconds + span.bucket_s) for span in self._spans.values()}

    @property
    def shared(self) -> Collection[str]:
        """All of them: figures are of all processes together."""
        return self.kinds

    def unsaved(self, kind: str) -> dict[str, Any]:
        """The rows that changed since they were last asked for."""
        if kind == PACE:
            paces = {CALLS: self._calls.to_json(), ATTEMPTS: self._attempts.to_json()}
            return {name: pace for name, pace in paces.items() if pace}
        rows: dict[str, Any] = {}
        for (tool, route), measured in self._own.items():
            for begin in measured.take_unsaved(_over(kind)):
                if (bucket := measured.windows[_over(kind)].get(begin)) is not None:
                    rows[f"{begin}/{route}/{tool}"] = bucket.to_json()
        return rows

    def unsave(self, kind: str, names: Sequence[str]) -> None:
        """These rows could not be written: they count as changed."""
        for begin, key in map(_read_name, names if kind != PACE else ()):
            if (measured := self._own.get(key)) is not None:
                measured.unsaved.setdefault(_over(kind), set()).add(begin)

    def take_others(self, kind: str, rows: Sequence[Tally]) -> None:
        """Put what other processes measured in the place of what was known of it."""
        if kind == PACE:
            self._calls.take_others(row.content for row in rows if row.name == CALLS)
            self._attempts.take_others(row.content for row in rows if row.name == ATTEMPTS)
            return
        span, others = self._spans[_over(kind)], dict[Key, Window]()
        # Oldest first, because a window drops what it has left behind when it moves on.
        for begin, key, row in sorted(((*_read_name(row.name), row) for row in rows), key=lambda read: read[0]):
            if key in others or len(others) < MOST_WINDOWS:
                others.setdefault(key, Window(span)).at(begin).merge(Bucket.from_json(row.content))
        self._others[_over(kind)] = others
        for tool, window in ((key[0], window) for key, window in others.items() if key[1] == "downstream"):
            latency = summed(bucket for _, bucket in window.inside(self._clock())).latency
            if tool not in self._slow and latency.count >= FEWEST:
                self._slow[tool] = cast("float", latency.quantile(0.95))


def _name(tool: str, route: Route) -> str:
    return f"{route}/{tool}"


def _kind(span: Span) -> str:
    return f"evidence_{span.name}"


def _over(kind: str) -> Over:
    return cast("Over", kind.removeprefix("evidence_"))


def _read_name(name: str) -> tuple[int, Key]:
    begin, route, tool = name.split("/", 2)
    return int(begin), (tool, cast("Route", route))
