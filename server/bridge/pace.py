"""How often things happen now: counts of the last minute in slots of five seconds, this process's and the others'."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["Pace"]

SLOT_S = 5
SLOTS = 12
MOST_NAMES = 1024
"""What happened longest ago is forgotten beyond these."""

Slots = dict[int, int]


class Pace:
    """The counts, by name. `clock` is wall time, so that slots of several processes can be added up."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._own: OrderedDict[str, Slots] = OrderedDict()
        self._others: Mapping[str, Slots] = {}

    def count(self, name: str) -> None:
        """Count one more."""
        slots = self._own.get(name)
        if slots is None:
            slots = self._own[name] = {}
            if len(self._own) > MOST_NAMES:
                self._own.popitem(last=False)
        else:
            self._own.move_to_end(name)
        now = self._now()
        if now not in slots:
            for gone in [slot for slot in slots if not _counts(slot, now)]:
                del slots[gone]
        slots[now] = slots.get(now, 0) + 1

    def last_minute(self, name: str) -> int:
        """How many in the last minute, to five seconds; those of other processes as of when they were last read."""
        now = self._now()
        held = (self._own.get(name, {}), self._others.get(name, {}))
        return sum(count for slots in held for slot, count in slots.items() if _counts(slot, now))

    def to_json(self) -> dict[str, list[list[int]]]:
        """This process's counts that are not over yet."""
        now = self._now()
        live = {
            name: [[slot, count] for slot, count in slots.items() if _counts(slot, now)]
            for name, slots in self._own.items()
        }
        return {name: slots for name, slots in live.items() if slots}

    def take_others(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put what other processes wrote in the place of what was known of them."""
        others: dict[str, Slots] = {}
        for name, slots in ((name, slots) for row in rows for name, slots in row.items()):
            known = others.setdefault(name, {})
            for slot, count in slots:
                known[slot] = known.get(slot, 0) + count
        self._others = others

    def _now(self) -> int:
        return int(self._clock() // SLOT_S)


def _counts(slot: int, now: int) -> bool:
    return now - SLOTS < slot <= now
