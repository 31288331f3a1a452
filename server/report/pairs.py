"""Shadow runs read from the decision log: how often both routes said the same of the same call."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from server.bridge.intervals import wilson
from server.report.resampling import Interval
from server.state.decisions import DecisionRecord

__all__ = ["Pairs", "pairs"]

SHOWN_NAMES = 5


@dataclass(frozen=True, slots=True)
class Pairs:
    """Calls that ran on both routes. `share` is of those that could be compared; `differing` names what differed most
    often, with in how many pairs."""

    pairs: int
    agreed: int
    differed: int
    one_failed: int
    both_failed: int
    not_comparable: int
    share: float | None
    interval: Interval
    differing: Mapping[str, int]


def pairs(records: Iterable[DecisionRecord]) -> Pairs | None:
    """The pairs of one tool; None where it was never run beside the other route."""
    kinds, names = Counter[str](), Counter[str]()
    for record in records:
        outcome: Mapping[str, Any] = record.content.get("outcome") or {}
        shadow: Mapping[str, Any] | None = outcome.get("shadow")
        if shadow is not None:
            kinds[str(shadow.get("agreement"))] += 1
            names.update({str(name) for name in shadow.get("differing") or ()})
    if not kinds:
        return None
    agreed, differed = kinds["agree"], kinds["differ"]
    return Pairs(
        kinds.total(),
        agreed,
        differed,
        kinds["one_failed"],
        kinds["both_failed"],
        kinds["not_comparable"],
        agreed / (agreed + differed) if agreed + differed else None,
        wilson(agreed, agreed + differed),
        dict(sorted(names.most_common(SHOWN_NAMES), key=lambda one: (-one[1], one[0]))),
    )
