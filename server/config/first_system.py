"""Keys that the first system's `agno_integration.yaml` had and this release does not read.

Its users bring their file along. A key without a reader is an error like any other, but they are told
that it is no slip of theirs.
"""

from typing import Final

FIRST_SYSTEM: Final = frozenset(
    {
        "add_state_in_messages",
        "compatibility",
        "development",
        "enable_auto_scaling",
        "enable_performance_optimization",
        "enable_predictive_allocation",
        "fallback_to_traditional",
        "integration",
        "knowledge",
        "max_members",
        "max_team_size",
        "memory_limit_mb",
        "memory_pool_mb",
        "performance_monitoring",
        "performance_target_ms",
        "schema_version",
        "security",
        "success_criteria",
        "success_metrics",
        "team_eligible",
        "test_duration_hours",
        "version",
    }
)
