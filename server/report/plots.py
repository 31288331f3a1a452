"""The pictures of a report: each a small SVG whose words and colours follow the page it stands on.

What tells the arms apart is never colour alone: agno is drawn solid and filled, downstream dashed and open.
"""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from server.bridge.decision import Route
from server.report.amounts import ms, percent
from server.report.comparison import Comparison
from server.report.elements import Element, figure, made
from server.report.shapes import HOUR_S, Spread, Step

__all__ = ["failures", "latencies", "ratings", "traffic_over_time"]

WIDTH, LEFT, RIGHT = 420, 30, 12
PLOT = WIDTH - LEFT - RIGHT
ROUTES: tuple[Route, Route] = ("agno", "downstream")
ONE_TWO_FIVE = tuple(lead * 10.0**power for power in range(-2, 7) for lead in (1, 2, 5))
MOST_TICKS = 7

Points = Sequence[tuple[float, float]]


def latencies(name: str, spread: Spread, found: Comparison) -> Element:
    """How long answers took, on both routes, on a logarithmic axis."""
    top, bottom, height = 22, 150, 184
    low, high = math.log(spread.edges_ms[0]), math.log(spread.edges_ms[-1])

    def across(value_ms: float) -> float:
        return LEFT + PLOT * (math.log(value_ms) - low) / (high - low)

    arms: dict[Route, Sequence[int]] = {"agno": spread.agno, "downstream": spread.downstream}
    shares = {route: [count / (sum(counts) or 1) for count in counts] for route, counts in arms.items()}
    most = max(max(found) for found in shares.values()) or 1.0
    drawn = list(
        _axis([(across(tick), ms(tick)) for tick in _ticks(spread.edges_ms[0], spread.edges_ms[-1])], bottom, top)
    )
    for route in ROUTES:
        heights = [bottom - (bottom - top) * share / most for share in shares[route]]
        edges = [across(edge) for edge in spread.edges_ms]
        steps = [(edges[0], float(bottom))]
        for number, level in enumerate(heights):
            steps += [(edges[number], level), (edges[number + 1], level)]
        drawn.append(_line(f"area {route}", [*steps, (edges[-1], float(bottom))]))
    both = {"agno": found.agno.p95_ms, "downstream": found.downstream.p95_ms}
    drawn += [
        _line(f"mark {route}", [(across(p95), top), (across(p95), bottom)])
        for route, p95 in both.items()
        if p95 is not None
    ]
    drawn.append(_text("note", (LEFT, 12), "share of each route's answers; upright lines: 95 % are faster"))
    drawn.append(_text("label middle", (LEFT + PLOT / 2, height - 4), "time to the answer, logarithmic"))
    told = "; ".join(f"{route}: 95 % within {ms(p95)}" for route, p95 in both.items() if p95 is not None)
    return figure(f"{name}-latency", "How long answers took", told or "no answers", (WIDTH, height), *drawn)


def failures(name: str, found: Comparison) -> Element:
    """The share of calls that failed, with its interval."""
    arms = (found.agno, found.downstream)
    rows = [
        (route, arm.error_rate, arm.error_interval if arm.calls else None)
        for route, arm in zip(ROUTES, arms, strict=True)
    ]
    most = max([arm.error_interval[1] for arm in arms if arm.calls], default=1.0)
    step = next(one for one in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if one * 5 >= most or one == 0.25)
    end = min(1.0, math.ceil(most / step - 1e-9) * step) or step
    ticks = [step * number for number in range(round(end / step) + 1)]
    return _whiskers(
        f"{name}-failures", "How many calls failed", rows, ticks, percent, lambda tick: f"{100 * tick:.3g} %"
    )


def ratings(name: str, found: Comparison) -> Element:
    """What people gave the answers, with the interval."""
    arms = (found.agno.rated, found.downstream.rated)
    rows = [(route, rated.mean, rated.interval) for route, rated in zip(ROUTES, arms, strict=True)]
    return _whiskers(
        f"{name}-ratings",
        "How people rated answers, 1 to 5",
        rows,
        [1.0, 2.0, 3.0, 4.0, 5.0],
        lambda score: f"{score:.1f}",
        lambda tick: f"{tick:.0f}",
    )


def traffic_over_time(name: str, steps: Sequence[Step]) -> Element:
    """How many calls each arm had, hour by hour or day by day."""
    top, bottom, height = 22, 120, 142
    most = max(step.agno + step.downstream for step in steps) or 1
    width = PLOT / len(steps)
    drawn = list(_axis([], bottom, top))
    for number, step in enumerate(steps):
        level = float(bottom)
        for route, count in (("agno", step.agno), ("downstream", step.downstream)):
            tall = (bottom - top) * count / most
            level -= tall
            if count:
                box = {"x": LEFT + number * width + width * 0.08, "y": level, "width": width * 0.84, "height": tall}
                drawn.append(made("rect", {"class": f"bar {route}", **box}))
    for number in sorted({0, len(steps) // 2, len(steps) - 1}):
        place = ("start", "middle", "end")[0 if number == 0 else 2 if number == len(steps) - 1 else 1]
        if len(steps) == 1:
            place = "middle"
        x = {"start": LEFT, "middle": LEFT + (number + 0.5) * width, "end": LEFT + PLOT}[place]
        drawn.append(_text(f"label {place}", (x, bottom + 14), _moment(steps[number])))
    drawn.append(_text("label end", (LEFT - 4, top + 4), f"{most:,}"))
    drawn.append(_text("note", (LEFT, 12), f"drawn calls {_each(steps[0].seconds)} (UTC)"))
    told = f"{sum(step.agno for step in steps):,} calls on agno, {sum(step.downstream for step in steps):,} on downstream"
    return figure(f"{name}-traffic", "How many calls there were", told, (WIDTH, height), *drawn)


def _whiskers(
    name: str,
    title: str,
    rows: Sequence[tuple[str, float | None, tuple[float, float] | None]],
    ticks: Sequence[float],
    said: Callable[[float], str],
    marked: Callable[[float], str],
) -> Element:
    top, each, start = 14, 30, 84
    bottom, room = top + each * len(rows), WIDTH - start - 24

    def across(value: float) -> float:
        return start + room * (value - ticks[0]) / (ticks[-1] - ticks[0])

    drawn = list(_axis([(across(tick), marked(tick)) for tick in ticks], bottom, top, start, WIDTH - 24))
    told: list[str] = []
    for number, (route, value, interval) in enumerate(rows):
        y = top + each * (number + 0.5)
        drawn.append(_text("label end", (start - 10, y + 4), route))
        if value is None:
            drawn.append(_text("note", (start + 8, y + 4), "nothing yet"))
            told.append(f"{route}: nothing yet")
            continue
        if interval is not None:
            drawn.append(_line(f"mark {route}", [(across(interval[0]), y), (across(interval[1]), y)]))
        drawn.append(made("circle", {"class": f"dot {route}", "cx": across(value), "cy": y, "r": 5}))
        between = f", between {said(interval[0])} and {said(interval[1])}" if interval else ""
        told.append(f"{route}: {said(value)}{between}")
    return figure(name, title, "; ".join(told), (WIDTH, bottom + 24), *drawn)


def _axis(
    ticks: Sequence[tuple[float, str]], bottom: float, top: float, left: float = LEFT, right: float = LEFT + PLOT
) -> Sequence[Element]:
    drawn = [_line("axis", [(left, bottom), (right, bottom)])]
    for x, label in ticks:
        drawn += [_line("grid", [(x, top), (x, bottom)]), _text("label middle", (x, bottom + 15), label)]
    return drawn


def _ticks(low: float, high: float) -> list[float]:
    """Round values inside, at most a few."""
    inside = [tick for tick in ONE_TWO_FIVE if low <= tick <= high]
    if len(inside) > MOST_TICKS:
        inside = [tick for tick in inside if math.log10(tick).is_integer() or math.isclose(math.log10(tick) % 1, 0)]
    return inside or [low, high]


def _line(kind: str, points: Points) -> Element:
    return made("path", {"class": kind, "d": "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)})


def _text(kind: str, at: tuple[float, float], said: str) -> Element:
    return made("text", {"class": kind, "x": at[0], "y": at[1]}, said)


def _moment(step: Step) -> str:
    at = datetime.fromtimestamp(step.at, UTC)
    return f"{at.day} {at:%b %H:%M}" if step.seconds < 24 * HOUR_S else f"{at.day} {at:%b %Y}"


def _each(seconds: int) -> str:
    hours = seconds // HOUR_S
    return (
        "an hour"
        if hours == 1
        else f"in {hours} hours"
        if hours < 24
        else "a day"
        if hours == 24
        else f"in {hours // 24} days"
    )
