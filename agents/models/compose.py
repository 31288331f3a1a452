"""What the embedded model writes: the texts of tools and members, put together, and nothing of its own beside it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["Part", "Said", "from_members", "from_tools"]

NOTES = "\n\nNotes:\n\n"
"""What stands before the notes, which are the last thing in an answer."""


@dataclass(frozen=True, slots=True)
class Part:
    """The reply of one tool call; of a call that failed, the text says why."""

    tool: str
    reply: str
    failed: bool


@dataclass(frozen=True, slots=True)
class Said:
    """The last answer of one member, None where it failed."""

    name: str
    text: str | None


def from_tools(parts: Sequence[Part]) -> str:
    """An answer from the replies of tools, in the order of the plan: their texts, then what failed, then their notes."""
    texts: list[str] = []
    failures: list[str] = []
    notes: dict[str, None] = {}
    for part in parts:
        if part.failed:
            failures.append(f"`{part.tool}` could not answer: {part.reply}")
            continue
        text, remarks = opened(part.reply)
        texts.append(text)
        notes |= dict.fromkeys(remarks)
    return "\n\n".join([*dict.fromkeys(texts), *dict.fromkeys(failures), *noted(notes)])


def from_members(said: Iterable[Said]) -> str:
    """An answer from members' answers, each under its name, in the order of the team; their notes once, at the end."""
    sections: list[str] = []
    notes: dict[str, None] = {}
    for one in said:
        text, _, remarks = (one.text or "Could not answer.").partition(NOTES)
        sections.append(f"## {one.name}\n\n{text}")
        notes |= dict.fromkeys(line.removeprefix("- ") for line in remarks.splitlines())
    return "\n\n".join([*sections, *noted(notes)])


def noted(notes: Iterable[str]) -> list[str]:
    lines = [f"- {note}" for note in notes]
    return [NOTES.lstrip() + "\n".join(lines)] if lines else []


def opened(reply: str) -> tuple[str, tuple[str, ...]]:
    """Text and notes of a reply; a reply of a tool that is not ours is its own text."""
    try:
        found = json.loads(reply)
    except ValueError:
        return reply, ()
    match found:
        case {"text": str(text), "notes": [*notes]}:
            return text, tuple(str(note) for note in notes)
        case _:
            return reply, ()
