"""The groups of `agno_integration.yaml` that say how the bridge works: limits, shares, gates, budgets, flags."""

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from server.config.values import (
    Alpha,
    Amount,
    Count,
    Megabytes,
    Milliseconds,
    Minutes,
    Percent,
    Settings,
    Share,
    Stages,
)

SuccessMetric: TypeAlias = Literal[
    "response_time_improvement", "memory_efficiency", "user_satisfaction", "error_rate_reduction"
]


def _once(metrics: tuple[SuccessMetric, ...]) -> tuple[SuccessMetric, ...]:
    if len(set(metrics)) < len(metrics):
        raise PydanticCustomError("distinct", "names the same one twice")
    return metrics


class GracefulFallback(Settings, frozen=True):
    retry_attempts: Annotated[int, Field(ge=0, le=100)]
    retry_delay_ms: Annotated[int, Field(ge=0, le=60_000)]
    timeout_ms: Milliseconds


class ImmediateFallback(Settings, frozen=True):
    timeout_ms: Milliseconds


class FallbackConfig(Settings, frozen=True):
    graceful: GracefulFallback
    immediate: ImmediateFallback


class ResourceManagement(Settings, frozen=True):
    max_concurrent_agents: Count
    min_concurrent_agents: Count
    max_concurrent_teams: Count
    memory_pool_mb: Megabytes
    agent_cleanup_interval_minutes: Minutes
    team_cleanup_interval_minutes: Minutes


class Thresholds(Settings, frozen=True):
    """Above these an alert is due."""

    agent_response_time_ms: Milliseconds
    team_response_time_ms: Milliseconds
    memory_usage_mb: Megabytes
    error_rate_percent: Share


class PerformanceMonitoring(Settings, frozen=True):
    thresholds: Thresholds


class RolloutSettings(Settings, frozen=True):
    """What a rollout does by itself, and what its gates demand."""

    stages: Stages
    automatic: bool
    evaluate_every_s: Annotated[int, Field(ge=1, le=86_400)]
    floor_calls: Count
    floor_units: Count
    error_margin_percent: Share
    latency_ratio: Annotated[float, Field(ge=1, le=100)]
    breach_alpha: Alpha
    pass_alpha: Alpha
    shadow_percent: Percent


class AbTesting(Settings, frozen=True):
    enabled: bool
    agno_traffic_percentage: Percent | None
    test_duration_hours: Annotated[int, Field(ge=1, le=87_600)]
    success_metrics: Annotated[tuple[SuccessMetric, ...], Field(strict=False), AfterValidator(_once)]


class Budget(Settings, frozen=True):
    """What one tool may use up. A limit that is left out is none."""

    credits_per_day: Amount | None = None
    tokens_per_day: Annotated[int, Field(ge=0)] | None = None
    per_caller_per_day: Amount | None = None


class Price(Settings, frozen=True):
    """What a model costs per million tokens."""

    input_per_million: Amount
    output_per_million: Amount


class FeatureFlags(Settings, frozen=True):
    enable_agno_agents: bool
    enable_team_coordination: bool
    enable_performance_optimization: bool
    enable_advanced_memory: bool
    enable_knowledge_sharing: bool
    enable_predictive_allocation: bool
    enable_auto_scaling: bool
