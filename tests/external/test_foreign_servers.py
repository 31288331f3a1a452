"""Four foreign servers behind one Sophia: whatever they say arrives as if nobody stood in between."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.external

PREFIXES = {"everything": "everything__", "files": "files__", "clock": "", "warehouse": "warehouse__"}
SPEAKS_MODERN = {"clock", "warehouse"}
TOKYO = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
LONG_RUNNING = "trigger-long-running-operation"


@pytest.fixture(scope="module", params=["handshake", "modern"])
def era(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def direct(era: str, foreign: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Each server by itself, spoken to in the era of the test as far as it knows that era."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(program.wire(era if name in SPEAKS_MODERN else "handshake"))
            for name, program in foreign.items()
        }


@pytest.fixture(scope="module")
def entries(foreign: Mapping[str, Any]) -> Mapping[str, Any]:
    """All four as a user pastes them; one of them keeps its names."""
    return {name: program.entry for name, program in foreign.items()} | {
        "clock": foreign["clock"].entry | {"sophia": {"prefix": ""}}
    }


@pytest.fixture(scope="module")
def sophia(era: str, entries: Mapping[str, Any], sophia_over: Any) -> Iterator[Any]:
    """Sophia in front of all four, all of them connected."""
    with sophia_over(entries).wire(era) as wire:
        wire.call("convert_time", TOKYO)  # a call waits for servers that nobody has seen yet
        yield wire


@pytest.fixture(scope="module")
def published() -> Any:
    """The name under which a server's tool is published: one of them is too long for clients with its prefix."""

    def published(server: str, tool: str) -> str:
        name = PREFIXES[server] + tool
        return "everything__trigger-long-running-_8b746f" if name == PREFIXES["everything"] + LONG_RUNNING else name

    return published


@pytest.mark.parametrize("server", PREFIXES)
def test_a_servers_tools_are_listed_as_it_lists_them(
    server: str, era: str, direct: Mapping[str, Any], sophia: Any, published: Any
) -> None:
    theirs = direct[server].ask("tools/list")["tools"]
    if era == "modern":
        for tool in theirs:
            tool.pop("execution", None)  # went with tasks, which are no part of 2026-07-28
    listed = {tool["name"]: tool for tool in sophia.ask("tools/list")["tools"]}
    for tool in theirs:
        name = published(server, tool["name"])
        assert listed[name] == tool | {"name": name}


def test_a_server_without_a_prefix_keeps_its_names(sophia: Any) -> None:
    names = {tool["name"] for tool in sophia.ask("tools/list")["tools"]}
    assert {"get_current_time", "convert_time"} <= names
    assert not any(name.startswith("clock") for name in names)


CALLS = [
    ("everything", "echo", {"message": "Grüße, 你好 🙂"}),
    ("everything", "get-sum", {"a": 0.1, "b": 2e30}),
    ("everything", "get-tiny-image", {}),
    ("everything", "get-annotated-message", {"messageType": "error", "includeImage": True}),
    ("everything", "get-resource-links", {"count": 3}),
    ("everything", "get-structured-content", {"location": "Chicago"}),
    ("everything", "get-resource-reference", {"resourceType": "Text", "resourceId": -1}),
    ("everything", "simulate-research-query", {"topic": "needs a task"}),
    ("files", "list_directory", {"path": "."}),
    ("files", "read_text_file", {"path": "notes/grüße.txt"}),
    ("files", "read_text_file", {"path": "notes/not-there.txt"}),
    ("files", "read_text_file", {"path": "../outside.txt"}),
    ("clock", "convert_time", TOKYO),
    ("clock", "get_current_time", {"timezone": "Mars/Base"}),
    ("warehouse", "list_tables", {}),
    ("warehouse", "execute_query", {"sql": "SELECT deal_stage, count(*) FROM opportunities GROUP BY 1 ORDER BY 1"}),
    ("warehouse", "execute_query", {"sql": "SELECT no_such_column FROM opportunities"}),
    ("warehouse", "execute_query", {"sql": "DELETE FROM raw_teams"}),
]


@pytest.mark.parametrize(("server", "tool", "arguments"), CALLS, ids=lambda value: str(value)[:40])
def test_a_call_is_answered_as_the_server_answers_it(
    server: str,
    tool: str,
    arguments: dict[str, Any],
    direct: Mapping[str, Any],
    sophia: Any,
    answer: Any,
    published: Any,
    shared_folder: Path,
) -> None:
    if server == "files":
        arguments = {"path": str(shared_folder / arguments["path"])}
    expected = answer(direct[server], "tools/call", name=tool, arguments=arguments)
    assert answer(sophia, "tools/call", name=published(server, tool), arguments=arguments) == expected


def test_every_proxied_answer_says_how_it_was_routed(sophia: Any) -> None:
    meta = sophia.call("everything__echo", {"message": "hi"})["_meta"]
    assert meta["sophia/route"] == "downstream"
    assert meta["sophia/decision"]
    assert meta["sophia/reasons"]


def test_arguments_that_break_the_servers_schema_are_refused_with_the_field_named(sophia: Any) -> None:
    result = sophia.call("everything__get-sum", {"a": "one", "b": 2})
    assert result["isError"]
    assert "`a`" in result["content"][0]["text"]


def test_progress_arrives_step_by_step(direct: Mapping[str, Any], sophia: Any, published: Any) -> None:
    arguments = {"duration": 0.4, "steps": 4}
    direct["everything"].call(LONG_RUNNING, arguments, progressToken="ours")
    sophia.call(published("everything", LONG_RUNNING), arguments, progressToken="ours")
    assert sophia.progress() == direct["everything"].progress()
    assert [step["progress"] for step in sophia.progress()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("method", "items"),
    [
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ],
)
def test_what_a_server_lists_beside_tools_is_listed(
    method: str, items: str, direct: Mapping[str, Any], sophia: Any
) -> None:
    theirs = direct["everything"].ask(method)[items]
    listed = sophia.ask(method)[items]
    for item in theirs:
        assert (item | {"name": f"everything__{item['name']}"} if items == "prompts" else item) in listed
    assert theirs


def test_a_servers_resources_are_read_as_it_gives_them(direct: Mapping[str, Any], sophia: Any, answer: Any) -> None:
    uris = [resource["uri"] for resource in direct["everything"].ask("resources/list")["resources"]]
    assert len(uris) > 1
    for uri in [*uris, "demo://resource/static/document/not-there.md"]:
        assert answer(sophia, "resources/read", uri=uri) == answer(direct["everything"], "resources/read", uri=uri)


def test_a_resource_behind_a_template_is_read(sophia: Any) -> None:
    (content,) = sophia.ask("resources/read", uri="demo://resource/dynamic/text/7")["contents"]
    assert content["text"].startswith("Resource 7: ")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("simple-prompt", {}),
        ("args-prompt", {"city": "Zürich"}),
        ("args-prompt", {}),
        ("completable-prompt", {"department": "Engineering", "name": "Alice"}),
    ],
)
def test_a_servers_prompts_are_filled_as_it_fills_them(
    name: str, arguments: dict[str, str], direct: Mapping[str, Any], sophia: Any, answer: Any
) -> None:
    expected = answer(direct["everything"], "prompts/get", name=name, arguments=arguments)
    assert answer(sophia, "prompts/get", name=f"everything__{name}", arguments=arguments) == expected


def test_a_servers_completions_arrive(direct: Mapping[str, Any], sophia: Any, answer: Any) -> None:
    asked = {"argument": {"name": "department", "value": "S"}}
    ref = {"type": "ref/prompt", "name": "completable-prompt"}
    expected = answer(direct["everything"], "completion/complete", ref=ref, **asked)
    published = ref | {"name": "everything__completable-prompt"}
    assert answer(sophia, "completion/complete", ref=published, **asked) == expected
    assert expected["completion"]["values"]


def test_killing_one_server_leaves_the_others_working_and_it_comes_back(
    era: str, entries: Mapping[str, Any], sophia_over: Any, shared_folder: Path, tmp_path: Path
) -> None:
    everything = entries["everything"]
    pid_file = tmp_path / "everything.pid"
    noted = {"command": "/bin/sh", "args": ["-c", f'echo $$ > {pid_file}; exec "$@"', "sh", everything["command"]]}
    noted["args"] += everything["args"]
    with sophia_over({**entries, "everything": noted}).wire(era) as sophia:
        assert not sophia.call("everything__echo", {"message": "before"})["isError"]
        killed = int(pid_file.read_text())
        os.kill(killed, signal.SIGKILL)
        assert not sophia.call("convert_time", TOKYO)["isError"]
        assert not sophia.call("files__list_directory", {"path": str(shared_folder)})["isError"]
        assert not sophia.call("warehouse__execute_query", {"sql": "SELECT 1"})["isError"]
        while (result := sophia.call("everything__echo", {"message": "after"}))["isError"]:
            assert result["_meta"]["sophia/error"]["retryable"]
        assert result["content"][0]["text"] == "Echo: after"
        assert int(pid_file.read_text()) != killed
