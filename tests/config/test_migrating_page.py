"""The page for users of the first system: every test it names exists, and every key of their file is on it."""

import ast
import re
from pathlib import Path

import pytest

from server.config.documents import Value, read_document

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/migrating.md").read_text(encoding="utf-8")
FILE = Path(__file__).with_name("first_system") / "agno_integration.yaml"
COMPONENTS = [
    "MCPOrchestrator",
    "BaseAgent",
    "Router",
    "MCP servers",
    "Config system",
    "Existing agents",
    "Tool ecosystem",
]
SAME = {
    *("agno_integration", "default_agent_config", "agent_overrides", "team_configs", "performance_mode"),
    *("performance_critical", "high_frequency", "requires_teams", "use_memory", "use_knowledge", "shared_memory"),
    *("show_tool_calls", "markdown"),
}
"""Keys that mean what the packaged file says beside them."""


def rows() -> dict[str, str]:
    """Each component's row of the matrix."""
    matrix = PAGE.partition("## What becomes of each component")[2].partition("What the first system's papers")[0]
    lines = [line for line in matrix.splitlines() if line.startswith("| ")][1:]
    return {line.split("|")[1].strip(): line for line in lines}


def test_the_matrix_has_a_row_for_each_component():
    assert list(rows()) == COMPONENTS


@pytest.mark.parametrize("component", COMPONENTS)
def test_every_row_names_a_test_that_exists(component):
    found = re.search(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)", rows()[component])
    assert found is not None
    tree = ast.parse((ROOT / found[2]).read_text(encoding="utf-8"))
    assert found[1] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def groups_and_keys(tree: Value) -> set[str]:
    """Names of keys; the operator's own names of agents and teams are none."""
    if not isinstance(tree, dict):
        return set()
    named = {"agent_overrides", "team_configs", "team_access_control"}
    return {
        key
        for name, value in tree.items()
        for key in (
            {name}.union(*map(groups_and_keys, value.values()))
            if name in named and isinstance(value, dict)
            else {name} | groups_and_keys(value)
        )
    }


def test_every_key_of_the_file_is_on_the_page():
    tree = read_document(FILE).tree
    top = tree["agno_integration"]
    assert isinstance(top, dict)
    whole = {"security", "integration", "development", "feature_flags", "fallback_config", "resource_management"}
    partly = {name: value for name, value in top.items() if name not in whole}
    partly["performance_monitoring"] = dict.fromkeys(
        ("thresholds", "enabled", "metrics_collection", "dashboard_integration", "metrics")
    )
    names = groups_and_keys({**tree, "agno_integration": partly}) - SAME - {"min_agno_version", "min_sophia_version"}

    assert [name for name in sorted(names | whole) if not re.search(rf"\b{name}\b", PAGE)] == []
