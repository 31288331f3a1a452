"""Routing is measured on a CSV of question and member, ours or anybody's."""

from pathlib import Path

import pytest

from benchmarks.quality import routing
from benchmarks.quality.row import NoData

QUESTIONS = """question,member
Are we covered for the quarter?,hubspot_crm
How can Darcel Schlecht get better at discovery?,sales_coach
What did Dana Whitlock say about the delivery?,gong_intelligence
Which reps need coaching?,sales_coach
"""


@pytest.mark.slow
def test_a_csv_of_questions_is_all_report(tmp_path: Path):
    file = tmp_path / "questions.csv"
    file.write_text(QUESTIONS)
    accuracy, through = routing.measure(file).rows
    assert (accuracy.value, accuracy.n, accuracy.beside) == (1.0, 4, 0.5)
    assert through.holds


def test_our_questions_are_split_in_half_for_every_member():
    questions = routing.read_questions(routing.OURS)
    for member in ("sales_coach", "gong_intelligence", "hubspot_crm"):
        own = [question.tuned_on for question in questions if question.member == member]
        assert (len(own), sum(own)) == (50, 25)


def test_a_file_without_questions_is_no_data(tmp_path: Path):
    (tmp_path / "empty.csv").write_text("question,member\n")
    with pytest.raises(NoData, match="question,member"):
        routing.read_questions(tmp_path / "empty.csv")
