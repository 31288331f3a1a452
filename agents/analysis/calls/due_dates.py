"""When is "by Friday"? Spoken due dates, counted from the day of the call.

Only what a sentence says is resolved, by fixed rules: a weekday is the next one after the call, "next" weekday the
one of the following week, "end of the week" Friday, "end of the month" its last day, a day without a year the next
such day. A quarter counts as the calendar's.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from agents.analysis.calls.word_index import cue

__all__ = ["MAY_NAME_DAY", "Due", "due_in"]

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = _MONTH_NAMES.split(" ")
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "couple": 2, "few": 3}
_DAYS = "|".join(_WEEKDAYS)
_MONTH = "|".join([*_MONTHS, *(month[:3] for month in _MONTHS), "sept"])
_DAY_NAMES = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth twenty-first twenty-second twenty-third twenty-fourth "
    "twenty-fifth twenty-sixth twenty-seventh twenty-eighth twenty-ninth thirtieth thirty-first"
)
_SPELLED_DAYS = {word: day for day, word in enumerate(_DAY_NAMES.split(" "), start=1)}
_ORDINAL = r"\d{1,2}(?:st|nd|rd|th)|" + "|".join(sorted(_SPELLED_DAYS, key=len, reverse=True)).replace("-", "[- ]")


MAY_NAME_DAY = cue(
    rf"day|week|month|quarter|year|tomorrow|tonight|this (?:after|eve)|eod|close of|right after|q[1-4]|the (?:{_ORDINAL})|"
    rf"\b(?:{'|'.join(month[:3] for month in _MONTHS)})",
)
"""A cheap look before the exact rules."""


@dataclass(frozen=True, slots=True)
class Due:
    """A date and the words that say it."""

    day: date
    phrase: str


def due_in(text: str, spoken_on: date) -> Due | None:
    """The first due date a sentence names, or None. `spoken_on` is the day of the call."""
    if not MAY_NAME_DAY.search(text):
        return None
    found: list[tuple[int, int, Due]] = []
    for order, (pattern, resolve) in enumerate(_RULES):
        match = pattern.search(text)
        if match is None:
            continue
        day = resolve(match, spoken_on)
        if day is not None:
            found.append((order, match.start(), Due(day, match.group().strip())))
    return min(found, key=lambda item: (item[1], item[0]))[2] if found else None


def _weekday(match: re.Match[str], spoken_on: date) -> date:
    ahead = (_WEEKDAYS.index(match["weekday"].lower()) - spoken_on.weekday()) % 7 or 7
    if match["next"]:  # of the following week, whatever today is
        ahead = 7 - spoken_on.weekday() + _WEEKDAYS.index(match["weekday"].lower())
    return spoken_on + timedelta(days=ahead)


def _in_a_while(match: re.Match[str], spoken_on: date) -> date | None:
    word = match["number"].lower()
    number = int(word) if word.isdigit() else _NUMBERS.get(word)
    if number is None or number > 365:
        return None
    unit = match["unit"].lower()
    if unit == "month":
        return _plus_months(spoken_on, number)
    return (
        _workday(spoken_on, number)
        if match["business"]
        else spoken_on + timedelta(days=number * (7 if unit == "week" else 1))
    )


def _workday(spoken_on: date, number: int) -> date:
    day = spoken_on
    while number:
        day += timedelta(days=1)
        number -= day.weekday() < 5
    return day


def _plus_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _end_of(match: re.Match[str], spoken_on: date) -> date:
    unit, following = match["unit"].lower(), bool(match["next"])
    if unit == "day":
        return spoken_on
    if unit == "week":
        friday = spoken_on + timedelta(days=(4 - spoken_on.weekday()) % 7)
        return friday + timedelta(days=7) if following else friday
    if unit == "month":
        return _month_end(_plus_months(spoken_on.replace(day=1), int(following)))
    if unit == "quarter":
        months = (spoken_on.month - 1) // 3 * 3 + 3 - spoken_on.month + 3 * int(following)
        return _month_end(_plus_months(spoken_on.replace(day=1), months))
    return date(spoken_on.year + int(following), 12, 31)


def _quarter(match: re.Match[str], spoken_on: date) -> date:
    month = 3 * int(match["quarter"])
    year = spoken_on.year + int(date(spoken_on.year, month, monthrange(spoken_on.year, month)[1]) < spoken_on)
    return date(year, month, monthrange(year, month)[1])


def _month_day(match: re.Match[str], spoken_on: date) -> date | None:
    return _coming(spoken_on, _month_number(match["month"]), _day_number(match["day"]))


def _month_number(spoken: str) -> int:
    return next(number for number, name in enumerate(_MONTHS, 1) if name[:3] == spoken.lower()[:3])


def _end_of_month(match: re.Match[str], spoken_on: date) -> date:
    month = _month_number(match["month"])
    year = spoken_on.year + int(month < spoken_on.month)
    return date(year, month, monthrange(year, month)[1])


def _ordinal(match: re.Match[str], spoken_on: date) -> date | None:
    day = _day_number(match["day"])
    month = spoken_on if day > spoken_on.day else _plus_months(spoken_on.replace(day=1), 1)
    return _coming(spoken_on, month.month, day)


def _day_number(spoken: str) -> int:
    digits = re.match(r"\d+", spoken)
    return int(digits.group()) if digits else _SPELLED_DAYS[spoken.lower().replace(" ", "-")]


def _coming(spoken_on: date, month: int, day: int) -> date | None:
    """The next such day of the year; a day long passed is next year's."""
    for year in (spoken_on.year, spoken_on.year + 1):
        if 1 <= day <= monthrange(year, month)[1] and date(year, month, day) >= spoken_on:
            return date(year, month, day)
    return None


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], date | None]], ...] = (
    (_rule(rf"\b(?:by |on |until |before )?(?P<month>{_MONTH})\b\.? (?:the )?(?P<day>{_ORDINAL}|\d{{1,2}})\b(?! ?%)"), _month_day),
    (_rule(rf"\b(?:the )?(?P<day>{_ORDINAL}) of (?P<month>{_MONTH})\b"), _month_day),
    (_rule(rf"\b(?:by |on |until |before )?(?:this |coming |next )?(?:{_DAYS}),? the (?P<day>{_ORDINAL})\b"), _ordinal),
    (_rule(rf"\b(?:by |on |until |before )?(?:this |coming )?(?P<next>next )?(?<!last )(?P<weekday>{_DAYS})\b"), _weekday),
    (_rule(rf"\b(?:by |at |before )?(?:the )?end of (?P<month>{_MONTH})\b"), _end_of_month),
    (_rule(r"\b(?:by )?(?:tomorrow)\b"), lambda _, day: day + timedelta(days=1)),
    (_rule(r"\b(?:by )?(?:today|tonight|this afternoon|this evening|eod|close of business|right after (?:this|the) call)\b"),
     lambda _, day: day),
    (_rule(r"\b(?:by )?(?:the )?end of (?:the |this |business )?(?P<next>next )?(?P<unit>day|week|month|quarter|year)\b"),
     _end_of),
    (_rule(r"\b(?:within|in) (?:the next )?(?:a )?(?P<number>\d{1,3}|a|an|one|two|three|four|five|six|couple|few) (?:of )?"
           r"(?P<business>business |working )?(?P<unit>day|week|month)s?\b"), _in_a_while),
    (_rule(rf"\b(?:by|on|before|until|for) the (?P<day>{_ORDINAL})\b"), _ordinal),
    (_rule(r"\b(?:by|before|in|end of|until) q(?P<quarter>[1-4])\b"), _quarter),
    (_rule(r"\bnext week\b"), lambda _, day: day + timedelta(days=11 - day.weekday())),
    (_rule(r"\bthis week\b"), lambda _, day: day + timedelta(days=(4 - day.weekday()) % 7)),
    (_rule(r"\bnext month\b"), lambda _, day: _month_end(_plus_months(day.replace(day=1), 1))),
)  # fmt: skip
"""Of two that begin at the same word the earlier one is meant."""
