"""Figures in text: finding them, and knowing what a written figure can stand for.

A figure is a number that somebody could get wrong. Dates, times of day, ordinals, list numbers, names with digits in
them ("Q3", "GTX-500", "1C1I7A6R") and links are not. Numbers in words ("forty percent", "two thirds"), in other digits
("½", "Ⅻ") and in a programmer's notation ("1e9", "0x3f") are figures like any other. A written figure has a precision: "63.2%" may stand for anything
from 0.6315 to 0.6325 or from 63.15 to 63.25, "$2.9M" for anything from 2,850,000 to 2,950,000, "3:12" for a duration
of 192 to 193 seconds. And it has a measure: money does not show what is only known as a percentage, nor the other way
round; a value of the evidence that stands there without any unit may be shown in any.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from agents.analysis.spelled_numbers import SPELLED, spelled_value

__all__ = ["ODD", "Figure", "Values", "read_figures", "values_in"]

MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
DATE = (
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\d{4}-(?:\d\d|[QqWw]\d{1,2})(?![\w-])|\d{1,2}[/.]\d{1,2}[/.]\d{4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?:\s*[-–]\s*\d{{1,2}})?\s+(?:of\s+)?{MONTH}\b\.?(?:,?\s+\d{{4}}\b)?"
    rf"|\b{MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:\s*[-–]\s*\d{{1,2}})?(?:,?\s+\d{{4}}\b)?(?![\w,.]*\d)"
    rf"|\b{MONTH}\.?,?\s+(?:19|20)\d\d\b"
    r"|\b(?:in|of|for|since|from|to|until|till|by|during|through|fy|year|quarter|late|early|mid|end|over|and|vs)\.?[\s-]+"
    r"(?:19|20)\d\d(?![-\w,.]*\d)(?!\s*(?:deals|calls|dollars|days|%))"
    r"|\b\d{1,2}(?::\d\d)?\s*[ap]\.?m\b"
)
NO_FIGURE = (
    r"https?://\S+"
    r"|\b(?:q|h|w|v|fy)\.?\s?\d[\w.]*"
    r"|\b(?:week|step|no\.|number|section|page|part|sentence|version)\s+\d+\b"
    r"|\#\d+\b|\b\d+(?:st|nd|rd|th)\b"
    r"|(?<!\w)[A-Za-z_]\w{0,60}\d\w{0,60}"
    r"|(?<![\w.,])(?!\d+[eE]\d{1,3}\b|0[xXbBoO][\da-fA-F]+\b)\d{1,20}[A-Za-z_]{1,20}\d\w{0,60}"
    r"|(?<!\w)[A-Za-z_]\w{0,60}-\d[\w-]{0,60}"
)
CLOCK = r"(?P<clock>\d{1,3}:[0-5]\d(?::[0-5]\d)?)(?![\w:])"
NUMBER = (
    r"(?P<number>\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:[eE](?P<power>[+-]?\d{1,3}))?"
    r"(?P<unit>\s?(?:%|percent\b|per\s?cent\b|pp\b|(?:percentage\s+)?points?\b)"
    r"|\s?(?:k|thousand|m|mm|mn|million|bn?|billion)\b"
    r"|\s?(?:dollars?|bucks|usd|eur|euros?|pounds?|gbp)\b"
    r"|\s?(?:ms|milliseconds?|s|secs?|seconds?|min|mins|minutes?|h|hrs?|hours?)\b)?"
)
ODD = r"[\u00b2\u00b3\u00b9\u00bc-\u00be\u2070\u2074-\u2079\u2150-\u218b\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]"
"""Characters that are numbers and no digits: fractions, Roman numerals, raised and circled ones."""
TOKEN = re.compile(
    rf"(?P<skip>{DATE}|{NO_FIGURE})|(?<![\w.]){CLOCK}|(?<!\w)(?P<base>0[xbo][\da-f]+)\b|(?P<odd>\d*{ODD})"
    rf"|(?P<symbol>[$€£]\s?)?(?<![\w.])(?<!\d,){NUMBER}(?P<glued>\w*)"
    rf"|(?<![\w-])(?P<spelled>{SPELLED})(?P<spelled_unit>\s(?:percent|per\s?cent|dollars?|euros?|pounds?|bucks"
    r"|seconds?|minutes?|hours?))?",
    re.IGNORECASE,
)
PLAIN = re.compile(
    r"(?P<key>_m?s\": |[$€£]\s?)?(?<![\w.])(?P<number>\d[\d.,:eE+-]*)"
    r"(?P<unit>\s?%|\s?(?:percent|per cent|dollars?|euros?|pounds?|bucks|usd|eur|gbp|min|minutes?|seconds?|s|h|hours?|[a-z]{2,20}s)\b)?",
    re.IGNORECASE,
)
"""What may be a number of the evidence, with what stands beside it; digits within words are not."""
DIGITS = re.compile(rf"\d+|{ODD}|\b{SPELLED}", re.IGNORECASE)
WORDED = re.compile(
    rf"(?<![\w-])(?P<spelled>{SPELLED})(?P<spelled_unit>\s(?:percent|per\s?cent|dollars?|euros?|pounds?|bucks"
    r"|seconds?|minutes?|hours?))?",
    re.IGNORECASE,
)
AROUND = 48  # characters around digits that can decide what they are: "between 3 and 5 October of 2017"

Measure = Literal["money", "percent", "time", "count"]

SCALE = {
    "k": 1e3,
    "thousand": 1e3,
    "m": 1e6,
    "mm": 1e6,
    "mn": 1e6,
    "million": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "billion": 1e9,
}
PERCENT = frozenset({"%", "percent", "per cent", "pp", "point", "points", "percentage point", "percentage points"})
SECONDS = {"s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0} | {
    "min": 60.0,
    "mins": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "hr": 3600.0,
    "hrs": 3600.0,
}
MONEY = frozenset({"dollar", "dollars", "bucks", "usd", "eur", "euro", "euros", "pound", "pounds", "gbp"})
NO_THINGS = frozenset({"is", "was", "has", "as", "this", "its", "us", "plus", "versus", "less", "minus", "does"})
"""Words after a number that end like a plural and name nothing countable."""
PER_CENT = 100.0
SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Figure:
    """A written figure: what it says, half a unit of its last digit, and how it may be measured in the evidence.

    `scales`: an evidence value times one of these may be what the figure shows. `times`: it is written like a ratio, "1.5x".
    `measure` is its unit, None where it has none.
    """

    text: str
    start: int
    value: float
    half: float
    scales: tuple[float, ...] = (1.0,)
    percent: bool = False
    times: bool = False
    measure: Measure | None = None

    def shows(self, value: float, tolerance: float = 1.0) -> bool:
        """Whether a value, rounded as the figure is, reads the same; signs aside."""
        return abs(abs(value) - self.value) <= self.half * tolerance + SLACK * max(1.0, self.value)


class Values:
    """The numbers of the evidence, to be looked up by what a figure can show."""

    def __init__(self, numbers: Mapping[float, AbstractSet[Measure]]) -> None:
        self._measures = numbers
        self._sorted = sorted(numbers)

    def carry(self, figure: Figure) -> float | None:
        """A value that the figure shows, in the figure's own measure; None if there is none."""
        for scale in figure.scales:
            low = (figure.value - figure.half - SLACK * max(1.0, figure.value)) / scale
            high = (figure.value + figure.half + SLACK * max(1.0, figure.value)) / scale
            for at in range(bisect_left(self._sorted, low), len(self._sorted)):
                value = self._sorted[at]
                if value > high:
                    break
                known = self._measures[value]
                if scale == PER_CENT and value > 1 and value == int(value):
                    continue  # five things are no 500 %
                if figure.measure is None or not known or figure.measure in known:
                    return value * scale
        return None


def values_in(text: str) -> dict[float, set[Measure]]:
    """The numbers of a piece of evidence and their units, without those of dates and times.

    A value that stands somewhere with a unit has that unit, even where it stands elsewhere without.
    """
    found: dict[float, set[Measure]] = {}
    for key, written, unit in set(PLAIN.findall(text)):
        number = written.rstrip(".,:-+eE").replace(",", "")
        try:
            value = float(number)
        except ValueError:  # 2017-12-31, 10:15, 1.2.3
            continue
        measure: Measure | None = "time" if key.endswith('": ') else "money" if key else measured(unit)
        found.setdefault(value, set()).update({measure} if measure else ())
    for match in WORDED.finditer(text):
        read = spelled_value(match["spelled"])
        if read is not None:
            measure = measured(match["spelled_unit"] or "")
            found.setdefault(read[0], set()).update({measure} if measure else ())
    return found


def measured(unit: str) -> Measure | None:
    """What kind of unit a word is."""
    word = re.sub(r"\s+", " ", unit.strip().lower())
    if word in PERCENT:
        return "percent"
    if word in SECONDS or word in {"ms", "millisecond", "milliseconds"}:
        return "time"
    if word in MONEY:
        return "money"
    return "count" if word and word not in SCALE and word not in NO_THINGS else None


def read_figures(text: str) -> Iterator[Figure]:
    """The figures of a text, in order."""
    for start, end in windows(text):
        for match in TOKEN.finditer(text, start, end):
            if match["skip"]:
                continue
            if match["clock"]:
                yield clock(match)
            elif match["base"]:
                yield exact(match, float(int(match["base"], 0)))
            elif match["odd"]:
                whole = match["odd"][:-1]
                yield exact(match, float(whole or 0) + unicodedata.numeric(match["odd"][-1]))
            elif match["spelled"]:
                if (figure := spelled(match)) is not None:
                    yield figure
            elif not match["glued"] or match["glued"].lower() == "x":
                yield written(match)


def windows(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of a text that can hold figures, cut between words: most of a text holds none."""
    start = end = -1
    for digits in DIGITS.finditer(text):
        if digits.start() - AROUND > end:
            if end >= 0:
                yield start, end
            start = max(end, text.rfind(" ", 0, max(0, digits.start() - AROUND))) + 1
        end = text.find(" ", digits.end() + AROUND)
        end = len(text) if end < 0 else end
    if end >= 0:
        yield start, end


def clock(match: re.Match[str]) -> Figure:
    """`mm:ss` or `h:mm:ss`, which evidence measures in seconds or milliseconds and cuts to whole seconds."""
    seconds = 0
    for part in match["clock"].split(":"):
        seconds = seconds * 60 + int(part)
    return Figure(match[0], match.start(), seconds + 0.5, 0.5, (1.0, 0.001), measure="time")


def exact(match: re.Match[str], value: float) -> Figure:
    """A number that is written without any rounding."""
    return Figure(match[0], match.start(), value, 0.0)


def spelled(match: re.Match[str]) -> Figure | None:
    read = spelled_value(match["spelled"])
    if read is None:
        return None
    measure = measured(match["spelled_unit"] or "") or ("percent" if "cent" in match["spelled"].lower() else None)
    scales = (1.0, 100.0) if measure == "percent" else (1.0,)
    value, half = read
    return Figure(match[0], match.start(), value, half, scales, measure == "percent", half == 0.25, measure)


def written(match: re.Match[str]) -> Figure:
    digits = re.sub(r"[,\u00a0\u202f]", "", match["number"])
    unit = re.sub(r"\s+", " ", (match["unit"] or "").strip().lower())
    power = 10.0 ** int(match["power"] or 0)
    factor = SCALE.get(unit, 1.0) * power
    decimals = len(digits.partition(".")[2])
    half = 0.5 * 10.0**-decimals * factor
    scales: tuple[float, ...] = (1.0,)
    if unit in PERCENT:
        scales = (1.0, 100.0)
    elif unit in SECONDS:
        per = 1.0 / SECONDS[unit]
        scales = (1.0, per, per / 1000.0)
    times = match["glued"].lower() == "x" or "." in digits
    measure = "money" if match["symbol"] else measured(unit)
    value = float(digits) * factor
    return Figure(match[0].strip(), match.start(), value, half, scales, unit in PERCENT, times, measure)
