"""Amounts and discounts that were said, as said and as numbers.

"$4,821", "26k", "fifty thousand dollars", "12 percent off", "$40 per seat per month". A bare number is no amount; a
percentage counts only in a sentence about money.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agents.analysis.calls.conversation import Conversation, Line, once
from agents.analysis.calls.word_index import WordIndex, cue, word_index

__all__ = ["PriceMention", "prices_in"]

_UNITS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_VALUES = {word: number for number, word in enumerate(_UNITS.split(), 1)} | {
    word: 10 * number for number, word in enumerate(_TENS.split(), 2)
}
_SCALES = {"hundred": 100, "thousand": 1_000, "k": 1_000, "grand": 1_000, "million": 1_000_000, "m": 1_000_000}
_WORD = "|".join([*_VALUES, "hundred", "thousand", "million"])
_SPELLED = rf"(?:(?:a|{_WORD})(?:[ -](?:and )?(?:{_WORD}))*)"
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_PER = r"(?P<per> (?:per|a|an|each|for each|/) ?(?:seat|user|unit|month|year|device|box|rack|license|licence|site|node|server|quarter|rep)\b(?: (?:per|a) (?:month|year))?| each\b| apiece\b)?"
_AMOUNT = re.compile(
    rf"(?:(?P<symbol>[$€£])\s?(?P<after>{_DIGITS})(?:\s?(?P<scale1>k|m|thousand|million|grand)\b)?"
    rf"|(?<![\w.,])(?P<digits>{_DIGITS})\s?(?P<scale2>k|thousand|million|grand|hundred)?\s?"
    rf"(?P<unit>dollars?|bucks|usd|eur|euros?|pounds?|gbp)\b"
    rf"|(?<![\w.,])(?P<short>\d+(?:\.\d+)?)(?P<scale3>k)\b"
    rf"|\b(?P<spelled>{_SPELLED})\s(?P<unit2>dollars?|bucks|grand|euros?|pounds?)\b"
    rf"|\b(?P<large>(?:{_WORD})(?:[ -](?:and )?(?:{_WORD}))*[ -](?:hundred|thousand|million)(?:[ -](?:and )?(?:{_WORD}))*)\b)"
    + _PER,
    re.IGNORECASE,
)
_PERCENT = re.compile(rf"(?P<number>{_DIGITS}|{_SPELLED})\s?(?:%|per ?cent\b)", re.IGNORECASE)
_ABOUT_MONEY = cue(
    r"\b(?:pric\w+|costs?|discounts?|quot\w+|budget\w*|off|margin|list|rebate|uplift|invoice\w*|pay(?:ment)?s?|paying|fees?|"
    r"spend\w*|expensive|cheaper|roi|deal|total|per (?:unit|seat|user|month|year)|terms)\b",
)
_DISCOUNT = cue(r"\b(?:discount\w*|off|rebate\w*|reduc\w+|lower|concession\w*|better price)\b")
_PRICE_TALK = cue(
    r"\b(?:pric(?:e|es|ing|ed)|discount\w*|budget\w*|expensive|cheaper|payment terms|net (?:30|60|90))\b",
)
_BARE = re.compile(
    r"(?<![\w$€£.,])(?P<number>\d{1,3}(?:,\d{3})+)(?=[.,;?!]|$|,? (?:for|with|and|or|on|is|was|if|versus|vs|per|each|"
    r"plus|all|including|instead|against|to|from|before|after|as|in|at|a|the)\b)"
)
_NO_NOUN = re.compile(
    r"(?=[.,;?!]|$| (?:more|over|less|off|higher|lower|extra|for|with|and|or|is|was|per|a|each|too|on)\b)"
)
_TAKEN_OFF = re.compile(r" ?(?:off|discount|less|rebate|cheaper|down)\b", re.IGNORECASE)
_FIGURE_MARK = re.compile(r"[$€£\d]")
_FIGURE_WORD = cue(r"dollar|bucks|grand|hundred|thousand|million|per ?cent|euro|pound")
"""A cheap look before the exact patterns: a mark or a word."""
_NEARBY_LINES = 4
_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP"}


@dataclass(frozen=True, slots=True)
class PriceMention:
    """One amount, percentage or word about price. `value` is in units of `currency`, or in percent."""

    kind: Literal["amount", "discount", "percentage", "talk"]
    phrase: str
    value: float | None
    currency: str | None
    per: str | None
    line: Line


@once
def prices_in(conversation: Conversation) -> tuple[PriceMention, ...]:
    """Every mention in order of time; a sentence about price without a figure is one of kind `talk`."""
    index = word_index(conversation)
    figures_by_line = [list(_figures(index, line)) for line in conversation.lines]
    mentions: list[PriceMention] = []
    for line, clear in zip(conversation.lines, figures_by_line, strict=True):
        near = figures_by_line[max(0, line.number - _NEARBY_LINES) : line.number + _NEARBY_LINES + 1]
        figures = clear + (_bare(line) if any(near) or index.search(_ABOUT_MONEY, line.number, line.text) else [])
        mentions.extend(figures)
        if not figures and index.search(_PRICE_TALK, line.number, line.text):
            mentions.append(PriceMention("talk", line.text, None, None, None, line))
    return tuple(mentions)


def _figures(index: WordIndex, line: Line) -> Iterator[PriceMention]:
    if not (_FIGURE_MARK.search(line.text) or index.search(_FIGURE_WORD, line.number, line.text)):
        return
    about_money = index.search(_ABOUT_MONEY, line.number, line.text) is not None
    for match in _AMOUNT.finditer(line.text):
        if match["large"] and not (about_money and _NO_NOUN.match(line.text, match.end())):
            continue  # "ten thousand devices" is no price
        value = _value(match)
        if value is not None:
            per = match["per"].strip() if match["per"] else None
            kind = "discount" if _TAKEN_OFF.match(line.text[match.end() :]) else "amount"
            yield PriceMention(kind, match.group().strip(), value, _currency(match), per, line)
    if about_money:
        for match in _PERCENT.finditer(line.text):
            kind = "discount" if _DISCOUNT.search(line.text) else "percentage"
            value = _number(match["number"])
            yield PriceMention(kind, match.group().strip(), value, None, None, line)


def _bare(line: Line) -> list[PriceMention]:
    """Numbers such as 4,900 that stand alone where money is talked about: nobody says the currency each time."""
    return [
        PriceMention("amount", match["number"], float(match["number"].replace(",", "")), None, None, line)
        for match in _BARE.finditer(line.text)
    ]


def _value(match: re.Match[str]) -> float | None:
    digits = match["after"] or match["digits"] or match["short"]
    if digits:
        scale = match["scale1"] or match["scale2"] or match["scale3"]
        return float(digits.replace(",", "")) * (_SCALES[scale.lower()] if scale else 1)
    value = _number(match["spelled"] or match["large"])
    return value * 1_000 if value is not None and (match["unit2"] or "").lower() == "grand" else value


def _currency(match: re.Match[str]) -> str | None:
    if match["symbol"]:
        return _CURRENCIES[match["symbol"]]
    unit = (match["unit"] or match["unit2"] or "").lower()
    if unit.startswith(("dollar", "buck", "usd")):
        return "USD"
    if unit.startswith("eur"):
        return "EUR"
    return "GBP" if unit.startswith(("pound", "gbp")) else None


def _number(spoken: str) -> float | None:
    """ "1,200", "twelve", "forty-eight thousand five hundred"."""
    if spoken[0].isdigit():
        return float(spoken.replace(",", ""))
    return _spelled(re.split(r"[ -]", spoken.lower()))


def _spelled(words: Sequence[str]) -> float | None:
    total = part = 0
    for word in words:
        if word in _VALUES:
            part += _VALUES[word]
        elif word == "hundred":
            part = max(1, part) * 100
        elif word in _SCALES:
            total += max(1, part) * _SCALES[word]
            part = 0
        elif word not in {"and", "a"}:
            return None
    return float(total + part) or None
