"""What a follow-up leaves unsaid: "and the next steps?" is about the account of the question before.

Pure. Taken over is only what the request leaves open, only when it reads like a follow-up, and always with a note that
says what was taken, so that nobody wonders whom an answer is about.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import replace

from pydantic import JsonValue

from agents.analysis.request import ParsedRequest

__all__ = ["followed_up"]

SUBJECT = ("call_id", "deal_id", "account", "rep", "channel")
PERIOD = ("period", "from_date", "to_date", "against")
FIGURE = ("metric", "dimension")

OPENING = re.compile(
    r"\s*(?:and|also|then|but|only|now|ok(?:ay)?|so|plus|same|what about|how about|what else|anything else|more)\b",
    re.IGNORECASE,
)
POINTING = re.compile(
    r"\b(?:the same|(?:this|that|these|those)\s+"
    r"(?:call|deal|account|customer|client|rep|seller|person|conversation|meeting|one)s?)\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her|there)\b", re.IGNORECASE)
GENERAL = re.compile(
    r"\b(?:customers|clients|accounts|companies|calls|deals|reps|sellers|people|everyone|everybody|anyone|anybody|all"
    r"|overall|whole|entire|who|which)\b",
    re.IGNORECASE,
)
"""Words that name a subject of their own: "which customers said they are unhappy?" is no follow-up."""


def followed_up(
    request: str,
    read: ParsedRequest,
    earlier: tuple[Mapping[str, JsonValue], str | None] | None,
    *,
    fields: Container[str],
    resumed: bool,
) -> ParsedRequest:
    """The request with what it takes from the one before.

    `earlier` holds that one's arguments and intent, None where nothing is remembered; `resumed` says whether the caller
    named a session. Only `fields` are filled.
    """
    if not _refers(request):
        return read
    if earlier is None:
        open_subject = not any(name in read.arguments for name in SUBJECT)
        return replace(read, notes=(*read.notes, NOTHING_REMEMBERED)) if resumed and open_subject else read
    arguments, intent = earlier
    taken: dict[str, JsonValue] = {}
    for group in (SUBJECT, PERIOD):
        if not any(name in read.arguments for name in group):
            taken |= {name: arguments[name] for name in group if name in arguments and name in fields}
    continues = read.intent in (None, "metric", intent) and "metric" not in read.arguments
    if continues:
        taken |= {name: arguments[name] for name in FIGURE if name in arguments and name not in read.arguments}
    if not taken and (read.intent or not intent):
        return read
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in taken.items())
    note = (f"Taken from your last question in this session: {said}.",) if said else ()
    return ParsedRequest(
        arguments={**taken, **read.arguments},
        intent=intent if read.intent is None and continues else read.intent,
        notes=(*read.notes, *note),
    )


NOTHING_REMEMBERED = (
    "This reads like a follow-up, and nothing is remembered of an earlier question in this session. Name the account, "
    "the call or the person."
)


def _refers(request: str) -> bool:
    if OPENING.match(request) or POINTING.search(request):
        return True
    return PRONOUN.search(request) is not None and GENERAL.search(request) is None
