"""Invented sales calls in Gong's shapes, as many as are wanted: the same number and seed give the same call anywhere.

Nobody said any of it. What matters is how words are spread: some stand in every call, some in few, a handful once, as
in real talk. Each call is made from its number alone, so that a server can give any of ten thousand without a file.
"""

import random
from bisect import bisect
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any

__all__ = ["FIRST_DAY", "call_data", "call_id", "number_of", "start_of", "transcript_data", "word"]

SEED = 20240101
FIRST_DAY = datetime(2023, 1, 2, 9, tzinfo=UTC)
FIRST_ID = 8_000_000_000_000_000
VOCABULARY = 20_000
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "ze")
TEMPLATES = (
    "We talked about the {} and the {} last week.",
    "What happens with the {} when the {} is not there?",
    "Honestly the price of the {} is too high for our {} budget.",
    "I will send you the {} proposal by {} at the latest.",
    "Our team needs the delivery of the {} before the {} audit.",
    "The discount on the {} depends on the {} contract.",
    "They compared us with {} because of the {} integration.",
    "Security wants to review the {} and then the {}.",
    "Can you show how the {} works together with {}?",
    "That makes sense, {} was our problem with {} as well.",
)
SELLERS = tuple(f"Seller {number:02d}" for number in range(40))
ACCOUNTS = tuple(f"Synthetic Account {number:03d}" for number in range(400))
WEIGHTS = tuple(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))


@lru_cache(maxsize=VOCABULARY)
def word(rank: int) -> str:
    """A word of nobody's language, the lower its rank the more often it is said."""
    digits: list[str] = []
    number = rank + 256
    while number:
        number, digit = divmod(number, len(SYLLABLES))
        digits.append(SYLLABLES[digit])
    return "".join(digits)


def call_id(number: int) -> str:
    """The id of a call."""
    return str(FIRST_ID + number)


def number_of(id_: str) -> int:
    """The number of a call."""
    return int(id_) - FIRST_ID


def start_of(number: int) -> datetime:
    """When a call began: they follow one another by the hour."""
    return FIRST_DAY + timedelta(hours=number)


def call_data(number: int) -> Mapping[str, Any]:
    """CallData."""
    seller, account = SELLERS[number % len(SELLERS)], ACCOUNTS[number * 7 % len(ACCOUNTS)]
    return {
        "metaData": {
            "id": call_id(number),
            "title": f"{account}, call {number} (synthetic)",
            "started": start_of(number).isoformat(),
            "duration": 1800,
            "primaryUserId": seller,
            "language": "eng",
            "isPrivate": False,
            "customData": "synthetic",
        },
        "parties": [
            {"id": "p1", "userId": seller, "name": seller, "affiliation": "Internal", "speakerId": "s1"},
            {"id": "p2", "name": f"Buyer {number % 997:03d}", "affiliation": "External", "speakerId": "s2"},
        ],
        "context": [
            {
                "objects": [
                    {"objectType": "Account", "objectId": account, "fields": [{"name": "Name", "value": account}]}
                ]
            }
        ],
    }


def transcript_data(number: int, sentences: int) -> Mapping[str, Any]:
    """CallTranscript with so many sentences, two to a turn."""
    chance = random.Random(f"{SEED}/{number}")  # noqa: S311  (no secret)
    monologues: list[Mapping[str, Any]] = []
    for start in range(0, sentences, 2):
        said = [_sentence(chance, start + more) for more in range(min(2, sentences - start))]
        monologues.append({"speakerId": f"s{1 + start // 2 % 2}", "sentences": said})
    return {"callId": call_id(number), "transcript": monologues}


def _sentence(chance: random.Random, place: int) -> Mapping[str, Any]:
    words = [word(bisect(WEIGHTS, chance.random() * WEIGHTS[-1])) for _ in range(2)]
    return {"start": place * 5000, "end": place * 5000 + 4500, "text": chance.choice(TEMPLATES).format(*words)}
