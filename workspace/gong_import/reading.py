"""Find calls and transcripts in JSON of any shape that Gong or an export of it comes in.

* `{"call": CallData, "transcript": CallTranscript}`: both halves of one call;
* a page of the API: `{"calls": [...]}`, `{"callTranscripts": [...]}`;
* a single CallData, CallBasicData or CallTranscript;
* a list of any of these.

Nothing is judged here but the shape; `checking` judges the call.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from workspace.toolset import Json

__all__ = ["FoundCall", "FoundTranscript", "Unreadable", "read_file", "read_value", "source_files"]

MAX_FILE_BYTES = 256 * 1024 * 1024

EXPECTED = "expected call and transcript, calls, callTranscripts, or one of their entries"
PAGE_KEYS = {"requestId", "records"}


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A call and, where it came with it, its transcript. `ignored` are fields beside the two halves."""

    source: str
    call: Json
    transcript: Json | None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundTranscript:
    """A transcript whose call stands elsewhere."""

    source: str
    transcript: Json


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that holds no call, and why."""

    source: str
    reason: str


Found = FoundCall | FoundTranscript | Unreadable


def source_files(path: Path) -> list[Path]:
    """The file itself, or every file below a folder in order of name. Hidden files are left out."""
    if path.is_file():
        return [path]
    files = (file for file in path.rglob("*") if file.is_file())
    return sorted(file for file in files if not any(part.startswith(".") for part in file.relative_to(path).parts))


def read_file(path: Path, name: str) -> Iterator[Found]:
    """Everything in one file. Never raises: what cannot be read is Unreadable."""
    if path.suffix not in {".json", ".jsonl"}:
        yield Unreadable(name, "not a .json or .jsonl file")
        return
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            yield Unreadable(name, f"larger than {MAX_FILE_BYTES // 1024**2} MB: split it")
            return
        text = path.read_text(encoding="utf-8-sig")
        values = (
            [json.loads(line) for line in text.splitlines() if line.strip()]
            if path.suffix == ".jsonl"
            else [json.loads(text)]
        )
    except (OSError, UnicodeDecodeError) as error:
        yield Unreadable(name, f"cannot be read: {type(error).__name__}")
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" at line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        yield Unreadable(name, f"no JSON{where}")
    else:
        for value in values:
            yield from read_value(value, name)


def read_value(value: object, source: str) -> Iterator[Found]:
    """Everything in one JSON value."""
    if isinstance(value, list):
        for number, item in enumerate(cast("list[object]", value)):
            yield from _read_object(item, f"{source}[{number}]")
    else:
        yield from _read_object(value, source)


def _read_object(value: object, source: str) -> Iterator[Found]:
    if not isinstance(value, Mapping):
        yield Unreadable(source, f"a {type(value).__name__}: {EXPECTED}")
        return
    found = dict(cast("Mapping[str, Any]", value))
    pages = [key for key in ("calls", "callTranscripts") if isinstance(found.get(key), list)]
    if pages:
        for key in pages:
            yield from read_value(found[key], f"{source}:{key}")
    elif isinstance(found.get("call"), Mapping):
        yield _pair(found, source)
    elif isinstance(found.get("metaData"), Mapping):
        yield FoundCall(source, found, None)
    elif "callId" in found and isinstance(found.get("transcript"), list):
        yield FoundTranscript(source, found)
    elif "id" in found and "started" in found:
        yield FoundCall(source, {"metaData": found}, None)
    else:
        yield Unreadable(source, f"no call: {EXPECTED}")


def _pair(found: Json, source: str) -> FoundCall:
    call = dict(found["call"])
    if not isinstance(call.get("metaData"), Mapping):
        call = {"metaData": call}
    transcript = found.get("transcript")
    half = dict(cast("Mapping[str, Any]", transcript)) if isinstance(transcript, Mapping) else None
    ignored = tuple(sorted(set(found) - {"call", "transcript"} - PAGE_KEYS))
    return FoundCall(source, call, half, ignored)
