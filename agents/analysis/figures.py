"""The figure check: numbers do not pass through a model.

Every figure in an answer must come from somewhere. It passes when it shows a value of the evidence at the precision
it is written with, when it can be computed from figures beside it (see `derivable`), when it counts the rows of a
table or list, or when it stands in a quote of the evidence or in the request. Dates, ordinals, list numbers and names
with digits are no figures (`figure_reading`).

Otherwise its sentence is dropped and counted; in a list the item, in a table the row, and a table without rows goes
with its heading row. A line that stands in the evidence as it is passes without being looked at, so what our own tools
wrote always passes. A figure is one in words or other digits, too.

What stands between quotation marks and has three words or more must stand in the evidence or in the request, or its
sentence goes: an invented quote is worse than an invented figure. Left out is only what the prose proposes to say
("try asking “…”") and does not give a place to.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

from agents.analysis.figure_reading import ODD, Figure, Values, read_figures, values_in
from agents.analysis.spelled_numbers import SPELLED

__all__ = ["Checked", "check"]

FENCE = re.compile(r"^\s*(?:```|~~~)")
ITEM = re.compile(r"^(\s*(?:[-*+•]|\d{1,3}[.)])\s+)")
HEADING = re.compile(r"^\s{0,3}#{1,6}\s+")
SEPARATOR = re.compile(r"^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$")
MARKUP = re.compile(r"^[\s>*_#|-]+|[\s*_|]+$")
MAY_HOLD = re.compile(rf"[\d“\"]|{ODD}|\b{SPELLED}", re.IGNORECASE)
"""What a figure or a quote begins with."""
QUOTE_WORDS = 3
LEFT_OUT = re.compile(r"\s*(?:…|\.{3}|\[[^\]]*\])\s*")
PROPOSAL = re.compile(
    r"\b(?:ask|asking|try|trying|say|saying|suggest|suggested|something like|such as|for example|e\.g\.|instead of)\b"
    r"[^.“\"]{0,40}$",
    re.IGNORECASE,
)
REFERENCE = re.compile(r"\s*[(\[]\s*\d")
QUOTE = re.compile(r"“([^”]{3,})”|\"([^\"]{3,})\"")
SENTENCE_END = re.compile(
    r"(?<=[.!?…])(?<!\bvs\.)(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bNo\.)(?<!\bca\.)(?<!\bapprox\.)(?<!\bInc\.)(?<!\bCorp\.)"
    r"(?<!\bCo\.)(?<!\bLtd\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bDr\.)"
    r"(?:[\"”’)\]*_]*)(?:\s+\[[^\]\n]{1,60}\]\.?)*\s+(?=\S)"
)
MOST_PAIRED = 6
MOST_SUMMED = 12
"""How many figures that stand together may be put together: enough for a row of regions, too few to make any number."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The text without what the evidence does not carry; `dropped` counts sentences, list items and table rows."""

    text: str
    dropped: int


def check(prose: str, evidence: Iterable[str], request: str) -> Checked:
    """The prose without the sentences whose figures nothing carries."""
    ground = Ground(tuple(evidence), request, prose)
    kept: list[str] = []
    dropped = 0
    for block in blocks(prose.split("\n")):
        if is_fence(block):
            passed, lost = fenced(block, ground)
        elif is_table(block):
            passed, lost = tabled(block, ground)
        else:
            passed, lost = lined(block, ground)
        kept += passed
        dropped += lost
    if not dropped:
        return Checked(prose, 0)
    return Checked(re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n"), dropped)


class Ground:
    """What figures may rest on. What costs time is made when a figure first needs it."""

    def __init__(self, evidence: tuple[str, ...], request: str, prose: str) -> None:
        self._evidence = evidence
        self._request = request
        self._prose = prose
        self._whole = "\n".join(evidence)

    def says(self, text: str) -> bool:
        """Whether the evidence holds the text as it is."""
        bare = MARKUP.sub("", text)
        return len(bare) > 3 and bare in self._whole

    @cached_property
    def _plain(self) -> str:
        """The evidence on one line, its JSON escapes read, to find quotes in."""
        texts = [unescaped(part) if part[:1] in "{[" else part for part in self._evidence]
        return straight(re.sub(r"\s+", " ", " ".join([*texts, self._request])).casefold())

    def quotes(self, text: str) -> bool:
        """Whether all parts of a quote stand in the evidence or in the request; it may leave words out."""
        parts = [re.sub(r"\s+", " ", part).strip(" .,;:!?–-").casefold() for part in LEFT_OUT.split(text)]
        return all(straight(part) in self._plain for part in parts)

    @cached_property
    def _values(self) -> Values:
        return Values(values_in(f"{self._whole}\n{self._request}"))

    @cached_property
    def _counts(self) -> frozenset[int]:
        """Lengths: of lists in the evidence, of tables and lists in the prose."""
        found = set(lengths(self._evidence))
        run = 0
        for line in (*self._prose.split("\n"), ""):
            if ITEM.match(line) or (line.lstrip().startswith("|") and not SEPARATOR.match(line)):
                run += 1
            elif run and not (line.strip() and SEPARATOR.match(line)):
                found |= {run, run - 1}
                run = 0
        return frozenset(found)

    def weigh(self, text: str, before: Sequence[float] = ()) -> list[float] | None:
        """The values that the figures of a text show, None if one of them comes from nowhere.

        `before` are the values of the sentence before, from which a figure may be computed too.
        """
        if MAY_HOLD.search(text) is None or self.says(text):
            return []
        if self._invents(text):
            return None
        figures = list(read_figures(self._without_quotes(text)))
        found = [self._values.carry(figure) for figure in figures]
        known = [value for value in found if value is not None]
        for figure, value in zip(figures, found, strict=True):
            if value is not None or (figure.value in self._counts and figure.half == 0.5):
                continue
            if not derivable(figure, known) and not derivable(figure, [*before, *known]):
                return None
        return known

    def _invents(self, text: str) -> bool:
        """Whether a quote of the text stands nowhere."""
        for match in QUOTE.finditer(text):
            said = match[1] or match[2]
            proposed = PROPOSAL.search(text[: match.start()]) and not REFERENCE.match(text[match.end() :])
            if len(said.split()) >= QUOTE_WORDS and not self.quotes(said) and not proposed:
                return True
        return False

    def carries(self, text: str) -> bool:
        """Whether every figure of the text comes from somewhere."""
        return self.weigh(text) is not None

    def _without_quotes(self, text: str) -> str:
        def masked(match: re.Match[str]) -> str:
            return " " * len(match[0]) if self.quotes(match[1] or match[2]) else match[0]

        return QUOTE.sub(masked, text)


def straight(text: str) -> str:
    return text.replace("’", "'").replace("‘", "'")


def derivable(figure: Figure, known: Sequence[float]) -> bool:
    """Whether a figure is a sum, difference, ratio, share or relative change of figures that passed beside it.

    One unit of its last digit is allowed, for its terms may have been rounded before.
    """
    if 2 < len(known) <= MOST_SUMMED and figure.shows(sum(known), 2):
        return True
    terms = known[-MOST_PAIRED:]
    return any(
        figure.shows(made, 2)
        for at, a in enumerate(terms)
        for b in terms[at + 1 :]
        for made in combined(figure, a, b)
    )


def combined(figure: Figure, a: float, b: float) -> Iterator[float]:
    yield a + b
    yield a - b
    for x, y in ((a, b), (b, a)):
        if y and figure.percent:
            yield x / y * 100
            yield (x - y) / y * 100
        elif y and figure.times:
            yield x / y


def lengths(evidence: Iterable[str]) -> Iterator[int]:
    """The lengths of all lists in those parts of the evidence that are JSON."""
    for part in evidence:
        if part[:1] not in "{[":
            continue
        try:
            waiting: list[object] = [json.loads(part)]
        except (ValueError, RecursionError):
            continue
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                items = cast("list[object]", value)
                yield len(items)
                waiting += items
            elif isinstance(value, dict):
                waiting += cast("dict[str, object]", value).values()


def unescaped(part: str) -> str:
    """The strings of a JSON text, one after the other."""
    try:
        return " ".join(strings(json.loads(part)))
    except (ValueError, RecursionError):
        return part


def strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in cast("list[object]", value):
                yield from strings(item)
        case dict():
            for item in cast("dict[str, object]", value).values():
                yield from strings(item)
        case _:
            pass


def blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Fences whole, tables whole, and every other line by itself."""
    at = 0
    while at < len(lines):
        end = at + 1
        if FENCE.match(lines[at]):
            while end < len(lines) and not FENCE.match(lines[end]):
                end += 1
            end += 1
        elif lines[at].lstrip().startswith("|"):
            while end < len(lines) and lines[end].lstrip().startswith("|"):
                end += 1
        yield list(lines[at:end])
        at = end


def is_fence(block: Sequence[str]) -> bool:
    return FENCE.match(block[0]) is not None


def is_table(block: Sequence[str]) -> bool:
    return len(block) > 1 and SEPARATOR.match(block[1]) is not None


def fenced(block: list[str], ground: Ground) -> tuple[list[str], int]:
    """A fenced block stays or goes whole: half a query is worse than none."""
    inner = "\n".join(block[1:-1])
    return (block, 0) if ground.carries(inner) else ([], 1)


def tabled(block: list[str], ground: Ground) -> tuple[list[str], int]:
    """The heading row is structure; the rows below it are looked at one by one."""
    rows = [row for row in block[2:] if ground.carries(row)]
    lost = len(block) - 2 - len(rows)
    return ([*block[:2], *rows] if rows or not lost else []), lost


def lined(block: list[str], ground: Ground) -> tuple[list[str], int]:
    """One line: a heading, a list item or a bold line as a whole, a paragraph sentence by sentence."""
    line = "\n".join(block)
    bare = ITEM.sub("", line)
    if ground.says(bare):
        return [line], 0
    if bare != line or HEADING.match(line) or (line.strip().startswith("**") and line.strip().endswith("**")):
        return ([line], 0) if ground.carries(bare) else ([], 1)
    kept: list[str] = []
    lost = 0
    before: list[float] = []
    for sentence in sentences(line):
        values = ground.weigh(sentence, before)
        if values is None:
            lost += 1
        else:
            kept.append(sentence)
            before = values
    return (["".join(kept).rstrip()] if kept or not lost else []), lost


def sentences(line: str) -> Iterator[str]:
    """The sentences of a line, each with the space after it; a reference in brackets belongs to the one before."""
    start = 0
    for match in SENTENCE_END.finditer(line):
        yield line[start : match.end()]
        start = match.end()
    yield line[start:]
