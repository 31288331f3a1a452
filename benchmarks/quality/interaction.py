"""Talk time, monologues, switches and patience against a second, plain computation; and how long a long call takes.

The second computation reads the files itself and shares no line with the product: it looks at each sentence by
walking over all of them, and it finds overlap and silence by painting every millisecond. Both must agree to the
millisecond. The long call is made of the same meetings, one after the other. It is analysed as a whole, from its
sentences on, and goes through every tool of gong_intelligence, reading and citing included; both in CPU seconds.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

from agents.analysis.calls.competitors import competitors_in
from agents.analysis.calls.conversation import join
from agents.analysis.calls.interaction import Interaction, interaction_of
from agents.analysis.calls.key_sentences import key_sentences
from agents.analysis.calls.money import prices_in
from agents.analysis.calls.next_steps import next_steps_in
from agents.analysis.calls.objections import objections_in
from agents.analysis.calls.questions import asked_in
from agents.analysis.calls.searching import found_among
from agents.analysis.calls.turns import Parameters
from agents.gong_intelligence import GONG_INTELLIGENCE
from agents.sources import Call, CallQuery, CallScope, Found, Names, Sentence, Sources, Transcript
from agents.tool import AnyTool
from benchmarks.quality.icsi import described, files_of, meetings
from benchmarks.quality.row import NoData, Quality, Row, exactly, under

__all__ = ["measure"]

LONG_CALL = 10_000
ROUNDS = 3
KEY_SENTENCES = 4
ANALYSIS = "a call analysed: statistics, questions, objections, next steps, prices, competitors, key sentences"
PAUSE_MS = 2_000
"""Between two meetings of the long call."""
NO_WORD_TIMES = "The goal of 1 point against word times is not measured: these files hold the times of sentences and none of words."


def measure(data: Path | None) -> Quality:
    """Compare on every file, then time the long call."""
    pairs = [
        (interaction_of(meeting.conversation), plain(json.loads(file.read_text(encoding="utf-8"))))
        for meeting, file in zip(meetings(data), files_of(data), strict=True)
    ]
    speakers = sum(len(theirs.talk_ms) for _, theirs in pairs)
    n, of = len(pairs), "meetings"
    long_rows, long_note = long_call(data)
    rows = (
        Row("talk time, largest difference", talk_difference_ms(pairs), speakers, "speakers", exactly(0), unit="ms"),
        Row("longest monologue, largest difference", largest(pairs, monologue_ms), n, of, exactly(0), unit="ms"),
        Row("longest customer story, largest difference", largest(pairs, story_ms), n, of, exactly(0), unit="ms"),
        Row("switches, largest difference", largest(pairs, switches), n, of, exactly(0)),
        Row("patience, largest difference", largest(pairs, patience_ms), n, of, exactly(0), unit="ms"),
        Row("overlap, largest difference", largest(pairs, overlap_ms), n, of, exactly(0), unit="ms"),
        Row("silence, largest difference", largest(pairs, silence_ms), n, of, exactly(0), unit="ms"),
        *long_rows,
    )
    return Quality(
        about="Interaction figures of recorded meetings, and how long a call of 10,000 sentences takes",
        data=described(data),
        rows=rows,
        notes=(
            NO_WORD_TIMES,
            "Differences are between the product and a second computation from the files alone.",
            long_note,
        ),
    )


# The second computation


@dataclass(slots=True)
class Said:
    """One sentence of a file; `side` as the file writes it."""

    who: str
    side: str
    start: int
    end: int
    words: int


@dataclass(slots=True)
class Plain:
    """The figures of one file, in milliseconds."""

    talk_ms: dict[str, int] = field(default_factory=dict[str, int])
    monologue_ms: int = 0
    story_ms: int = 0
    switches: int = 0
    patience_ms: float = 0
    overlap_ms: int = 0
    silence_ms: int = 0


def plain(given: dict[str, Any]) -> Plain:
    """The figures of a file, straight from its JSON."""
    spoken = sentences_of(given)
    found = Plain()
    for it in spoken:
        found.talk_ms[it.who] = found.talk_ms.get(it.who, 0) + it.end - it.start
    turns = turns_by_walking(spoken)
    gaps: list[int] = []
    for k, (who, start, end) in enumerate(turns):
        side = next(it.side for it in spoken if it.who == who)
        if side == "Internal":
            found.monologue_ms = max(found.monologue_ms, end - start)
        if side == "External":
            found.story_ms = max(found.story_ms, end - start)
        if k == 0:
            continue
        before = next(it.side for it in spoken if it.who == turns[k - 1][0])
        if sorted((before, side)) == ["External", "Internal"]:
            found.switches += 1
        if (before, side) == ("External", "Internal") and start > turns[k - 1][2]:
            gaps.append(start - turns[k - 1][2])
    found.patience_ms = median(gaps) if gaps else 0
    found.overlap_ms, found.silence_ms = painted(spoken)
    return found


def sentences_of(given: dict[str, Any]) -> list[Said]:
    sides = {party.get("speakerId"): party["affiliation"] for party in given["call"]["parties"]}
    spoken: list[Said] = []
    for block in given["transcript"]["transcript"]:
        for it in block["sentences"]:
            if it["text"]:
                words = len([word for word in it["text"].split() if any(letter.isalnum() for letter in word)])
                low, high = min(it["start"], it["end"]), max(it["start"], it["end"])
                spoken.append(Said(block["speakerId"], sides.get(block["speakerId"], ""), low, high, words))
    spoken.sort(key=lambda it: it.start)
    return sorted(spoken, key=lambda it: (it.start, it.end))


def turns_by_walking(spoken: list[Said]) -> list[tuple[str, int, int]]:
    """Who, from when, to when. A short word inside another's turn is passed over; gaps up to 3 s keep a turn whole."""
    rule = Parameters()

    def short(it: Said) -> bool:
        return it.words < rule.backchannel_under_words and it.end - it.start <= rule.backchannel_max_ms

    kept: list[Said] = []
    for k, it in enumerate(spoken):
        if short(it) and kept and kept[-1].who != it.who:
            last = kept[-1]
            if it.end <= last.end:
                if it.end > it.start or last.end > last.start:
                    continue
            else:
                later = [other for other in spoken[k + 1 : k + 400] if not short(other)]
                if later and later[0].who == last.who and later[0].start - last.end <= rule.turn_gap_ms:
                    continue
        kept.append(it)
    turns: list[tuple[str, int, int]] = []
    for it in kept:
        if turns and turns[-1][0] == it.who and it.start - turns[-1][2] <= rule.turn_gap_ms:
            turns[-1] = (it.who, turns[-1][1], max(turns[-1][2], it.end))
        else:
            turns.append((it.who, it.start, it.end))
    return turns


def painted(spoken: list[Said]) -> tuple[int, int]:
    """Milliseconds with two or more voices and with none: each voice is a number with one bit per millisecond."""
    voices: dict[str, int] = {}
    for it in spoken:
        voices[it.who] = voices.get(it.who, 0) | (((1 << (it.end - it.start)) - 1) << it.start)
    once = twice = 0
    for voice in voices.values():
        twice |= once & voice
        once |= voice
    heard = [it for it in spoken if it.end > it.start]
    span = max(it.end for it in heard) - min(it.start for it in heard)
    return twice.bit_count(), span - once.bit_count()


# The comparison

Pair = tuple[Interaction, Plain]


def talk_difference_ms(pairs: Sequence[Pair]) -> float:
    return max(
        abs({part.speaker.id: part.talk_ms for part in ours.speakers}.get(who, 0) - talk_ms)
        for ours, theirs in pairs
        for who, talk_ms in theirs.talk_ms.items()
    )


def largest(pairs: Sequence[Pair], figure: Any) -> float:
    return max(abs(a - b) for a, b in (figure(ours, theirs) for ours, theirs in pairs))


def monologue_ms(ours: Interaction, theirs: Plain) -> tuple[float, float]:
    return (ours.longest_monologue.duration_ms if ours.longest_monologue else 0), theirs.monologue_ms


def story_ms(ours: Interaction, theirs: Plain) -> tuple[float, float]:
    return (ours.longest_story.duration_ms if ours.longest_story else 0), theirs.story_ms


def switches(ours: Interaction, theirs: Plain) -> tuple[float, float]:
    return ours.switches, theirs.switches


def patience_ms(ours: Interaction, theirs: Plain) -> tuple[float, float]:
    return (ours.patience_s or 0) * 1000, theirs.patience_ms


def overlap_ms(ours: Interaction, theirs: Plain) -> tuple[float, float]:
    return ours.overlap_ms, theirs.overlap_ms


def silence_ms(ours: Interaction, theirs: Plain) -> tuple[float, float]:
    return ours.silence_ms, theirs.silence_ms


# The long call


def long_call(data: Path | None) -> tuple[list[Row], str]:
    """CPU seconds on one call of 10,000 sentences, the best of a few rounds, so that a busy machine does not count."""
    source = OneCall(*joined(data))
    whole: list[float] = []
    took: dict[str, list[float]] = {}
    elapsed: list[float] = []
    for _ in range(ROUNDS):
        whole.append(cpu_s(lambda: analyse(source)))
        began = perf_counter()
        for tool in GONG_INTELLIGENCE.tools:
            took.setdefault(tool.name, []).append(cpu_s(lambda tool=tool: asyncio.run(run(tool, source))))
        elapsed.append(perf_counter() - began)
    best = {name: min(rounds) for name, rounds in took.items()}
    slowest = max(best, key=lambda name: best[name])
    n, of, unit = len(source.words.sentences), "sentences", "s of CPU"
    rows = [
        Row(ANALYSIS, min(whole), n, of, under(1), unit=unit),
        Row(f"the slowest tool of gong_intelligence, {slowest}", best[slowest], n, of, under(1), unit=unit),
        Row(f"all {len(best)} tools, each reading the call anew", sum(best.values()), n, of, unit=unit),
    ]
    note = f"The same {len(best)} tools one after the other took {min(elapsed):.2f} s by the clock of this machine."
    cold = f"The first analysis, which also reads the models and meets every word anew, took {whole[0]:.2f} s of CPU."
    return rows, f"CPU is that of this process, the best of {ROUNDS} rounds. {cold} {note}"


def cpu_s(work: Callable[[], object]) -> float:
    """What some work costs this process."""
    began = process_time()
    work()
    return process_time() - began


def analyse(source: "OneCall") -> None:
    """Everything that is computed about a call, from its sentences on."""
    talk = join(source.call, source.words)
    interaction_of(talk)
    asked_in(talk)
    objections_in(talk)
    next_steps_in(talk)
    prices_in(talk)
    competitors_in(talk)
    key_sentences(talk, KEY_SENTENCES)


async def run(tool: AnyTool, source: "OneCall") -> None:
    more = {"query": "what do we need to decide about the recordings"} if tool.name == "search_calls" else {}
    await tool.run(Sources(calls=source), tool.parameters.model_validate({"call_id": source.call.id, **more}))


def joined(data: Path | None) -> tuple[Call, Transcript]:
    """The first sentences of the meetings as one call; repeated where there are too few."""
    shift = 0
    first: Call | None = None
    parties: dict[str, Any] = {}
    spoken: list[Sentence] = []
    while len(spoken) < LONG_CALL:
        for meeting in meetings(data):
            first = first or meeting.call
            parties |= {party.speaker_id or party.id: party for party in meeting.call.parties}
            last = max((it.end_ms for it in meeting.transcript.sentences), default=0)
            spoken += [
                replace(it, start_ms=it.start_ms + shift, end_ms=it.end_ms + shift)
                for it in meeting.transcript.sentences
            ]
            shift += last + PAUSE_MS
            if len(spoken) >= LONG_CALL:
                break
    spoken = spoken[:LONG_CALL]
    if first is None:
        raise NoData("There is no meeting to make a long call of.")
    call = replace(first, parties=tuple(parties.values()), duration_s=spoken[-1].end_ms / 1000)
    return call, Transcript(call.id, tuple(spoken))


@dataclass(slots=True)
class OneCall:
    """A source of one call, in memory."""

    call: Call
    words: Transcript

    async def as_of(self) -> date:
        return self.call.started.date()

    async def names(self) -> Names:
        return Names(call_ids=(self.call.id,))

    async def find(self, scope: CallScope) -> Sequence[Call]:
        del scope
        return [self.call]

    async def transcript(self, call_id: str) -> Transcript | None:
        del call_id
        return self.words

    async def search(self, query: CallQuery) -> Found:
        return found_among([self.call], [join(self.call, self.words)], query)

    async def notes(self) -> Sequence[str]:
        return ()
