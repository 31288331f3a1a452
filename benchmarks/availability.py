"""Does moving a tool cost its callers anything: a whole rollout and the way back, under load, on a live process.

    0 % -> 10 % -> 50 % -> 100 % -> rolled back

One Sophia serves over HTTP; MCP clients call one tool all the time, in many sessions; the steps are the commands
that an operator types, in processes of their own. Every call counts that was sent. It is available when it was
answered. Besides:

- a call that is sent after a command has returned is decided under that command's policy version, or a later one;
- every answer's decision is in the decision log, once;
- at 0 % and after the rollback agno serves nothing, at 100 % every session is drawn for it, and between the two the
  share of sessions lies within binomial bounds.

Whether the agent is good enough for its next stage is for `rollout_simulation` and the gates. Here the configuration
sets the targets of the latency gates so wide that a small and busy machine is no breach; the gates on errors stand as
packaged, and would take a failing agent back.
"""

import math
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path

import anyio

from benchmarks.figures import Figure, Measured, NoFigure, Report, limit, percentile, program
from benchmarks.processes import serving, sophia
from benchmarks.questions import AGENT, DATA
from benchmarks.stages_under_load import Call, Load, Stage, operated
from server.state.decisions import KEPT, DecisionRecord
from server.state.store import open_store

__all__ = ["judged", "main", "measure"]

ABOUT = "A tool moved from 0 to 100 % and back under load: what its callers noticed"
TOOL = AGENT.tool
WHY = ("--why", "measuring availability")
ON = (*WHY, "--accept-insufficient")
WIDE = f"agno_integration: {{agent_overrides: {{{TOOL}: {{response_timeout_ms: 60000}}}}, rollout: {{latency_ratio: 100}}}}\n"
STAGES = (
    Stage("at 0 %", 0, ("rollout", "start", TOOL, "--to", "0", *WHY)),
    Stage("at 10 %", 10, ("rollout", "advance", TOOL, "--to", "10", *WHY)),
    Stage("at 50 %", 50, ("rollout", "advance", TOOL, "--to", "50", *ON)),
    Stage("at 100 %", 100, ("rollout", "advance", TOOL, "--to", "100", *ON)),
    Stage("after the rollback", 0, ("rollback", TOOL, *WHY)),
)
MOST_CALLS = KEPT // 2  # the decision log keeps the newest, and none that is looked for may have left it
ONE_IN = 1_000
ALL = limit("target", 100.0, "%")


def main() -> int:
    """Run the program."""
    more = {
        "sessions": (200, "sessions of the callers"),
        "callers": (8, "clients that call at the same time"),
        "pause": (10, "milliseconds from an answer to the same client's next call"),
    }
    return program(
        "availability", ABOUT, 1_500, "calls at least, a fifth at each stage", measure, more, count="calls"
    )


def measure(calls: int, sessions: int, callers: int, pause: int, stages: Sequence[Stage] = STAGES) -> Report:
    """The run, and what became of its calls."""
    if calls > MOST_CALLS:
        raise NoFigure(f"Send at most {MOST_CALLS:,} calls: the decision log keeps the newest {KEPT:,}.")
    with tempfile.TemporaryDirectory(prefix="sophia-benchmark-") as place:
        state, config = Path(place, "state"), Path(place, "config")
        (config / "services").mkdir(parents=True)
        (config / "services" / "agno_integration.yaml").write_text(WIDE, encoding="utf-8")
        with serving(sophia(state, "--http", "127.0.0.1:0", "--operator", "--config", str(config))) as served:
            where = ("--state", str(state), "--config", str(config))
            load = Load(AGENT, cycle([f"session-{number}" for number in range(sessions)]), pause / 1000)
            anyio.run(operated, load, served.url, where, stages, calls, callers)
        records = _logged(state, load.calls)  # Sophia has ended, so all that it will ever write is written
    data = f"{DATA}; {len(load.calls):,} calls of {TOOL} by {callers} clients in {sessions} sessions; embedded model"
    return judged(data, load, records, stages)


def judged(data: str, load: Load, records: Mapping[str, DecisionRecord], stages: Sequence[Stage] = STAGES) -> Report:
    """What became of the calls; `records` are those of them that the decision log has."""
    parts = list(_parts(load, records, stages))
    figures = (*_overall(load, records), *(figure for part in parts for figure in _of_stage(part, load)))
    notes = (f"a share keeps within its binomial bounds in {ONE_IN - 1} of {ONE_IN:,} runs", *_outside(parts))
    return Report(data, figures, notes, tuple(_wrong(load, parts, records)))


@dataclass(frozen=True, slots=True)
class _Part:
    """What was decided at one stage, told by the policy version; what has no decision counts for the stage it was sent in."""

    stage: Stage
    calls: Sequence[Call]
    drawn: Mapping[str, str]
    """The arm of each session."""

    @property
    def answered(self) -> list[Call]:
        return [call for call in self.calls if call.failure is None]


def _logged(state: Path, calls: Sequence[Call]) -> dict[str, DecisionRecord]:
    with open_store(state) as store:
        found = (store.decisions.find(call.decision) for call in calls if call.decision)
        return {record.id: record for record in found if record is not None}


def _parts(load: Load, records: Mapping[str, DecisionRecord], stages: Sequence[Stage]) -> Generator[_Part]:
    for stage, begin, end in zip(stages, load.versions, [*load.versions[1:], math.inf], strict=True):
        calls = [call for call in load.calls if begin <= _version(call, records) < end]
        logged = ((call.session, records.get(call.decision or "")) for call in calls)
        decided = {session: record.content for session, record in logged if record is not None}
        yield _Part(stage, calls, {session: one["arm"] or one["route"] for session, one in decided.items()})


def _version(call: Call, records: Mapping[str, DecisionRecord]) -> int:
    record = records.get(call.decision or "")
    return call.after if record is None else int(record.content.get("policy", 0))


def _overall(load: Load, records: Mapping[str, DecisionRecord]) -> Generator[Figure]:
    calls = load.calls
    answered = [call for call in calls if call.failure is None]
    yield Figure(_share("availability, of all calls", len(answered), len(calls)), ALL)
    acknowledged = [call.decision for call in answered]
    kept = sum(decision in records for decision in set(acknowledged))
    yield Figure(_share("answers whose decision is in the log", kept, len(answered)), ALL)
    timely = sum(_version(call, records) >= call.after for call in answered)
    yield Figure(_share("answers by the policy of the last command that had returned", timely, len(answered)), ALL)
    yield Figure(
        Measured("time without an answer, whole run", "longest", _gap_ms(load, answered), "ms", len(answered))
    )


def _of_stage(part: _Part, load: Load) -> Generator[Figure]:
    name, answered = part.stage.name, part.answered
    yield Figure(_share(f"{name}: availability", len(answered), len(part.calls)), ALL)
    yield Figure(Measured(f"{name}: failed", "number", len(part.calls) - len(answered), "calls", len(part.calls)))
    routes = Counter(call.route for call in answered)
    for route in ("agno", "downstream"):
        yield Figure(Measured(f"{name}: served by {route}", "number", routes[route], "calls", len(answered)))
    fell_back = sum(call.fell_back for call in answered)
    yield Figure(Measured(f"{name}: served by the other route", "number", fell_back, "calls", len(answered)))
    low, high = _bounds(part)
    on_agno = _share(f"{name}: sessions drawn for agno", _drawn(part), len(part.drawn))
    beside = f"binomial, {low} to {high} of {len(part.drawn)}"
    yield Figure(on_agno, Measured(beside, "expected", part.stage.percent, "%", None))
    if answered:
        took_ms = [(call.ended_s - call.sent_s) * 1000 for call in answered]
        for p in (50, 95):
            yield Figure(Measured(f"{name}: answered within", f"p{p}", percentile(took_ms, p), "ms", len(took_ms)))
        yield Figure(
            Measured(f"{name}: time without an answer", "longest", _gap_ms(load, answered), "ms", len(answered))
        )


def _wrong(load: Load, parts: Sequence[_Part], records: Mapping[str, DecisionRecord]) -> Generator[str]:
    """What must not have happened, in words."""
    failed = Counter(
        f"failed {part.stage.name}: {call.failure}" for part in parts for call in part.calls if call.failure
    )
    yield from (f"{number} calls {what}" for what, number in failed.most_common())
    answered = [call for call in load.calls if call.failure is None]
    if lost := sum(call.decision not in records for call in answered):
        yield f"{lost} answered calls are not in the decision log"
    if twice := len(answered) - len({call.decision for call in answered}):
        yield f"{twice} answers came with the decision of another one"
    if late := sum(_version(call, records) < call.after for call in answered):
        yield f"{late} calls were decided by a policy that a command had replaced before they were sent"
    for part in parts:
        wrong = {0: "agno", 100: "downstream"}.get(part.stage.percent)
        if number := sum(arm == wrong for arm in part.drawn.values()):
            yield f"{number} sessions were drawn for {wrong} {part.stage.name}"


def _outside(parts: Sequence[_Part]) -> Generator[str]:
    for part in parts:
        low, high = _bounds(part)
        if not low <= _drawn(part) <= high:
            yield f"the share of sessions {part.stage.name} lies outside its binomial bounds"


def _drawn(part: _Part) -> int:
    return sum(arm == "agno" for arm in part.drawn.values())


def _bounds(part: _Part) -> tuple[int, int]:
    """How many of the sessions are drawn for agno, but for one run in `ONE_IN`: exact binomial quantiles."""
    of, share = len(part.drawn), part.stage.percent / 100
    each = [math.comb(of, hits) * share**hits * (1 - share) ** (of - hits) for hits in range(of + 1)]
    inside = [hits for hits in range(of + 1) if min(sum(each[: hits + 1]), sum(each[hits:])) > 0.5 / ONE_IN]
    return inside[0], inside[-1]


def _gap_ms(load: Load, answered: Sequence[Call]) -> float:
    """The longest time from an answer, whichever it was, to the next one, which is one of these."""
    ends = sorted(call.ended_s for call in load.calls if call.failure is None)
    chosen = {call.ended_s for call in answered}
    return max((later - one for one, later in pairwise(ends) if later in chosen), default=0.0) * 1000


def _share(what: str, part: int, of: int) -> Measured:
    return Measured(what, "share", part / of * 100 if of else 0.0, "%", of)


if __name__ == "__main__":
    sys.exit(main())
