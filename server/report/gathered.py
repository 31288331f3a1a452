"""All that the state store knows of both routes of a tool, as one value for whoever shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from server.bridge.decision import Route
from server.bridge.evidence import Evidence, Figures
from server.bridge.learning.learner import replayed
from server.bridge.learning.replay import Judgement, Report
from server.report.comparison import Comparison, compared
from server.report.drawn import Drawn, drawn_calls
from server.report.metrics import Metric, metrics_of
from server.report.pairs import Pairs, pairs
from server.report.shapes import Spread, Stage, Step, spread, stages, traffic
from server.state.store import Store

__all__ = ["MOST_RECORDS", "Asked", "ToolReport", "gathered", "tool_data"]

MOST_RECORDS = 20_000
"""As many as are kept."""
LONG = "evidence_long"
ROUTES: tuple[Route, Route] = ("agno", "downstream")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about: the tools, from and until when (seconds since 1970), and by which metrics."""

    tools: Sequence[str]
    since: float
    until: float
    metrics: Sequence[str]
    window_hours: float
    """How far the evidence windows reach."""


@dataclass(frozen=True, slots=True)
class ToolReport:
    """One tool. `figures` are of all calls of a route, drawn or not; `allocation` is what replay says of learning."""

    tool: str
    drawn: Drawn
    comparison: Comparison
    metrics: tuple[Metric, ...]
    figures: Mapping[Route, Figures]
    pairs: Pairs | None
    allocation: Report | Judgement
    spread: Spread | None
    traffic: tuple[Step, ...]
    stages: tuple[Stage, ...]


def gathered(store: Store, asked: Asked) -> list[ToolReport]:
    """A report for each tool that has something to compare. Raises StoreError."""
    scores = {rating.decision_id: rating.score for rating in store.ratings.of(asked.since)}
    evidence = _evidence(store, asked)
    found = (_gathered(store, asked, tool, scores, evidence) for tool in asked.tools)
    return [one for one in found if one.drawn.calls or one.pairs]


def _gathered(store: Store, asked: Asked, tool: str, scores: Mapping[str, float], evidence: Evidence) -> ToolReport:
    records = store.decisions.latest(tool, asked.since, MOST_RECORDS)
    drawn = drawn_calls(records, scores)
    comparison = compared(drawn)
    figures: dict[Route, Figures] = {route: evidence.figures(tool, route, "long") for route in ROUTES}
    replay = replayed(((record.tool, record.content) for record in reversed(records)), asked.metrics)
    return ToolReport(
        tool,
        drawn,
        comparison,
        metrics_of(asked.metrics, comparison, figures),
        figures,
        pairs(records),
        replay.get(tool) or Judgement(0, 0, "no drawn calls"),
        spread(drawn),
        traffic(drawn),
        stages(drawn),
    )


def _evidence(store: Store, asked: Asked) -> Evidence:
    """What all processes measured since then, to the step: one that was still being filled then counts as a whole."""
    reach = max(asked.window_hours, (asked.until - asked.since) / 3_600)
    evidence = Evidence(lambda: asked.until, reach)
    evidence.take_others(LONG, [row for row in store.tallies.load(LONG) if row.at >= asked.since])
    return evidence


def tool_data(one: ToolReport) -> dict[str, Any]:
    """A report for programs."""
    comparison, drawn = one.comparison, one.drawn
    return {
        "tool": one.tool,
        "arms": {"agno": asdict(comparison.agno), "downstream": asdict(comparison.downstream)},
        "not_drawn": drawn.not_drawn,
        "not_counted": drawn.not_counted,
        "rated_elsewhere": drawn.rated_elsewhere,
        "metrics": {metric.name: asdict(metric) for metric in one.metrics},
        "routes": {route: _used(figures) for route, figures in one.figures.items()},
        "shadow": None if one.pairs is None else asdict(one.pairs),
        "allocation": _allocation_data(one.allocation),
        "latency": None if one.spread is None else asdict(one.spread),
        "traffic": [asdict(step) for step in one.traffic],
        "stages": [asdict(stage) for stage in one.stages],
    }


def _used(figures: Figures) -> dict[str, Any]:
    kept = ("attempts", "memory_mb", "model_calls", "input_tokens", "output_tokens", "cost", "credits")
    return {name: value for name, value in asdict(figures).items() if name in kept}


def _allocation_data(found: Report | Judgement) -> dict[str, Any]:
    if isinstance(found, Judgement):
        return {"status": "insufficient", "missing": found.missing, "calls": found.calls, "groups": found.groups}
    by_score, learned = found.regret
    return {"status": "judged", **asdict(found), "regret": {"score": by_score, "learned": learned}}
