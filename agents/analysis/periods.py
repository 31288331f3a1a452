"""Which stretch of time somebody means: "last quarter", "Q4", "since March", "2017-10-01 to 2017-11-01".

Text is read in two steps. First every *point* is found: a thing that names a stretch by itself (a date, "October",
"last 30 days"). Then the words around points join them: "between A and B", "A to B", "since A", "before A".

Promises. Pure and deterministic: relative words count back from `as_of`. A month or quarter without a year is the
most recent one that had begun by then. "Last quarter" is the calendar quarter before the one that `as_of` is in,
"last 3 months" the three months that end with it. What can be read two ways (`05/06/2017`) is not read at all.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from agents.analysis.timespan import (
    ALL_TIME,
    DAY,
    Period,
    add_months,
    half,
    month,
    quarter,
    rolling_months,
    spoken,
    week,
    week_of,
    year,
)

__all__ = ["ALL_TIME", "Period", "find_periods", "leading_period", "parse_period", "points", "unread_stretch"]

Reader = Callable[[re.Match[str], date], Period | None]

MONTHS: Sequence[str] = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
YEAR = r"(?P<year>(?:19|20)\d\d)"
ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4}
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS = {word: n for n, word in enumerate(WORDS, start=1)} | {"couple of": 2, "couple": 2, "few": 3}
COUNT = rf"(?P<count>\d{{1,4}}|{'|'.join(sorted(NUMBERS, key=len, reverse=True))})"
UNIT = r"(?P<unit>day|week|month|quarter|year)"


def given_year(found: re.Match[str]) -> int | None:
    text = found.groupdict().get("year")
    if not text:
        return None
    return int(text) if len(text) == 4 else 2000 + int(text)


def recent(of_year: Callable[[int], Period], found: re.Match[str], as_of: date) -> Period | None:
    """The stretch of the given year, or of the last year in which it had begun by `as_of`."""
    try:
        named = given_year(found)
        if named is not None:
            return of_year(named)
        this = of_year(as_of.year)
        return this if this.from_date <= as_of else of_year(as_of.year - 1)
    except ValueError:  # the 31st of February, week 53 of a shorter year
        return None


def read_day(found: re.Match[str], as_of: date) -> Period | None:
    number, day = MONTHS.index(found["month"][:3].lower()) + 1, int(found["day"])

    def of_year(in_year: int) -> Period:
        the_day = date(in_year, number, day)
        return Period(the_day, the_day, spoken(the_day))

    return recent(of_year, found, as_of)


def read_iso_day(found: re.Match[str], _: date) -> Period | None:
    if not 1900 <= int(found["y"]) < 2200:  # no day that anybody sells on, and next to the ends of the calendar
        return None
    try:
        day = date(int(found["y"]), int(found["m"]), int(found["d"]))
    except ValueError:
        return None
    return Period(day, day, spoken(day))


def read_slashed(found: re.Match[str], _: date) -> Period | None:
    """Day and month in the only order that can be meant, if there is only one."""
    a, b, in_year = int(found["a"]), int(found["b"]), int(found["year"])
    if a <= 12 and b <= 12 and a != b:
        return None
    try:
        day = date(in_year, min(a, b), max(a, b)) if a <= 12 or b <= 12 else None
    except ValueError:
        return None
    return Period(day, day, spoken(day)) if day else None


def read_month(found: re.Match[str], as_of: date) -> Period | None:
    number = MONTHS.index(found["month"][:3].lower()) + 1
    return recent(lambda in_year: month(in_year, number), found, as_of)


def read_iso_month(found: re.Match[str], as_of: date) -> Period | None:
    return recent(lambda in_year: month(in_year, int(found["m"])), found, as_of)


def read_quarter(found: re.Match[str], as_of: date) -> Period | None:
    name = found["number"].lower()
    number = ORDINALS.get(name) or int(name)
    return recent(lambda in_year: quarter(in_year, number), found, as_of)


def read_half(found: re.Match[str], as_of: date) -> Period | None:
    name = found["number"].lower()
    number = ORDINALS.get(name) or int(name)
    return recent(lambda in_year: half(in_year, number), found, as_of)


def read_week(found: re.Match[str], as_of: date) -> Period | None:
    return recent(lambda in_year: week(in_year, int(found["number"])), found, as_of)


def read_year(found: re.Match[str], as_of: date) -> Period | None:
    return recent(year, found, as_of)


def unit_at(unit: str, as_of: date, offset: int) -> Period:
    """The calendar day, week, month, quarter or year `offset` of them away from `as_of`."""
    match unit:
        case "day":
            day = as_of + timedelta(days=offset)
            return Period(day, day, spoken(day))
        case "week":
            return week_of(as_of + timedelta(weeks=offset))
        case "month":
            day = add_months(as_of, offset)
            return month(day.year, day.month)
        case "quarter":
            day = add_months(as_of, 3 * offset)
            return quarter(day.year, (day.month + 2) // 3)
        case _:
            return year(as_of.year + offset)


OFFSETS = {"this": 0, "current": 0, "next": 1}


def read_relative(found: re.Match[str], as_of: date) -> Period | None:
    return unit_at(found["unit"].lower(), as_of, OFFSETS.get(found["which"].lower(), -1))


def read_to_date(found: re.Match[str], as_of: date) -> Period | None:
    short = {"y": "year", "q": "quarter", "m": "month", "w": "week"}
    unit = (found["unit"] or short[found["short"][0].lower()]).lower()
    start = unit_at(unit, as_of, 0).from_date
    return Period(start, as_of, f"{unit} to {spoken(as_of)}")


def counted(found: re.Match[str]) -> int:
    text = found["count"].lower()
    return NUMBERS.get(text) or int(text)


def read_rolling(found: re.Match[str], as_of: date) -> Period | None:
    count, unit = counted(found), found["unit"].lower()
    if not 0 < count <= 3660:
        return None
    if unit in {"day", "week"}:
        days = count * (7 if unit == "week" else 1)
        return Period(as_of - timedelta(days=days - 1), as_of, f"the {days} days to {spoken(as_of)}")
    months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
    return rolling_months(months, as_of) if months <= 1200 else None


def read_ago(found: re.Match[str], as_of: date) -> Period | None:
    count = counted(found)
    return unit_at(found["unit"].lower(), as_of, -count) if count <= 1200 else None


def read_named_day(found: re.Match[str], as_of: date) -> Period | None:
    return unit_at("day", as_of, -1 if found[0].lower() == "yesterday" else 0)


def read_all(_: re.Match[str], __: date) -> Period | None:
    return ALL_TIME


def rule(hints: str, pattern: str, reader: Reader) -> tuple[tuple[str, ...], re.Pattern[str], Reader]:
    """`hints`: texts without one of these cannot match, and are not searched."""
    return tuple(hints.split()), re.compile(rf"(?<![\w$€£/])(?<!\w\.)(?:{pattern})(?![\w/])", re.IGNORECASE), reader


OF_YEAR = rf"(?:[\s,/'’-]*(?:of\s+|in\s+)?(?:fy\s?)?{YEAR})"
OF_SHORT_YEAR = r"(?:[\s,/-]*(?:of\s+|in\s+)?(?:fy\s?)?['’]?(?P<year>(?:19|20)\d\d|(?<=['’])\d\d))"
LAST = r"last|previous|prior|past|trailing|preceding"
MONTH_HINTS = " ".join(MONTHS)
LAST_HINTS = LAST.replace("|", " ")
RULES = (
    rule("-", r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)", read_iso_day),
    rule("/", r"(?P<y>\d{4})/(?P<m>\d\d)/(?P<d>\d\d)", read_iso_day),
    rule("/ .", rf"(?P<a>\d\d?)[/.](?P<b>\d\d?)[/.]{YEAR}", read_slashed),
    rule("q", rf"{YEAR}[-\s]?q(?P<number>[1-4])", read_quarter),
    rule("q", rf"q(?P<number>[1-4]){OF_SHORT_YEAR}?", read_quarter),
    rule("quarter", rf"(?P<number>{'|'.join(ORDINALS)})\s+quarter{OF_YEAR}?", read_quarter),
    rule("half", rf"h(?P<number>[12]){OF_SHORT_YEAR}?", read_half),
    rule("half", rf"(?P<number>first|second)\s+half(?:{OF_YEAR}|\s+of\s+the\s+year)", read_half),
    rule("w", rf"{YEAR}-?w(?P<number>\d\d?)", read_week),
    rule("w", rf"(?:week\s+|w)(?P<number>\d\d?){OF_YEAR}?", read_week),
    rule("-", rf"{YEAR}-(?P<m>\d\d)(?!-\d)", read_iso_month),
    rule(MONTH_HINTS, rf"(?P<day>\d\d?)(?:st|nd|rd|th)?\s+(?:of\s+)?{MONTH}{OF_YEAR}?", read_day),
    rule(MONTH_HINTS, rf"{MONTH}\s+(?P<day>\d\d?)(?:st|nd|rd|th)?{OF_YEAR}?(?!\d)", read_day),
    rule(MONTH_HINTS, rf"{MONTH}{OF_YEAR}?", read_month),
    rule(f"this current next {LAST_HINTS}", rf"(?P<which>this|current|next|{LAST})\s+{UNIT}(?!s)", read_relative),
    rule(LAST_HINTS, rf"(?:{LAST})\s+(?:full\s+|a\s+)?{COUNT}\s+(?:calendar\s+|business\s+)?{UNIT}s?", read_rolling),
    rule("ago back", rf"(?:a\s+)?{COUNT}\s+{UNIT}s?\s+(?:ago|back)", read_ago),
    rule("td to", rf"{UNIT}[-\s]to[-\s]date|(?P<short>[yqmw]td)", read_to_date),
    rule("today yesterday", r"today|yesterday", read_named_day),
    rule("all history beginning", r"all[-\s]time|since\s+the\s+beginning|entire\s+history", read_all),
    rule("19 20", rf"(?:fy\s?|year\s+)?{YEAR}", read_year),
)

WORTH_READING = re.compile(
    r"\d|q[1-4]|\b(?:to(?:day|[-\s]date)|yesterday|[yqmw]td|all|since|history|quarter|half|ago|back"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|day|week|month|year)",
    re.IGNORECASE,
)
AMOUNT_BEFORE = re.compile(r"(?:over|above|under|below|than|least|most|top|first|worth|[$€£#])\s*$", re.IGNORECASE)
PART_AFTER = re.compile(r"-[a-z]\d", re.IGNORECASE)
YEAR_BEFORE = re.compile(r"\d{4}-$")
MONTH_THAT_IS_A_VERB = re.compile(r"may|march|mar\.?", re.IGNORECASE)
BEFORE_A_MONTH = re.compile(
    r"\b(?:in|since|for|from|until|till|of|to|and|through|during|before|after|between|last|this|vs\.?|by|[-–])\s*$",
    re.IGNORECASE,
)
TO = re.compile(r"\s*(?:to|until|till|through|thru|\.\.|[-–—])\s*(?:the\s+)?", re.IGNORECASE)
AND = re.compile(r"\s*(?:and|&)\s*(?:the\s+)?", re.IGNORECASE)
BETWEEN = re.compile(r"\bbetween\s+(?:the\s+)?$", re.IGNORECASE)
SINCE = re.compile(r"\b(?:since|starting|beginning|as\s+of|from)\s+(?:the\s+)?(?:start\s+of\s+)?$", re.IGNORECASE)
AFTER = re.compile(r"\bafter\s+(?:the\s+)?$", re.IGNORECASE)
BEFORE = re.compile(r"\b(?:before|prior\s+to)\s+(?:the\s+)?$", re.IGNORECASE)
UNTIL = re.compile(
    r"(?:\b(?:until|till|up\s+to|through|by\s+the\s+end\s+of)\s+(?:the\s+)?|(?<!\S)\.\.)$", re.IGNORECASE
)

JOINING = re.compile(
    r"(?:\s|['’]s\b|[.,;:!?()\[\]'\"“”–—-]|\b(?:the|in|for|of|during|over|within|on|from|to|until|till|through|thru|between|and"
    r"|since|starting|beginning|as|after|before|prior|up|by|end|start|whole|full|entire|calendar|so|far|only)\b)*",
    re.IGNORECASE,
)
"""What may stand around the stretches of a period that is given by itself."""
MAX_PERIOD_CHARS = 100
LOOKS_LIKE_A_STRETCH = re.compile(
    rf"(?<![\w.-])(?:(?:{LAST}|next)\s+\d+\s+(?:day|week|month|quarter|year)s?|\d{{4}}-(?:q\d+|w\d+|\d\d(?:-\d\d)?))(?![\w-])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Point:
    """A thing in the text that names a stretch by itself."""

    found: re.Match[str]
    reader: Reader
    period: Period

    @property
    def start(self) -> int:
        return self.found.start()

    @property
    def end(self) -> int:
        return self.found.end()

    def near(self, day: date) -> Period:
        """The same words read with another `as_of`, for "October" in "October to November 2016"."""
        return self.reader(self.found, day) or self.period

    @property
    def floats(self) -> bool:
        """Whether the words leave the year open."""
        groups = self.found.groupdict()
        return "year" in groups and groups["year"] is None


def points(text: str, as_of: date) -> list[Point]:
    """What names a stretch, from left to right; where two overlap the one that begins first, then the longer one.

    What looks like a day and is none (30 February) takes its place among them, so that nothing is read out of its
    parts, and is then left out.
    """
    lowered = text.lower()
    candidates = [
        (found.start(), -found.end(), found, reader)
        for hints, pattern, reader in RULES
        if any(hint in lowered for hint in hints)
        for found in pattern.finditer(text)
        if not means_something_else(found, reader, text)
    ]
    candidates.sort(key=lambda it: it[:2])
    kept: list[Point] = []
    reached = 0
    for start, _, found, reader in candidates:
        if start < reached:
            continue
        reached = found.end()
        period = reader(found, as_of)
        if period is not None:
            kept.append(Point(found, reader, period))
    return kept


def means_something_else(found: re.Match[str], reader: Reader, text: str) -> bool:
    """ "Deals over 2000" names no year, "we may" no month, and "2017-Q7" neither a year nor a quarter."""
    before = text[max(0, found.start() - 12) : found.start()]
    if reader is read_year:
        return AMOUNT_BEFORE.search(before) is not None or PART_AFTER.match(text, found.end()) is not None
    if reader in {read_quarter, read_week}:
        return YEAR_BEFORE.search(before) is not None
    if reader is read_month and MONTH_THAT_IS_A_VERB.fullmatch(found[0]):
        alone = found[0] == text.strip()
        return not alone and BEFORE_A_MONTH.search(before) is None
    return False


def find_periods(text: str, as_of: date) -> Iterator[Period]:
    """Every stretch of time that the text names, in its order."""
    if WORTH_READING.search(text) is None:
        return
    found = points(text, as_of)
    at = 0
    while at < len(found):
        point = found[at]
        before = text[max(0, point.start - 24) : point.start]
        if at + 1 < len(found) and joined(text, point, found[at + 1], before):
            yield span(point, found[at + 1])
            at += 2
            continue
        yield open_ended(point, before, text[point.end : point.end + 3], as_of)
        at += 1


def joined(text: str, left: Point, right: Point, before: str) -> bool:
    between = text[left.end : right.start]
    return TO.fullmatch(between) is not None or (
        AND.fullmatch(between) is not None and BETWEEN.search(before) is not None
    )


def span(left: Point, right: Point) -> Period:
    """From the first day of one to the last of the other; a missing year is taken from the other one."""
    end = right.period
    if right.floats and not left.floats:
        end = right.near(left.period.from_date + 364 * DAY)
    start = left.near(end.to_date) if left.floats else left.period
    return Period.between(min(start.from_date, end.from_date), max(start.to_date, end.to_date))


def open_ended(point: Point, before: str, after: str, as_of: date) -> Period:
    period = point.period
    if period.is_all:
        return period
    if SINCE.search(before) or after.rstrip() == "..":
        return Period.between(period.from_date, max(as_of, period.to_date))
    if AFTER.search(before):
        return Period.between(period.to_date + DAY, max(as_of, period.to_date + DAY))
    if BEFORE.search(before):
        return Period.between(date.min, period.from_date - DAY)
    if UNTIL.search(before):
        return Period.between(date.min, period.to_date)
    return period


def unread_stretch(text: str, as_of: date) -> str | None:
    """Words that were meant as a stretch of time and are none: "last 999999999 weeks", "2017-Q7"."""
    taken = points(text, as_of)
    for match in LOOKS_LIKE_A_STRETCH.finditer(text):
        if not any(point.start < match.end() and match.start() < point.end for point in taken):
            return match[0]
    return None


def leading_period(text: str, as_of: date) -> Period | None:
    """The stretch of time that the text begins with, or None."""
    first = next(iter(points(text, as_of)), None)
    return next(find_periods(text, as_of)) if first is not None and not text[: first.start].strip() else None


def parse_period(text: str, as_of: date) -> Period | None:
    """The one stretch of time that the whole text means; None when a part of it stays unread, or it means several."""
    if len(text) > MAX_PERIOD_CHARS:
        return None
    if text.strip().lower() in {"all", "ever", "overall", "any", "any time", "everything"}:
        return ALL_TIME
    named = list(find_periods(text, as_of))
    return named[0] if len(named) == 1 and not unread(text, as_of) else None


def unread(text: str, as_of: date) -> bool:
    """Whether a text says more than its stretches of time and the words that join them."""
    at, between = 0, ""
    for point in points(text, as_of):
        between += f"{text[at : point.start]} "
        at = point.end
    return JOINING.fullmatch(between + text[at:]) is None
