"""The directory that calls are imported into: one JSON file a call, named by its id.

A file appears whole or not at all: it is written beside its place and moved there. A call that comes again
replaces what was there, but a call without words never takes away words that are already here. A transcript
that comes before its call waits in memory until the call comes.
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from workspace.gong_import.checking import Note, Unusable, check_call, check_transcript
from workspace.gong_import.reading import Found, FoundCall, FoundTranscript, Unreadable
from workspace.toolset import Json

__all__ = ["Report", "Shelf", "Skipped"]

Written = Literal["new", "changed", "unchanged"]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not imported, and why."""

    source: str
    reason: str


@dataclass(slots=True)
class Report:
    """What an import did. Everything that was found is in one of these lists."""

    new: set[str] = field(default_factory=set[str])
    changed: set[str] = field(default_factory=set[str])
    unchanged: set[str] = field(default_factory=set[str])
    skipped: list[Skipped] = field(default_factory=list[Skipped])
    notes: dict[str, tuple[Note, ...]] = field(default_factory=dict[str, tuple[Note, ...]])
    interrupted: bool = False

    def count(self, call_id: str, written: Written) -> None:
        """A call counts once, by the most that happened to it."""
        if written == "new":
            self.new.add(call_id)
        elif written == "changed" and call_id not in self.new:
            self.changed.add(call_id)
        elif written == "unchanged" and call_id not in self.new | self.changed:
            self.unchanged.add(call_id)
        self.unchanged -= self.new | self.changed

    def shaped(self) -> Json:
        return {
            "imported": len(self.new) + len(self.changed),
            "new": len(self.new),
            "changed": len(self.changed),
            "unchanged": len(self.unchanged),
            "skipped": [{"source": skipped.source, "reason": skipped.reason} for skipped in self.skipped],
            "notes": [
                {"call_id": note.call_id, "kind": note.kind, "text": note.text}
                for notes in self.notes.values()
                for note in notes
            ],
            "interrupted": self.interrupted,
        }


class Shelf:
    """Puts what was found into the directory and keeps the report. `now` is handed in."""

    def __init__(self, folder: Path, now: datetime) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._now = now
        self._waiting: dict[str, FoundTranscript] = {}
        self.report = Report()

    def take(self, found: Iterable[Found]) -> None:
        """Import everything that is usable; the rest is skipped with its reason."""
        for item in found:
            try:
                self._take_one(item)
            except Unusable as reason:
                self.report.skipped.append(Skipped(item.source, str(reason)))

    def close(self) -> Report:
        """Say what is left over: transcripts whose call never came."""
        for call_id, waiting in self._waiting.items():
            self.report.skipped.append(Skipped(waiting.source, f"a transcript of call {call_id}, which is not here"))
        self._waiting.clear()
        return self.report

    def _take_one(self, item: Found) -> None:
        match item:
            case Unreadable(source, reason):
                self.report.skipped.append(Skipped(source, reason))
            case FoundTranscript(_, transcript):
                check_transcript(transcript)
                call_id = str(transcript["callId"])
                stored = self._stored(call_id)
                if stored is None:
                    self._waiting[call_id] = item
                else:
                    self._put(stored["call"], transcript)
            case FoundCall():
                self._take_call(item)

    def _take_call(self, found: FoundCall) -> None:
        call_id = str(found.call["metaData"].get("id"))
        waiting = self._waiting.get(call_id)
        transcript = found.transcript or (waiting.transcript if waiting else None)
        if transcript is None and (stored := self._stored(call_id)):
            transcript = stored.get("transcript")
        self._put(found.call, transcript)
        self._waiting.pop(call_id, None)
        if found.ignored:
            note = Note(call_id, "ignored_fields", f"not Gong's, left out: {', '.join(found.ignored)}")
            self.report.notes[call_id] = (*self.report.notes[call_id], note)

    def _put(self, call: Json, transcript: Json | None) -> None:
        read, notes = check_call(call, transcript, self._now)
        call_id = read.card.id
        self.report.notes[call_id] = notes
        self.report.count(call_id, self._write(call_id, {"call": call, "transcript": transcript}))

    def _stored(self, call_id: str) -> Json | None:
        path = self._path(call_id)
        return json.loads(path.read_text(encoding="utf-8")) if path and path.exists() else None

    def _write(self, call_id: str, pair: Json) -> Written:
        path = self._folder / f"{call_id}.json"
        text = json.dumps(pair, ensure_ascii=False, separators=(",", ":"))
        existed = path.exists()
        if existed and path.read_text(encoding="utf-8") == text:
            return "unchanged"
        beside = self._folder / f".{call_id}.{os.getpid()}.tmp"
        try:
            beside.touch(mode=0o600)  # what people said on calls is for this user alone
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        except BaseException:  # an interrupt too must not leave half a file behind
            with suppress(OSError):
                beside.unlink()
            raise
        return "changed" if existed else "new"

    def _path(self, call_id: str) -> Path | None:
        """Where a call is stored; None for an id that could name another place."""
        return self._folder / f"{call_id}.json" if call_id.isdecimal() else None
