"""A request while it is being read: what is known, what is still wanted, and which words already mean something."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import JsonValue

from agents.analysis.words import Word

__all__ = ["Reading"]


@dataclass(slots=True)
class Reading:
    """One request. `taken` are the positions of the words that already mean something."""

    text: str
    sentence: Sequence[Word]
    fields: Container[str]
    arguments: dict[str, JsonValue]
    as_of: date
    taken: set[int] = field(default_factory=set[int])
    notes: list[str] = field(default_factory=list[str])

    def wants(self, name: str) -> bool:
        return name in self.fields and name not in self.arguments

    def fill(self, name: str, value: JsonValue) -> None:
        self.arguments[name] = value

    def free(self, position: int) -> bool:
        return position not in self.taken

    def take(self, at: int, length: int) -> None:
        self.taken.update(range(at, at + length))

    def fill_single(self, name: str, kind: str, found: Sequence[str]) -> None:
        """Fill in what was found, if it is one thing; several leave a note."""
        distinct = tuple(dict.fromkeys(found))
        if len(distinct) == 1:
            self.fill(name, distinct[0])
        elif distinct:
            listed = ", ".join(distinct[:5]) + (", …" if len(distinct) > 5 else "")
            self.notes.append(f"The request names several {kind} ({listed}); give `{name}` to choose one.")
