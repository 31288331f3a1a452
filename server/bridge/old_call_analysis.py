"""What an agent measured on a call, in the keys of `gong_call_analysis`. Pure.

Talk times and shares are the agent's: both count them alike. Words, questions, monologues and switches the agent counts
by better rules of its own, so they are counted again by the old tool's (`marked_talk`): under an old name a client gets
the old meaning. `tests/surface/goldens` holds what the old tool itself answered.
"""

from collections.abc import Mapping
from datetime import timedelta

from pydantic import JsonValue

from agents.analysis.calls.conversation import join
from agents.analysis.calls.marked_talk import marked_talk
from agents.call_tools.call_statistics import CallStatistics
from agents.sources import Call, Side, Transcript

__all__ = ["basic_analysis"]

METHOD = "keyword lists and sentence times; candidates, not facts"
AFFILIATION: Mapping[Side, str] = {"internal": "Internal", "external": "External", "unknown": "Unknown"}


def basic_analysis(call: Call, transcript: Transcript, measured: CallStatistics) -> dict[str, JsonValue]:
    """The answer of `analysis_type: basic`, its keys in the old order. The sentences have times, which run forwards."""
    talk = marked_talk(call, transcript)
    rows = {row.speaker: row for row in measured.speakers}
    row_of = {speaker.id: rows[speaker.name] for speaker in join(call, transcript).speakers}
    longest_ms = talk.longest_company_turn_ms
    return {
        "call_id": call.id,
        "analysis_type": "basic",
        "title": call.title,
        "started": _instant(call),
        "duration_s": call.duration_s,
        "account": call.account,
        "opportunity_id": call.deal_id,
        "synthetic": call.synthetic,
        "method": METHOD,
        "talk_ratio": measured.company_share,
        "questions": {"company": talk.company_questions, "customer": talk.customer_questions},
        "longest_monologue_s": None if longest_ms is None else longest_ms / 1000,
        "switches_per_min": round(talk.switches_per_min, 2),
        "participants": [
            {
                "name": _name(call, part.speaker_id),
                "affiliation": AFFILIATION[part.side],
                "talk_s": row_of[part.speaker_id].talk_time_s,
                "talk_share": round(row_of[part.speaker_id].share, 4),
                "words": part.words,
                "questions": part.questions,
            }
            for part in talk.parts
        ],
    }


def _name(call: Call, speaker_id: str) -> str:
    return next((party.name for party in call.parties if party.speaker_id == speaker_id), f"Speaker {speaker_id}")


def _instant(call: Call) -> str:
    """As Gong writes it: UTC as Z."""
    text = call.started.isoformat()
    return text.removesuffix("+00:00") + "Z" if call.started.utcoffset() == timedelta(0) else text
