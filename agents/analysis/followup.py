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
WRITTEN = frozenset({"text", "confirm"})
WRITING = frozenset({"draft_message", "post_message"})
"""What marks a message to write: where it goes stands in the call itself or nowhere."""
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
PRONOUN = re.compile(r"\b(?:it|its|they|them|their|he|him|his|she|her)\b", re.IGNORECASE)
GENERAL = re.compile(
    r"\b(?:customers|clients|accounts|companies|calls|deals|reps|sellers|people|everyone|everybody|anyone|anybody|all"
    r"|overall|whole|entire|who|which)\b",
    re.IGNORECASE,
)
"""Words that name a subject of their own: "which customers said they are unhappy?" is no follow-up."""
WIDENING = re.compile(
    r"\b(?:overall|whole|entire|everyone|everybody|everywhere|anyone|anybody|anywhere|elsewhere|others?|another|altogether"
    r"|all|every|total|company|team|in general)\b",
    re.IGNORECASE,
)
"""Words that leave the subject of the question before: "and for the whole company?"."""
ANOTHER = re.compile(
    r"\s*(?i:and|what about|how about|then)\s+(?:(?:with|for|at|from|about)\s+)?"
    r"((?:[A-Z][\w&.'’-]*)(?:\s+[A-Z][\w&.'’-]*)*)\s*\?*\s*"
)
"""A follow-up that is a name and nothing else."""


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
    unknown = None if any(name in read.arguments for name in (*SUBJECT, *PERIOD)) else ANOTHER.fullmatch(request)
    if WRITTEN & read.arguments.keys() or read.intent in WRITING:
        arguments = {name: value for name, value in arguments.items() if name != "channel"}
    for group in (SUBJECT, PERIOD):
        left = group is SUBJECT and (unknown or WIDENING.search(request))
        if not left and not any(name in read.arguments for name in group):
            taken |= {name: arguments[name] for name in group if name in arguments and name in fields}
    continues = read.intent in (None, "metric", intent) and "metric" not in read.arguments
    if continues:
        taken |= {name: arguments[name] for name in FIGURE if name in arguments and name not in read.arguments}
    if not taken and not unknown and (read.intent or not intent):
        return read
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in taken.items())
    note = (f"Taken from your last question in this session: {said}.",) if said else ()
    if unknown:
        note = (
            *note,
            f"“{unknown[1]}” is no account, person or call that is known; the answer is not narrowed to it.",
        )
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
