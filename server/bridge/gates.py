"""Whether an agent may go on: four questions to the evidence of one stage, each passed, breached or open.

    errors                     does it fail less often than the limit?
    errors against downstream  does it fail at most `error_margin` more often than the server it stands beside?
    p95                        are 95 % of its answers within the target?
    p95 against downstream     is its p95 at most `latency_ratio` times downstream's?

*Breached* says that the answer is no, with `alpha_breach` as the chance that one of the four ever says so of an agent
that keeps to all (each has a quarter: a union bound). *Passed* says that the answer is yes: not merely that nothing bad
was seen, but that an agent at the border would have looked this good with a chance of at most `alpha_pass`. Since a
stage is left only when every gate has passed, an agent that misses any one of them goes on with at most that chance;
there is nothing to share. Both hold however often one looks (`server.bridge.intervals`). Everything else is *open*,
and says what is missing. An agent exactly at a border stays open for ever, as it should: nobody can tell.

So the two margins are what an operator gives away in exchange for an answer in reasonable time: an agent exactly as
good as downstream can show that it is not worse by the margin, never that it is not worse at all.

To pass needs the floor of calls and users, since few users are not the population. To breach has a floor of its own,
`BREACH_CALLS` calls of `BREACH_UNITS` users, or `BREACH_CALLS_OF_ONE` of a single one: an agent that always fails
is taken back after that many calls, and one user whose own doing it is takes it back from nobody but himself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from server.bridge.arm_evidence import ArmEvidence, UnitTally
from server.bridge.decision import Route
from server.bridge.histogram import RATIO
from server.bridge.intervals import (
    Count,
    design_effect,
    evidence_about_difference,
    evidence_about_quantiles,
    evidence_about_rate,
    rate_sequence,
    tail_effect,
)

__all__ = [
    "AGAINST_DOWNSTREAM",
    "ERRORS",
    "ERRORS_AGAINST_DOWNSTREAM",
    "P95",
    "P95_AGAINST_DOWNSTREAM",
    "ArmEvidence",
    "Gate",
    "GateRules",
    "Lack",
    "UnitTally",
    "Verdict",
    "evaluate",
    "wanting",
]

Verdict = Literal["passed", "breached", "open"]

ERRORS, ERRORS_AGAINST_DOWNSTREAM = "errors", "errors against downstream"
P95, P95_AGAINST_DOWNSTREAM = "p95", "p95 against downstream"
AGAINST_DOWNSTREAM = frozenset({ERRORS_AGAINST_DOWNSTREAM, P95_AGAINST_DOWNSTREAM})

GATES = 4
TAIL = 0.05  # beyond the 95th percentile
BREACH_CALLS, BREACH_UNITS, BREACH_CALLS_OF_ONE = 10, 2, 20
NO_CALL = "no call counts for agno at this stage yet"
NO_TARGET = "the tool has no target: set its `response_timeout_ms`, or advance with a reason"
NO_ANSWER = "agno answered no call at this stage yet"
TOO_CLOSE = "too close to tell from any reasonable number of calls"
TOO_MANY_CALLS = 100_000  # whoever needs more of them is too close to the border to be told apart


@dataclass(frozen=True, slots=True)
class GateRules:
    """What the gates hold the evidence against; rates and margins between 0 and 1."""

    floor_calls: int = 200
    floor_units: int = 8
    max_error_rate: float = 0.05
    error_margin: float = 0.02
    target_ms: float | None = None
    latency_ratio: float = 1.25
    alpha_breach: float = 0.01
    alpha_pass: float = 0.05


@dataclass(frozen=True, slots=True)
class Lack:
    """What an arm lacks to the floor."""

    arm: Route
    calls: int
    users: int


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's verdict in words.

    `needs_calls` says about how many more calls on agno would settle it, if any would; `lacks` what is missing to the
    floor, by arm; `stuck` what no number of calls mends.
    """

    name: str
    verdict: Verdict
    said: str
    needs_calls: int | None = None
    lacks: tuple[Lack, ...] = ()
    stuck: str = ""


@dataclass(frozen=True, slots=True)
class _Finding:
    """What the evidence says: `worse` as seen so far, and how strongly; natural logarithms.

    `spent` is what the mixture charges for not knowing the rate beforehand, part of every evidence.
    """

    seen: str
    worse: bool
    evidence: float
    spent: float


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm summed up once; `failed` and `late` are effective counts."""

    name: Route
    evidence: ArmEvidence
    calls: int
    users: int
    answers: int
    failed: Count
    late: Count
    latency_effect: float
    p95_ms: float | None


def evaluate(agno: ArmEvidence, downstream: ArmEvidence, rules: GateRules) -> tuple[Gate, ...]:
    """The four gates over the evidence of one stage."""
    one, other = _summed("agno", agno), _summed("downstream", downstream)
    return (
        _errors(one, rules),
        _errors_against_downstream(one, other, rules),
        _p95(one, rules),
        _p95_against_downstream(one, other, rules),
    )


def _errors(agno: _Arm, rules: GateRules) -> Gate:
    if not agno.calls:
        return Gate(ERRORS, "open", NO_CALL, rules.floor_calls or None, _lacks(rules, agno))
    low, high = rate_sequence(agno.failed, rules.alpha_pass)
    finding = _Finding(
        f"{_failed(agno)}; the limit is {_percent(rules.max_error_rate)} "
        f"({_percent(1 - rules.alpha_pass)} sure: {_percent(low)} to {_percent(high)})",
        agno.failed.rate > rules.max_error_rate,
        evidence_about_rate(agno.failed, rules.max_error_rate),
        _spent(agno.failed),
    )
    return _judged(ERRORS, finding, agno, rules, _lacks(rules, agno))


def _errors_against_downstream(agno: _Arm, downstream: _Arm, rules: GateRules) -> Gate:
    lacks = _lacks(rules, agno, downstream)
    if not agno.calls:
        return Gate(ERRORS_AGAINST_DOWNSTREAM, "open", NO_CALL, rules.floor_calls or None, lacks)
    if not downstream.calls:
        return Gate(
            ERRORS_AGAINST_DOWNSTREAM, "open", "no call counts for downstream: nothing to compare with", lacks=lacks
        )
    seen = (
        f"{_failed(agno)}, against {_percent(downstream.failed.rate)} of {downstream.calls:,} on downstream; "
        f"{rules.error_margin * 100:g} percentage points more are allowed"
    )
    finding = _Finding(
        seen,
        agno.failed.rate > downstream.failed.rate + rules.error_margin,
        evidence_about_difference(agno.failed, downstream.failed, rules.error_margin),
        _spent(agno.failed),
    )
    return _judged(ERRORS_AGAINST_DOWNSTREAM, finding, agno, rules, lacks)


def _p95(agno: _Arm, rules: GateRules) -> Gate:
    if rules.target_ms is None:
        return Gate(P95, "open", NO_TARGET, stuck=NO_TARGET)
    if agno.p95_ms is None:
        return Gate(P95, "open", NO_ANSWER, lacks=_lacks(rules, agno))
    seen = (
        f"p95 is {agno.p95_ms:,.0f} ms; {_percent(agno.late.rate)} of {agno.answers:,} answers took longer than the "
        f"target of {rules.target_ms:,.0f} ms, and {_percent(TAIL)} may"
    )
    finding = _Finding(seen, agno.late.rate > TAIL, evidence_about_rate(agno.late, TAIL), _spent(agno.late))
    return _judged(P95, finding, agno, rules, _lacks(rules, agno))


def _p95_against_downstream(agno: _Arm, downstream: _Arm, rules: GateRules) -> Gate:
    lacks = _lacks(rules, agno, downstream)
    if downstream.p95_ms is None:
        return Gate(
            P95_AGAINST_DOWNSTREAM, "open", "downstream answered no call: nothing to compare with", lacks=lacks
        )
    if agno.p95_ms is None:
        return Gate(P95_AGAINST_DOWNSTREAM, "open", NO_ANSWER, lacks=lacks)
    worse = agno.p95_ms > downstream.p95_ms * rules.latency_ratio
    # A breach needs whole buckets beyond the ratio, a pass whole buckets within it.
    buckets = math.log(rules.latency_ratio) / math.log(RATIO)
    evidence = evidence_about_quantiles(
        agno.evidence.latency.buckets(),
        agno.latency_effect,
        downstream.evidence.latency.buckets(),
        downstream.latency_effect,
        1 - TAIL,
        math.ceil(buckets) if worse else math.floor(buckets),
    )
    answers = agno.answers / agno.latency_effect
    seen = (
        f"p95 is {agno.p95_ms:,.0f} ms over {agno.answers:,} answers, against {downstream.p95_ms:,.0f} ms over "
        f"{downstream.answers:,} on downstream; {rules.latency_ratio:g} times that is allowed"
    )
    finding = _Finding(seen, worse, evidence, _spent(Count(answers * TAIL, answers)))
    return _judged(P95_AGAINST_DOWNSTREAM, finding, agno, rules, lacks)


def _judged(name: str, finding: _Finding, agno: _Arm, rules: GateRules, lacks: tuple[Lack, ...]) -> Gate:
    breach, passing = math.log(GATES / rules.alpha_breach), math.log(1 / rules.alpha_pass)
    if finding.worse and finding.evidence >= breach and _enough_to_breach(agno):
        return Gate(name, "breached", f"{finding.seen}: too many to be chance")
    if not finding.worse and finding.evidence >= passing and not lacks:
        return Gate(name, "passed", finding.seen)
    sure = not finding.worse and finding.evidence >= passing  # only the floor is missing
    more = 0 if sure else _more_calls(finding, breach if finding.worse else passing, agno.calls)
    if lacks:
        needs = max(0, rules.floor_calls - agno.calls, more or 0)
        enough = _more(needs, 0, "agno", about=True) if needs else _more(lacks[0].calls, lacks[0].users, lacks[0].arm)
        return Gate(name, "open", f"{finding.seen}: too few to tell; {enough} would do", needs or None, lacks)
    if more is None:
        return Gate(name, "open", f"{finding.seen}: {TOO_CLOSE}", stuck=TOO_CLOSE)
    direction = "may still be chance" if finding.worse else "good so far, and may still be chance"
    return Gate(name, "open", f"{finding.seen}: {direction}; about {more:,} more calls on agno would tell", more)


def _enough_to_breach(agno: _Arm) -> bool:
    return agno.calls >= (BREACH_CALLS if agno.users >= BREACH_UNITS else BREACH_CALLS_OF_ONE)


def _lacks(rules: GateRules, *arms: _Arm) -> tuple[Lack, ...]:
    """What is missing to the floor."""
    missing = (
        Lack(arm.name, max(0, rules.floor_calls - arm.calls), max(0, rules.floor_units - arm.users)) for arm in arms
    )
    return tuple(lack for lack in missing if lack.calls or lack.users)


def _more(calls: int, users: int, arm: Route, *, about: bool = False) -> str:
    wanted = [_count(number, f"more {what}") for number, what in ((calls, "call"), (users, "user")) if number]
    return f"{'about ' if about else ''}{' and '.join(wanted)} on {arm}"


def wanting(gates: Sequence[Gate]) -> str:
    """What gates that have not passed wait for, all of them in one line."""
    known = max((gate.needs_calls or 0 for gate in gates), default=0)
    parts: list[str] = []
    for arm in ("agno", "downstream"):
        lacks = [lack for gate in gates for lack in gate.lacks if lack.arm == arm]
        floor = max((lack.calls for lack in lacks), default=0)
        users = max((lack.users for lack in lacks), default=0)
        calls = max(floor, known) if arm == "agno" else floor
        if calls or users:
            parts.append(_more(calls, users, arm, about=calls > floor))
    alike = len(parts) == 2 and parts[0].removesuffix(" on agno") == parts[1].removesuffix(" on downstream")
    wanted = parts[0].replace(" on agno", " on each route") if alike else " and ".join(parts)
    needs = [f"needs {wanted}"] if parts else []
    others = [f"{gate.name}: {gate.stuck or gate.said}" for gate in gates if not (gate.needs_calls or gate.lacks)]
    return "; ".join(needs + others)


def _more_calls(finding: _Finding, wanted: float, calls: int) -> int | None:
    """About how many more, if they go on as so far: evidence grows with calls, less what was spent on the mixture."""
    grown = finding.evidence + finding.spent
    if grown <= 0 or not calls:
        return None
    times = max((wanted + finding.spent) / grown, 1.0)
    times = (wanted + finding.spent + math.log(times) / 2) / grown  # the mixture charges half the logarithm of calls
    more = math.ceil(calls * max(times - 1, 0.0))
    return max(more, 1) if more <= TOO_MANY_CALLS else None


def _spent(count: Count) -> float:
    return max(0.0, -evidence_about_rate(count, count.rate))


def _summed(name: Route, arm: ArmEvidence) -> _Arm:
    tallies = list(arm.units.values())
    calls, errors, late = arm.calls, arm.errors, arm.late
    answered = [tally.calls - tally.errors for tally in tallies]
    answers = calls - errors
    failed_effect = _rate_effect([(tally.calls, tally.errors) for tally in tallies], errors, calls)
    late_effect = _rate_effect(list(zip(answered, (tally.late for tally in tallies), strict=True)), late, answers)
    latencies = list(zip(answered, (tally.log_latency for tally in tallies), strict=True))
    return _Arm(
        name,
        arm,
        calls,
        len(tallies),
        answers,
        Count(errors / failed_effect, calls / failed_effect),
        Count(late / late_effect, answers / late_effect),
        max(late_effect, tail_effect(latencies, _log_variance(arm), answers, TAIL)),
        arm.latency.quantile(1 - TAIL),
    )


def _rate_effect(units: Sequence[tuple[int, float]], hits: int, trials: int) -> float:
    rate = hits / trials if trials else 0.0
    return design_effect(units, rate * (1 - rate), min(hits, trials - hits))


def _log_variance(arm: ArmEvidence) -> float:
    """Of the logarithm of the latency, in buckets."""
    answers = arm.latency.count
    if not answers:
        return 0.0
    buckets = arm.latency.buckets()
    mean = sum(bucket * count for bucket, count in buckets) / answers
    return sum((bucket - mean) ** 2 * count for bucket, count in buckets) / answers


def _failed(agno: _Arm) -> str:
    return f"{_percent(agno.failed.rate)} of {_count(agno.calls, 'call')} by {_count(agno.users, 'user')} failed"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{share * 100:.1f}".removesuffix(".0") + " %"
