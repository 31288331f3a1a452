"""Which sentences ask, and how."""

import pytest

from agents.analysis.calls.questions import question_kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What budget did you set aside for this?", "open"),
        ("So, how does a decision like this work at your place, Priya?", "open"),
        ("Tell me about your current setup.", "open"),
        ("What must be true, so that you'd say in January that this was the right decision for you?", "open"),
        ("Do you have a budget?", "closed"),
        ("How many people use it?", "closed"),
        ("Can I ask who that was?", "closed"),
        ("Right?", "tag"),
        ("Isn't it?", "tag"),
        ("We start on Monday.", None),
        ("What we need is time.", None),
        ("do you want it by friday", "closed"),
        ("why did that happen", "open"),
        ("that is what happened", None),
        ("", None),
    ],
)
def test_questions_are_told_from_statements_with_and_without_marks(text: str, kind: str | None):
    assert question_kind(text) == kind
