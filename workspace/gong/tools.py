"""The tools of the call server: what each is for, what it takes and gives, and the function behind it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from workspace.gong.analysis import analyse_call
from workspace.gong.coaching import coaching_report
from workspace.gong.extraction import extract_transcript
from workspace.gong.library import Library
from workspace.gong.recordings import call_details, list_calls, transcripts, users
from workspace.gong.schemas import AS_OF, CALL_ID, SPAN, SYNTHETIC, listing, things
from workspace.gong.search import search_calls
from workspace.toolset import Json, ToolSpec, boolean, given, string, takes

__all__ = ["call_tools"]

CALL_IDS: Json = {"type": "array", "items": CALL_ID, "minItems": 1, "maxItems": 100, "description": "Gong call ids."}
MISSING = things("Calls that cannot be given: callId, reason (unknown_call or no_transcript), nearest ids.")
NOTE: Json = {"type": ["string", "null"], "description": "Why nothing was found, and what to try."}
NUMBER: Json = {"type": ["number", "null"]}
TEXT: Json = {"type": "string"}
OPTIONAL_TEXT: Json = {"type": ["string", "null"]}


def call_tools(library: Library) -> list[ToolSpec]:
    """All tools, over one library."""
    return [*_gong_tools(library), *_old_tools(library)]


def _bound(
    function: Callable[[Library, Mapping[str, Any]], Json], library: Library
) -> Callable[[Mapping[str, Any]], Json]:
    return partial(function, library)


def _gong_tools(library: Library) -> list[ToolSpec]:
    """The tools in Gong's own shapes."""
    return [
        ToolSpec(
            "list_calls",
            "List calls",
            "List recorded sales calls by date, oldest first, 100 a page: id, title, start, duration in seconds, owner. "
            "No parties and no words; use search_calls to find calls by account, person or topic. "
            "Also tells the day that the data speaks of (asOf).",
            takes({**SPAN, "cursor": string("The cursor of the page before, with the same dates.")}),
            listing(
                "calls",
                "Gong CallBasicData.",
                asOf=AS_OF,
                synthetic=SYNTHETIC,
                unreadableFiles={"type": "array", "items": TEXT, "description": "Files that hold no call."},
            ),
            _bound(list_calls, library),
        ),
        ToolSpec(
            "retrieve_transcripts",
            "Retrieve transcripts",
            "The full transcripts of up to 100 calls by id, as Gong gives them: monologues with speakerId and sentences "
            "with start and end in milliseconds. Names of speakers come from get_call_details.",
            takes({"callIds": CALL_IDS}, "callIds"),
            listing("callTranscripts", "Gong CallTranscript.", missing=MISSING),
            _bound(transcripts, library),
        ),
        ToolSpec(
            "get_call_details",
            "Get call details",
            "Everything known of one or more calls but the words: parties with side and speakerId, the CRM deal and "
            "account, talk times, questions, keyword trackers and topics. Times in seconds.",
            takes({"callId": CALL_ID, "callIds": CALL_IDS}),
            listing("calls", "Gong CallData.", missing=MISSING, synthetic=SYNTHETIC),
            _bound(call_details, library),
        ),
        ToolSpec(
            "search_calls",
            "Search calls",
            "Find calls by words in title, names and transcript, by account, participant and date. Returns the best "
            "calls with up to five matching sentences each and their times in milliseconds. Without a query: the "
            "newest calls that fit the filters.",
            takes(
                {
                    "query": string("Words to look for; common words are ignored.", maxLength=500),
                    **SPAN,
                    "participant": string("Part of a name, or a whole e-mail address.", maxLength=200),
                    "account": string("Part of the customer's name.", maxLength=200),
                    "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
                }
            ),
            listing(
                "calls",
                "metaData, account, opportunityId, participants, matchedWords, matchCount, matches.",
                note=NOTE,
                asOf=AS_OF,
                synthetic=SYNTHETIC,
            ),
            _bound(search_calls, library),
        ),
        ToolSpec(
            "get_users",
            "Get users",
            "The sellers and managers who own calls: id, name, e-mail address, title, managerId.",
            takes({}),
            listing("users", "Gong users.", synthetic=SYNTHETIC),
            _bound(users, library),
        ),
    ]


def _old_tools(library: Library) -> list[ToolSpec]:
    """The tools that clients of the first system know, by the names and arguments they know."""
    return [
        ToolSpec(
            "gong_call_analysis",
            "Analyse a call (keyword lists)",
            "Analyse one call by fixed keyword lists and sentence times: talk shares, questions, topics, objections, "
            "competitors, pricing, next steps and sentiment, each with its sentence and time in seconds.",
            takes(
                {
                    "call_id": CALL_ID,
                    "analysis_type": {
                        "type": "string",
                        "enum": ["basic", "detailed", "coaching", "sentiment"],
                        "default": "detailed",
                        "description": "basic: talk shares. sentiment: moods. detailed: all contents. coaching: advice.",
                    },
                    "include_transcript": boolean("Add every sentence.", default=False),
                },
                "call_id",
            ),
            given(
                {
                    "call_id": TEXT,
                    "analysis_type": TEXT,
                    "title": TEXT,
                    "started": TEXT,
                    "duration_s": {"type": "number"},
                    "account": OPTIONAL_TEXT,
                    "opportunity_id": OPTIONAL_TEXT,
                    "synthetic": SYNTHETIC,
                    "method": TEXT,
                    "talk_ratio": NUMBER,
                    "participants": things("name, affiliation, talk_s, talk_share, words, questions."),
                    "topics": things("topic, mentions, first_s."),
                    "pain_points": things("speaker, start_s, end_s, text."),
                    "objections": things("speaker, start_s, end_s, text."),
                    "competitors": things("name, mentions."),
                    "pricing": things("speaker, start_s, end_s, text."),
                    "next_steps": things("speaker, start_s, end_s, text."),
                    "sentiment": {"type": "object"},
                    "coaching": things("area, kind, value, threshold, advice."),
                    "transcript": things("speaker, start_s, end_s, text."),
                },
                "call_id",
                "analysis_type",
                "title",
                "synthetic",
                "method",
            ),
            _bound(analyse_call, library),
        ),
        ToolSpec(
            "gong_transcript_extraction",
            "Extract a transcript",
            "One call's words as readable text (clean), as Gong JSON (raw), as sentences with times in seconds "
            "(structured), or as its opening, amounts and next steps (summary, extracted by keywords).",
            takes(
                {
                    "call_id": CALL_ID,
                    "format": {
                        "type": "string",
                        "enum": ["raw", "clean", "structured", "summary"],
                        "default": "clean",
                        "description": "clean: text without fillers. Others as the tool's description says.",
                    },
                    "include_metadata": boolean("Add title, start, account and participants.", default=True),
                },
                "call_id",
            ),
            given(
                {
                    "call_id": TEXT,
                    "format": TEXT,
                    "synthetic": SYNTHETIC,
                    "text": TEXT,
                    "segments": things("speaker, speaker_id, affiliation, start_s, end_s, text."),
                    "transcript": {"type": "object"},
                    "metadata": {"type": "object"},
                    "method": TEXT,
                },
                "call_id",
                "format",
                "synthetic",
            ),
            _bound(extract_transcript, library),
        ),
        ToolSpec(
            "get_coaching_report",
            "Get a coaching report",
            "One rep's calls of a period: talk ratio, monologues, questions and pauses per call and on average, held "
            "against fixed thresholds, with the call to listen to. For the rep and the rep's manager.",
            takes(
                {
                    "rep": string("The rep's full name, e-mail address or user id.", minLength=1, maxLength=200),
                    "from": string("First day, YYYY-MM-DD."),
                    "to": string("Last day, YYYY-MM-DD, included."),
                },
                "rep",
            ),
            given(
                {
                    "rep": TEXT,
                    "user_id": TEXT,
                    "manager": OPTIONAL_TEXT,
                    "from": OPTIONAL_TEXT,
                    "to": OPTIONAL_TEXT,
                    "calls_analyzed": {"type": "integer"},
                    "calls_without_transcript": {"type": "array", "items": TEXT},
                    "averages": {"type": ["object", "null"]},
                    "observations": things("area, kind, value, threshold, advice, example."),
                    "calls": things("call_id, title, started and the figures of the call."),
                    "note": NOTE,
                    "method": TEXT,
                    "asOf": AS_OF,
                    "synthetic": SYNTHETIC,
                }
            ),
            _bound(coaching_report, library),
        ),
    ]
