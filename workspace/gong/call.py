"""A call as the tools see it, read from Gong's JSON.

The JSON itself is kept whole, since Gong adds fields without warning and a client must get what Gong
gave. Reading is tolerant: a field that is missing or of another type becomes None or empty.
Units as in Gong's API v2: sentences in ms, everything else in seconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from workspace.toolset import Json

__all__ = ["SYNTHETIC", "Call", "Card", "Party", "Sentence", "read_call"]

Affiliation = Literal["Internal", "External", "Unknown"]

SYNTHETIC = "synthetic"
"""The value of `metaData.customData` of a call that was invented."""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody invited to or heard on a call. `speaker_id` joins to sentences; a silent attendee has none."""

    id: str
    name: str
    email: str | None
    title: str | None
    user_id: str | None
    speaker_id: str | None
    affiliation: Affiliation


@dataclass(frozen=True, slots=True)
class Sentence:
    """One spoken sentence."""

    speaker_id: str
    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Card:
    """What lists, filters and errors need of a call: everything but its words."""

    id: str
    title: str
    started: datetime
    duration_s: float
    account: str | None
    opportunity_id: str | None
    primary_user_id: str | None
    parties: tuple[Party, ...]
    private: bool
    synthetic: bool
    meta: Json
    """Gong's CallBasicData, as it came."""

    @property
    def rep(self) -> str | None:
        """The name of the seller whose call it is."""
        return next((p.name for p in self.parties if p.user_id and p.user_id == self.primary_user_id), None)


@dataclass(frozen=True, slots=True)
class Call:
    """One call with its words; `sentences` are in order of time, None where it was not transcribed."""

    card: Card
    data: Json
    """Gong's CallData, as it came."""
    transcript: Json | None
    """Gong's CallTranscript, as it came."""
    sentences: tuple[Sentence, ...] | None

    def speaker(self, speaker_id: str) -> str:
        """The name behind a speaker id; the id itself where no party has it."""
        return next((p.name for p in self.card.parties if p.speaker_id == speaker_id), f"Speaker {speaker_id}")

    def affiliation(self, speaker_id: str) -> Affiliation:
        for party in self.card.parties:
            if party.speaker_id == speaker_id:
                return party.affiliation
        return "Unknown"


def read_call(data: Json, transcript: Json | None) -> Call:
    """Read one CallData with its CallTranscript. Raises ValueError where it has no id or no start."""
    meta = _object(data.get("metaData"))
    parties = tuple(_parties(data))
    objects = [found for context in _objects(data.get("context")) for found in _objects(context.get("objects"))]
    card = Card(
        id=_required(meta, "id"),
        title=str(meta.get("title") or "(untitled call)"),
        started=_instant(_required(meta, "started")),
        duration_s=_number(meta.get("duration")),
        account=_account(objects),
        opportunity_id=_first_id(objects, "Opportunity", "Deal"),
        primary_user_id=_text(meta.get("primaryUserId")),
        parties=parties,
        private=meta.get("isPrivate") is True,
        synthetic=meta.get("customData") == SYNTHETIC,
        meta=meta,
    )
    sentences = tuple(sorted(_sentences(transcript), key=lambda s: s.start_ms)) if transcript else None
    return Call(card, data, transcript, sentences or None)


def _parties(data: Json) -> Iterator[Party]:
    for party in _objects(data.get("parties")):
        affiliation = party.get("affiliation")
        yield Party(
            id=str(party.get("id") or ""),
            name=str(party.get("name") or party.get("emailAddress") or "Unknown"),
            email=_text(party.get("emailAddress")),
            title=_text(party.get("title")),
            user_id=_text(party.get("userId")),
            speaker_id=_text(party.get("speakerId")),
            affiliation=affiliation if affiliation in {"Internal", "External"} else "Unknown",
        )


def _sentences(transcript: Json) -> Iterator[Sentence]:
    for monologue in _objects(transcript.get("transcript")):
        speaker_id = str(monologue.get("speakerId") or "")
        for sentence in _objects(monologue.get("sentences")):
            start_ms = int(_number(sentence.get("start")))
            end_ms = max(start_ms, int(_number(sentence.get("end"))))  # some recorders give reversed times
            yield Sentence(speaker_id, start_ms, end_ms, str(sentence.get("text") or ""))


def _account(objects: list[Json]) -> str | None:
    """The account's name; its id where the context does not name it."""
    for found in objects:
        if found.get("objectType") in {"Account", "Company"}:
            names = (field.get("value") for field in _objects(found.get("fields")) if field.get("name") == "Name")
            return _text(next(names, None)) or _text(found.get("objectId"))
    return None


def _first_id(objects: list[Json], *kinds: str) -> str | None:
    return next((_text(found.get("objectId")) for found in objects if found.get("objectType") in kinds), None)


def _object(value: object) -> Json:
    return dict(cast("Mapping[str, Any]", value)) if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[Json]:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [_object(item) for item in items]


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _required(meta: Json, key: str) -> str:
    value = _text(meta.get(key))
    if value is None:
        raise ValueError(f"metaData has no {key}")
    return value


def _instant(value: str) -> datetime:
    instant = datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
