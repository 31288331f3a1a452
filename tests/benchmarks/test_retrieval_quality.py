"""Search is measured on QMSum-shaped files as its annotators meant them."""

import json
from pathlib import Path

import pytest

from benchmarks.quality.retrieval import measure, meetings
from benchmarks.quality.row import NoData

MEETING: dict[str, object] = {
    "meeting_transcripts": [
        {"speaker": "Marketing", "content": "The colours of the buttons matter to young people."},
        {"speaker": "Project Manager", "content": "The budget is twelve euros for each."},
        {"speaker": "Marketing", "content": "Hm ."},
    ],
    "specific_query_list": [
        {"query": "What was said on the budget?", "answer": "", "relevant_text_span": [["1", "2"]]},
        {"query": "What about colours?", "answer": "", "relevant_text_span": [["1", "1"]]},
        {"query": "What about lunch?", "answer": "", "relevant_text_span": []},
    ],
}


def write(folder: Path) -> Path:
    file = folder / "few.jsonl"
    file.write_text(json.dumps(MEETING) + "\n\n", encoding="utf-8")
    return file


def test_spans_include_their_last_turn_and_a_question_without_one_is_left_out(tmp_path: Path) -> None:
    (meeting,) = meetings(write(tmp_path))
    assert [set(question.answered_in) for question in meeting.questions] == [{1, 2}, {1}]
    assert meeting.without_span == 1


def test_a_question_whose_answer_is_not_listed_counts_as_missed(tmp_path: Path) -> None:
    quality = measure(write(tmp_path))
    figures = {row.figure: (row.value, row.n) for row in quality.rows}
    assert figures == {"hit@1": (0.5, 2), "hit@5": (0.5, 2), "hit@10": (0.5, 2), "MRR": (0.5, 2)}
    assert "left out: 1" in quality.notes[-1]
    assert all(row.beside is not None for row in quality.rows)


def test_without_a_file_it_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="--data"):
        measure(tmp_path / "none.jsonl")
