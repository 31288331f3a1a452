"""What the embedded model writes: the texts of tools and members, put together, and nothing of its own beside it."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["PAGE_CHARS", "SECTION_CHARS", "Part", "Said", "from_members", "from_tools"]

NOTES = "\n\nNotes:\n\n"
"""What stands before the notes, which are the last thing in an answer."""

UNABLE = "Could not answer."
MORE = "There is more in the data."
BRIEF_CHARS = 900
"""Answers that are shorter together need no summary above them."""
SECTION_CHARS, PAGE_CHARS = 1_400, 4_000
"""How much of each member is shown; a page of it where members weigh each other's answers."""
HEADLINE_CHARS = 240
BOLD = re.compile(r"\*\*(.+?)\*\*")
TITLE = re.compile(r"\*\*[^*]+\*\*(?: · .*)?")
"""A line that is a title of its own: bold, perhaps with the facts of a call behind it."""


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


def from_members(said: Iterable[Said], most: int = SECTION_CHARS) -> str:
    """An answer from members' answers, each under its name, in the order of the team; their notes once, at the end.

    A long one begins with the headline of every member. A long section ends early, between two lines, and says so:
    all of it stands in the data. Members that say the same are credited together, and it is said once.
    """
    credited: dict[str, list[str]] = {}
    notes: dict[str, None] = {}
    answers: list[tuple[str, str]] = []
    for one in said:
        text, _, remarks = (one.text or UNABLE).partition(NOTES)
        answers.append((one.name, text.strip()))
        credited.setdefault(text.strip(), []).append(one.name)
        notes |= dict.fromkeys(line.removeprefix("- ") for line in remarks.splitlines())
    sections: list[str] = []
    for name, text in answers:
        first = credited[text][0]
        shown = shortened(text, most) if name == first or text == UNABLE else f"The same as {first}."
        sections.append(f"## {name}\n\n{shown}")
    brief = len(credited) < 2 or sum(map(len, credited)) < BRIEF_CHARS
    lines = [f"- **{', '.join(names)}:** {headline(text)}" for text, names in credited.items()]
    opening = [] if brief else ["**In short**\n\n" + "\n".join(lines)]
    return "\n\n".join([*opening, *sections, *noted(notes)])


def headline(text: str) -> str:
    """The first line of an answer without its marks; of a long one what it says in bold, else its beginning."""
    line = next((it.strip() for it in text.splitlines() if it.strip()), "")
    if len(line) > HEADLINE_CHARS and (bold := BOLD.match(line)):
        line = bold[1]
    line = line.lstrip("#> -").replace("**", "").strip()
    return line if len(line) <= HEADLINE_CHARS else f"{line[:HEADLINE_CHARS].rsplit(' ', 1)[0]} …"


def shortened(text: str, most: int) -> str:
    """An answer as it is where it is short, else its first lines; no line is cut, and none of a table."""
    if len(text) <= most:
        return text
    kept: list[str] = []
    length = 0
    for line in text.splitlines():
        length += len(line) + 1
        if kept and length > most and not line.startswith("|"):
            break
        kept.append(line)
    while len(kept) > 1 and not opens_nothing(kept[-1]):
        kept.pop()
    shown = "\n".join(kept)
    return shown if len(shown) >= len(text.rstrip()) else f"{shown}\n\n{MORE}"


def opens_nothing(line: str) -> bool:
    """Whether a line can be the last one: no blank one, no heading of what would follow."""
    return bool(line.strip()) and not line.startswith("#") and not TITLE.fullmatch(line.strip())


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
