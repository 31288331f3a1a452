"""What a rollout does to good and to bad agents: many invented ones, through the real decision, gates and steps.

    shares   one long rollout of many users: who is drawn at each stage, and how long a decision takes
    good     agents as good as downstream: how often one is taken back by chance
    border   agents that fail exactly as often as both limits on errors allow: how often the gates say more than is true
    bad      agents of double latency, of 8 % errors, and broken ones: what they touched before they were taken back
    small    teams of 1, 8 and 50 users at 20 calls a day: how many days a stage takes, or why it holds

Nothing is written down here that a run does not find out again: the same seed gives the same figures, times apart.
"""

import math
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from statistics import NormalDist

from benchmarks.figures import Figure, Measured, NoFigure, Report, limit, percentile, program, progress
from benchmarks.simulated_rollouts import LOOK_EVERY_S, TARGET_MS, Behaviour, Plan, Ran, run
from server.bridge.gates import GateRules
from server.bridge.intervals import wilson

__all__ = ["main"]

ABOUT = "Rollouts of invented agents, good and bad"
SEED = 20261123

DOWNSTREAM = Behaviour(median_ms=200, spread=0.45, error_rate=0.012)
GOOD = Behaviour(median_ms=180, spread=0.45, error_rate=0.01)
RULES = GateRules(target_ms=TARGET_MS)
BORDER = replace(GOOD, error_rate=RULES.max_error_rate)
AT_MARGIN = replace(DOWNSTREAM, error_rate=RULES.max_error_rate - RULES.error_margin)
BAD = {
    "double latency": replace(GOOD, median_ms=2 * DOWNSTREAM.median_ms),
    "8 % errors": replace(GOOD, error_rate=0.08),
    "always broken": replace(GOOD, error_rate=1.0),
}

CALLS_A_LOOK = 16  # of the many: a busy tool, so that the gates are looked at often and the program ends
USERS, MOST_CALLS, MOST_CALLS_OF_BAD = 300, 5_000, 40_000
MANY_USERS, MANY_CALLS_A_LOOK = 5_000, 100
TEAMS, CALLS_A_USER, PATIENCE_DAYS, MOST_DAYS = (1, 8, 50), 20, 5.0, 20

TOO_OFTEN = limit("target", 1.0, "%")
DECIDE_LIMIT = limit("limit of the design", 50.0, "µs")


def main() -> int:
    """Run the program."""
    more = {"seed": (SEED, "of everything that is drawn")}
    help_ = "how much to simulate: the calls of the long rollout and the number of the others follow from it"
    return program("rollout_simulation", ABOUT, 1_000_000, help_, measure, more, count="calls")


def measure(calls: int, seed: int) -> Report:
    """All five parts, sized by `calls`."""
    size = _Size(calls)
    figures: list[Figure] = []
    notes: list[str] = []
    taken = 0
    for part in (_shares, _good, _border, _bad, _small):
        for figure in part(size, str(seed), notes):
            if isinstance(figure, int):
                taken += figure
            else:
                figures.append(figure)
    said = (
        f"{taken:,} invented calls, seed {seed}; gates looked at every {LOOK_EVERY_S:g} s; downstream {DOWNSTREAM}, "
        f"good {GOOD}, users' latencies differ by a factor of spread {Plan(GOOD, GOOD, 1, 1, 1).users_differ:g}, "
        f"failures of one user correlate by {Plan(GOOD, GOOD, 1, 1, 1).alike:g}; {RULES}"
    )
    return Report(said, tuple(figures), tuple(notes))


class _Size:
    """How much of each part."""

    def __init__(self, calls: int) -> None:
        self.long, self.stage = max(calls // 2, 1_000), calls // 10
        self.good, self.border, self.bad = (max(1, calls // one) for one in (2_500, 10_000, 25_000))
        self.small_calls = max(600, calls // 50)
        self.small = max(1, calls // 200_000)


Part = Generator[Figure | int, None, None]


def _shares(size: _Size, seed: str, notes: list[str]) -> Part:
    plan = _plan(GOOD, MANY_USERS, MANY_CALLS_A_LOOK, size.long)
    progress("shares")
    ran = run(replace(plan, least_calls_a_stage=size.stage), f"{seed}/shares")
    yield ran.calls
    for stage in ran.stages:
        users, on_agno, share = len(stage.units), len(stage.agno_units), stage.percent / 100
        half = NormalDist().inv_cdf(0.9995) * math.sqrt(share * (1 - share) / users) * 100 + 50 / users
        drawn = Measured(f"users drawn at {stage.percent} %", "share", on_agno / users * 100, "%", users)
        bounds = f"{max(0, stage.percent - half):.2f} to {min(100, stage.percent + half):.2f} in 999 of 1,000"
        yield Figure(drawn, Measured(f"binomial, {bounds}", "expected", stage.percent, "%", None))
        if abs(on_agno / users * 100 - stage.percent) > half:
            notes.append(f"the share at {stage.percent} % lies outside its binomial bounds")
        part = Measured(
            f"calls drawn at {stage.percent} %", "share", stage.agno_calls / stage.calls * 100, "%", stage.calls
        )
        yield Figure(part, Measured("expected", "share", stage.percent, "%", None))
    for p in (50, 99):
        yield Figure(
            Measured("decide", f"p{p}", percentile(ran.decide_us, p), "µs", len(ran.decide_us)), DECIDE_LIMIT
        )
    notes.append(f"the long rollout of a good agent: {ran.end}, stages {[stage.percent for stage in ran.stages]}")


def _good(size: _Size, seed: str, notes: list[str]) -> Part:
    several = list(_several(_plan(GOOD, USERS, CALLS_A_LOOK, MOST_CALLS), f"{seed}/good", size.good))
    yield sum(ran.calls for ran in several)
    yield _ended("good agents rolled back by chance", several, "rolled back", notes, TOO_OFTEN)
    yield _ended(f"good agents complete within {MOST_CALLS:,} calls", several, "complete", notes)
    complete = [ran for ran in several if ran.end == "complete"]
    if complete:
        yield _middle("calls of the tool until complete", complete, lambda ran: ran.calls, "calls")
        first = [ran for ran in complete if ran.stages]
        yield _middle("calls on agno until 10 % is passed", first, lambda ran: ran.stages[0].agno_calls, "calls")


def _border(size: _Size, seed: str, notes: list[str]) -> Part:
    plan = replace(_plan(BORDER, USERS, CALLS_A_LOOK, MOST_CALLS), downstream=AT_MARGIN)
    several = list(_several(plan, f"{seed}/border", size.border))
    yield sum(ran.calls for ran in several)
    breach, passing = (limit("alpha", alpha * 100, "%") for alpha in (RULES.alpha_breach, RULES.alpha_pass))
    yield _ended("agents exactly at both error limits rolled back", several, "rolled back", notes, breach)
    let_on = sum(len(ran.stages) > 1 for ran in several)
    yield _share("agents exactly at both error limits let on", let_on, len(several), notes, passing)


def _bad(size: _Size, seed: str, notes: list[str]) -> Part:
    for what, behaviour in BAD.items():
        plan = _plan(behaviour, USERS, CALLS_A_LOOK, MOST_CALLS_OF_BAD)
        several = list(_several(plan, f"{seed}/{what}", size.bad))
        yield sum(ran.calls for ran in several)
        yield _ended(f"{what}: rolled back", several, "rolled back", notes)
        caught = [ran for ran in several if ran.end == "rolled back"]
        if not caught:
            raise NoFigure(f"No agent with {what} was rolled back within {MOST_CALLS_OF_BAD:,} calls.")
        yield _middle(f"{what}: calls it had on agno", caught, lambda ran: ran.agno_calls, "calls")
        yield _most(f"{what}: calls it had on agno", caught, lambda ran: ran.agno_calls, "calls")
        yield _middle(f"{what}: users it touched of {USERS}", caught, lambda ran: ran.agno_users, "users")
        yield _most(f"{what}: users it touched of {USERS}", caught, lambda ran: ran.agno_users, "users")
        further = sum(len(ran.stages) > 1 for ran in several)
        notes.append(f"{what}: {further} of {len(several)} got beyond {several[0].stages[0].percent} %")


def _small(size: _Size, seed: str, notes: list[str]) -> Part:
    notes.append(
        f"small teams: after {PATIENCE_DAYS:g} days on a stage that holds, an operator goes on with a reason"
    )
    for users in TEAMS:
        a_day = users * CALLS_A_USER
        most = min(a_day * MOST_DAYS, size.small_calls)
        plan = Plan(GOOD, DOWNSTREAM, users, a_day, most, patience_days=PATIENCE_DAYS, rules=RULES)
        several = list(_several(plan, f"{seed}/team of {users}", size.small))
        yield sum(ran.calls for ran in several)
        for place, percent in enumerate(plan.stages):
            reached = [ran.stages[place] for ran in several if len(ran.stages) > place]
            if not reached:
                notes.append(f"{users} users at {percent} %: not reached within {most:,} calls")
                continue
            days = sorted(stage.days for stage in reached)
            what = f"{users} users at {CALLS_A_USER} calls a day, days at {percent} %"
            yield Figure(Measured(what, "median", percentile(days, 50), "days", len(days)))
            held = [stage.accepted_because for stage in reached if stage.accepted_because]
            if held:
                notes.append(f"{users} users at {percent} %: held in {len(held)} of {len(reached)}, as in: {held[0]}")
        ends = [ran.end for ran in several]
        notes.append(f"{users} users: " + ", ".join(f"{end} {ends.count(end)}" for end in dict.fromkeys(ends)))


def _plan(agno: Behaviour, users: int, calls_a_look: int, most_calls: int) -> Plan:
    return Plan(agno, DOWNSTREAM, users, calls_a_look / LOOK_EVERY_S * 86_400, most_calls, rules=RULES)


def _several(plan: Plan, seed: str, times: int) -> Iterator[Ran]:
    for number in range(times):
        progress(f"{seed.partition('/')[2]}: {number + 1:,} of {times:,}")
        yield run(plan, f"{seed}/{number}")


def _ended(what: str, several: Sequence[Ran], end: str, notes: list[str], beside: Measured | None = None) -> Figure:
    return _share(what, sum(ran.end == end for ran in several), len(several), notes, beside)


def _share(what: str, hits: int, of: int, notes: list[str], beside: Measured | None = None) -> Figure:
    low, high = wilson(hits, of)
    notes.append(f"{what}: {hits} of {of}, 95 % interval {low * 100:.2f} to {high * 100:.2f} % (Wilson)")
    return Figure(Measured(what, "share", hits / of * 100, "%", of), beside)


def _middle(what: str, several: Sequence[Ran], of: Callable[[Ran], float], unit: str) -> Figure:
    return Figure(Measured(what, "median", percentile([of(ran) for ran in several], 50), unit, len(several)))


def _most(what: str, several: Sequence[Ran], of: Callable[[Ran], float], unit: str) -> Figure:
    return Figure(Measured(what, "most", max(of(ran) for ran in several), unit, len(several)))


if __name__ == "__main__":
    sys.exit(main())
