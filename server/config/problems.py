"""What is wrong with a configuration, said so that the reader can mend it without opening our source.

A load reports every problem that it can find, not the first one; each names its file and line (or the
environment variable), the path of the key, and where one exists the nearest valid name.

    ConfigurationError     the operator's files or environment; nothing was started, retrying does not help
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Keys: TypeAlias = tuple[str | int, ...]
"""The way to a value from the top of a document: names of keys and positions in lists."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault, or one warning: the form is the same, only what follows from it differs."""

    file: str
    path: str
    message: str
    suggestion: str | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        return self.file if self.line is None else f"{self.file}, line {self.line}"

    def __str__(self) -> str:
        what = f"{self.path}: {self.message}" if self.path else self.message
        advice = f"\n  {self.suggestion}" if self.suggestion else ""
        return f"{self.place}\n  {what}{advice}"


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` holds every reason that was found, at least one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        count = counted(len(self.problems), "problem")
        return "\n\n".join([f"{count} in the configuration:", *map(str, self.problems)])


def counted(number: int, noun: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def dotted(keys: Keys) -> str:
    """`("a", "b", 1)` as an operator writes it: `a.b[1]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".")


def nearest(name: str, valid: Iterable[str]) -> tuple[str, ...]:
    """The valid names that `name` was most likely meant to be: none if none is near, several if equally near.

    Near is one edit in three characters; case and the choice of `-`, `_` or a space do not count.
    """
    from rapidfuzz.distance import OSA  # here: 10 ms that only a faulty configuration should pay

    meant = _plain(name)
    distances = {candidate: OSA.distance(meant, _plain(candidate)) for candidate in valid}
    least = min(distances.values(), default=0)
    if least > max(1, len(meant) // 3):
        return ()
    return tuple(candidate for candidate, distance in distances.items() if distance == least)


def advise(name: str, valid: Sequence[str]) -> str | None:
    """One line of advice for a name that is not among the valid ones."""
    near = nearest(name, valid)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"valid here: {', '.join(valid)}" if valid else None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")
