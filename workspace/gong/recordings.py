"""The four tools that give what Gong's API gives: calls, transcripts, details, users."""

from collections.abc import Mapping, Sequence
from typing import Any

from workspace.gong.call import Call
from workspace.gong.library import Library, User
from workspace.gong.pages import page_of, read_span, records
from workspace.toolset import Json, ToolError

__all__ = ["call_details", "list_calls", "transcripts", "users"]


def list_calls(library: Library, arguments: Mapping[str, Any]) -> Json:
    """GET /v2/calls: headers only, oldest first."""
    span = read_span(arguments)
    page = page_of([card for card in library.cards if span.holds(card)], span, arguments.get("cursor"))
    return {
        "records": page.records,
        "calls": [card.meta for card in page.cards],
        "asOf": library.as_of,
        "synthetic": library.synthetic,
        "unreadableFiles": list(library.unreadable_files),
    }


def transcripts(library: Library, arguments: Mapping[str, Any]) -> Json:
    """POST /v2/calls/transcript for some ids; what cannot be given is listed with its reason."""
    calls, missing = _wanted(library, arguments["callIds"])
    spoken = [call.transcript for call in calls if call.sentences]
    missing += [_missing(call.card.id, "no_transcript") for call in calls if not call.sentences]
    return {"records": records(len(spoken), len(spoken)), "callTranscripts": spoken, "missing": missing}


def call_details(library: Library, arguments: Mapping[str, Any]) -> Json:
    """POST /v2/calls/extensive for some ids."""
    single = [arguments["callId"]] if "callId" in arguments else []
    ids = [*single, *arguments.get("callIds", [])]
    if not ids:
        raise ToolError("invalid_arguments", "get_call_details needs callId or callIds.")
    calls, missing = _wanted(library, ids)
    return {
        "records": records(len(calls), len(calls)),
        "calls": [call.data for call in calls],
        "missing": missing,
        "synthetic": any(call.card.synthetic for call in calls),
    }


def users(library: Library, _: Mapping[str, Any]) -> Json:
    """GET /v2/users."""
    shaped = [_user(user) for user in library.users]
    return {"records": records(len(shaped), len(shaped)), "users": shaped, "synthetic": library.synthetic}


def _wanted(library: Library, ids: Sequence[str]) -> tuple[list[Call], list[Json]]:
    """The calls that exist and a note on each that does not. Raises ToolError where none exists."""
    unique = list(dict.fromkeys(ids))
    known = [call_id for call_id in unique if library.known(call_id)]
    if not known:
        library.call(unique[0])  # raises, and names the nearest ids
    unknown = [call_id for call_id in unique if not library.known(call_id)]
    missing = [_missing(call_id, "unknown_call", library.nearest_ids(call_id)) for call_id in unknown]
    return [library.call(call_id) for call_id in known], missing


def _missing(call_id: str, reason: str, near: Sequence[str] = ()) -> Json:
    return {"callId": call_id, "reason": reason, "nearest": list(near)}


def _user(user: User) -> Json:
    first, _, last = user.name.partition(" ")
    return {
        "id": user.id,
        "emailAddress": user.email,
        "firstName": first,
        "lastName": last,
        "title": user.title,
        "managerId": user.manager_id,
        "active": True,
    }
