"""Shadow runs: the other route of a call runs beside the one that serves it, and its answer is only compared.

    a call was served -> a share of them is sampled -> a moment later its other route runs -> both are held together

Whoever asked notices nothing. A run begins when the reply is on its way, a few run at once and none waits for a place,
it ends within the tool's deadline, it is cancelled when the program stops, and whatever becomes of it goes into the log
and the arms and nowhere else: no breaker, no window of evidence, no session learns from it.

What is sampled does not depend on how the call ended. A pair of which only good answers were taken would show a route
without failures, so a call whose own route failed is run beside as well.

**What counts as evidence.** Each run counts once. The run beside counts for its route with `how="shadow"`. The run that
served counts the same way where nothing was drawn, as at 0 %, where the pair is all there is; a call that was drawn
counts already for its arm, as any other drawn call, and would weigh double if the pair took it in again. Nothing is
counted where the serving run was another call's, shared or kept, or where no rollout has begun.

**The record** stands in the decision's own, under `outcome`:

    "shadow": {"route": "agno", "latency_ms": 12.3, "error": null, "agreement": "differ", "same": 4,
               "differing": ["patience_s"]}

`error` is the kind of failure of the run beside, `agreement` what `server.bridge.agreement` says of the two.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import anyio

from agents.outcome import Answered
from server.background import Background
from server.bridge.agreement import Compared, compared
from server.bridge.arms import KINDS_OF_THE_CALLER, Arm, Arms
from server.bridge.decision import Decision, Route
from server.bridge.decision_log import DecisionLog
from server.bridge.execute import Attempt, Fallback, RouteRun, execute
from server.bridge.policy import Rollout
from server.errors import SophiaError
from server.state.decisions import DecisionRecord

__all__ = ["AT_ONCE", "Pair", "Shadows", "sampled"]

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Runs beside at the same time; one that finds them all under way is left out."""
AFTER_S = 0.05
"""How long a run waits before it begins, so that the reply is written first."""
PARTS = 10_000


def sampled(decision_id: str, percent: int) -> bool:
    """Whether a call is among those that are run beside: a stable draw of its own, whoever called."""
    if percent <= 0:
        return False
    drawn = int.from_bytes(blake2b(f"shadow {decision_id}".encode(), digest_size=8).digest(), "big") % PARTS
    return drawn * 100 < percent * PARTS


@dataclass(frozen=True, slots=True)
class Pair:
    """A call that was served, and its other route made ready.

    `record` is how its decision ended; `answer` what the decided route itself answered, None where it failed. `rollout`
    is the one it was decided under, `unit` whose call it is, `target_ms` what an answer is held against.
    """

    record: DecisionRecord
    answer: Answered | None
    route: Route
    run: RouteRun[Answered]
    fallback: Fallback
    deadline_ms: int
    rollout: Rollout | None
    unit: str
    target_ms: int | None


@dataclass(frozen=True, slots=True)
class _Ran:
    """How one run of a pair ended: how long it took, its kind of failure, its answer."""

    latency_ms: float
    error: str | None
    answer: Answered | None = None


class Shadows:
    """Runs beside. They live in `background`; while that is not held there are none."""

    def __init__(self, log: DecisionLog, arms: Arms, at_once: int = AT_ONCE, after_s: float = AFTER_S) -> None:
        self._log = log
        self._arms = arms
        self._at_once = at_once
        self._after_s = after_s
        self.background = Background()
        self._under_way = 0
        self._ended = 0
        self._left_out: Counter[str] = Counter()

    def begin(self, pair: Pair) -> None:
        """Have the other route run a moment from now, where a place is free."""
        if _own(pair.record) is None:
            self.leave_out("its answer was another call's")
        elif not self.background.held or self._under_way >= self._at_once:
            self.leave_out("as many run as may at once")
        else:
            self._under_way += 1
            self.background.begin(self._beside, pair)

    def leave_out(self, why: str) -> None:
        """Count a call that was sampled and is not run beside."""
        self._left_out[why] += 1

    def card(self) -> dict[str, Any]:
        """How they stand, as JSON."""
        return {
            "at_once": self._at_once,
            "under_way": self._under_way,
            "ended": self._ended,
            "left_out": dict(self._left_out),
        }

    async def _beside(self, pair: Pair) -> None:
        try:
            await anyio.sleep(self._after_s)
            ran = await _run(pair)
            if ran is None:
                self.leave_out("its route has room only for calls that somebody waits for")
                return
            self._ended += 1
            self._note(pair, ran)
            self._count(pair, ran)
        except Exception:  # nobody asked for it, and nobody may be troubled by it
            logger.exception("the run beside decision %s could not be noted", pair.record.id)
        finally:
            self._under_way -= 1

    def _note(self, pair: Pair, ran: _Ran) -> None:
        agno, downstream = (ran.answer, pair.answer) if pair.route == "agno" else (pair.answer, ran.answer)
        found: Compared = compared(pair.record.tool, agno, downstream)
        shadow = {
            "route": pair.route,
            "latency_ms": round(ran.latency_ms, 2),
            "error": ran.error,
            "agreement": found.agreement,
            "same": found.same,
            "differing": list(found.differing),
        }
        content = pair.record.content
        outcome = {**content["outcome"], "shadow": shadow}
        self._log.note(replace(pair.record, content={**content, "outcome": outcome}))

    def _count(self, pair: Pair, ran: _Ran) -> None:
        if pair.rollout is None:
            return
        self._record(pair, pair.rollout, pair.route, ran)
        own = _own(pair.record)
        if own is not None and pair.record.content["arm"] is None:
            self._record(pair, pair.rollout, "downstream" if pair.route == "agno" else "agno", own)

    def _record(self, pair: Pair, rollout: Rollout, route: Route, ran: _Ran) -> None:
        if ran.error not in KINDS_OF_THE_CALLER:
            arm = Arm(pair.record.tool, rollout.salt, rollout.share, route, "shadow")
            self._arms.record(arm, pair.unit, ran.latency_ms, ran.error, pair.target_ms)


def _own(record: DecisionRecord) -> _Ran | None:
    """How the route that was decided did by itself; None where that was another call's run."""
    attempts: Sequence[Mapping[str, Any]] = record.content["outcome"]["attempts"]
    own = [one for one in attempts if one["standing"] != "fallback" and not one["borrowed"]]
    return _Ran(sum(one["latency_ms"] for one in own), own[-1]["error"]) if own else None


async def _run(pair: Pair) -> _Ran | None:
    """How the run beside ended; None where it was not let through."""
    attempts: list[Attempt] = []
    answer: Answered | None = None
    try:
        only = Decision(pair.route, None, ())
        executed = await execute(only, {pair.route: pair.run}, pair.fallback, pair.deadline_ms, attempts.append)
        answer = executed.result
    except SophiaError as error:
        logger.debug("the run beside decision %s failed: %s", pair.record.id, error.kind)
    made = [one for one in attempts if not one.refused]
    if not made:
        return None
    error = None if answer is not None else made[-1].error
    return _Ran(sum(one.latency_ms for one in made), error.kind if error else None, answer)
