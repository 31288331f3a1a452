"""What a request says about coaching: who asks, when somebody was coached, which calls and which objections."""

import re

from agents.analysis.periods import leading_period
from agents.analysis.reading import Reading

__all__ = ["read_coaching", "without_coaching"]

MANAGES = re.compile(
    r"\bmy\s+(?:(?:direct|own|new|sales|senior|junior|whole|entire|best|worst|other)\s+)*"
    r"(?:reports?|reps?|team(?:['’]s)?|ae['’]?s?|account\s+executives?|sellers?|people|sdrs?|bdrs?|guys)\b"
    r"|\bmy\s+(?:1\s*:\s*1|1\s*on\s*1|one[- ](?:to|on)[- ]one)\b"
    r"|\bi\s+(?:manage|lead|coach)\b|\b(?:reports?|reporting)\s+to\s+me\b"
    r"|\bi(?:['’]m|\s+am)\s+(?:\w+\s+\w+['’]s|\w+['’]s|his|her|their|the)\s+(?:manager|boss|team\s+lead|sales\s+lead)\b"
    r"|\bas\s+(?:his|her|their|\w+['’]s)\s+manager\b",
    re.IGNORECASE,
)
OWN = re.compile(
    r"\bmy\s+own\b|\bmy\s+(?:last\s+|recent\s+|latest\s+)?(?:\w+\s+)?calls?\b|\bcoach\s+me\b|\bhow\s+am\s+i\s+doing\b"
    r"|\bhow\s+can\s+i\s+(?:get\s+better|improve)\b|\bmy\s+(?:talk\s+ratio|questions|monologues?|scorecard|patience)\b",
    re.IGNORECASE,
)
COACHED = re.compile(
    r"\b(?:since|after|before\s+and\s+after)\s+(?:the\s+|our\s+|my\s+|his\s+|her\s+|their\s+)?"
    r"(?:coaching|training|workshop|session|one[- ]to[- ]one)(?:\s+(?:session|day))?\s+(?:on\s+|in\s+|of\s+)?(?:the\s+)?",
    re.IGNORECASE,
)
KINDS = {
    "discovery": r"discovery|first|intro(?:ductory)?|qualification",
    "demo": r"demo(?:nstration)?",
    "negotiation": r"negotiation|pricing|contract",
    "closing": r"closing",
    "check_in": r"check-?in|renewal",
}
KIND = {
    kind: re.compile(rf"\b(?:{words})\s+(?:call|meeting|conversation)s?\b", re.IGNORECASE)
    for kind, words in KINDS.items()
}
OBJECTIONS = {
    "price": r"pric(?:e|es|ing)|cost|budget|discount",
    "timing": r"timing|timeline",
    "authority": r"authority",
    "need": r"need|value",
    "competitor": r"competit(?:or|ors|ion|ive)",
    "security": r"security|legal",
    "integration": r"integration",
    "status quo": r"status\s+quo",
    "trust": r"trust",
}
OBJECTION = {
    kind: re.compile(rf"\b(?:{words})(?:\s+\w+)?\s+(?:objection|concern|pushback)s?\b", re.IGNORECASE)
    for kind, words in OBJECTIONS.items()
}
REACH = 40
UP_TO = re.compile(COACHED.pattern + r"[^,;?!]{0,40}", re.IGNORECASE)


def read_coaching(reading: Reading) -> None:
    """Into `relation`, `coached_on`, `kind` and `objection`; before the periods, since a day of coaching is none."""
    if reading.wants("relation"):
        if MANAGES.search(reading.text):
            reading.fill("relation", "manager")
        elif OWN.search(reading.text):
            reading.fill("relation", "self")
    if reading.wants("coached_on"):
        read_day(reading)
    for name, patterns in (("kind", KIND), ("objection", OBJECTION)):
        if reading.wants(name):
            reading.fill_single(
                name, f"{name}s", [it for it, words in patterns.items() if words.search(reading.text)]
            )


def read_day(reading: Reading) -> None:
    for match in COACHED.finditer(reading.text):
        period = leading_period(reading.text[match.end() : match.end() + REACH], reading.as_of)
        if period is not None and not period.is_all:
            reading.fill("coached_on", period.from_date.isoformat())
            return


def without_coaching(text: str) -> str:
    """A text without the day of coaching that it names, which is no period to look at."""
    return UP_TO.sub(" ", text)
