"""What the calls drawn into one arm came to: bounded, pseudonymous, and the same whoever adds it up.

Each process counts for itself; the counts of all are merged when the gates are evaluated. Users stand as one of
`UNIT_BUCKETS` numbers. Every count is a whole number, so merging gives the same in any order and grouping.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Self, cast

from server.bridge.histogram import Histogram, bucket_of

__all__ = ["UNIT_BUCKETS", "ArmEvidence", "UnitTally", "unit_bucket"]

UNIT_BUCKETS = 1024


@dataclass(frozen=True, slots=True)
class UnitTally:
    """The calls of one unit: all, those that failed, those answered over the target.

    `log_latency` is the sum of the answered calls' bucket numbers in a `Histogram`: their latencies' logarithms, as
    whole numbers. It shows how far the latency depends on who calls.
    """

    calls: int = 0
    errors: int = 0
    late: int = 0
    log_latency: int = 0

    def __add__(self, other: "UnitTally") -> "UnitTally":
        return UnitTally(
            self.calls + other.calls,
            self.errors + other.errors,
            self.late + other.late,
            self.log_latency + other.log_latency,
        )


@dataclass(slots=True)
class ArmEvidence:
    """One arm of one stage of a rollout, by unit; latencies are of answered calls."""

    units: dict[int, UnitTally] = field(default_factory=dict[int, UnitTally])
    latency: Histogram = field(default_factory=Histogram)
    errors_by_kind: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, unit: str, latency_ms: float | None, error: str | None, target_ms: float | None) -> None:
        """Count one finished call: failed with this kind of error, or else answered after so many ms."""
        if error is not None:
            tally = UnitTally(1, errors=1)
            self.errors_by_kind[error] = self.errors_by_kind.get(error, 0) + 1
        elif latency_ms is None:
            raise ValueError("an answered call has a latency")
        else:
            self.latency.add(latency_ms)
            late = target_ms is not None and latency_ms > target_ms
            tally = UnitTally(1, late=int(late), log_latency=bucket_of(latency_ms))
        self._put(unit_bucket(unit), tally)

    def merge(self, other: "ArmEvidence") -> None:
        """Take in everything the other has counted; the other stays as it is."""
        for bucket, tally in list(other.units.items()):
            self._put(bucket, tally)
        for kind, count in list(other.errors_by_kind.items()):
            self.errors_by_kind[kind] = self.errors_by_kind.get(kind, 0) + count
        self.latency.merge(other.latency)

    @property
    def calls(self) -> int:
        """How many calls."""
        return sum(tally.calls for tally in self.units.values())

    @property
    def errors(self) -> int:
        """How many of them failed."""
        return sum(tally.errors for tally in self.units.values())

    @property
    def late(self) -> int:
        """How many were answered over the target."""
        return sum(tally.late for tally in self.units.values())

    @property
    def users(self) -> int:
        """How many units; two in the same bucket count as one, so never too many."""
        return len(self.units)

    def to_json(self) -> dict[str, object]:
        """Plain JSON."""
        return {
            "units": {
                str(bucket): [tally.calls, tally.errors, tally.late, tally.log_latency]
                for bucket, tally in sorted(self.units.items())
            },
            "latency": self.latency.to_json(),
            "errors_by_kind": dict(sorted(self.errors_by_kind.items())),
        }

    @classmethod
    def from_json(cls, written: Mapping[str, object]) -> Self:
        """What `to_json` wrote. Raises ValueError, TypeError or LookupError for anything else."""
        units = cast("Mapping[str, Sequence[int]]", written["units"])
        kinds = cast("Mapping[str, int]", written["errors_by_kind"])
        return cls(
            {int(bucket): UnitTally(*map(_whole, counts)) for bucket, counts in units.items()},
            Histogram.from_json(cast("Mapping[str, object]", written["latency"])),
            {kind: _whole(count) for kind, count in kinds.items()},
        )

    def _put(self, bucket: int, tally: UnitTally) -> None:
        self.units[bucket] = self.units.get(bucket, UnitTally()) + tally


def _whole(count: int) -> int:
    if type(count) is not int:
        raise ValueError("a count is a whole number")
    return count


def unit_bucket(unit: str) -> int:
    """The number a unit is counted under: bounded, and no way back to who it was."""
    # A unit may come from a client, and JSON can hold half a character.
    return int.from_bytes(blake2b(unit.encode(errors="surrogatepass"), digest_size=4).digest(), "big") % UNIT_BUCKETS
