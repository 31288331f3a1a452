"""What a request says about a figure: which metric, split by what, how many groups and which first."""

import re
from collections.abc import Callable, Sequence

from agents.analysis.metric import Dimension
from agents.analysis.metrics import DIMENSION_PHRASES, METRIC_PHRASES
from agents.analysis.reading import Reading
from agents.analysis.words import Word

__all__ = ["read_dimension", "read_limit", "read_metric", "read_order", "read_region"]

TOP = re.compile(
    r"\b(?:top|best|worst|bottom|first|biggest|largest)\s+(\d{1,3})\b"
    r"|\b(\d{1,3})\s+(?:best|worst|top|biggest|largest)\b",
    re.IGNORECASE,
)
REGION = re.compile(
    r"\b(?:in|for|of|from)\s+(?:the\s+)?(central|east|west|north|south)(?:ern)?\b"
    r"|\b(central|east|west|north|south)(?:ern)?\s+(?:region|office|territory|team)\b",
    re.IGNORECASE,
)
LOWEST = re.compile(r"\b(?:lowest|bottom|least|fewest|smallest|weakest|shortest|quickest|fastest)\b", re.IGNORECASE)
BEST_OR_WORST = re.compile(r"\b(best|worst)\b", re.IGNORECASE)
BEFORE_DIMENSION = frozenset({"by", "per", "each", "every", "which", "across", "between"})
NEAR_DIMENSION = frozenset(
    {"by", "top", "best", "worst", "what", "ranked", "grouped", "split", "bottom", "leading", "compare"}
)
"""Words at most two words before a dimension that make it one; those of the other set stand right before it."""


def read_metric(reading: Reading) -> None:
    """The longest metric phrase; of equally long ones the first."""
    if not reading.wants("metric"):
        return
    found = list(METRIC_PHRASES.within(reading.sentence))
    if found:
        at, length, metric = max(found, key=lambda it: it[1])
        reading.take(at, length)
        reading.fill("metric", metric.id)


def read_dimension(reading: Reading) -> None:
    """A dimension that the figure is to be split by: after "by", "per", "each", "which", "top 5" and the like."""
    if not reading.wants("dimension"):
        return
    for at, length, dimension in DIMENSION_PHRASES.within(reading.sentence):
        if splits(reading.sentence, at, dimension, free=reading.free):
            reading.take(at, length)
            reading.fill("dimension", dimension.id)
            return


def splits(sentence: Sequence[Word], at: int, dimension: Dimension, *, free: Callable[[int], bool]) -> bool:
    if not free(at):
        return False
    word = sentence[at]
    if dimension.is_time and word.plain not in {"month", "quarter"}:
        return True  # "monthly", "trend", "qoq" mean nothing else
    before = [sentence[i].plain for i in range(max(0, at - 3), at)]
    if before and before[-1] in BEFORE_DIMENSION:
        return True
    return not dimension.is_time and not NEAR_DIMENSION.isdisjoint(before)  # "which ... last month" is a period


def read_limit(reading: Reading) -> None:
    if reading.wants("limit") and (match := TOP.search(reading.text)):
        count = int(match[1] or match[2])
        if 0 < count <= 100:
            reading.fill("limit", count)


def read_order(reading: Reading) -> None:
    if not reading.wants("order"):
        return
    if LOWEST.search(reading.text):
        reading.fill("order", "lowest")
    elif match := BEST_OR_WORST.search(reading.text):
        reading.fill("order", match[1].lower())


def read_region(reading: Reading) -> None:
    """A region that is named after its place in the country; other names need to be known."""
    if reading.wants("region") and (match := REGION.search(reading.text)):
        reading.fill("region", (match[1] or match[2]).capitalize())
