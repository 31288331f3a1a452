"""Read a call that was written by hand, in the text form of `workspace/data/calls`.

    call: 7400000000000000101
    title: Acme Corporation: GTX Plus Pro, first conversation (synthetic)
    started: 2017-09-06T15:00:00Z
    account: Acme Corporation
    opportunity: LFMMI05H
    party: Cassey Cress | Account Executive | internal
    party: Dana Whitlock | IT Director | external
    party: Owen Park | Procurement Analyst | external | silent

    == Opening
    [00:02.0] Cassey: Hi Dana, thanks for making the time.
    [00:03.8~] Dana: Mm-hm.

A header, a blank line, then one sentence a line under the topic it belongs to. The first internal party
is the rep whose call it is; a speaker is named by first name; `silent` is an attendee who is never
heard; `private: yes` is a private call; a header without sentences is a call that was not transcribed
and needs `duration: MM:SS`.

**End of a sentence.** A line says when a sentence starts. It ends after 300 ms plus 80 ms per character
(about 130 words a minute), or when the next line starts, whichever comes first. A line marked `~` talks
over the one before it: it does not end the sentences in progress. Nobody talks over himself.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Line", "Script", "ScriptError", "ScriptParty", "read_script", "spoken_ms"]

MS_PER_CHARACTER = 80
MS_PER_SENTENCE = 300

_LINE = re.compile(
    r"\[(?P<minute>\d+):(?P<second>\d\d)\.(?P<tenth>\d)(?P<over>~?)\] (?P<speaker>[^:]+): (?P<text>.+)"
)


class ScriptError(ValueError):
    """A script breaks the form; the message says where."""


@dataclass(frozen=True, slots=True)
class ScriptParty:
    """Somebody on the call."""

    name: str
    title: str
    internal: bool
    silent: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; times in ms from the start of the call."""

    speaker: ScriptParty
    start_ms: int
    end_ms: int
    text: str
    topic: str | None


@dataclass(frozen=True, slots=True)
class Script:
    """A hand-written call."""

    call_id: str
    title: str
    started: datetime
    account: str
    opportunity_id: str | None
    private: bool
    language: str
    duration_s: int
    parties: tuple[ScriptParty, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class _Start:
    """A line before its end is known."""

    speaker: ScriptParty
    start_ms: int
    talks_over: bool
    text: str
    topic: str | None


def read_script(text: str) -> Script:
    """Read one script. Raises ScriptError."""
    head, _, body = text.partition("\n\n")
    fields: dict[str, str] = {}
    parties: list[ScriptParty] = []
    for row in head.splitlines():
        key, _, value = row.partition(": ")
        if key == "party":
            parties.append(_party(value))
        else:
            fields[key] = value.strip()
    try:
        lines = _with_ends(list(_starts(body, parties)))
        return Script(
            call_id=fields["call"],
            title=fields["title"],
            started=datetime.fromisoformat(fields["started"]),
            account=fields["account"],
            opportunity_id=fields.get("opportunity"),
            private=fields.get("private") == "yes",
            language=fields.get("language", "eng"),
            duration_s=_duration_s(fields.get("duration"), lines),
            parties=tuple(parties),
            lines=lines,
        )
    except KeyError as missing:
        raise ScriptError(f"the header has no {missing}") from missing


def spoken_ms(text: str) -> int:
    """How long a sentence takes to say, by the rule of this form."""
    return MS_PER_SENTENCE + MS_PER_CHARACTER * len(text)


def _party(value: str) -> ScriptParty:
    parts = [part.strip() for part in value.split("|")]
    if len(parts) < 3 or parts[2] not in {"internal", "external"}:
        raise ScriptError(f"a party is 'Name | Title | internal or external [| silent]', not {value!r}")
    return ScriptParty(parts[0], parts[1], parts[2] == "internal", parts[3:] == ["silent"])


def _starts(body: str, parties: Sequence[ScriptParty]) -> Iterable[_Start]:
    by_first_name = {party.name.split()[0]: party for party in parties}
    topic: str | None = None
    for number, row in enumerate(body.splitlines(), start=1):
        if not row.strip():
            continue
        if row.startswith("== "):
            topic = row.removeprefix("== ").strip()
            continue
        found = _LINE.fullmatch(row.rstrip())
        if found is None or found["speaker"] not in by_first_name:
            raise ScriptError(f"sentence line {number} is not '[MM:SS.t] FirstName: text' of a party: {row!r}")
        start_ms = (int(found["minute"]) * 600 + int(found["second"]) * 10 + int(found["tenth"])) * 100
        yield _Start(by_first_name[found["speaker"]], start_ms, bool(found["over"]), found["text"], topic)


def _with_ends(starts: Sequence[_Start]) -> tuple[Line, ...]:
    """Give every sentence its end; see the rule in the module's docstring."""
    lines: list[Line] = []
    for index, start in enumerate(starts):
        end_ms = start.start_ms + spoken_ms(start.text)
        for later in starts[index + 1 :]:
            if later.start_ms < start.start_ms:
                raise ScriptError(f"the sentence at {later.start_ms} ms stands after one that starts later")
            if not later.talks_over or later.speaker == start.speaker:
                end_ms = min(end_ms, later.start_ms)
                break
        lines.append(Line(start.speaker, start.start_ms, end_ms, start.text, start.topic))
    return tuple(lines)


def _duration_s(declared: str | None, lines: Sequence[Line]) -> int:
    """The declared `MM:SS`, else the last word and two seconds of goodbye."""
    if declared is not None:
        minutes, _, seconds = declared.partition(":")
        return int(minutes) * 60 + int(seconds)
    if not lines:
        raise ScriptError("a call without sentences needs 'duration: MM:SS'")
    return max(line.end_ms for line in lines) // 1000 + 2
