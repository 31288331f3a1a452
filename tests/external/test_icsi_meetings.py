"""All real meetings of the ICSI corpus, imported as calls: each can be asked about, and its talk times are exact."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ICSI = Path(__file__).parents[3] / "shared" / "data" / "icsi"  # too large, and not ours, to lie in the repository
MEETINGS = sorted(ICSI.rglob("*.json"))

pytestmark = [
    pytest.mark.external,
    pytest.mark.skipif(not MEETINGS, reason=f"the ICSI meetings are not in {ICSI}"),
]


@pytest.fixture(scope="module")
def imported(sophia_command: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder that `sophia import` filled, and its report."""
    folder = tmp_path_factory.mktemp("icsi")
    command = [sophia_command, "import", "gong", str(ICSI), "--into", str(folder), "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, timeout=60)
    return folder, json.loads(ran.stdout)


@pytest.fixture(scope="module")
def sophia(imported: tuple[Path, dict[str, Any]], sophia_over: Any) -> Iterator[Any]:
    """Sophia over the packaged servers, the calls being the imported ones."""
    with sophia_over(None, SOPHIA_GONG_DATA=str(imported[0])).wire("modern") as wire:
        yield wire


def test_every_meeting_is_imported(imported: tuple[Path, dict[str, Any]]) -> None:
    _, report = imported
    assert report["imported"] == len(MEETINGS) == 63
    assert report["skipped"] == []


@pytest.mark.parametrize("meeting", MEETINGS, ids=lambda path: path.stem)
def test_talk_times_are_the_sums_of_the_sentence_times(meeting: Path, sophia: Any) -> None:
    source = json.loads(meeting.read_text(encoding="utf-8"))
    call_id = source["call"]["metaData"]["id"]
    result = sophia.call("gong_intelligence", {"request": "talk statistics", "call_id": call_id})
    assert not result["isError"], result["content"]
    (statistics,) = result["structuredContent"]["data"]["call_statistics"]
    (call,) = statistics["calls"]
    assert call["call"]["call_id"] == call_id
    told_ms = {row["speaker"]: round(row["talk_time_s"] * 1000) for row in call["speakers"]}
    assert told_ms == talk_times_ms(source)


def talk_times_ms(source: dict[str, Any]) -> dict[str, int]:
    """By speaker's name, straight from the file."""
    times: Counter[str] = Counter()
    for name, start_ms, end_ms, _ in said(source):
        times[name] += end_ms - start_ms
    return dict(times)


@pytest.mark.parametrize("meeting", MEETINGS, ids=lambda path: path.stem)
def test_a_brief_quotes_what_was_said_when_it_was_said(meeting: Path, sophia: Any) -> None:
    source = json.loads(meeting.read_text(encoding="utf-8"))
    result = sophia.call("gong_intelligence", {"call_id": source["call"]["metaData"]["id"]})
    assert not result["isError"], result["content"]
    cited = {
        (quote["speaker"], quote["start_ms"], quote["end_ms"], quote["quote"])
        for quote in result["structuredContent"]["citations"]
    }
    assert cited
    assert cited <= said(source)


def said(source: dict[str, Any]) -> set[tuple[str, int, int, str]]:
    """Who said what from when to when, straight from the file."""
    names = {party["speakerId"]: party["name"] for party in source["call"]["parties"]}
    return {
        (names[monologue["speakerId"]], sentence["start"], sentence["end"], sentence["text"])
        for monologue in source["transcript"]["transcript"]
        for sentence in monologue["sentences"]
    }
