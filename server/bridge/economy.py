"""One route of one call, made to spend little: what it uses is booked, and what only reads is not run twice.

Everything that a decision and a run need to know of money stands here: which routes a spent budget takes away, where an
attempt is booked, whether it may join a run of an identical call or be answered with what was kept. Whoever joins a run
pays nothing; whoever began it is charged.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from server.bridge.cost import Bill, Tariff
from server.bridge.decision import Route
from server.bridge.sharing import Share, Sharing, Tell, Terms, key_of
from server.bridge.spending import Charge, Spending

__all__ = ["Asked", "Economy"]

ResultT = TypeVar("ResultT")
ROUTES: tuple[Route, ...] = ("agno", "downstream")


@dataclass(frozen=True, slots=True)
class Asked:
    """A call, as far as paying and sharing care.

    `rights` say what its caller may do, and who pays; only calls of the same rights are ever identical. `arguments` are
    everything that its answer depends on, as JSON values. `version` is that of the policy it began under.
    """

    tool: str
    rights: str
    arguments: Mapping[str, Any]
    version: object
    tariff: Tariff


class Economy:
    """Books and shares."""

    def __init__(self, spending: Spending, sharing: Sharing) -> None:
        self.spending = spending
        self.sharing = sharing

    def spent(self, tool: str, rights: str, bills: Mapping[Route, Bill], tariff: Tariff) -> Mapping[Route, str]:
        """The routes that a spent budget takes away, with the reason in words."""
        return self.spending.spent(tariff, tool, rights, bills)

    def card(self, tool: str, bills: Mapping[Route, Bill], tariff: Tariff) -> dict[str, Any]:
        """What a tool may spend, what it spent today on each route, and whom a route may have to pay."""
        budget = tariff.budgets.get(tool)
        return {
            "budget": asdict(budget) if budget else None,
            "today": {route: self._today(tool, route) for route in bills},
            "pays": {
                route: {
                    "credits_per_call": {s: tariff.credits_per_call.get(s, 0.0) for s in sorted(bill.servers)},
                    "models": sorted(bill.models),
                }
                for route, bill in bills.items()
            },
        }

    def status(self, tariff: Tariff) -> dict[str, Any]:
        """What all tools spent today, and the budgets."""
        return {
            "free_again_in_s": round(self.spending.free_again_in_s),
            "budgets": {tool: asdict(budget) for tool, budget in tariff.budgets.items()},
            "prices": {model: asdict(price) for model, price in tariff.prices.items()},
            "today": {
                f"{tool}/{route}": self._today(tool, route)
                for tool in self.spending.tools()
                for route in ROUTES
                if self.spending.of(tool, route).attempts
            },
        }

    def _today(self, tool: str, route: Route) -> dict[str, Any]:
        """Without who spent it."""
        total = asdict(self.spending.of(tool, route))
        return {**total, "callers": len(total["callers"])}

    def sharable(self, asked: Asked, route: Route) -> bool:
        """Whether a call would join a run, or be answered with what was kept."""
        return self.sharing.flies(key_of(asked.version, asked.tool, route, asked.rights, asked.arguments))

    def run(
        self,
        asked: Asked,
        route: Route,
        work: Callable[[Tell, Charge], Awaitable[ResultT]],
        tell: Tell,
        share: Share,
        terms: Terms[ResultT] | None,
    ) -> Callable[[], Awaitable[ResultT]]:
        """The work of a route, booked, and shared on these terms; None shares nothing. `share` is told how it went."""

        async def booked(told: Tell) -> ResultT:
            with self.spending.charging(asked.tariff, asked.tool, route, asked.rights) as charge:
                return await work(told, charge)

        async def alone() -> ResultT:
            return await booked(tell)

        if terms is None:
            return alone
        key = key_of(asked.version, asked.tool, route, asked.rights, asked.arguments)

        async def shared() -> ResultT:
            return await self.sharing.take(key, booked, tell, terms, share)

        return shared
