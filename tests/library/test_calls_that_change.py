"""Calls that are made private or deleted, lists that do not end, and files that cannot be used."""

import os
import sqlite3
from dataclasses import replace

import pytest

from agents.sources import CallQuery, CallScope, SourceError
from server.library import calls as calls_module
from server.library.file import connect
from server.library.shelf import Shelf, scoped
from server.state.database import StoreError

AWAY = SourceError("unavailable", "The server is away.")


@pytest.fixture
async def read(library, feed, monkeypatch):
    """A large library that is read, so that only what is new is listed, whose details are old by now."""
    monkeypatch.setattr("server.library.looking.WHOLE_UNDER", 5)
    monkeypatch.setattr(calls_module, "RECHECK_S", 0.0)
    calls = library()
    await calls.search(CallQuery("audit"))
    assert (await calls.transcript("1003")).sentences
    feed.asked.clear()
    return calls


async def quoted(calls, text: str) -> list[str]:
    return sorted({passage.call_id for passage in (await calls.search(CallQuery(text))).passages})


async def kept_of(calls, number: int) -> tuple[int, int]:
    """How many transcripts and indexed turns hold a call's words."""
    shelf = await calls.shelf()
    indexed = shelf.rows("SELECT count(*) FROM said WHERE said MATCH ?", (f"pallet{number}",))[0][0]
    joined = "SELECT count(*) FROM transcript JOIN call ON key = transcript.call WHERE id = ?"
    return shelf.rows(joined, (str(1000 + number),))[0][0], indexed


async def test_a_call_of_a_large_set_that_was_made_private_is_not_quoted_and_its_words_go(read, feed) -> None:
    feed.calls[3] = replace(feed.calls[3], private=True)
    assert await read.transcript("1003") is None
    assert await kept_of(read, 3) == (0, 0)
    assert (await read.find(CallScope(call_id="1003")))[0].private
    assert "1003" not in await quoted(read, "pallet3")


async def test_what_was_said_on_a_call_that_was_made_private_is_not_left_in_the_file(read, feed) -> None:
    feed.calls[3] = replace(feed.calls[3], private=True)
    assert await read.transcript("1003") is None
    shelf = await read.shelf()
    shelf.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"We need pallet4 before" in shelf.path.read_bytes()
    assert b"We need pallet3 before" not in shelf.path.read_bytes()


async def test_a_search_asks_again_about_what_it_found_before_it_answers(read, feed) -> None:
    feed.calls[3] = replace(feed.calls[3], private=True)
    assert "1003" not in await quoted(read, "audit")
    assert feed.count("details") == 1
    assert await kept_of(read, 3) == (0, 0)


async def test_a_call_that_was_deleted_is_not_quoted_and_cannot_be_named(read, feed) -> None:
    del feed.calls[3]
    assert await read.transcript("1003") is None
    assert await kept_of(read, 3) == (0, 0)
    with pytest.raises(SourceError, match="There is no call 1003"):
        await read.find(CallScope(call_id="1003"))


async def test_a_list_that_says_so_is_enough(library, feed, monkeypatch) -> None:
    monkeypatch.setattr(calls_module, "FRESH_S", 0.0)
    feed.says_private = True
    calls = library()
    assert await quoted(calls, "pallet3") == ["1003"]
    feed.calls[3] = replace(feed.calls[3], private=True)
    feed.fails["details"] = [SourceError("refused", "no access")] * 9
    assert "1003" not in await quoted(calls, "pallet3")
    assert await kept_of(calls, 3) == (0, 0)


async def test_details_that_are_new_are_not_asked_for_again(library, feed) -> None:
    calls = library()
    await calls.search(CallQuery("audit"))
    feed.asked.clear()
    for call in await calls.find(CallScope()):
        await calls.transcript(call.id)
    assert feed.asked == []


async def test_a_scope_is_checked_in_batches(read, feed, monkeypatch) -> None:
    found = await read.find(CallScope())
    monkeypatch.setattr(calls_module, "RECHECK_S", 1.0)
    (await read.shelf())._writer.execute("UPDATE call SET told_at = 1")
    for call in found:
        await read.transcript(call.id)
    assert feed.count("details") == 1


async def test_a_server_that_is_away_is_noted_and_what_is_kept_is_answered(read, feed) -> None:
    feed.fails["details"] = [AWAY]
    assert await quoted(read, "pallet3") == ["1003"]
    assert "could not be checked" in (await read.notes())[-1]


async def test_a_call_whose_details_are_refused_is_quoted_only_where_its_words_are_given(read, feed) -> None:
    feed.fails["details"] = [SourceError("refused", "no access to 1003")] * 2
    feed.refused = {"1003"}
    assert await read.transcript("1003") is None
    assert await kept_of(read, 3) == (0, 0)


async def test_a_feed_without_details_is_not_asked_for_any(read, feed) -> None:
    feed.details_at_once = 0
    assert await read.transcript("1003")
    assert feed.count("details") == 0


@pytest.mark.parametrize("cursors", [["10"] * 99, ["10", "20", "10"] * 33])
async def test_a_list_that_repeats_itself_ends_loses_no_call_and_is_told(library, feed, cursors, monkeypatch) -> None:
    calls = library()
    await calls.find(CallScope())
    feed.asked.clear()
    feed.cursors = cursors
    monkeypatch.setattr(calls_module, "FRESH_S", 0.0)
    found = [call.id for call in await calls.find(CallScope())]
    assert len(found) == len(set(found)) == 25
    assert feed.count("page") < 5
    assert any("began to list the same calls again" in note for note in await calls.notes())


async def test_a_call_that_arrives_while_pages_are_read_is_counted_once(library, feed) -> None:
    feed.calls[10] = feed.calls[9]
    calls = library()
    found = [call.id for call in await calls.find(CallScope())]
    assert len(found) == len(set(found)) == 24
    assert (await calls.search(CallQuery("audit"))).coverage.calls == 24


# Files


def test_a_file_that_is_no_library_is_named_with_what_to_do(tmp_path) -> None:
    path = tmp_path / "gong-1.db"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="sophia library forget gong"):
        connect(path)


def test_a_directory_that_cannot_be_written_is_named_with_what_to_do(tmp_path) -> None:
    (tmp_path / "library").write_text("a file where the directory should be")
    with pytest.raises(StoreError, match="SOPHIA_STATE_DIR"):
        connect(tmp_path / "library" / "gong-1.db")


async def test_a_file_that_cannot_be_opened_is_a_sentence_for_whoever_asks(library, tmp_path) -> None:
    (tmp_path / "library").write_text("a file where the directory should be")
    with pytest.raises(SourceError, match="`sophia doctor` says why and what to do"):
        await library().find(CallScope())


async def test_a_file_that_is_damaged_while_it_is_open_is_a_sentence(read) -> None:
    (await read.shelf())._writer.execute("DROP TABLE transcript")
    with pytest.raises(SourceError, match="sophia library forget"):
        (await read.shelf()).transcript("1003")


async def test_a_full_disk_is_a_note_and_words_come_from_the_server(library, feed) -> None:
    calls = library()
    await calls.find(CallScope())
    shelf = await calls.shelf()
    pages = shelf.rows("PRAGMA page_count")[0][0]
    shelf._writer.execute(f"PRAGMA max_page_count = {pages}")
    feed.calls = [replace(call, title="long " * 5000) for call in feed.calls]
    for number in range(25):
        assert (await calls.transcript(str(1000 + number))).sentences
    assert any("disk is full" in note for note in await calls.notes())
    assert len(await calls.find(CallScope())) == 25


async def test_a_library_that_is_forgotten_beside_a_running_process_is_made_anew(read, feed) -> None:
    shelf = await read.shelf()
    for file in shelf.path.parent.iterdir():
        file.unlink()
    feed.calls = feed.calls[:5]
    assert len(await read.find(CallScope())) == 5
    assert os.stat(shelf.path)
    with sqlite3.connect(shelf.path) as file:
        assert file.execute("SELECT count(*) FROM call").fetchone() == (5,)
    file.close()


@pytest.mark.parametrize(
    ("scope", "index"),
    [(CallScope(account="a"), "call_account"), (CallScope(rep="r"), "call_rep"), (CallScope(), "call_started")],
)
def test_common_scopes_are_found_by_an_index(tmp_path, scope, index) -> None:
    shelf = Shelf(tmp_path / "gong-1.db")
    within = scoped(scope)
    query = (
        f"SELECT content FROM call JOIN record ON record.call = key WHERE {within.where} ORDER BY started DESC, id"
    )
    plan = " ".join(row[3] for row in shelf.rows(f"EXPLAIN QUERY PLAN {query}", within.values))
    shelf.close()
    assert index in plan
