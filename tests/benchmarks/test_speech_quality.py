"""Questions and commitments are measured on any folder of ICSI-shaped meetings, and reach their goals on validation."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.quality import commitments, questions
from benchmarks.quality.icsi import VALIDATION
from benchmarks.quality.row import Measure
from tests.conftest import quiet_environment

CHECKOUT = Path(__file__).parents[2]
SPOKEN = (
    ("11", "do you have the numbers ?", "qy"),
    ("12", "yeah .", "s^aa"),
    ("12", "i'll send you the table tomorrow .", "s^cc"),
    ("11", "what about the other one ?", "qw"),
    ("12", "that one is not done ==", "s.%--"),
    ("11", "okay .", "z"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two synthetic meetings in the corpus's shape."""
    sentences = [
        {"speakerId": who, "sentences": [{"start": 3000 * i, "end": 3000 * i + 2000, "text": text}]}
        for i, (who, text, _) in enumerate(SPOKEN)
    ]
    for name in ("M1", "M2"):
        meeting = {
            "call": {
                "metaData": {"id": name, "started": "2001-01-01T10:00:00Z", "language": "eng"},
                "parties": [
                    {"id": "a", "name": "me", "speakerId": "11"},
                    {"id": "b", "name": "you", "speakerId": "12"},
                ],
            },
            "transcript": {"callId": name, "transcript": sentences},
            "labels": [[i, tag] for i, (_, _, tag) in enumerate(SPOKEN)],
        }
        (tmp_path / f"{name}.json").write_text(json.dumps(meeting), encoding="utf-8")
    return tmp_path


def test_questions_are_counted_against_their_tags_and_unjudged_sentences_left_out(folder: Path):
    rows = {row.figure: row for row in questions.measure(folder).rows}
    assert rows["F1"].n == 10
    assert rows["recall"].n == 4
    assert rows["F1"].value == 1
    assert rows["F1"].goal is not None


def test_precision_at_ten_divides_by_the_places_that_can_be_filled_and_says_what_full_ten_would_give(folder: Path):
    rows = {row.figure: row for row in commitments.measure(folder).rows}
    assert rows["precision at 10, of the places that can be filled"].value == 1
    assert rows["precision at 10, always divided by 10"].value == pytest.approx(0.1)
    assert rows["precision at 10, always divided by 10"].beside == pytest.approx(0.1)
    assert rows["F1"].value == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["questions", "commitments"])
def test_the_command_prints_figures_with_n_goal_and_what_stands_beside_them(name: str, folder: Path):
    command = [sys.executable, "-m", "benchmarks.quality", name, "--data", str(folder), "--json"]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=CHECKOUT, env=quiet_environment(), timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["quality"] == name
    assert "2 ICSI-shaped files" in report["data"]
    assert report["notes"]
    for row in report["rows"]:
        assert {"figure", "value", "n", "of", "goal", "beside", "beside_what", "holds"} <= row.keys()
        assert row["n"] >= 1


@pytest.mark.slow
@pytest.mark.skipif(not VALIDATION.is_dir(), reason="the ICSI validation meetings are not beside the checkout")
@pytest.mark.parametrize("measure", [questions.measure, commitments.measure], ids=["questions", "commitments"])
def test_the_goals_are_reached_on_the_validation_meetings(measure: Measure):
    short = [row.figure for row in measure(None).rows if row.holds is False]
    assert not short
