"""`gong_call_analysis`: what the old analysis tool has always told about one call.

Plain keyword lists, counts and sentence times; no model. What it finds are candidates with their sentence
and time, not facts. The keys are snake_case as its old clients know them, times in seconds.

* `basic`: who spoke how much.
* `sentiment`: words of praise and of worry, per speaker.
* `detailed`: basic, sentiment, topics, pain points, objections, competitors, pricing, next steps.
* `coaching`: basic, and what the rep did well or could do better by fixed thresholds.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from workspace.gong.call import Call, Sentence
from workspace.gong.library import Library
from workspace.gong.rules import observe
from workspace.gong.stats import CallStats, call_stats
from workspace.gong.trackers import COMPETITORS, NEXT_STEPS, OBJECTIONS, PAIN_POINTS, TOPICS, Hit, money
from workspace.toolset import Json, ToolError

__all__ = ["METHOD", "analyse_call", "spoken_call"]

METHOD = "keyword lists and sentence times; candidates, not facts"

POSITIVE = {"great", "good", "excellent", "perfect", "love", "helpful", "impressed", "happy", "glad"}
NEGATIVE = {
    *("bad", "problem", "issue", "concern", "worried"),
    *("frustrated", "difficult", "expensive", "disappointed", "confused"),
}
SENTIMENT_FACTOR = 1.5
"""One side has to outnumber the other by this much to give the label."""
SHOWN = 5

_WORD = re.compile(r"[a-z']+")


def analyse_call(library: Library, arguments: Mapping[str, Any]) -> Json:
    """Analyse one call. Raises ToolError for an unknown call or one without words."""
    call = spoken_call(library, arguments["call_id"])
    stats = call_stats(call)
    kind = arguments.get("analysis_type", "detailed")
    result: Json = {
        "call_id": call.card.id,
        "analysis_type": kind,
        "title": call.card.title,
        "started": call.card.meta["started"],
        "duration_s": call.card.duration_s,
        "account": call.card.account,
        "opportunity_id": call.card.opportunity_id,
        "synthetic": call.card.synthetic,
        "method": METHOD,
    }
    if kind != "sentiment":
        result |= _shares(call, stats)
    if kind in {"sentiment", "detailed"}:
        result["sentiment"] = _sentiment(call)
    if kind == "detailed":
        result |= _contents(call)
    if kind == "coaching":
        result["coaching"] = [observation.shaped() for observation in observe(stats)]
    if arguments.get("include_transcript", False):
        result["transcript"] = [_quoted(call, sentence) for sentence in call.sentences or ()]
    return result


def spoken_call(library: Library, call_id: str) -> Call:
    """A call that has words. Raises ToolError."""
    call = library.call(call_id)
    if not call.sentences:
        what = f"Call {call_id} was not transcribed. get_call_details has its date, parties and deal."
        raise ToolError("no_transcript", what)
    return call


def _shares(call: Call, stats: CallStats) -> Json:
    return {
        "talk_ratio": stats.talk_ratio,
        "questions": {"company": stats.company_questions, "customer": stats.customer_questions},
        "longest_monologue_s": stats.longest_monologue_s,
        "switches_per_min": stats.switches_per_min,
        "participants": [
            {
                "name": call.speaker(speaker.speaker_id),
                "affiliation": call.affiliation(speaker.speaker_id),
                "talk_s": speaker.talk_s,
                "talk_share": speaker.talk_share,
                "words": speaker.words,
                "questions": speaker.questions,
            }
            for speaker in stats.speakers
        ],
    }


def _contents(call: Call) -> Json:
    sentences = call.sentences or ()
    customer = [s for s in sentences if call.affiliation(s.speaker_id) != "Internal"]
    topics = {name: list(tracker.hits(sentences)) for name, tracker in TOPICS.items()}
    competitors = list(COMPETITORS.hits(sentences))
    return {
        "topics": [
            {"topic": name, "mentions": len(hits), "first_s": hits[0].sentence.start_ms / 1000}
            for name, hits in sorted(topics.items(), key=lambda entry: -len(entry[1]))
            if hits
        ][:SHOWN],
        "pain_points": _quotes(call, PAIN_POINTS.hits(customer)),
        "objections": _quotes(call, OBJECTIONS.hits(customer)),
        "competitors": [
            {"name": name, "mentions": sum(hit.phrase == name for hit in competitors)}
            for name in dict.fromkeys(hit.phrase for hit in competitors)
        ],
        "pricing": [_quoted(call, s) for s in sentences if money.search(s.text)],
        "next_steps": _quotes(call, NEXT_STEPS.hits(sentences), limit=2 * SHOWN),
    }


def _sentiment(call: Call) -> Json:
    words: dict[str, list[str]] = {}
    for sentence in call.sentences or ():
        words.setdefault(sentence.speaker_id, []).extend(_WORD.findall(sentence.text.lower()))
    everything = [word for spoken in words.values() for word in spoken]
    by_speaker = [{"name": call.speaker(who), **_mood(spoken)} for who, spoken in words.items()]
    return {"overall": _mood(everything), "by_speaker": by_speaker}


def _mood(words: Iterable[str]) -> Json:
    spoken = list(words)
    positive, negative = sum(w in POSITIVE for w in spoken), sum(w in NEGATIVE for w in spoken)
    label = "neutral"
    if positive > SENTIMENT_FACTOR * negative:
        label = "positive"
    elif negative > SENTIMENT_FACTOR * positive:
        label = "negative"
    return {"label": label, "positive_words": positive, "negative_words": negative}


def _quotes(call: Call, hits: Iterable[Hit], limit: int = SHOWN) -> list[Json]:
    """The sentences of the first hits, each once."""
    sentences = list(dict.fromkeys(hit.sentence for hit in hits))
    return [_quoted(call, sentence) for sentence in sentences[:limit]]


def _quoted(call: Call, sentence: Sentence) -> Json:
    return {
        "speaker": call.speaker(sentence.speaker_id),
        "start_s": sentence.start_ms / 1000,
        "end_s": sentence.end_ms / 1000,
        "text": sentence.text,
    }
