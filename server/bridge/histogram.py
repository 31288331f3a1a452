"""Latencies as counts in buckets that grow by a fixed ratio, so that any quantile is right to within one per cent.

A quantile cannot be merged from quantiles, and keeping every latency has no bound. Buckets have neither problem: two
processes' histograms add up to what one process would have counted, in any order and grouping, and a histogram never
holds more than `MOST_BUCKETS` counts. The buckets are DDSketch's (Masson, Rim and Lee, "DDSketch: a fast and
fully-mergeable quantile sketch with relative-error guarantees", VLDB 2019): bucket i holds the values in
(g^(i-1), g^i] with g = (1 + e) / (1 - e), and stands for 2 g^i / (g + 1), which is within the relative error e of each
of them. Past the bound the lowest buckets are folded into one: the slow end, which people wait for, stays exact to e.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Self, cast

__all__ = ["MOST_BUCKETS", "RATIO", "RELATIVE_ERROR", "SHORTEST_MS", "Histogram", "bucket_of"]

RELATIVE_ERROR = 0.01
MOST_BUCKETS = 1024  # a slowest latency 700 million times the fastest, before anything is folded
SHORTEST_MS = 0.001  # whatever is shorter counts as this

RATIO = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_RATIO = math.log(RATIO)


class Histogram:
    """Counts of latencies by bucket; grows by `add` and `merge`, never loses a count."""

    __slots__ = ("_counts", "count")

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0

    def add(self, ms: float, count: int = 1) -> None:
        """Count one latency, or several equal ones. ValueError for what is no latency."""
        if not 0 <= ms < math.inf or count < 0:
            raise ValueError(f"{ms} ms, {count} times: a latency is 0 or more, and so is their number")
        if count:
            self._put(bucket_of(ms), count)
            self._fold()

    def merge(self, other: "Histogram") -> None:
        """Take in everything the other has counted; the other stays as it is."""
        for bucket, count in list(other._counts.items()):
            self._put(bucket, count)
        self._fold()

    def quantile(self, p: float) -> float | None:
        """The latency in ms that a share `p` (0 to 1) of all do not exceed; None without any."""
        if not 0 <= p <= 1:
            raise ValueError(f"{p}: a share is between 0 and 1")
        return self.at_rank(math.ceil(p * self.count) or 1)

    def at_rank(self, rank: int) -> float | None:
        """The latency in ms at this place in order, counted from 1; None where there is no such place."""
        if not 1 <= rank <= self.count:
            return None
        seen = 0
        for bucket, count in self.buckets():
            seen += count
            if seen >= rank:
                return 2 * RATIO**bucket / (RATIO + 1)
        raise AssertionError("the counts add up to `count`")

    def rank(self, ms: float) -> int:
        """How many are at most `ms`; those within its own bucket (two per cent wide) count as at most."""
        highest = bucket_of(ms)
        return sum(count for bucket, count in self._counts.items() if bucket <= highest)

    def buckets(self) -> list[tuple[int, int]]:
        """Each bucket's number and count, fastest first; see `bucket_of` for the numbers."""
        return sorted(self._counts.items())

    def to_json(self) -> dict[str, object]:
        """Plain JSON: the buckets in order, each with its count."""
        return {"relative_error": RELATIVE_ERROR, "buckets": [list(pair) for pair in self.buckets()]}

    @classmethod
    def from_json(cls, written: Mapping[str, object]) -> Self:
        """What `to_json` wrote. ValueError for buckets of another relative error: they cannot be added to these."""
        if written.get("relative_error") != RELATIVE_ERROR:
            raise ValueError(f"buckets of relative error {written.get('relative_error')}, not {RELATIVE_ERROR}")
        histogram = cls()
        for bucket, count in cast("Sequence[tuple[int, int]]", written["buckets"]):
            if type(bucket) is not int or type(count) is not int or count < 0:
                raise ValueError("a bucket is a whole number, and so is its count")
            histogram._put(bucket, count)
        histogram._fold()
        return histogram

    def __repr__(self) -> str:
        return f"Histogram(count={self.count}, buckets={len(self._counts)})"

    def _put(self, bucket: int, count: int) -> None:
        self._counts[bucket] = self._counts.get(bucket, 0) + count
        self.count += count

    def _fold(self) -> None:
        """Into the lowest that is kept. The kept ones are the highest, so the order of merging makes no difference."""
        if len(self._counts) <= MOST_BUCKETS:
            return
        kept_from = sorted(self._counts)[-MOST_BUCKETS]
        for bucket in [bucket for bucket in self._counts if bucket < kept_from]:
            self._counts[kept_from] += self._counts.pop(bucket)


def bucket_of(ms: float) -> int:
    """The number of the bucket a latency falls in: its logarithm to the base `RATIO`, rounded up."""
    return math.ceil(math.log(max(ms, SHORTEST_MS)) / _LOG_RATIO)
