"""What a request says in the writer's own words: a channel, a text to post, something to look for, a focus."""

import re
from collections.abc import Mapping

from pydantic import JsonValue

from agents.analysis.periods import leading_period, points
from agents.analysis.reading import Reading
from agents.analysis.roster import Found, roster
from agents.analysis.words import words

__all__ = [
    "read_channel",
    "read_focus",
    "read_framework",
    "read_phrases",
    "read_query",
    "read_side",
    "read_sql",
    "read_text",
    "read_topic",
]

_FILLERS = (
    "a an the it that this them they he she we us our their say says saying said tell told talk talked think customer "
    "customers client clients people anyone anybody everybody all on calls call in about with do did what"
)
FILLERS = frozenset(_FILLERS.split())
"""Words that are no subject to look for when nothing else is beside them."""
STATEMENT = re.compile(r"(?:\A|[:\n`])\s*((?:SELECT|WITH)\b[^`]*)", re.IGNORECASE)
PLAINLY_SQL = re.compile(r"\A(?:SELECT|WITH)\b|\bopportunities\b")
"""Either of these, beside a statement that parses: `Select deals from West` parses too, and is English."""
SAY = r"(?:say|said|saying|says|think|thinks|thought|tell|told|mention|mentioned|complain|complained)"
OURS_SAY = re.compile(
    rf"\b(?:did|do|have|has)\s+(?:we|i|you|(?:our|the|my)\s+(?:reps?|sellers?|side|team))\s+(?:\w+\s+)?{SAY}\b",
    re.IGNORECASE,
)
THEIRS_SAY = re.compile(
    rf"\b(?:customers?|clients?|buyers?|prospects?|they)\s+(?:\w+\s+)?{SAY}\b|\bcustomer(?:'s|s')?\s+(?:voice|words)\b",
    re.IGNORECASE,
)
WHO_SAYS = re.compile(
    rf"\bwhat\s+(?:(?:did|does|do|has|have|was|is|were)\s+)(?!(?:we|i|you)\b)(?:[\w&'’.-]+\s+){{1,5}}?{SAY}\b",
    re.IGNORECASE,
)
"""What somebody said; it is the account's people where an account is named."""
PROMISE = r"(?:promise|commit|owe|agree)(?:d|ed|s|ted)?\b"
OURS_PROMISE = re.compile(
    rf"\b(?:did|do|have|has)\s+(?:we|i|(?:our|the|my)\s+(?:reps?|sellers?|side|team))\s+(?:\w+\s+)?{PROMISE}",
    re.IGNORECASE,
)
THEIRS_PROMISE = re.compile(
    rf"\b(?:did|do|does|have|has)\s+(?:they|the\s+(?:customer|client|buyer)|customers?)\s+(?:\w+\s+)?{PROMISE}",
    re.IGNORECASE,
)
"""Whose promises are asked after: "what did I promise to send Acme", "what do they owe us"."""
CHANNEL = re.compile(r"(?<!\w)#([a-z0-9][a-z0-9_-]{0,79})|\b(?:in|to|on)\s+the\s+([a-z0-9_-]{2,80})\s+channel\b")
QUOTED = re.compile(r"“([^”]{1,4000})”|\"([^\"]{1,4000})\"|(?<!\w)'([^']{1,4000})'(?!\w)")
SAYING = re.compile(r"\b(?:saying|says|with the text|message:)\s*:?\s+(\S[^\n]{0,4000})", re.IGNORECASE)
POSTING = re.compile(r"\b(?:post|send|draft|write|share|announce|tell|reply|compose)\b", re.IGNORECASE)
SEARCHED = re.compile(
    r"\b(?:search(?:\s+\w+)?\s+for|look(?:ing)?\s+for|find|about|regarding|mention(?:s|ed|ing)?(?:\s+of)?|discuss(?:ed|ing)?)"
    r"\s+([^?.!\n]{2,120})",
    re.IGNORECASE,
)
FRAMEWORK = re.compile(r"\b(?:meddic|meddicc|meddpicc|spiced|bant)\b", re.IGNORECASE)
COUNTING = re.compile(r"\b(?:how (?:often|many times)|track\w*|count\w*|mentions? of)\b", re.IGNORECASE)
FOCUS = re.compile(
    r"\b(?:focus(?:s?ed|s?ing|es)?\s+on|with\s+a\s+focus\s+on|especially|particularly)\s+([^?.!;\n]{2,80})",
    re.IGNORECASE,
)
DOING_ON = re.compile(
    r"\b(?:do|did|does|doing|stand|fare|performed|performing|perform)\s+on\s+"
    r"(?!(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b)([^?.!;\n]{2,80})",
    re.IGNORECASE,
)
"""How something went: "how did we do on price", where no time follows ("how did we do on Monday")."""
TOPIC = re.compile(r"\b(?:about|regarding|on\s+the\s+topic\s+of|concerning)\s+([^?.!;\n]{2,80})", re.IGNORECASE)
TAIL = re.compile(
    r"\s+(?:in|on|from|to)\s+(?:the\s+)?(?:#\S+|slack|\S+\s+channel).*$"
    r"|\s+(?:last|this|past|since|in\s+the\s+last)\s+(?:\d+\s+)?(?:day|week|month|quarter|year)s?.*$"
    r"|\s+(?:in\s+)?q[1-4]\b.*$",
    re.IGNORECASE,
)

BEFORE_TIME = re.compile(
    r"\s+(?:in|for|during|of|since|from|over|throughout|between|until)(?:\s+the)?\s*$", re.IGNORECASE
)


def read_channel(reading: Reading) -> None:
    if reading.wants("channel") and (match := CHANNEL.search(reading.text)):
        reading.fill("channel", match[1] or match[2])


def read_framework(reading: Reading) -> None:
    """Which qualification framework is named; people write MEDDIC for MEDDICC."""
    if reading.wants("framework") and (match := FRAMEWORK.search(reading.text)):
        named = match[0].upper()
        reading.fill("framework", "MEDDICC" if named == "MEDDIC" else named)


def read_phrases(reading: Reading) -> None:
    """What stands in quotation marks is a phrase to track, where counting is asked for."""
    if reading.wants("phrases") and COUNTING.search(reading.text):
        phrases = [next(group for group in match.groups() if group) for match in QUOTED.finditer(reading.text)]
        if phrases:
            reading.fill("phrases", list[JsonValue](phrases[:10]))


def quoted(text: str) -> str | None:
    match = QUOTED.search(text)
    return next((group for group in match.groups() if group), None) if match else None


def read_side(reading: Reading) -> None:
    """Whose sentences are meant: "what did Umbrella say" asks for the customer's, "what did our rep say" for ours."""
    if not reading.wants("side"):
        return
    of_rep = "rep" in reading.arguments and "account" not in reading.arguments
    if (
        OURS_SAY.search(reading.text)
        or OURS_PROMISE.search(reading.text)
        or (of_rep and WHO_SAYS.search(reading.text))
    ):
        reading.fill("side", "internal")
    elif (
        THEIRS_SAY.search(reading.text)
        or THEIRS_PROMISE.search(reading.text)
        or ("account" in reading.arguments and WHO_SAYS.search(reading.text))
    ):
        reading.fill("side", "external")


def read_sql(reading: Reading) -> None:
    """A request that is a query, or ends in one after a colon: one statement that parses and reads."""
    match = STATEMENT.search(reading.text) if reading.wants("sql") else None
    if match is None or not PLAINLY_SQL.search(match[1]) or " from " not in " ".join(match[1].lower().split()):
        return
    if is_query(match[1]):
        reading.fill("sql", match[1].strip())


def is_query(sql: str) -> bool:
    import sqlglot  # 0.2 s to import, and only for what looks like a statement
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        parsed = sqlglot.parse(sql, read="duckdb")
    except (SqlglotError, RecursionError):
        return False
    # A comment after the last semicolon is a statement to the parser, and none to anybody else.
    statements = [it for it in parsed if it is not None and not isinstance(it, exp.Semicolon)]
    return len(statements) == 1 and isinstance(statements[0], exp.Query)


def read_text(reading: Reading) -> None:
    """What is to be posted: in quotation marks, or all that follows "saying" or a colon."""
    if not reading.wants("text") or not POSTING.search(reading.text):
        return
    said = SAYING.search(reading.text)
    found = quoted(reading.text) or (said[1] if said else reading.text.partition(": ")[2])
    fill_phrase(reading, "text", found.strip())


def read_query(reading: Reading) -> None:
    if reading.wants("query") and not ("text" in reading.fields and POSTING.search(reading.text)):
        query = quoted(reading.text) or phrase(SEARCHED, reading.text)
        if query and not all(word.plain in FILLERS for word in words(query)):
            fill_phrase(reading, "query", query)


def read_focus(reading: Reading) -> None:
    if reading.wants("focus"):
        fill_phrase(reading, "focus", phrase(FOCUS, reading.text) or without_time(DOING_ON, reading))


def read_topic(reading: Reading, known: Mapping[str, tuple[str, ...]]) -> None:
    """The one name that a request mentions, of whatever kind; else what it says it is about."""
    if reading.wants("topic"):
        fill_phrase(reading, "topic", named(reading, known) or phrase(FOCUS, reading.text) or about(reading))


def without_time(pattern: re.Pattern[str], reading: Reading) -> str | None:
    """What a pattern finds, up to the time that it names; None where that leaves nothing."""
    found = phrase(pattern, reading.text)
    if not found:
        return None
    first = next(iter(points(found, reading.as_of)), None)
    return BEFORE_TIME.sub("", found[: first.start] if first else found).strip(" ,:-") or None


def about(reading: Reading) -> str | None:
    """What a request is about, if that is more than a period: "what about Q4" has no topic."""
    found = phrase(TOPIC, reading.text)
    return found if found and leading_period(found, reading.as_of) is None else None


def named(reading: Reading, known: Mapping[str, tuple[str, ...]]) -> str | None:
    """The only name of those that are known, misspellings left aside."""
    if any(kind in reading.fields for kind in known):
        return None  # a name has a place of its own then
    names: dict[str, None] = {}
    for kind, listed in known.items():
        for it in roster(listed, people=kind in {"rep", "manager"}).within(reading.sentence, reading.free):
            if isinstance(it, Found) and it.how != "spelling":
                names[it.name] = None
    return next(iter(names)) if len(names) == 1 else None


def phrase(pattern: re.Pattern[str], text: str) -> str | None:
    match = pattern.search(text)
    return TAIL.sub("", match[1]).strip(" ,:-") if match else None


def fill_phrase(reading: Reading, name: str, found: str | None) -> None:
    if found:
        reading.fill(name, found)
