"""Gong's API v2 shapes, read tolerantly: Gong adds fields without warning, and exports lack some.

Units as Gong has them: sentences in milliseconds, durations in seconds, ids as strings of digits. Transcript speakers
join to parties by `speakerId`, which a party that said nothing may lack.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from agents.sources import Call, Outlined, Party, Sentence, Side, SourceError, Topic, Tracked, Transcript

__all__ = ["read_call", "read_transcript"]

SIDES: Mapping[str, Side] = {"internal": "internal", "external": "external"}
SYNTHETIC = "synthetic"
"""The value of `customData` that marks a call as invented."""


def read_call(data: Mapping[str, Any]) -> Call:
    """CallData of `/v2/calls/extensive`. Raises SourceError where even the id or the start is missing."""
    meta: Mapping[str, Any] = data.get("metaData") or {}
    try:
        call_id, started = str(meta["id"]), datetime.fromisoformat(str(meta["started"]))
    except (KeyError, ValueError) as error:
        raise SourceError("unavailable", "The call server gave a call without an id or a start.") from error
    parties = tuple(_party(party) for party in data.get("parties") or ())
    owner = next(
        (party for party in parties if party.user_id and party.user_id == str(meta.get("primaryUserId"))), None
    )
    content: Mapping[str, Any] = data.get("content") or {}
    account, deal = _crm_object(data, "Account"), _crm_object(data, "Opportunity")
    return Call(
        id=call_id,
        title=str(meta.get("title") or call_id),
        started=started if started.tzinfo else started.replace(tzinfo=UTC),
        duration_s=float(meta.get("duration") or 0),
        parties=parties,
        account=_text(account.get("Name")),
        deal_id=_text(deal.get("objectId")),
        deal_stage=_text(deal.get("StageName")),
        owner=owner.name if owner else None,
        language=_text(meta.get("language")),
        url=_text(meta.get("url")),
        private=bool(meta.get("isPrivate")),
        synthetic=meta.get("customData") == SYNTHETIC,
        recorded_stats=_stats(data),
        topics=tuple(
            Topic(str(topic["name"]), _number(topic.get("duration"))) for topic in _objects(content, "topics", "name")
        ),
        trackers=tuple(
            Tracked(str(tracker["name"]), int(_number(tracker.get("count"))), _hits(tracker))
            for tracker in _objects(content, "trackers", "name")
        ),
        outline=tuple(_outlined(section) for section in _objects(content, "outline", "section")),
    )


def read_transcript(data: Mapping[str, Any]) -> Transcript:
    """CallTranscript of `/v2/calls/transcript`, its sentences in order of time."""
    sentences = [
        Sentence(
            speaker_id=str(monologue.get("speakerId") or ""),
            start_ms=int(sentence.get("start") or 0),
            end_ms=int(sentence.get("end") or sentence.get("start") or 0),
            text=str(sentence["text"]),
        )
        for monologue in data.get("transcript") or ()
        for sentence in monologue.get("sentences") or ()
        if sentence.get("text")
    ]
    return Transcript(str(data["callId"]), tuple(sorted(sentences, key=lambda sentence: sentence.start_ms)))


def _party(party: Mapping[str, Any]) -> Party:
    return Party(
        id=str(party.get("id") or ""),
        name=str(party.get("name") or party.get("emailAddress") or "Unknown"),
        side=SIDES.get(str(party.get("affiliation")).lower(), "unknown"),
        title=_text(party.get("title")),
        email=_text(party.get("emailAddress")),
        speaker_id=_text(party.get("speakerId")),
        user_id=_text(party.get("userId")),
    )


def _crm_object(data: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The first CRM object of a kind, its fields beside its `objectId`."""
    contexts = cast("Iterable[Mapping[str, Any]]", data.get("context") or ())
    objects = (
        item for context in contexts for item in context.get("objects") or () if item.get("objectType") == kind
    )
    found = next(objects, None)
    if found is None:
        return {}
    return {
        "objectId": found.get("objectId"),
        **{field.get("name"): field.get("value") for field in found.get("fields") or ()},
    }


def _stats(data: Mapping[str, Any]) -> dict[str, float]:
    interaction: Mapping[str, Any] = data.get("interaction") or {}
    stats = cast("Iterable[Mapping[str, Any]]", interaction.get("interactionStats") or ())
    return {
        str(stat["name"]): float(stat["value"])
        for stat in stats
        if stat.get("name") and stat.get("value") is not None
    }


def _objects(content: Mapping[str, Any], key: str, required: str) -> list[Mapping[str, Any]]:
    """The objects of a list that carry what they cannot do without."""
    listed = cast("Iterable[Mapping[str, Any]]", content.get(key) or ())
    return [item for item in listed if item.get(required)]


def _hits(tracker: Mapping[str, Any]) -> tuple[float, ...]:
    return tuple(_number(hit.get("startTime")) for hit in tracker.get("occurrences") or ())


def _outlined(section: Mapping[str, Any]) -> Outlined:
    return Outlined(
        section=str(section["section"]),
        start_s=_number(section.get("startTime")),
        duration_s=_number(section.get("duration")),
        items=tuple(str(item["text"]) for item in section.get("items") or () if item.get("text")),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
