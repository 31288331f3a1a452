"""What is learned from decisions and how they ended, and what it would choose for the next call.

For each tool a model of each route's utility, learned from every call whose end says something about its route, and the
drawn calls to judge it by (`replay`). It never chooses among routes itself: `decide` asks it only where both may serve.

Two rules keep it from doing harm. It decides only for a tool where its replayed advantage over the score, on the newest
drawn calls, has its lower end above zero; else the score decides, and it says why. And what it does to learn is bounded:
`EXPLORED` of the callers of a tool, drawn for an hour at a time, go the other way than is thought best.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.bridge.decision import Learned, Route
from server.bridge.learning.context import SIZE, UNTRIED, Context, Recent, features
from server.bridge.learning.model import Ridge
from server.bridge.learning.replay import Drawn, Judgement, Report, judged, report
from server.bridge.learning.utility import Background, ended, utility

__all__ = ["EXPLORED", "REMEMBERED", "Learner", "learned_from", "replayed"]

EXPLORED = 0.05
REMEMBERED = 5_000
"""Drawn calls of each tool that it is judged by, the newest."""
JUDGE_AFTER = 0.02
BEFORE = 0.5
ROUTES: tuple[Route, Route] = ("agno", "downstream")


@dataclass(slots=True)
class _Tool:
    drawn: deque[Drawn]
    models: Mapping[Route, Ridge] = field(default_factory=lambda: {route: Ridge(SIZE, BEFORE) for route in ROUTES})
    recent: Mapping[Route, Recent] = field(default_factory=lambda: UNTRIED)
    unjudged: int = 0
    judgement: Judgement = field(default_factory=lambda: judged(()))


class Learner:
    """`metrics` are the operator's `success_metrics`; `background` is what is known of the routes as a whole."""

    def __init__(
        self,
        metrics: Collection[str],
        background: Mapping[str, Background] | None = None,
        remembered: int = REMEMBERED,
    ) -> None:
        self._metrics = metrics
        self._background = background or {}
        self._remembered = remembered
        self._tools: dict[str, _Tool] = {}

    def recent(self, tool: str) -> Mapping[Route, Recent]:
        """How the routes of a tool did lately: a part of the next call's context."""
        known = self._tools.get(tool)
        return known.recent if known else UNTRIED

    def report(self, tool: str) -> Report | Judgement:
        """What the drawn calls of a tool say, all that are remembered."""
        known = self._tools.get(tool)
        return report(known.drawn if known else ())

    def decides(self, tool: str) -> bool:
        """Whether what was learned decides for a tool now, instead of the score."""
        return tool in self._tools and self._tools[tool].judgement.takes_over

    def chosen(self, tool: str, context: Context, scored: Route, share: float) -> Learned:
        """The route for a call that both can serve now. `share`, 0 to 1, is where its caller falls in this hour's draw."""
        known = self._tools.get(tool) or self._tool()
        best, said = self._thought_best(known, context, scored)
        if share < EXPLORED:
            drawn: Route = "downstream" if best == "agno" else "agno"
            return Learned(
                drawn, EXPLORED, f"drawn to learn from it, as {EXPLORED:.0%} of the callers are; else {said}"
            )
        return Learned(best, 1 - EXPLORED, said)

    def _thought_best(self, known: _Tool, context: Context, scored: Route) -> tuple[Route, str]:
        shown = known.judgement
        advantage = shown.advantage
        if advantage is None:
            return scored, f"what was learned is insufficient ({shown.missing}), so the score decides"
        figures = f"by {advantage.mean:+.3f}, between {advantage.low:+.3f} and {advantage.high:+.3f}"
        figures += f", over {shown.calls} drawn calls"
        if not shown.takes_over:
            return (
                scored,
                f"what was learned is not shown to do better than the score ({figures}), so the score decides",
            )
        best, expected = _greedy(known, context, scored)
        agno, downstream = expected
        return best, (
            f"what was learned is for {best}: {agno:.2f} expected of agno and {downstream:.2f} of downstream; "
            f"it did better than the score {figures}"
        )

    def saw(self, tool: str, content: Mapping[str, Any]) -> None:
        """Learn from a decision and its outcome, as the decision log has them. What cannot be read is passed over."""
        try:
            context = Context.from_json(content["context"])
            route: Route | None = content["arm"] or content["route"]
            score: int | None = content["score"]
            how = ended(route, content["outcome"]) if route and score is not None else None
        except (KeyError, TypeError, ValueError):
            return
        if route is None or score is None or how is None:
            return
        known = self._tools.get(tool) or self._tools.setdefault(tool, self._tool())
        worth = utility(route, how, context.target_ms, self._metrics, self._background.get(tool))
        if (propensity := content.get("propensity")) and propensity < 1:
            window = 0 if content["arm"] else int(content["context"].get("window", 0))
            scored: Route = "agno" if score > 0 else "downstream"
            self._judge(known, context, (route, propensity, worth), scored, window)
        known.models[route].learn(features(context, route), worth)
        then = known.recent[route].then(how.answered, how.latency_ms, context.target_ms)
        known.recent = {**known.recent, route: then}

    def _tool(self) -> _Tool:
        return _Tool(deque(maxlen=self._remembered))

    def _judge(
        self, known: _Tool, context: Context, came: tuple[Route, float, float], scored: Route, window: int
    ) -> None:
        route, propensity, worth = came
        best, (agno, downstream) = _greedy(known, context, scored)
        if route == "agno":
            agno += (worth - agno) / propensity
        else:
            downstream += (worth - downstream) / propensity
        known.drawn.append(Drawn((context.group, window), route, (agno, downstream), propensity, scored, best))
        known.unjudged += 1
        if known.unjudged >= JUDGE_AFTER * len(known.drawn):
            known.judgement, known.unjudged = judged(known.drawn), 0


def learned_from(decisions: Iterable[tuple[str, Mapping[str, Any]]], metrics: Collection[str]) -> Learner:
    """A learner of these decisions: tool and content of each record of the decision log, the oldest first."""
    learner = Learner(metrics)
    for tool, content in decisions:
        learner.saw(tool, content)
    return learner


def replayed(
    decisions: Iterable[tuple[str, Mapping[str, Any]]], metrics: Collection[str]
) -> Mapping[str, Report | Judgement]:
    """For each tool of these decisions, what its drawn calls say; only a judgement where there are too few."""
    read = tuple(decisions)
    learner = learned_from(read, metrics)
    return {tool: learner.report(tool) for tool in sorted({tool for tool, _ in read})}


def _greedy(known: _Tool, context: Context, scored: Route) -> tuple[Route, tuple[float, float]]:
    agno, downstream = (known.models[route].says(features(context, route)) for route in ROUTES)
    # Where the model sees no difference it leaves the choice to the score.
    best: Route = scored if agno == downstream else "agno" if agno > downstream else "downstream"
    return best, (agno, downstream)
