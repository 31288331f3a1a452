"""`gong_transcript_extraction`: one call's words in one of four forms.

* `raw`: Gong's CallTranscript, unchanged.
* `clean`: text, one turn a line with time and name, without fillers and without backchannels.
* `structured`: every sentence with speaker, side and times in seconds.
* `summary`: the opening, the sentences with amounts, and the next steps; extracted, not written.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from workspace.gong.analysis import METHOD, spoken_call
from workspace.gong.call import Call, Sentence
from workspace.gong.library import Library
from workspace.gong.trackers import NEXT_STEPS, money
from workspace.toolset import Json

__all__ = ["clock", "extract_transcript", "plain_text"]

BACKCHANNELS = frozenset({"mm-hm", "uh-huh", "right", "yeah", "ok", "okay", "sure", "mm", "yep", "got it"})
OPENING_SENTENCES = 3
SUMMARY_SENTENCES = 12

_FILLER = re.compile(r",? ?\b(um|uh|erm|you know|I mean)\b,? ?", re.IGNORECASE)


def extract_transcript(library: Library, arguments: Mapping[str, Any]) -> Json:
    """Extract one transcript. Raises ToolError for an unknown call or one without words."""
    call = spoken_call(library, arguments["call_id"])
    form = arguments.get("format", "clean")
    result: Json = {"call_id": call.card.id, "format": form, "synthetic": call.card.synthetic}
    match form:
        case "raw":
            result["transcript"] = call.transcript
        case "structured":
            result["segments"] = [_segment(call, sentence) for sentence in call.sentences or ()]
        case "summary":
            result |= {"text": "\n".join(_summary(call)), "method": METHOD}
        case _:
            result["text"] = "\n".join(_clean(call))
    if arguments.get("include_metadata", True):
        result["metadata"] = {
            "title": call.card.title,
            "started": call.card.meta["started"],
            "duration_s": call.card.duration_s,
            "account": call.card.account,
            "participants": [
                {"name": party.name, "title": party.title, "affiliation": party.affiliation}
                for party in call.card.parties
            ],
        }
    return result


def plain_text(call: Call) -> str:
    """Every sentence on a line of its own with time and name: for reading, nothing left out."""
    head = f"{call.card.title}\n{call.card.meta['started']}\n"
    return "\n".join([head, *(_row(call, sentence) for sentence in call.sentences or ())])


def clock(ms: int) -> str:
    """`MM:SS`."""
    return f"{ms // 60_000:02d}:{ms // 1000 % 60:02d}"


def _clean(call: Call) -> Iterator[str]:
    heard = [s for s in call.sentences or () if s.text.lower().strip(" .,!") not in BACKCHANNELS]
    for speaker_id, spoken in groupby(heard, key=lambda sentence: sentence.speaker_id):
        sentences = list(spoken)
        text = " ".join(_without_fillers(sentence.text) for sentence in sentences)
        yield f"[{clock(sentences[0].start_ms)}] {call.speaker(speaker_id)}: {text}"


def _without_fillers(text: str) -> str:
    bare = _FILLER.sub(" ", text).strip()
    return bare[:1].upper() + bare[1:]


def _summary(call: Call) -> Iterator[str]:
    sentences = call.sentences or ()
    steps = {hit.sentence for hit in NEXT_STEPS.hits(sentences)}
    chosen = [s for s in sentences if len(s.text.split()) > 4][:OPENING_SENTENCES]
    chosen += [s for s in sentences if (money.search(s.text) or s in steps) and s not in chosen]
    return (_row(call, sentence) for sentence in chosen[:SUMMARY_SENTENCES])


def _row(call: Call, sentence: Sentence) -> str:
    return f"[{clock(sentence.start_ms)}] {call.speaker(sentence.speaker_id)}: {sentence.text}"


def _segment(call: Call, sentence: Sentence) -> Json:
    return {
        "speaker": call.speaker(sentence.speaker_id),
        "speaker_id": sentence.speaker_id,
        "affiliation": call.affiliation(sentence.speaker_id),
        "start_s": sentence.start_ms / 1000,
        "end_s": sentence.end_ms / 1000,
        "text": sentence.text,
    }
