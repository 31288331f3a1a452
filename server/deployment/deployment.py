"""A deployment from its first phase to its last, or to wherever it has to end.

    validation -> initialisation -> agent check -> performance validation -> gradual traffic -> final verification

The first three are done in every sitting, since they are about this process and this moment; what was measured before
any caller was moved is not measured again by one that goes on. A phase that fails after callers were moved takes them
back, or holds them where they are, as the plan says; before that there is nothing to take back. Progress is on the disk
after every step, so a process that is killed anywhere leaves what `--resume` or `--rollback` goes on from.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from server.deployment.progress import PhaseRecord, PhaseState
from server.deployment.traffic import at_work, held_back, moved, taken_back
from server.deployment.trial import checked, initialised, measured
from server.deployment.validation import validated
from server.deployment.verification import verified
from server.deployment.work import PhaseFailed, PhaseHeld, Site, Work
from server.errors import RolloutRefused
from server.state.database import StoreError
from server.state.policies import Conflict

__all__ = ["Deployment"]

Opened = Callable[[], AbstractAsyncContextManager[Site]]
TRIES = 3
"""How often what a deployment began is taken back anew where somebody else was first."""
NOBODY = "the agent serves nobody through this deployment"
VALIDATION, INITIALISATION, MEASURED, TRAFFIC = 0, 1, 3, 4


class Deployment:
    """Runs the phases. `opened` starts a Sophia for as long as the phases need one."""

    def __init__(self, work: Work, opened: Opened) -> None:
        self._work = work
        self._opened = opened

    async def run(self) -> None:
        """Begin, or go on; how it ended stands in the progress. Raises StoreError, ConfigurationError where nothing runs."""
        work = self._work
        work.progress.state, work.progress.why = "under way", ""
        work.progress.sittings.append(work.clock())
        self._begin(VALIDATION)
        if not await self._passed(VALIDATION, lambda record: validated(work, record)):
            return
        self._begin(INITIALISATION)  # to start everything is its work
        async with self._opened() as site:  # nothing is raised through it: whatever it runs would wrap it
            work.now = site.now
            if not await self._passed(INITIALISATION, lambda record: initialised(work, site, record)):
                return
            steps: list[Callable[[PhaseRecord], Awaitable[None]]] = [
                lambda record: checked(work, site, record),
                lambda record: measured(work, site, record),
                lambda record: moved(work, record),
                lambda record: verified(work, site, record),
            ]
            for number, step in enumerate(steps, start=INITIALISATION + 1):
                if number == MEASURED and work.progress.phases[number].state == "passed":
                    continue
                self._begin(number)
                if not await self._passed(number, step):
                    return
        work.progress.state = "complete"
        work.save(work.progress)

    def roll_back(self, why: str) -> None:
        """Take back what was moved, from wherever it stands. Raises StoreError, Conflict."""
        work = self._work
        lines = self._again(lambda: taken_back(work, why))
        self._said(work.progress.at, "taken back", lines)
        work.progress.state, work.progress.why = "rolled back", why if lines else f"{why} ({NOBODY} any more)"
        work.save(work.progress)

    async def _passed(self, number: int, step: Callable[[PhaseRecord], Awaitable[None]]) -> bool:
        """Do one phase; whether it passed."""
        work = self._work
        record = work.progress.phases[number]
        passed = False
        try:
            await step(record)
        except PhaseHeld as held:
            self._end(number, record, "held", str(held))
            work.progress.state = "held"
        except (PhaseFailed, StoreError) as failed:
            self._end(number, record, "failed", str(failed))
            self._failed(number, record, str(failed))
        else:
            passed = True
            self._end(number, record, "passed", "")
        work.save(work.progress)
        return passed

    def _begin(self, number: int) -> None:
        work, record = self._work, self._work.progress.phases[number]
        work.progress.current = number
        record.state, record.began, record.ended = "under way", work.clock(), None
        if number < TRAFFIC:
            record.lines.clear()
        work.save(work.progress)
        work.watch.phase(number, record)

    def _end(self, number: int, record: PhaseRecord, state: PhaseState, why: str) -> None:
        record.state, record.ended = state, self._work.clock()
        self._work.progress.why = why
        self._work.watch.phase(number, record)

    def _failed(self, number: int, record: PhaseRecord, why: str) -> None:
        """What follows from a failure: callers that were moved are taken back or held, as the plan says."""
        work = self._work
        try:
            if not at_work(work.store, work.progress):
                work.progress.state = "failed"
                work.say(record, f"{NOBODY}: there is nothing to take back")
            elif number < TRAFFIC:
                work.say(record, "what was moved before stays as it is: mend this and resume, or roll back")
            elif work.plan.on_failure == "rollback":
                self._said(record, "taken back", self._again(lambda: taken_back(work, why)))
                work.progress.state = "failed"
            else:
                self._said(record, "held", self._again(lambda: held_back(work, why)))
                work.progress.state = "held"
        except (StoreError, Conflict, RolloutRefused) as error:
            work.say(record, f"this could not be done ({error}): repeat it with --rollback")

    def _said(self, record: PhaseRecord, what: str, lines: Sequence[str]) -> None:
        for line in lines:
            self._work.say(record, f"{what}: {line}")

    @staticmethod
    def _again(deed: Callable[[], Sequence[str]]) -> Sequence[str]:
        """Do it, again where somebody else was first: it is meant whatever they did."""
        for _ in range(TRIES - 1):
            try:
                return deed()
            except (Conflict, RolloutRefused):
                continue
        return deed()
