"""What measured too much: figures over the thresholds of `performance_monitoring`, in words that an operator reads."""

from typing import Literal

from server.bridge.figures import Figures
from server.config.sections import Thresholds

__all__ = ["over"]


def over(figures: Figures, kind: Literal["agent", "team"], limits: Thresholds) -> tuple[str, ...]:
    """One line for each figure that is over its threshold; what was not measured is over none."""
    response_ms = limits.team_response_time_ms if kind == "team" else limits.agent_response_time_ms
    ended = figures.answered + figures.errors
    failed = 100 * figures.errors / ended if ended else 0.0
    found = (
        (
            figures.p95_ms is not None and figures.p95_ms > response_ms,
            f"p95 {figures.p95_ms} ms is over {response_ms} ms",
        ),
        (failed > limits.error_rate_percent, f"{failed:.1f} % failed, over {limits.error_rate_percent:g} %"),
        (
            figures.memory_mb is not None and figures.memory_mb > limits.memory_usage_mb,
            f"{figures.memory_mb} MiB of memory, over {limits.memory_usage_mb} MiB",
        ),
    )
    return tuple(said for is_over, said in found if is_over)
