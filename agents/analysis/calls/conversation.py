"""A call joined with its words: who said each sentence, on which side, when.

Recorders are not tidy. A speaker may be in no party list, a party may never speak, times may run backwards, two
people may bear one name. `join` settles all of that once, keeps every sentence, and writes down what it had to
settle in `notes`, so that whoever reads an answer sees it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, TypeVar, cast

from agents.analysis.calls.words import count_words
from agents.sources import Call, Level, Party, Sentence, Side, Transcript

__all__ = ["Conversation", "Line", "Speaker", "is_english", "join", "once"]

ResultT = TypeVar("ResultT")

UNKNOWN_SPEAKER = "unknown speaker"
SUMMARY = "written summary, nobody's own words"
"""Who speaks where only a summary is known."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who speaks in the transcript. `known` is false where no party of the call bears the speaker id."""

    id: str
    name: str
    side: Side
    title: str | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, in its place.

    `anchor` tells it from every other sentence of the call: its start, with a suffix where two start together.
    """

    number: int
    anchor: str
    speaker: Speaker
    start_ms: int
    end_ms: int
    text: str
    words: int

    @property
    def duration_ms(self) -> int:
        """How long the sentence took."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Conversation:
    """One call and all its sentences in order of time (in the order given, where there are no times).

    `rep` is the seller whose call it is, as a speaker: the call's owner, or else the one of the seller's people who
    says most. `silent` are the parties that no sentence belongs to. `start_ms` and `end_ms` are those of the talk.
    """

    call: Call
    level: Level
    lines: tuple[Line, ...]
    start_ms: int
    end_ms: int
    speakers: tuple[Speaker, ...]
    rep: Speaker | None
    silent: tuple[Party, ...]
    notes: tuple[str, ...]
    found: dict[Any, Any] = field(init=False, default_factory=dict[Any, Any], compare=False, repr=False)
    """What analyses that run `once` found in it."""

    @property
    def timed(self) -> bool:
        """Whether the sentences have times."""
        return self.level == "timed"

    @property
    def clocked(self) -> bool:
        """Whether talk can be measured by time: the sentences have times, and not all of them take no time at all."""
        return self.timed and any(line.end_ms > line.start_ms for line in self.lines)

    def share_passed(self, line: Line) -> float:
        """How far into the call a sentence begins, 0 to 1: by time, or by position where there are no times."""
        if self.timed and self.end_ms > self.start_ms:
            return (line.start_ms - self.start_ms) / (self.end_ms - self.start_ms)
        return line.number / max(1, len(self.lines) - 1)


def once(analysis: Callable[[Conversation], ResultT]) -> Callable[[Conversation], ResultT]:
    """Keep the result of an analysis with the conversation, for every other analysis that needs it, too."""

    @wraps(analysis)
    def kept(conversation: Conversation) -> ResultT:
        if analysis not in conversation.found:
            conversation.found[analysis] = analysis(conversation)
        return cast("ResultT", conversation.found[analysis])

    return kept


def is_english(call: Call) -> bool:
    """Whether cue lists written for English fit; a call without a language is taken for English."""
    return call.language is None or call.language.lower().split("-")[0] in {"en", "eng", "english", ""}


def join(call: Call, transcript: Transcript) -> Conversation:
    """The call with its words; every sentence of the transcript is in it."""
    level: Level = transcript.level
    timeless = bool(transcript.sentences) and all(s.start_ms == s.end_ms == 0 for s in transcript.sentences)
    if level == "timed" and timeless:
        level = "untimed"
    sentences, reversed_count = _in_order(transcript.sentences, timed=level == "timed")
    speakers = _summarised(sentences) if level == "prose" else _speakers(call.parties, sentences)
    lines = _lines(sentences, speakers)
    heard = {sentence.speaker_id for sentence in sentences}
    silent = tuple(party for party in call.parties if party.speaker_id is None or party.speaker_id not in heard)
    return Conversation(
        call=call,
        level=level,
        lines=lines,
        start_ms=min((line.start_ms for line in lines), default=0),
        end_ms=max((line.end_ms for line in lines), default=0),
        speakers=tuple(speakers.values()),
        rep=_rep(call, lines),
        silent=silent,
        notes=_notes(call, level, speakers, lines, reversed_count),
    )


def _in_order(sentences: Sequence[Sentence], *, timed: bool) -> tuple[list[Sentence], int]:
    if not timed:
        return list(sentences), 0
    backwards = sum(1 for sentence in sentences if sentence.end_ms < sentence.start_ms)
    forwards = [
        replace(sentence, start_ms=sentence.end_ms, end_ms=sentence.start_ms)
        if sentence.end_ms < sentence.start_ms
        else sentence
        for sentence in sentences
    ]
    return sorted(forwards, key=lambda sentence: (sentence.start_ms, sentence.end_ms)), backwards


def _summarised(sentences: Sequence[Sentence]) -> dict[str, Speaker]:
    """A summary is nobody's speech, whatever speaker a source puts beside it."""
    return {
        sentence.speaker_id: Speaker(sentence.speaker_id, SUMMARY, "unknown", known=False) for sentence in sentences
    }


def _speakers(parties: Sequence[Party], sentences: Sequence[Sentence]) -> dict[str, Speaker]:
    """Speakers by speaker id, in the order in which they are first heard."""
    by_speaker_id = {party.speaker_id: party for party in parties if party.speaker_id is not None}
    names = Counter(party.name.casefold() for party in parties)
    shown: Counter[str] = Counter()
    speakers: dict[str, Speaker] = {}
    strangers = 0
    for sentence in sentences:
        if sentence.speaker_id in speakers:
            continue
        party = by_speaker_id.get(sentence.speaker_id)
        if party is None:
            strangers += 1
            name = UNKNOWN_SPEAKER if strangers == 1 else f"{UNKNOWN_SPEAKER} {strangers}"
            speakers[sentence.speaker_id] = Speaker(sentence.speaker_id, name, "unknown", known=False)
            continue
        name = party.name or UNKNOWN_SPEAKER
        if names[party.name.casefold()] > 1:  # two people of one name: say which
            name = f"{name} ({party.title or party.side})"
        shown[name] += 1
        if shown[name] > 1:
            name = f"{name} {shown[name]}"
        speakers[sentence.speaker_id] = Speaker(sentence.speaker_id, name, party.side, party.title)
    return speakers


def _lines(sentences: Sequence[Sentence], speakers: dict[str, Speaker]) -> tuple[Line, ...]:
    starts: Counter[int] = Counter()
    lines: list[Line] = []
    for number, sentence in enumerate(sentences):
        starts[sentence.start_ms] += 1
        nth = starts[sentence.start_ms]
        anchor = str(sentence.start_ms) if nth == 1 else f"{sentence.start_ms}#{nth}"
        lines.append(
            Line(
                number=number,
                anchor=anchor,
                speaker=speakers[sentence.speaker_id],
                start_ms=sentence.start_ms,
                end_ms=sentence.end_ms,
                text=sentence.text,
                words=count_words(sentence.text),
            )
        )
    return tuple(lines)


def _rep(call: Call, lines: Sequence[Line]) -> Speaker | None:
    owner = (call.owner or "").casefold()
    owners = {
        party.speaker_id
        for party in call.parties
        if owner
        and owner in {party.name.casefold(), (party.user_id or "").casefold(), (party.email or "").casefold()}
    }
    words: Counter[str] = Counter()
    sellers: dict[str, Speaker] = {}
    for line in lines:
        if line.speaker.id in owners:
            return line.speaker
        if line.speaker.side == "internal":
            words[line.speaker.id] += line.words
            sellers[line.speaker.id] = line.speaker
    return sellers[words.most_common(1)[0][0]] if words else None


def _notes(
    call: Call, level: Level, speakers: dict[str, Speaker], lines: Sequence[Line], reversed_count: int
) -> tuple[str, ...]:
    notes: list[str] = []
    if level == "untimed":
        notes.append("The transcript has no times: shares are by words, and quotes carry a sentence number.")
    if level == "prose":
        notes.append(
            "Only a written summary of this call is available: it is quoted as such, and nothing is computed."
        )
        return tuple(notes)
    if reversed_count:
        notes.append(f"{_count(reversed_count, 'sentence')} ended before the start; the two times were swapped.")
    strangers = {speaker.id for speaker in speakers.values() if not speaker.known}
    if strangers:
        said = sum(1 for line in lines if line.speaker.id in strangers)
        notes.append(
            f"{_count(said, 'sentence')} by {_count(len(strangers), 'speaker')} who is in no party list of the call: "
            f'shown as "{UNKNOWN_SPEAKER}", counted for neither side.'
        )
    notes.extend(_notes_on_people(call))
    if level == "timed" and lines and all(line.end_ms == line.start_ms for line in lines):
        notes.append("The sentences begin and end at the same instant: shares are by words, and nothing is timed.")
    if not is_english(call):
        notes.append(
            f'The call is in "{call.language}" and the cue lists are English: only times, shares and search hold, '
            "and nothing else was looked for."
        )
    return tuple(notes)


def _notes_on_people(call: Call) -> list[str]:
    notes: list[str] = []
    mute = [party.name for party in call.parties if party.speaker_id is None]
    if mute:
        some = ", ".join(mute[:3]) + (f" and {len(mute) - 3} more" if len(mute) > 3 else "")
        notes.append(
            f"{some} {'is' if len(mute) == 1 else 'are'} listed without a voice in the recording: shown as not heard."
        )
    names = Counter(party.name for party in call.parties)
    twins = [name for name, times in names.items() if times > 1]
    if twins:
        notes.append(f"Several people on the call are called {', '.join(twins)}: told apart by their titles.")
    return notes


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
