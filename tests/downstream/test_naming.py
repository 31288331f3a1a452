"""Published names: they fit every client, never collide, and stay."""

import re

from hypothesis import given
from hypothesis import strategies as st

from server.downstream.naming import MAX_NAME, Published, publish

FITS = re.compile(r"[a-zA-Z0-9_-]{1,40}")
SERVER_NAMES = st.from_regex(r"\A[a-zA-Z0-9_-]{1,30}\Z") | st.sampled_from(["a", "a_", "a__b", "b"])
ORIGINALS = st.text(max_size=60) | st.sampled_from(["b__x", "x", "_b__x", "list", "a" * 40, "a.b", "a b"])


@st.composite
def configured(draw: st.DrawFn) -> tuple[list[str], list[tuple[str, str, list[str]]]]:
    names = draw(st.lists(SERVER_NAMES, min_size=1, max_size=4, unique=True))
    servers = [
        (name, draw(st.just(name) | st.just("") | SERVER_NAMES), draw(st.lists(ORIGINALS, max_size=6)))
        for name in names
    ]
    return draw(st.lists(st.sampled_from(["x", "a__x", "sales_coach"]), unique=True)), servers


@given(configured())
def test_every_tool_has_a_name_of_its_own_that_fits_every_client(
    table: tuple[list[str], list[tuple[str, str, list[str]]]],
) -> None:
    own, servers = table
    published = publish(own, servers).by_name
    prefixes = {server: prefix for server, prefix, _ in servers}
    assert not set(published) & set(own)
    assert {(p.server, p.original) for p in published.values()} == {(s, o) for s, _, names in servers for o in names}
    for name, entry in published.items():
        assert entry.name == name
        if prefixes[entry.server] or name != entry.original:
            assert FITS.fullmatch(name), name


@given(configured())
def test_names_are_the_same_in_every_process(table: tuple[list[str], list[tuple[str, str, list[str]]]]) -> None:
    own, servers = table
    assert publish(own, servers) == publish(list(own), [(s, p, list(names)) for s, p, names in servers])


@given(st.lists(ORIGINALS, unique=True, max_size=8))
def test_names_under_an_empty_prefix_are_never_changed(originals: list[str]) -> None:
    table = publish([], [("legacy", "", originals)])
    assert list(table.by_name) == originals
    assert table.remarks == ()


def test_a_tool_is_published_under_its_servers_prefix() -> None:
    table = publish([], [("gong", "calls", ["list_calls"])])
    assert table.by_name == {"calls__list_calls": Published("calls__list_calls", "gong", "list_calls")}
    assert table.remarks == ()


def test_our_own_name_wins_and_the_loser_gets_its_prefix_back() -> None:
    table = publish(["sales_coach"], [("legacy", "", ["sales_coach"])])
    assert list(table.by_name) == ["legacy__sales_coach"]
    assert table.remarks == (
        "`sales_coach` of `legacy` is published as `legacy__sales_coach`: Sophia itself has its name already",
    )


def test_the_server_that_is_configured_first_keeps_the_name() -> None:
    table = publish([], [("one", "", ["search"]), ("two", "", ["search"])])
    assert {name: p.server for name, p in table.by_name.items()} == {"search": "one", "two__search": "two"}
    assert "`one` has its name already" in table.remarks[0]


def test_a_loser_whose_prefixed_name_is_taken_too_is_shortened() -> None:
    table = publish([], [("one", "", ["two__search"]), ("two", "two", ["search"])])
    first, second = table.by_name
    assert first == "two__search"
    assert re.fullmatch(r"two__search_[0-9a-f]{6}", second)


def test_a_name_that_does_not_fit_is_shortened_and_stays_whatever_else_is_there() -> None:
    long = "retrieve_all_transcripts_of_the_last_quarter"
    alone = publish([], [("gong", "gong", [long])])
    crowded = publish(["x"], [("slack", "slack", ["post"]), ("gong", "gong", ["list", long, f"{long}s"])])
    (name,) = alone.by_name
    assert len(name) == MAX_NAME
    assert name.startswith("gong__retrieve_all_transcripts_of")
    assert name in crowded.by_name
    assert crowded.by_name[name].original == long
    assert "does not fit clients" in alone.remarks[0]


def test_names_that_differ_only_in_what_clients_forbid_stay_apart() -> None:
    table = publish([], [("jira", "jira", ["issue.get", "issue get", "issue_get"])])
    assert len(table.by_name) == 3
    assert "jira__issue_get" in table.by_name


def test_a_tool_that_a_server_lists_twice_is_published_once() -> None:
    table = publish([], [("gong", "gong", ["list", "list", "list"])])
    assert list(table.by_name) == ["gong__list"]
    assert table.remarks == ()
