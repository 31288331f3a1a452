"""What a window of evidence comes to, in the figures that are shown and decided by."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.bridge.window import Bucket

__all__ = ["BYTES_PER_MB", "Figures", "figures_of"]

BYTES_PER_MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """One window of one tool on one route. None is what nothing was measured or reported of, and never 0.

    `attempts` counts every attempt but those of callers who went away; an attempt that failed by the caller's own doing
    is in `callers_own` and neither answered nor an error. Percentiles are of answered attempts, within one per cent.
    `calls_per_minute` is over the time from the oldest bucket that holds something, `calls_last_minute` is now.
    `cost` is in the currency of the configured prices, `credits` what the server's own account is charged.
    """

    over_hours: float
    attempts: int
    answered: int
    callers_own: int
    errors: int
    errors_by_kind: Mapping[str, int]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    calls_last_minute: int
    calls_per_minute: float | None
    memory_mb: float | None
    model_calls: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost: float | None
    credits: float | None
    first_token_p50_ms: float | None
    first_token_p95_ms: float | None


def figures_of(total: Bucket, *, over_s: float, covered_s: float, calls_last_minute: int) -> Figures:
    """The figures of a window whose sums are `total` and of which `covered_s` have passed since it began to fill."""
    return Figures(
        over_hours=round(over_s / 3600, 2),
        attempts=total.attempts,
        answered=total.latency.count,
        callers_own=total.callers_own,
        errors=sum(total.errors.values()),
        errors_by_kind=dict(sorted(total.errors.items())),
        p50_ms=_ms(total.latency.quantile(0.50)),
        p95_ms=_ms(total.latency.quantile(0.95)),
        p99_ms=_ms(total.latency.quantile(0.99)),
        calls_last_minute=calls_last_minute,
        calls_per_minute=round(total.attempts / covered_s * 60, 2) if total.attempts else None,
        memory_mb=round(total.memory_bytes / total.memory_samples / BYTES_PER_MB, 2)
        if total.memory_samples
        else None,
        model_calls=total.model_calls if total.runs else None,
        input_tokens=total.input_tokens,
        output_tokens=total.output_tokens,
        cost=None if total.cost is None else round(total.cost, 6),
        credits=total.credits,
        first_token_p50_ms=_ms(total.first_token.quantile(0.50)),
        first_token_p95_ms=_ms(total.first_token.quantile(0.95)),
    )


def _ms(measured: float | None) -> float | None:
    return None if measured is None else round(measured, 2)
