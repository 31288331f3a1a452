"""Importing files: every shape that Gong's JSON comes in, and nothing dropped in silence."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.workspace.callers import gong_pair
from workspace.gong.call import read_call
from workspace.gong.library import imported
from workspace.gong.stats import call_stats
from workspace.gong_import.__main__ import main
from workspace.gong_import.reading import FoundCall
from workspace.gong_import.shelf import Report, Shelf

ICSI = Path(__file__).parents[2].parent / "shared" / "data" / "icsi"


class Importer:
    """Writes source files and imports them."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.sources = folder / "export"
        self.sources.mkdir()
        self.into = folder / "calls"
        self._capsys = capsys

    def holds(self, name: str, value: Any) -> None:
        file = self.sources / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value if isinstance(value, str) else json.dumps(value))

    def runs(self, path: Path | None = None, exit_code: int = 0) -> dict[str, Any]:
        assert main([str(path or self.sources), "--into", str(self.into), "--json"]) == exit_code
        return json.loads(self._capsys.readouterr().out)

    def stored(self, call_id: str) -> dict[str, Any]:
        return json.loads((self.into / f"{call_id}.json").read_text())


@pytest.fixture
def importer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Importer:
    return Importer(tmp_path, capsys)


def _kinds(report: dict[str, Any]) -> set[str]:
    return {note["kind"] for note in report["notes"]}


def test_a_pair_is_stored_as_gong_gave_it(importer: Importer) -> None:
    importer.holds("one.json", gong_pair("77"))
    report = importer.runs()
    assert (report["imported"], report["skipped"], report["notes"]) == (1, [], [])
    assert importer.stored("77") == gong_pair("77")


def test_pages_of_the_api_are_joined_by_call_id_in_any_order(importer: Importer) -> None:
    first, second = gong_pair("77"), gong_pair("78")
    importer.holds(
        "a-transcripts.json", {"records": {}, "callTranscripts": [first["transcript"], second["transcript"]]}
    )
    importer.holds("b-calls.json", {"requestId": "r", "records": {}, "calls": [first["call"], second["call"]]})
    report = importer.runs()
    assert (report["imported"], report["skipped"]) == (2, [])
    assert importer.stored("78") == second


def test_lists_lines_and_single_objects_are_understood(importer: Importer) -> None:
    importer.holds("list.json", [gong_pair("1"), gong_pair("2")])
    importer.holds("lines.jsonl", "\n".join(json.dumps(gong_pair(number)) for number in ("3", "4")))
    importer.holds("call.json", gong_pair("5")["call"])
    importer.holds("deep/basic.json", {"id": "6", "started": "2026-01-01T00:00:00Z", "duration": 5})
    report = importer.runs()
    assert report["imported"] == 6
    assert {note["call_id"] for note in report["notes"] if note["kind"] == "no_transcript"} == {"5", "6"}


def test_what_was_said_on_calls_is_readable_to_its_user_only(importer: Importer) -> None:
    importer.holds("a.json", gong_pair("77"))
    importer.runs()
    for path in (importer.into, *importer.into.iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_a_place_that_cannot_be_used_is_said_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    assert main([str(tmp_path), "--into", str(tmp_path / "taken" / "calls")]) == 1
    assert "may write to" in capsys.readouterr().err


def test_importing_again_changes_nothing(importer: Importer) -> None:
    importer.holds("one.json", gong_pair("77"))
    importer.runs()
    before = (importer.into / "77.json").stat().st_mtime_ns
    report = importer.runs()
    assert (report["new"], report["changed"], report["unchanged"]) == (0, 0, 1)
    assert (importer.into / "77.json").stat().st_mtime_ns == before


def test_a_call_that_comes_again_without_words_keeps_them(importer: Importer) -> None:
    importer.holds("one.json", gong_pair("77"))
    importer.runs()
    (importer.sources / "one.json").unlink()
    importer.holds("again.json", gong_pair("77", title="A new title")["call"])
    report = importer.runs()
    assert report["changed"] == 1
    assert importer.stored("77")["call"]["metaData"]["title"] == "A new title"
    assert importer.stored("77")["transcript"] == gong_pair("77")["transcript"]


def test_everything_that_is_not_a_call_is_named_with_a_reason(importer: Importer) -> None:
    importer.holds("good.json", gong_pair("77"))
    importer.holds("readme.md", "hello")
    importer.holds("broken.json", '{"call": ')
    importer.holds("number.json", "42")
    importer.holds("other.json", {"users": []})
    importer.holds("bad-id.json", gong_pair("../../evil"))
    importer.holds("long-id.json", gong_pair("9" * 21))
    importer.holds("no-start.json", gong_pair("78", started=None))
    importer.holds("bad-start.json", gong_pair("79", started="yesterday"))
    importer.holds("other-call.json", gong_pair("80") | {"transcript": gong_pair("81")["transcript"]})
    importer.holds("lonely.json", gong_pair("82")["transcript"])
    importer.holds("odd-meta.json", {"call": {"metaData": "x"}})
    report = importer.runs()
    assert report["imported"] == 1
    reasons = {skipped["source"]: skipped["reason"] for skipped in report["skipped"]}
    assert reasons.keys() == {path.name for path in importer.sources.iterdir()} - {"good.json"}
    assert "column 10" in reasons["broken.json"]
    assert "at most 20 digits" in reasons["long-id.json"]
    assert "belongs to call 81" in reasons["other-call.json"]
    assert "which is not here" in reasons["lonely.json"]
    assert [path.name for path in importer.into.iterdir()] == ["77.json"]


@pytest.mark.parametrize("times", [("x", 5), (None, None), (-5, 5), (True, 5)])
def test_a_transcript_without_times_is_refused(importer: Importer, times: tuple[object, object]) -> None:
    pair = gong_pair("77")
    pair["transcript"]["transcript"][0]["sentences"][0].update(start=times[0], end=times[1])
    importer.holds("one.json", pair)
    report = importer.runs(exit_code=1)
    assert "no times" in report["skipped"][0]["reason"]


def test_what_is_odd_about_a_call_is_noted(importer: Importer) -> None:
    pair = gong_pair("77", language="deu", isPrivate=True, started="2999-01-01T00:00:00Z", duration=None)
    pair["labels"] = []
    pair["call"]["parties"].append({"id": "3", "name": "Bo Buyer", "affiliation": "External"})
    pair["transcript"]["transcript"] += [
        {"speakerId": "999", "sentences": [{"start": 5000, "end": 6000, "text": "Who am I?"}]},
        {"speakerId": "501", "sentences": [{"start": 9000, "end": 8000, "text": "Backwards."}]},
    ]
    importer.holds("one.json", pair)
    report = importer.runs()
    assert report["imported"] == 1
    assert _kinds(report) == {
        "future_date",
        "private",
        "other_language",
        "no_duration",
        "party_without_speaker",
        "speaker_without_party",
        "duplicate_name",
        "reversed_times",
        "overlapping_sentences",
        "ignored_fields",
    }


def test_a_folder_without_calls_fails_and_says_so(importer: Importer) -> None:
    assert importer.runs(exit_code=1)["imported"] == 0


def test_a_report_can_be_read_by_a_person(importer: Importer, capsys: pytest.CaptureFixture[str]) -> None:
    importer.holds("one.json", gong_pair("77", isPrivate=True))
    importer.holds("two.json", "[")
    assert main([str(importer.sources), "--into", str(importer.into)]) == 0
    told = capsys.readouterr().out
    assert "1 new" in told
    assert "skipped two.json: no JSON" in told
    assert "note on 77: it is private" in told


@pytest.mark.parametrize("arguments", [[], ["x", "--live"], ["--live"], ["/nowhere/at/all"]])
def test_a_wrong_command_line_says_what_is_missing(tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--into", str(tmp_path)])
    assert ended.value.code == 2


def test_a_write_that_is_interrupted_leaves_the_old_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf(tmp_path, datetime(2026, 12, 1, tzinfo=UTC))
    pair = gong_pair("77")
    shelf.take([FoundCall("a", pair["call"], pair["transcript"])])
    before = (tmp_path / "77.json").read_bytes()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shelf.take([FoundCall("b", gong_pair("77", title="New")["call"], None)])
    assert (tmp_path / "77.json").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["77.json"]


def test_a_call_counts_once_by_the_most_that_happened_to_it() -> None:
    report = Report()
    for written in ("new", "unchanged", "changed"):
        report.count("77", written)
    assert (report.new, report.changed, report.unchanged) == ({"77"}, set(), set())


@pytest.mark.slow
@pytest.mark.skipif(not ICSI.is_dir(), reason=f"the ICSI meetings are not at {ICSI}")
def test_all_icsi_meetings_come_in_and_talk_time_is_the_sum_of_sentence_times(importer: Importer) -> None:
    report = importer.runs(ICSI)
    assert (report["imported"], report["skipped"]) == (63, [])
    library = imported(importer.into)
    assert len(library.cards) == 63
    assert library.unreadable_files == ()
    for card in library.cards:
        call = library.call(card.id)
        assert call.transcript
        by_speaker: dict[str, int] = {}
        for monologue in call.transcript["transcript"]:
            length_ms = sum(sentence["end"] - sentence["start"] for sentence in monologue["sentences"])
            by_speaker[monologue["speakerId"]] = by_speaker.get(monologue["speakerId"], 0) + length_ms
        measured = {speaker.speaker_id: speaker.talk_s for speaker in call_stats(call).speakers}
        assert measured == pytest.approx({who: ms / 1000 for who, ms in by_speaker.items()}, abs=0.001)


def test_a_stored_call_reads_back_the_same(importer: Importer) -> None:
    importer.holds("one.json", gong_pair("77"))
    importer.runs()
    pair = gong_pair("77")
    assert imported(importer.into).call("77") == read_call(pair["call"], pair["transcript"])
