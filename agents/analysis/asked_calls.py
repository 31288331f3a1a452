"""Which calls somebody asks for: the last ones, and the ones with a name that nobody knows."""

import re

from agents.analysis.periods import parse_period
from agents.analysis.reading import Reading

__all__ = ["UNKNOWN_NAME", "note_unknown_names", "read_newest"]

NEWEST = re.compile(
    r"\b(?:last|latest|newest|most\s+recent)\s+(?:(?P<count>\d{1,2})\s+(?:\w+\s+)?)?"
    r"(?:call|conversation|meeting)(?P<several>s)?\b",
    re.IGNORECASE,
)
NAMED = re.compile(
    r"\b(?:did|does|has|have|with|from|at)\s+(?P<name>[A-Z][\w&'’-]*(?:\s+(?:of\s+|and\s+|&\s+)?[A-Z][\w&'’-]*)*)"
)
UNKNOWN_NAME = "Nothing is known under the name"
NO_NAMES = frozenset({"i", "we", "they", "you", "he", "she", "it", "sql", "crm", "q1", "q2", "q3", "q4"})


def read_newest(reading: Reading) -> None:
    """`newest`: one for “the last call”, three for “the last 3 calls”; “the last calls” leaves the number open."""
    match = NEWEST.search(reading.text) if reading.wants("newest") and "call_id" not in reading.arguments else None
    if match is not None and (match["count"] or not match["several"]):
        reading.fill("newest", max(1, int(match["count"] or 1)))


def note_unknown_names(reading: Reading) -> None:
    """A note for what is written like the name of a customer or a seller and is neither; nothing is narrowed to it."""
    if not (reading.wants("account") and reading.wants("rep")):
        return
    for match in NAMED.finditer(reading.text):
        name, start, end = match["name"], match.start("name"), match.end("name")
        known = any(start <= word.start < end and not reading.free(at) for at, word in enumerate(reading.sentence))
        if not known and name.lower() not in NO_NAMES and parse_period(name, reading.as_of) is None:
            reading.notes.append(f"{UNKNOWN_NAME} “{name}”; the answer is not narrowed to it.")
