"""Judge one call: what makes it unusable, and what a reader should know about it.

Gong may add fields without warning, so only what is needed to find and read a call can make it unusable:
a numeric id of at most 20 digits, a start, a transcript that belongs to it. All else is a note.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from workspace.gong.call import Call, Sentence, read_call
from workspace.toolset import Json

__all__ = ["Note", "Unusable", "check_call", "check_transcript"]

CALL_ID = re.compile(r"\d{1,20}")
ENGLISH = {"eng", "en", "en-US", "en-GB"}


class Unusable(ValueError):
    """The call cannot be imported; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something about an imported call. `kind` is one word for programs."""

    call_id: str
    kind: str
    text: str


def check_call(call: Json, transcript: Json | None, now: datetime) -> tuple[Call, tuple[Note, ...]]:
    """Read a call and note what is odd about it. Raises Unusable."""
    if transcript is not None:
        check_transcript(transcript)
    try:
        read = read_call(call, transcript)
    except ValueError as error:
        raise Unusable(str(error)) from None
    call_id = read.card.id
    if not CALL_ID.fullmatch(call_id):
        raise Unusable(f"the id {call_id[:40]!r} is not a number of at most 20 digits")
    if transcript is not None and str(transcript.get("callId", call_id)) != call_id:
        raise Unusable(f"the transcript belongs to call {transcript['callId']}")
    texts = [*_about_the_call(read, now), *_about_the_people(read), *_about_the_words(read, transcript)]
    return read, tuple(Note(call_id, kind, text) for kind, text in texts)


def check_transcript(transcript: Json) -> None:
    """Raise Unusable where a transcript is not a list of monologues with timed sentences."""
    monologues = transcript.get("transcript")
    if not isinstance(monologues, list):
        raise Unusable("the transcript is no list of monologues")
    for sentence in _raw_sentences(transcript):
        times = (sentence.get("start"), sentence.get("end"))
        if not all(isinstance(time, int | float) and not isinstance(time, bool) and time >= 0 for time in times):
            raise Unusable(f"a sentence has no times in milliseconds: start {times[0]!r}, end {times[1]!r}")


def _raw_sentences(transcript: Json) -> Iterator[Json]:
    for monologue in cast("list[object]", transcript.get("transcript", [])):
        sentences = cast("Json", monologue).get("sentences") if isinstance(monologue, dict) else None
        if not isinstance(sentences, list):
            raise Unusable("a monologue has no list of sentences")
        for sentence in cast("list[object]", sentences):
            if not isinstance(sentence, dict):
                raise Unusable("a sentence is no object")
            yield cast("Json", sentence)


def _about_the_call(call: Call, now: datetime) -> Iterator[tuple[str, str]]:
    card = call.card
    if card.started > now:
        yield "future_date", f"it starts in the future: {card.started:%Y-%m-%d}"
    if card.private:
        yield "private", "it is private"
    language = card.meta.get("language")
    if language and language not in ENGLISH:
        yield "other_language", f"its language is {language}"
    if not card.duration_s:
        yield "no_duration", "it has no duration"


def _about_the_people(call: Call) -> Iterator[tuple[str, str]]:
    parties = call.card.parties
    silent = [party.name for party in parties if party.speaker_id is None]
    if silent:
        yield "party_without_speaker", f"never heard: {', '.join(silent)}"
    known = {party.speaker_id for party in parties}
    strangers = {s.speaker_id for s in call.sentences or ()} - known
    if strangers:
        yield "speaker_without_party", f"{len(strangers)} speakers are no party of the call"
    twice = [name for name, count in Counter(party.name for party in parties).items() if count > 1]
    if twice:
        yield "duplicate_name", f"several parties are called {', '.join(twice)}"


def _about_the_words(call: Call, transcript: Json | None) -> Iterator[tuple[str, str]]:
    if not call.sentences:
        yield "no_transcript", "it has no transcript"
        return
    reversed_times = sum(s["end"] < s["start"] for s in _raw_sentences(transcript or {}))
    if reversed_times:
        yield "reversed_times", f"{reversed_times} sentences end before they start; they count as 0 s"
    overlaps = _overlaps(call.sentences)
    if overlaps:
        yield "overlapping_sentences", f"{overlaps} sentences start before the one before them ends"


def _overlaps(sentences: Sequence[Sentence]) -> int:
    count, latest_end_ms = 0, 0
    for sentence in sentences:
        count += sentence.start_ms < latest_end_ms
        latest_end_ms = max(latest_end_ms, sentence.end_ms)
    return count
