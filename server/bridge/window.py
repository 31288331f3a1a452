"""Sliding windows over what was measured: a few buckets of equal length, each a sum that merges with others.

A window of six buckets of ten minutes slides over an hour in steps of ten minutes; what falls out is dropped whole. So
it holds the same amount however much is recorded, and the buckets of several processes, or of an earlier life of this
one, are merged by the time that they began.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from server.bridge.histogram import Histogram

__all__ = ["Bucket", "Span", "Window", "summed"]


@dataclass(slots=True)
class Bucket:
    """What was measured in one stretch of time. Everything in it is a sum; None where nothing was reported.

    `latency` is of answered attempts. `errors` are by kind, without those that are the caller's own, which are in
    `callers_own`. `memory_bytes` is summed over `memory_samples`.
    """

    attempts: int = 0
    callers_own: int = 0
    errors: dict[str, int] = field(default_factory=dict[str, int])
    latency: Histogram = field(default_factory=Histogram)
    runs: int = 0
    model_calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    credits: float | None = None
    first_token: Histogram = field(default_factory=Histogram)
    memory_bytes: float = 0.0
    memory_samples: int = 0

    def merge(self, other: "Bucket") -> None:
        """Take in another's sums; the other stays as it is."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in _REPORTED:
            if (more := getattr(other, name)) is not None:
                setattr(self, name, (getattr(self, name) or 0) + more)
        for kind, count in other.errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + count
        self.latency.merge(other.latency)
        self.first_token.merge(other.first_token)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, without what is empty."""
        counts = {name: count for name in _COUNTS if (count := getattr(self, name))}
        reported = {name: value for name in _REPORTED if (value := getattr(self, name)) is not None}
        histograms = {name: held.to_json() for name in _HISTOGRAMS if (held := getattr(self, name)).count}
        return counts | reported | histograms | {"errors": dict(self.errors)}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises ValueError, KeyError or TypeError for anything else."""
        fields: dict[str, Any] = {name: written[name] for name in (*_COUNTS, *_REPORTED) if name in written}
        fields |= {name: Histogram.from_json(written[name]) for name in _HISTOGRAMS if name in written}
        return cls(**fields, errors=dict(written["errors"]))


_COUNTS = ("attempts", "callers_own", "runs", "model_calls", "memory_bytes", "memory_samples")
_REPORTED = ("input_tokens", "output_tokens", "cost", "credits")
_HISTOGRAMS = ("latency", "first_token")


@dataclass(frozen=True, slots=True)
class Span:
    """How far a window reaches back and in how many steps."""

    name: str
    bucket_s: int
    buckets: int

    @property
    def seconds(self) -> int:
        return self.bucket_s * self.buckets

    def begin(self, at_s: float) -> int:
        """When the bucket of a moment began, in epoch seconds; equal in every process."""
        return int(at_s // self.bucket_s) * self.bucket_s

    def oldest(self, now_s: float) -> int:
        """When the oldest bucket began that still counts."""
        return self.begin(now_s) - (self.buckets - 1) * self.bucket_s


class Window:
    """The buckets of one span, by when they began."""

    __slots__ = ("_buckets", "span")

    def __init__(self, span: Span) -> None:
        self.span = span
        self._buckets: dict[int, Bucket] = {}

    def at(self, at_s: float) -> Bucket:
        """The bucket of a moment; making a new one drops those that the window has left behind."""
        begin = self.span.begin(at_s)
        bucket = self._buckets.get(begin)
        if bucket is None:
            # One step into the future may stay: the clock was set back. More than that was a wrong clock.
            reach = range(self.span.oldest(at_s), begin + self.span.bucket_s + 1)
            for gone in [one for one in self._buckets if one not in reach]:
                del self._buckets[gone]
            bucket = self._buckets[begin] = Bucket()
        return bucket

    def get(self, begin: int) -> Bucket | None:
        """The bucket that began then, if it is still held."""
        return self._buckets.get(begin)

    def inside(self, now_s: float) -> Iterator[tuple[int, Bucket]]:
        """The buckets that count now, with when they began."""
        oldest = self.span.oldest(now_s)
        return ((begin, bucket) for begin, bucket in self._buckets.items() if begin >= oldest)


def summed(buckets: Iterable[Bucket]) -> Bucket:
    """One bucket with the sums of several."""
    total = Bucket()
    for bucket in buckets:
        total.merge(bucket)
    return total
