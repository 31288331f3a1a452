"""ICSI-shaped meetings are read with each judgement beside the sentence it was made about."""

import json
from pathlib import Path

import pytest

from benchmarks.quality.icsi import files_of, meetings
from benchmarks.quality.row import NoData


def sentence(start_ms: int, end_ms: int, text: str) -> dict[str, object]:
    return {"start": start_ms, "end": end_ms, "text": text}


def write_meeting(folder: Path) -> None:
    """Two people in Gong's shape, monologues out of order, one sentence without words, two that start together."""
    mine = [sentence(0, 900, "okay ."), sentence(5000, 6000, "yes .")]
    theirs = [sentence(1000, 2000, ""), sentence(2500, 4500, "will you send it ?"), sentence(5000, 5500, "right ?")]
    meeting = {
        "call": {
            "metaData": {"id": "1", "started": "2001-01-01T10:00:00Z", "title": "synthetic"},
            "parties": [{"id": "a", "name": "me", "speakerId": "11"}, {"id": "b", "name": "you", "speakerId": "12"}],
        },
        "transcript": {
            "callId": "1",
            "transcript": [{"speakerId": "12", "sentences": theirs}, {"speakerId": "11", "sentences": mine}],
        },
        "labels": [[0, "z"], [1, "s"], [2, "qy^cc.%-"], [3, "s^bu|qr:s"], [4, "x"]],
    }
    (folder / "M1.json").write_text(json.dumps(meeting), encoding="utf-8")


def test_each_tag_stands_at_the_line_it_was_given_for_and_unjudged_lines_have_none(tmp_path: Path) -> None:
    write_meeting(tmp_path)
    (meeting,) = meetings(tmp_path)
    told = {meeting.conversation.lines[number].text: set(parts) for number, parts in meeting.tags.items()}
    assert told == {"will you send it ?": {"qy", "cc", "%-"}, "right ?": {"s", "bu", "qr"}}
    assert meeting.name == "M1"


def test_a_folder_without_meetings_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="--data"):
        files_of(tmp_path)
