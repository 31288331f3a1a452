"""Recorded meetings in Gong's shape with what a human said about each sentence: the ICSI Meeting Corpus and its MRDA tags.

A folder of files, each `{"call": CallData, "transcript": CallTranscript, "labels": [[sentence index, tag], ...]}`; an
index counts the sentences of the whole transcript in order of time. What is read goes the product's own way: its Gong
adapter, its `join`. Tags are dialogue acts, their parts split at `|`, `^`, `.` and `:`; rows tagged `z`, `x` or
nothing carry no judgement and are left out.

The corpus is CC BY 4.0 and lies beside the checkout, not in it: `../shared/data/icsi/val` unless a path is given.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from agents.analysis.calls.conversation import Conversation, join
from agents.sources import Call, Transcript
from benchmarks.quality.row import NoData
from server.downstream.adapters.gong import read_call, read_transcript

__all__ = ["VALIDATION", "Meeting", "described", "files_of", "meetings"]

VALIDATION = Path(__file__).parents[2] / "../shared/data/icsi/val"
_NO_JUDGEMENT = frozenset({"", "x", "z"})
_PARTS = re.compile(r"[|^.:]")


@dataclass(frozen=True, slots=True)
class Meeting:
    """One file. `tags` holds the parts of the tag of each judged line of `conversation`, by the line's number."""

    name: str
    call: Call
    transcript: Transcript
    conversation: Conversation
    tags: Mapping[int, frozenset[str]]


def files_of(data: Path | None) -> tuple[Path, ...]:
    """The files of a folder, by name. Raises NoData where there are none."""
    folder = VALIDATION if data is None else data
    files = tuple(sorted(folder.glob("*.json")))
    if not files:
        wanted = "the ICSI validation meetings beside the checkout" if data is None else f"ICSI-shaped JSON in {data}"
        raise NoData(f"Looked for {wanted} and found no file. Give a folder of them with --data.")
    return files


def meetings(data: Path | None) -> Iterator[Meeting]:
    """The meetings of a folder, one after the other. Raises NoData where there are none."""
    for file in files_of(data):
        yield _meeting(file)


def described(data: Path | None) -> str:
    """What was measured on, for a report."""
    n = len(files_of(data))
    if data is None:
        return f"ICSI Meeting Corpus with MRDA dialogue acts (CC BY 4.0), validation split, {n} meetings"
    return f"{n} ICSI-shaped files of {data.name}"


def _meeting(file: Path) -> Meeting:
    given: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    call, transcript = read_call(given["call"]), read_transcript(given["transcript"])
    place = _places(given["transcript"], transcript)
    rows = cast("list[tuple[int, str | None]]", given["labels"])
    tags = {
        place[index]: frozenset(_PARTS.split(tag))
        for index, tag in rows
        if tag is not None and tag not in _NO_JUDGEMENT and index in place
    }
    return Meeting(file.stem, call, transcript, join(call, transcript), tags)


def _places(raw: Mapping[str, Any], transcript: Transcript) -> dict[int, int]:
    """The line number of each sentence by its index in the file's order of time.

    The two differ only where a sentence has no words, which the adapter leaves out, or where `join` puts sentences
    that start together in the order of their ends.
    """
    sentences = (sentence for monologue in raw["transcript"] for sentence in monologue["sentences"])
    ordered = sorted(sentences, key=lambda sentence: sentence["start"])
    worded = [index for index, sentence in enumerate(ordered) if sentence["text"]]
    spoken = transcript.sentences
    by_time = sorted(range(len(spoken)), key=lambda i: (spoken[i].start_ms, spoken[i].end_ms))
    return {worded[position]: number for number, position in enumerate(by_time)}
