"""A written document cut into passages that can be found and quoted, each a verbatim part of it.

A passage is what stands between two headings, with its own heading; a long one is cut between paragraphs. So what is
found can be read by itself, and the words around a match stay with it.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

__all__ = ["PASSAGE_CHARS", "heading_of", "passages_of"]

PASSAGE_CHARS = 1_200
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
PARAGRAPH_END = re.compile(r"\n\s*\n")


def passages_of(text: str) -> tuple[str, ...]:
    """The passages of a text in Markdown or without markup, in order; none of one that says nothing."""
    starts = [found.start() for found in HEADING.finditer(text)]
    bounds = [0, *starts, len(text)]
    sections = (text[start:end] for start, end in pairwise(bounds))
    return tuple(passage for section in sections for passage in _cut(section) if _says(passage))


def heading_of(text: str) -> str | None:
    """The first heading of a text."""
    found = HEADING.search(text)
    return found[1] if found else None


def _cut(section: str) -> Iterator[str]:
    rest = section.strip()
    while len(rest) > PASSAGE_CHARS:
        ends = [found.start() for found in PARAGRAPH_END.finditer(rest, 1, PASSAGE_CHARS)]
        end = ends[-1] if ends else rest.rfind(" ", 1, PASSAGE_CHARS)
        end = end if end > 0 else PASSAGE_CHARS
        yield rest[:end].strip()
        rest = rest[end:].strip()
    yield rest


def _says(passage: str) -> bool:
    """A heading alone says nothing."""
    return bool(HEADING.sub("", passage).strip())
