"""What may be known of a call when it is decided, as the numbers that a model reads.

Few, and nothing of what was said: which intent was recognised, how many arguments there are, whether the tool is called
often just now, and how each route did lately. It is kept with the decision, so that a restart learns from the same.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from math import log2
from typing import Any

from server.bridge.decision import Route

__all__ = ["SIZE", "Context", "Recent", "features"]

INTENTS = 8
"""Intents share so many places; two that fall on one are read as one."""
SIZE = 5 + INTENTS
MANY_ARGUMENTS = 6
WEIGHT = 0.1
"""Of the newest call in what is recent."""


@dataclass(frozen=True, slots=True)
class Recent:
    """How a route did lately: latency over the target as a power of two, -3 to 3, and the share that failed."""

    slowness: float = 0.0
    failing: float = 0.0

    def then(self, answered: bool, latency_ms: float, target_ms: float) -> "Recent":
        """With one more call."""
        failing = self.failing + WEIGHT * ((not answered) - self.failing)
        if not answered:
            return Recent(self.slowness, failing)
        slowness = min(3.0, max(-3.0, log2(max(latency_ms, 0.001) / target_ms)))
        return Recent(self.slowness + WEIGHT * (slowness - self.slowness), failing)


UNTRIED: Mapping[Route, Recent] = {"agno": Recent(), "downstream": Recent()}


@dataclass(frozen=True, slots=True)
class Context:
    """One call's. `group` is a number for whom its caller's calls are drawn with, as far as a model may know it."""

    intent: str | None
    arguments: int
    busy: bool
    target_ms: float
    group: int
    recent: Mapping[Route, Recent] = field(default_factory=lambda: UNTRIED)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, with figures no longer than they are worth."""
        recent = {route: [round(one.slowness, 3), round(one.failing, 3)] for route, one in self.recent.items()}
        return {**asdict(self), "recent": recent}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Context":
        """What `to_json` gave. Raises KeyError, TypeError or ValueError where it is something else."""
        recent: dict[Route, Recent] = {
            "agno": Recent(*map(float, kept["recent"]["agno"])),
            "downstream": Recent(*map(float, kept["recent"]["downstream"])),
        }
        intent = kept["intent"]
        return cls(
            None if intent is None else str(intent),
            int(kept["arguments"]),
            bool(kept["busy"]),
            float(kept["target_ms"]),
            int(kept["group"]),
            recent,
        )


def features(context: Context, route: Route) -> list[float]:
    """What a model of this route reads: `SIZE` numbers of about the same size."""
    recent = context.recent[route]
    values = [
        1.0,
        min(context.arguments, MANY_ARGUMENTS) / MANY_ARGUMENTS,
        float(context.busy),
        recent.slowness / 3,
        recent.failing,
        *([0.0] * INTENTS),
    ]
    if context.intent is not None:
        digest = blake2b(context.intent.encode(errors="surrogatepass"), digest_size=4).digest()
        values[-1 - int.from_bytes(digest, "big") % INTENTS] = 1.0
    return values
