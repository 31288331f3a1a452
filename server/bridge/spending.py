"""What was spent today, by every process together: counted here at once, shared through the store every few seconds.

Each process keeps a row of its own for each tool and route of a day, so that nobody reads, adds and writes back. What it
spent is written and what the others spent is read every `EVERY_S`. A budget can therefore be overshot by what is under
way when it is spent, and by what other processes spend in two such intervals. A process that is killed forgets what it
has not written yet: one interval at most.
"""

import logging
import secrets
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

import anyio
from anyio import to_thread

from agents.models.spent import Spent
from server.bridge.cost import Bill, Tariff, Total, free_again_in_s, spent
from server.bridge.decision import Route
from server.bridge.run_cost import priced
from server.downstream.charges import charged_to
from server.state.tallies import Tallies, Tally

__all__ = ["Charge", "Spending"]

logger = logging.getLogger(__name__)

KIND = "spending"
EVERY_S = 2.0
KEPT_S = 7 * 86_400.0
MOST_CALLERS = 10_000
"""Callers of one tool and route that are told apart in a day; those after them share one account."""
OTHERS = "others"

Key = tuple[str, Route]


@dataclass(frozen=True, slots=True)
class Charge:
    """Where one attempt is booked."""

    tariff: Tariff
    total: Total
    account: str
    changed: Callable[[], None]

    def called(self, server: str) -> None:
        """A tool call goes to a server."""
        cost = self.tariff.credits_per_call.get(server, 0.0)
        if cost:
            self.total.credits += cost
            self.total.callers[self.account] = self.total.callers.get(self.account, 0.0) + cost
            self.changed()

    def thought(self, spent: Spent) -> None:
        """The models of a run read and wrote."""
        for model, used in spent.by_model.items():
            read, written = used.input_tokens or 0, used.output_tokens or 0
            money = priced(model, used, self.tariff)
            self.total.input_tokens += read
            self.total.output_tokens += written
            if money is None:
                self.total.unpriced_tokens += read + written
            else:
                self.total.money += money
        self.changed()


class Spending:
    """The accounts of today. `now` is the time of day in UTC; `process` names this run and no other."""

    def __init__(
        self,
        tallies: Tallies,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        process: str | None = None,
    ) -> None:
        self._tallies = tallies
        self._now = now
        self._process = process or secrets.token_hex(8)
        self._day = ""
        self._ours: dict[Key, Total] = {}
        self._theirs: dict[Key, Total] = {}
        self._unwritten: set[Key] = set()

    def spent(self, tariff: Tariff, tool: str, caller: str, bills: Mapping[Route, Bill]) -> Mapping[Route, str]:
        """The routes of a tool that a spent budget takes away, with the reason in words."""
        budget = tariff.budgets.get(tool)
        return {} if budget is None else spent(budget, self.of(tool), _account(caller), bills, tariff)

    def of(self, tool: str, route: Route | None = None) -> Total:
        """What the tool used up today, on one route or on both."""
        self._turn()
        total = Total()
        for accounts in (self._ours, self._theirs):
            for (name, on), one in accounts.items():
                if name == tool and route in (None, on):
                    total.merge(one)
        return total

    def tools(self) -> list[str]:
        """The tools that used anything up today."""
        self._turn()
        return sorted({tool for tool, _ in (*self._ours, *self._theirs)})

    @property
    def free_again_in_s(self) -> float:
        """The seconds until budgets are free again."""
        return free_again_in_s(self._now())

    @contextmanager
    def charging(self, tariff: Tariff, tool: str, route: Route, caller: str) -> Generator[Charge]:
        """Book what is used up within the block, an attempt of a tool on a route, as it happens."""
        self._turn()
        key = (tool, route)
        total = self._ours.setdefault(key, Total())
        account = _account(caller)
        if account not in total.callers and len(total.callers) >= MOST_CALLERS:
            account = OTHERS

        def changed() -> None:
            self._unwritten.add(key)

        total.attempts += 1
        changed()
        charge = Charge(tariff, total, account, changed)
        with charged_to(charge.called):
            yield charge

    async def run(self) -> None:
        """Share with the other processes until cancelled; what is counted then is written before this ends."""
        try:
            await self._forget()
            while True:
                await self.share()
                await anyio.sleep(EVERY_S)
        finally:
            with anyio.CancelScope(shield=True):
                await self._write()

    async def share(self) -> None:
        """Write what was spent here, read what was spent elsewhere."""
        self._turn()
        await self._write()
        day = self._day
        try:
            rows = await to_thread.run_sync(self._tallies.read, KIND, f"{day}/", _kept)
        except Exception:  # a store that is away must not take the server down; what was read last still counts
            logger.exception("what other processes spent could not be read")
            return
        theirs: dict[Key, Total] = {}
        for row, (key, total) in rows:
            if row.process != self._process:
                theirs.setdefault(key, Total()).merge(total)
        if day == self._day:
            self._theirs = theirs

    async def _write(self) -> None:
        written, self._unwritten = self._unwritten, set()
        rows = {f"{self._day}/{route}/{tool}": self._ours[tool, route].to_json() for tool, route in written}
        if not rows:
            return
        try:
            await to_thread.run_sync(self._tallies.save, KIND, self._process, rows)
        except Exception:  # as above; it is written with the next ones
            self._unwritten |= written & self._ours.keys()
            logger.exception("what was spent could not be written to the state store")

    async def _forget(self) -> None:
        try:
            await to_thread.run_sync(self._tallies.prune, KIND, self._now().timestamp() - KEPT_S)
        except Exception:  # old rows cost room and nothing else
            logger.exception("old accounts could not be removed from the state store")

    def _turn(self) -> None:
        """Begin new accounts with a new day."""
        day = self._now().astimezone(UTC).date().isoformat()
        if day != self._day:
            self._day = day
            self._ours, self._theirs, self._unwritten = {}, {}, set()


def _account(caller: str) -> str:
    # Who calls is nobody's business in the store; it has to be the same in every process.
    return blake2b(caller.encode(errors="surrogatepass"), digest_size=8).hexdigest()


def _kept(row: Tally) -> tuple[Key, Total]:
    """What a row holds. Raises ValueError where it is none of these accounts."""
    match row.name.split("/", 2):
        case [_, ("agno" | "downstream") as route, tool]:
            return (tool, route), Total.from_json(row.content)
        case _:
            raise ValueError(f"{row.name} names no tool and route")
