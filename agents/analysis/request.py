"""What a request in plain words says: typed arguments, and one intent out of a list.

Pure and total: any text gives a `ParsedRequest`, the same one each time. Both routes of a call get these values, so
that they answer the same question.

The rules. What was given explicitly wins and is never changed. Only arguments in `fields` are filled, and only where
the text names them without doubt: two accounts, two reps or two calls in one request fill nothing and leave a note.
A name that was read by its spelling or by a part of it leaves a note too. Nothing that confirms an action is ever
read from words. Only the first `MAX_CHARS` characters are read.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from pydantic import JsonValue

from agents.analysis.asked_calls import note_unknown_names, read_newest
from agents.analysis.asked_coaching import read_coaching, without_coaching
from agents.analysis.asked_figure import read_dimension, read_limit, read_metric, read_order, read_region
from agents.analysis.asked_text import (
    read_channel,
    read_focus,
    read_framework,
    read_phrases,
    read_query,
    read_side,
    read_sql,
    read_text,
    read_topic,
)
from agents.analysis.intents import choose_intent, unwanted
from agents.analysis.periods import Period, find_periods, leading_period, unread_stretch
from agents.analysis.reading import Reading
from agents.analysis.roster import Found, Unclear, roster
from agents.analysis.timespan import add_months, year
from agents.analysis.words import words
from agents.sources import Names

__all__ = ["MAX_CHARS", "ParsedRequest", "parse_request"]

MAX_CHARS = 20_000
PEOPLE = frozenset({"rep", "manager"})
MAX_WORDS = 400  # for names and intents: what somebody wants stands at the beginning of what they paste

CALL_ID = re.compile(r"(?<![\w$€£.,-])\d{6,20}(?![\w%]|[.,]\d|-\d)")
SHORT_CALL_ID = re.compile(r"\bcall\s+(?:id\s+|no\.?\s*|number\s+|#\s*)*(\d{1,20})\b", re.IGNORECASE)
COMPARED_WITH = re.compile(
    r"\b(?:(?:changed?|different)\s+(?:since|from)|compared?\s+(?:to|with)|versus|vs\.?|against|(?:better|worse|more|less)\s+than)"
    r"\s+(?:the\s+|in\s+)?",
    re.IGNORECASE,
)
YEAR_ON_YEAR = re.compile(r"\by/y\b|\byoy\b|\byear[\s-](?:over|on)[\s-]year\b", re.IGNORECASE)
LOOKS_LIKE_DATE = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
DEAL_ID = re.compile(r"\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{8}\b|\b006[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?\b")
NAMED_DEAL = re.compile(r"\b(?:deal|opportunity)\s+(?:id\s+|no\.?\s*|number\s+|#\s*)*([A-Z0-9]{8}|\d{5,20})\b")


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """`arguments` holds the given and the read ones, none of them None; `notes` say what was assumed or left open."""

    arguments: dict[str, JsonValue]
    intent: str | None
    notes: tuple[str, ...] = ()


def parse_request(
    request: str,
    given: Mapping[str, JsonValue],
    *,
    fields: Container[str],
    intents: Mapping[str, tuple[str, ...]],
    names: Names,
    as_of: date,
    vocabulary: Mapping[str, tuple[str, ...]] | None = None,
) -> ParsedRequest:
    """Read the arguments that the tool has and the caller left out, and what is wanted.

    `fields` are the tool's arguments, `intents` its own tools with their cues, `names` what exists, `as_of` the day
    that relative periods count back from. `vocabulary` are further names by the argument that takes them, such as
    `product`; accounts and reps in it are known beside those in `names`.
    """
    arguments: dict[str, JsonValue] = {name: value for name, value in given.items() if value is not None}
    text = request[:MAX_CHARS]
    reading = Reading(text, words(text[: MAX_WORDS * 12])[:MAX_WORDS], fields, arguments, as_of)
    if len(request) > MAX_CHARS:
        reading.notes.append(f"Only the first {MAX_CHARS:,} of {len(request):,} characters of the request were read.")
    read_sql(reading)
    if "sql" in reading.arguments and "run_sql" in intents:
        return ParsedRequest(reading.arguments, "run_sql", tuple(reading.notes))  # names in a query are the query's
    read_call_id(reading, names.call_ids)
    read_newest(reading)
    read_deal_id(reading)
    read_coaching(reading)
    read_text(reading)
    read_periods(reading)
    read_metric(reading)
    known = {"account": names.accounts, "rep": names.reps}
    for name, more in (vocabulary or {}).items():
        known[name] = (*known.get(name, ()), *more)
    for name, listed in known.items():
        read_name(reading, name, f"{name}s", listed, people=name in PEOPLE)
    read_region(reading)
    note_unknown_names(reading)
    for read in (
        read_dimension,
        read_limit,
        read_order,
        read_channel,
        read_query,
        read_side,
        read_focus,
        read_framework,
        read_phrases,
    ):
        read(reading)
    read_topic(reading, known)
    rejected = unwanted(text)
    heard = [word for word in reading.sentence if not any(a <= word.start < b for a, b in rejected)]
    intent = choose_intent(heard, intents)
    if intent is None and "metric" in reading.arguments and "metric" in intents:
        intent = "metric"  # who names a figure wants it computed, whatever else they say
    return ParsedRequest(reading.arguments, intent, tuple(reading.notes))


def read_call_id(reading: Reading, known_ids: tuple[str, ...]) -> None:
    if not reading.wants("call_id"):
        return
    known = call_ids(known_ids)
    found = [word.text for word in reading.sentence if word.text in known]
    found += [match[1] for match in SHORT_CALL_ID.finditer(reading.text) if match[1] in known or len(match[1]) >= 6]
    if not found:
        found = [match[0] for match in CALL_ID.finditer(reading.text) if not LOOKS_LIKE_DATE.fullmatch(match[0])]
    reading.fill_single("call_id", "calls", found)


def read_deal_id(reading: Reading) -> None:
    if not reading.wants("deal_id"):
        return
    found = [match[1] for match in NAMED_DEAL.finditer(reading.text)]
    found += [match[0] for match in DEAL_ID.finditer(reading.text)]
    reading.fill_single("deal_id", "deals", found)


def read_periods(reading: Reading) -> None:
    """Into `period` and `against`, or into `from_date` and `to_date`."""
    # The days in a message to be posted are the message's.
    dated = any(name in reading.arguments for name in ("period", "from_date", "to_date", "text"))
    if dated or not any(name in reading.fields for name in ("period", "from_date", "to_date")):
        return
    text = without_coaching(reading.text) if "coached_on" in reading.arguments else reading.text
    before, against = compared_with(text, reading.as_of) or (text, None)
    if YEAR_ON_YEAR.search(text) and against is None and reading.wants("against"):
        read_year_on_year(reading)
        return
    periods = list(dict.fromkeys(find_periods(before, reading.as_of)))[:8]
    if against is not None and reading.wants("against"):
        reading.fill("against", against.text)
    elif against is not None and not periods:
        periods = [against.following]
    if not periods:
        if unread := unread_stretch(text, reading.as_of):
            reading.notes.append(f"“{unread[:60]}” is no period that can be read, so the answer covers all time.")
        return
    if reading.wants("period"):
        reading.fill("period", periods[0].text)
        if len(periods) > 1 and reading.wants("against"):
            reading.fill("against", periods[1].text)
    else:
        fill_dates(reading, periods[0])
    if len(periods) > 1 and "against" not in reading.arguments:
        others = ", ".join(period.label for period in periods[1:4])
        reading.notes.append(f"The request names several periods; {periods[0].label} was used, not {others}.")


def read_year_on_year(reading: Reading) -> None:
    """The period that is named, else the year of the data, against the same days of the year before."""
    later = next(find_periods(YEAR_ON_YEAR.sub(" ", reading.text), reading.as_of), None) or year(reading.as_of.year)
    if not later.is_all and later.from_date > date.min:
        earlier = Period.between(add_months(later.from_date, -12), add_months(later.to_date, -12))
        reading.fill("period", later.text)
        reading.fill("against", earlier.text)


def compared_with(text: str, as_of: date) -> tuple[str, Period] | None:
    """The period that something is compared with, and the text before the words that say so.

    It has to follow directly: in "compared to West in Q4" it is West that is compared with.
    """
    for match in COMPARED_WITH.finditer(text):
        period = leading_period(text[match.end() : match.end() + 40], as_of)
        if period is not None:
            return text[: match.start()], period
    return None


def fill_dates(reading: Reading, period: Period) -> None:
    if period.from_date > date.min and reading.wants("from_date"):
        reading.fill("from_date", period.from_date.isoformat())
    if period.to_date < date.max and reading.wants("to_date"):
        reading.fill("to_date", period.to_date.isoformat())


def read_name(reading: Reading, name: str, kind: str, known: tuple[str, ...], *, people: bool = False) -> None:
    if not reading.wants(name) or not known:
        return
    found = list(roster(known, people=people).within(reading.sentence, reading.free))
    for it in found:
        if isinstance(it, Found):
            reading.take(it.at, it.length)
    excluded = [it for it in found if isinstance(it, Found) and is_excluded(reading, it.at)]
    for it in excluded:
        reading.notes.append(f"Nothing can be left out by name: the answer does not exclude {it.name}.")
    named = {it.name: it for it in found if isinstance(it, Found) and it not in excluded}
    unclear = [it for it in found if isinstance(it, Unclear)]
    reading.fill_single(name, kind, tuple(named) or (unclear[0].nearest if unclear else ()))
    if len(named) == 1 and (single := next(iter(named.values()))).how != "exact":
        reading.notes.append(f"Read “{single.written}” as {single.name}.")


def is_excluded(reading: Reading, at: int) -> bool:
    """Whether the words before a name take it out: "win rate without Acme" is not Acme's."""
    before = [word.plain for word in reading.sentence[max(0, at - 2) : at]]
    return before[-1:] in (["not"], ["without"], ["except"], ["excluding"], ["besides"]) or before in (
        ["other", "than"],
        ["except", "for"],
        ["leaving", "out"],
    )


@lru_cache(maxsize=8)
def call_ids(known: tuple[str, ...]) -> frozenset[str]:
    return frozenset(known)
