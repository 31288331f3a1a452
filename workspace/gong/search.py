"""Find calls by words, people, account and time.

Words are looked for in the title, the account, the names and every sentence. A call is ranked by how many
different words of the query it holds, then by how many sentences hold one, then by date, newest first.
Common words do not count. Without a query, the calls that fit the filters come newest first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workspace.gong.call import Call, Card, Sentence
from workspace.gong.library import Library
from workspace.gong.pages import read_span, records
from workspace.nearest import nearest
from workspace.toolset import Json

__all__ = ["search_calls"]

MATCHES_SHOWN = 5
COMMON = """
    a about all an and any are at be by call calls can did do does for from has have how i in is it me of on or
    our say said show that the their them they this to us was we were what when which who with you your
"""

_WORD = re.compile(r"[\w$%'’-]+")


@dataclass(frozen=True, slots=True)
class Match:
    """A call, the words of the query that it holds and the sentences that hold them, best first.

    `call` is None where there were no words to look for: then its own words are not read.
    """

    card: Card
    call: Call | None
    words: tuple[str, ...]
    sentences: tuple[Sentence, ...]


def search_calls(library: Library, arguments: Mapping[str, Any]) -> Json:
    """The best `limit` calls with the sentences that matched."""
    span = read_span(arguments)
    account, participant = arguments.get("account"), arguments.get("participant")
    cards = [
        card
        for card in reversed(library.cards)
        if span.holds(card) and _has_account(card, account) and _has_participant(card, participant)
    ]
    words = _words(arguments.get("query", ""))
    if words:
        found = [match for card in cards if (match := _match(library.call(card.id), words))]
        found.sort(key=lambda match: (-len(match.words), -len(match.sentences)))
    else:
        found = [Match(card, None, (), ()) for card in cards]
    shown = found[: arguments.get("limit", 20)]
    return {
        "records": records(len(found), len(shown)),
        "calls": [_shaped(match) for match in shown],
        "note": None if found else _why_nothing(library, account, participant),
        "asOf": library.as_of,
        "synthetic": library.synthetic,
    }


def _words(query: str) -> tuple[str, ...]:
    common = set(COMMON.split())
    words = dict.fromkeys(word.lower() for word in _WORD.findall(query))
    return tuple(word for word in words if word not in common)


def _match(call: Call, words: Sequence[str]) -> Match | None:
    """None where the call holds none of the words."""
    card = call.card
    head = " ".join([card.title, card.account or "", *(party.name for party in card.parties)]).lower()
    ranked = [(sum(word in sentence.text.lower() for word in words), sentence) for sentence in call.sentences or ()]
    held = [(count, sentence) for count, sentence in ranked if count]
    text = f"{head} {' '.join(sentence.text.lower() for _, sentence in held)}"
    present = tuple(word for word in words if word in text)
    held.sort(key=lambda entry: (-entry[0], entry[1].start_ms))
    return Match(card, call, present, tuple(sentence for _, sentence in held)) if present else None


def _has_account(card: Card, wanted: str | None) -> bool:
    return wanted is None or wanted.lower() in (card.account or "").lower()


def _has_participant(card: Card, wanted: str | None) -> bool:
    if wanted is None:
        return True
    sought = wanted.lower()
    return any(sought in party.name.lower() or sought == (party.email or "").lower() for party in card.parties)


def _why_nothing(library: Library, account: str | None, participant: str | None) -> str:
    """Tell a wrong name from a right name without calls."""
    cards = library.cards
    if account and not any(_has_account(card, account) for card in cards):
        near = nearest(account[:100], {card.account for card in cards if card.account})
        return f"No call belongs to an account like {account[:40]!r}. Nearest: {', '.join(near)}."
    if participant and not any(_has_participant(card, participant) for card in cards):
        near = nearest(participant[:100], {party.name for card in cards for party in card.parties})
        return f"Nobody like {participant[:40]!r} was on a call. Nearest: {', '.join(near)}."
    return "No call fits all of these filters. Widen the dates or use fewer words."


def _shaped(match: Match) -> Json:
    card = match.card
    return {
        "metaData": card.meta,
        "account": card.account,
        "opportunityId": card.opportunity_id,
        "participants": [{"name": party.name, "affiliation": party.affiliation} for party in card.parties],
        "matchedWords": list(match.words),
        "matchCount": len(match.sentences),
        "matches": [_quoted(match.call, sentence) for sentence in match.sentences[:MATCHES_SHOWN] if match.call],
    }


def _quoted(call: Call, sentence: Sentence) -> Json:
    return {
        "speaker": call.speaker(sentence.speaker_id),
        "start": sentence.start_ms,
        "end": sentence.end_ms,
        "text": sentence.text,
    }
