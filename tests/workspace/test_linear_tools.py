"""What a client of the issue server can ask, and what becomes of what it creates."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workspace.callers import ToolUser
from workspace.linear.server import build_server, issues_in


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], ToolUser]:
    """Starts the server anew over the same directory."""
    return lambda: ToolUser(build_server(issues_in(tmp_path)))


@pytest.fixture
def linear(opened: Callable[[], ToolUser]) -> ToolUser:
    return opened()


async def test_only_creating_changes_anything(linear: ToolUser) -> None:
    async with linear.client() as client:
        tools = (await client.list_tools()).tools
    hints = {tool.name: tool.annotations and tool.annotations.read_only_hint for tool in tools}
    assert hints == {"list_issues": True, "get_issue": True, "search_issues": True, "create_issue": False}


async def test_issues_are_listed_by_what_they_are(linear: ToolUser) -> None:
    answer = await linear.gets("list_issues", team="DEAL", state="Todo", assignee="elease gluck")
    assert [issue["identifier"] for issue in answer["issues"]] == ["DEAL-307"]
    assert answer["synthetic"]
    urgent = await linear.gets("list_issues", priority="Urgent")
    assert [issue["title"] for issue in urgent["issues"]] == ["Collect the demo machine at Initech"]
    assert (await linear.gets("list_issues", label="driver"))["total"] == 1


async def test_a_search_reads_titles_and_descriptions(linear: ToolUser) -> None:
    answer = await linear.gets("search_issues", query="alarms card")
    assert [issue["identifier"] for issue in answer["issues"]] == ["PROD-118"]
    assert (await linear.gets("search_issues", query="submarine"))["issues"] == []


async def test_what_is_created_is_there_when_read_back_after_a_restart(opened: Callable[[], ToolUser]) -> None:
    given = {"title": "Send the  bracket", "team": "OPS", "labels": ["parts"], "dueDate": "2018-01-10"}
    created = await opened().gets("create_issue", **given, assignee="tom hale")
    issue = created["issue"]
    assert (issue["identifier"], issue["title"], issue["assignee"]) == ("OPS-1001", "Send the bracket", "Tom Hale")
    assert (issue["state"], issue["synthetic"], created["duplicate"]) == ("Todo", False, False)
    assert await opened().gets("get_issue", id="ops-1001") == issue
    assert (await opened().gets("list_issues", label="parts"))["issues"] == [issue]
    assert (await opened().gets("create_issue", **given))["issue"]["identifier"] == "OPS-1002"


async def test_the_same_request_creates_once(opened: Callable[[], ToolUser]) -> None:
    once = {"title": "Once", "team": "PROD", "request_id": "r1"}
    first, second = [await opened().gets("create_issue", **once) for _ in range(2)]
    assert first["issue"] == second["issue"]
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    _, error = await opened().is_refused("create_issue", **{**once, "title": "Twice"})
    assert error["code"] == "conflict"


@pytest.mark.parametrize(
    ("tool", "asked", "code", "says"),
    [
        ("get_issue", {"id": "PROD-181"}, "unknown_issue", "PROD-1"),
        ("list_issues", {"assignee": "Zane Levi"}, "unknown_user", "Zane Levy"),
        ("list_issues", {"state": "Open"}, "invalid_arguments", "Todo"),
        ("create_issue", {"title": " ", "team": "OPS"}, "invalid_arguments", "title"),
        ("create_issue", {"title": "x", "team": "OPS", "dueDate": "soon"}, "bad_date", "2018-01-31"),
    ],
)
async def test_a_bad_argument_is_explained(
    linear: ToolUser, tool: str, asked: dict[str, Any], code: str, says: str
) -> None:
    text, error = await linear.is_refused(tool, **asked)
    assert error["code"] == code
    assert says in text
