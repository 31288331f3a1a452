"""Calls as gongio-mcp writes them: Markdown, dates without times, words without times.

Participants are known by name only, and so is who speaks: the name stands for the speaker in both. A date like
`3/4/2026` is read as month first unless another date of the same answer cannot be.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agents.sources import Call, Party, Sentence, Side

__all__ = ["Piece", "calls_of", "cursor_of", "piece_of", "sentences_of"]

CURSOR = re.compile(r"Cursor:\*? `([^`]+)`")
ROW = re.compile(r"^\| (\d{1,20}) \| (.*) \| ([^|]*) \| ([^|]*) \| [^|]* \|$", re.MULTILINE)
BLOCK = re.compile(r"^### (.*)\n(\*\*ID:\*\* .*)$", re.MULTILINE)
FIELD = re.compile(r"\*\*(\w[\w ]*):\*\* ([^|\n]+?)(?: \||$)", re.MULTILINE)
ACCOUNT = re.compile(r"^\*\*Account:\*\* (.+)$", re.MULTILINE)
PARTICIPANTS = re.compile(r"^\*\*Participants:\*\* (.+)$", re.MULTILINE)
PARTICIPANT = re.compile(r"(.+?) \((Internal|External|Unknown)\)(?:, |$)")
DATE = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.](\d{4})\b")
ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
MINUTES = re.compile(r"(\d+)m")
HEADING = re.compile(
    r"\A## Transcript \(Call \d+\)\s*(?:\*Showing characters [^\n]*\*\s*)?(?:\*\[\.\.\.truncated start\.\.\.\]\*\n\n)?"
)
MORE = re.compile(r"\n\n\*\[\.\.\.truncated\.\.\.\]\*\s*\*To see more, use offset: (\d+)\*\s*\Z")
NOTHING = "*No transcript available*"
SPOKEN = re.compile(r"^\[([^\]\n]+)\]: (.*)$", re.MULTILINE)
SENTENCE = re.compile(r"\S.*?(?:[.!?…]+(?=\s|$)|$)")
SIDES: dict[str, Side] = {"Internal": "internal", "External": "external"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a transcript's text, and where the next one begins."""

    text: str
    following: int | None


def cursor_of(text: str) -> str | None:
    """Where the next page begins."""
    found = CURSOR.search(text)
    return found[1] if found else None


def calls_of(text: str) -> tuple[Call, ...]:
    """The calls of a table, or those of blocks, which say more. One without a date is left out."""
    day_first = any(int(first) > 12 for first, _, _ in DATE.findall(text))
    blocks = list(BLOCK.finditer(text))
    ends = [*(block.start() for block in blocks[1:]), len(text)][: len(blocks)]
    found = [_of_block(block, text[block.end() : end], day_first) for block, end in zip(blocks, ends, strict=True)]
    found += [_of_row(row, day_first) for row in ROW.finditer(text)]
    return tuple(call for call in found if call is not None)


def piece_of(text: str) -> Piece | None:
    """What one answer holds of a transcript; None where the call has no words."""
    if NOTHING in text[:200]:
        return None
    more = MORE.search(text)
    body = text[: more.start()] if more else text
    return Piece(HEADING.sub("", body, count=1), int(more[1]) if more else None)


def sentences_of(text: str) -> tuple[Sentence, ...]:
    """The sentences of a whole transcript in the order they were spoken, each by the name of who spoke."""
    return tuple(
        Sentence(_plain(turn[1]), 0, 0, sentence[0])
        for turn in SPOKEN.finditer(text)
        for sentence in SENTENCE.finditer(_plain(turn[2]))
    )


def _of_block(block: re.Match[str], rest: str, day_first: bool) -> Call | None:
    fields = {name: value.strip() for name, value in FIELD.findall(block[2])}
    account, participants = ACCOUNT.search(rest), PARTICIPANTS.search(rest)
    return _call(
        fields.get("ID", ""),
        _plain(block[1]),
        fields.get("Date", ""),
        fields.get("Duration", ""),
        day_first,
        account=_plain(account[1]) if account else None,
        parties=_parties(participants[1]) if participants else (),
    )


def _of_row(row: re.Match[str], day_first: bool) -> Call | None:
    return _call(row[1], _plain(row[2]), row[3], row[4], day_first)


def _call(
    call_id: str,
    title: str,
    day: str,
    duration: str,
    day_first: bool,
    account: str | None = None,
    parties: Sequence[Party] = (),
) -> Call | None:
    started, minutes = _day(day, day_first), MINUTES.search(duration)
    if not call_id or started is None:
        return None
    sellers = [party.name for party in parties if party.side == "internal"]
    return Call(
        id=call_id,
        title=title,
        started=started,
        duration_s=int(minutes[1]) * 60.0 if minutes else 0.0,
        parties=tuple(parties),
        account=account,
        # Whose call it is, is not said; with one seller on it there is no doubt.
        owner=sellers[0] if len(sellers) == 1 else None,
    )


def _parties(listed: str) -> tuple[Party, ...]:
    plain = _plain(listed)
    named: list[tuple[str, Side]] = [(m[1], SIDES.get(m[2], "unknown")) for m in PARTICIPANT.finditer(plain)]
    if not named:
        named = [(name, "unknown") for name in plain.split(", ")]
    return tuple(Party(id=name, name=name, side=side, speaker_id=name) for name, side in named)


def _day(said: str, day_first: bool) -> datetime | None:
    try:
        if iso := ISO_DATE.search(said):
            return datetime(int(iso[1]), int(iso[2]), int(iso[3]), tzinfo=UTC)
        if found := DATE.search(said):
            first, second = int(found[1]), int(found[2])
            day, month = (first, second) if day_first or "." in found[0] else (second, first)
            return datetime(int(found[3]), month, day, tzinfo=UTC)
    except ValueError:
        return None
    return None


def _plain(text: str) -> str:
    return text.replace("\\|", "|").strip()
