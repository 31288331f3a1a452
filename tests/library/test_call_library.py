"""The library as agents see it: what is answered, what is said of what is missing."""

import stat
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from agents.analysis.calls.searching import index_of
from agents.sources import CallQuery, CallScope, SourceError
from server.library import calls as calls_module
from server.library.file import connect
from server.state.database import StoreError

AWAY = SourceError("unavailable", "The server is away.")


def _hits(found, text, side):
    return index_of(found).search(text, 10, where=lambda passage: side in (None, passage.side))


async def matches(library, text: str, **query) -> list[str]:
    found = await library.search(CallQuery(text, **query))
    return [hit.document.call_id for hit in _hits(found, text, query.get("side"))]


async def test_every_call_is_found_by_scope_and_by_what_was_said_on_it(library, feed) -> None:
    calls = library()
    assert [call.id for call in await calls.find(CallScope(account="account 1"))][:2] == ["1022", "1019"]
    assert len(await calls.find(CallScope(rep="ann seller", from_date=date(2024, 1, 11)))) == 15
    assert await matches(calls, "who needs pallet7?") == ["1007"]
    assert len(set(await matches(calls, "audit", newest=2))) == 2
    assert await matches(calls, "audit", scope=CallScope(call_id="1003")) == ["1003"]
    assert await matches(calls, "audit", side="internal") == []
    assert (await calls.names()).accounts == ("Account 0", "Account 1", "Account 2")
    assert await calls.notes() == []


async def test_what_was_read_once_is_never_asked_for_again_not_even_by_another_process(library, feed) -> None:
    first = library()
    await first.search(CallQuery("audit"))
    words = await first.transcript("1003")
    await first.aclose()
    asked = len(feed.asked)
    second = library()
    assert await second.transcript("1003") == words
    assert (await second.search(CallQuery("audit"))).coverage.searched == 25
    assert len(feed.asked) == asked


async def test_calls_that_are_not_read_yet_are_counted_and_not_passed_over_in_silence(
    library, feed, monkeypatch
) -> None:
    monkeypatch.setattr(calls_module, "READ_NOW", 3)
    calls = library()
    await calls.transcript((await calls.find(CallScope()))[0].id)
    covered = (await calls.search(CallQuery("audit"))).coverage
    assert (covered.calls, covered.searched, covered.waiting) == (25, 1, 24)


async def test_a_server_that_is_away_costs_a_note_and_not_the_answer(library, feed, monkeypatch) -> None:
    first = library()
    await first.search(CallQuery("audit"))
    await first.aclose()
    monkeypatch.setattr(calls_module, "FRESH_S", 0.0)
    feed.fails["page"] = [AWAY] * 9
    second = library()
    assert await matches(second, "pallet7") == ["1007"]
    (note,) = await second.notes()
    assert "so this is as it was at" in note
    assert "The server is away." in note


async def test_nothing_kept_and_no_server_is_an_error(library, feed) -> None:
    feed.fails["page"] = [AWAY]
    with pytest.raises(SourceError, match="away"):
        await library().find(CallScope())


async def test_a_listing_that_fails_midway_is_kept_told_and_gone_on_with(library, feed, monkeypatch) -> None:
    monkeypatch.setattr(calls_module, "FRESH_S", 0.0)
    feed.fails["page"] = [None, AWAY]
    calls = library()
    assert len(await calls.find(CallScope())) == 10
    assert "the 10 calls listed until then" in (await calls.notes())[0]
    feed.asked.clear()
    assert len(await calls.find(CallScope())) == 25
    assert feed.asked[0] == ("page", "10")
    assert await calls.notes() == []


async def test_more_than_a_hundred_pages_are_listed(library, feed) -> None:
    feed.page_size, feed.calls = 1, feed.calls * 5
    calls = library()
    assert len(await calls.find(CallScope())) == 25
    assert feed.count("page") == 125
    assert any("listed more than once" in note for note in await calls.notes())


async def test_private_calls_are_never_read(library, feed) -> None:
    feed.calls[3] = replace(feed.calls[3], private=True)
    calls = library()
    assert "1003" not in await matches(calls, "pallet3")
    assert await calls.transcript("1003") is None
    assert (await calls.search(CallQuery("audit"))).coverage.private == 1
    assert not any("1003" in what for kind, what in feed.asked if kind == "transcripts")


async def test_a_call_that_is_made_private_loses_its_words(library, feed, monkeypatch) -> None:
    monkeypatch.setattr(calls_module, "FRESH_S", 0.0)
    monkeypatch.setattr("server.library.looking.WHOLE_EVERY_S", 0.0)
    calls = library()
    assert await matches(calls, "pallet3") == ["1003"]
    feed.calls[3] = replace(feed.calls[3], private=True)
    assert "1003" not in await matches(calls, "pallet3")


async def test_what_the_server_no_longer_lists_is_forgotten(library, feed, monkeypatch) -> None:
    monkeypatch.setattr(calls_module, "FRESH_S", 0.0)
    calls = library()
    assert await matches(calls, "pallet7") == ["1007"]
    del feed.calls[7]
    assert "1007" not in await matches(calls, "pallet7")
    assert (await calls.shelf()).rows("SELECT count(*) FROM turn") == [(48,)]


async def test_a_call_without_words_and_one_that_is_refused_cost_nobody_else_theirs(library, feed) -> None:
    feed.wordless, feed.refused = {"1004"}, {"1005"}
    covered = (await library().search(CallQuery("audit"))).coverage
    assert (covered.calls, covered.searched, covered.waiting) == (25, 23, 0)


async def test_an_unreadable_call_is_told(library, feed) -> None:
    feed.unreadable = 2
    calls = library()
    await calls.find(CallScope())
    assert (await calls.notes())[0].startswith("2 calls could not be read")


async def test_only_the_newest_calls_are_kept_and_that_is_said(library, feed) -> None:
    calls = library(calls=20)
    assert [call.id for call in await calls.find(CallScope())][-1] == "1005"
    assert "keeps the newest 20 calls; 5 calls before them are left out" in (await calls.notes())[0]


async def test_the_words_of_the_oldest_calls_go_where_the_file_may_not_grow(library, feed) -> None:
    calls = library(megabytes=0.001)
    await calls.search(CallQuery("audit"))
    assert "The library is full" in (await calls.notes())[0]
    assert (await calls.transcript("1000")).sentences


async def test_a_call_that_is_not_listed_is_asked_for_by_its_id(library, feed) -> None:
    feed.page_size = 10
    calls = library()
    await calls.find(CallScope())
    feed.calls.append(replace(feed.calls[0], id="2000", started=datetime(2020, 1, 1, tzinfo=UTC)))
    assert [call.id for call in await calls.find(CallScope(call_id="2000"))] == ["2000"]
    with pytest.raises(SourceError, match=r"There is no call 1077\. Nearest: "):
        await calls.find(CallScope(call_id="1077"))


async def test_a_large_set_is_asked_only_for_what_is_new(library, feed, monkeypatch) -> None:
    monkeypatch.setattr(calls_module, "FRESH_S", 0.0)
    monkeypatch.setattr("server.library.looking.WHOLE_UNDER", 5)
    calls = library()
    await calls.find(CallScope())
    feed.asked.clear()
    await calls.find(CallScope())
    assert feed.asked == [("page", None)]


async def test_the_file_is_for_its_owner_only(library, feed) -> None:
    shelf = await library().shelf()
    assert stat.S_IMODE(shelf.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(shelf.path.parent.stat().st_mode) == 0o700


def test_a_file_of_a_newer_release_is_left_alone(tmp_path) -> None:
    path = tmp_path / "gong-1.db"
    connect(path).execute("PRAGMA user_version = 99").connection.close()
    with pytest.raises(StoreError, match="newer release"):
        connect(path)


async def test_a_library_whose_words_were_cut_otherwise_is_indexed_anew(library, feed) -> None:
    first = library()
    await first.search(CallQuery("audit"))
    (await first.shelf()).put_facts(terms="of another release")
    await first.aclose()
    assert await matches(library(), "pallet7") == ["1007"]
