"""A store of tallies that lives in memory: what several processes wrote, each under its name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json import dumps, loads
from typing import Any

from server.state.tallies import Tallies


@dataclass(frozen=True)
class Row:
    name: str
    process: str
    at: float
    content: Any


@dataclass
class Kept(Tallies):
    """`broken` stands for a disk that takes nothing."""

    clock: Callable[[], float]
    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    broken: bool = False
    _told: set[tuple[str, str, str]] = field(default_factory=set)

    def save(self, kind: str, process: str, rows: Mapping[str, Any], /) -> None:
        if self.broken:
            raise OSError("full")
        for name, content in rows.items():
            self.rows[kind, name, process] = Row(name, process, self.clock(), loads(dumps(content)))

    def load(self, kind: str, name_prefix: str = "", /) -> list[Row]:
        return [row for (k, name, _), row in self.rows.items() if k == kind and name.startswith(name_prefix)]

    def prune(self, kind: str, before: float, /) -> None:
        self.rows = {key: row for key, row in self.rows.items() if key[0] != kind or row.at >= before}
