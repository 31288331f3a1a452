"""Spoken dates, counted from Wednesday 2017-10-04."""

from datetime import date

import pytest

from agents.analysis.calls.due_dates import due_in

WEDNESDAY = date(2017, 10, 4)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I'll send it by Friday.", date(2017, 10, 6)),
        ("Let's talk next Tuesday.", date(2017, 10, 10)),
        ("I'll do it on Wednesday.", date(2017, 10, 11)),
        ("You'll have it tomorrow by noon.", date(2017, 10, 5)),
        ("We need it by the end of the week.", date(2017, 10, 6)),
        ("By the end of the month.", date(2017, 10, 31)),
        ("At the end of the quarter.", date(2017, 12, 31)),
        ("At the end of February.", date(2018, 2, 28)),
        ("Within two weeks.", date(2017, 10, 18)),
        ("In three business days.", date(2017, 10, 9)),
        ("By October 12.", date(2017, 10, 12)),
        ("On January third.", date(2018, 1, 3)),
        ("The twenty-first of November.", date(2017, 11, 21)),
        ("By Wednesday the twentieth.", date(2017, 10, 20)),
        ("On the second.", date(2017, 11, 2)),
        ("Next week.", date(2017, 10, 13)),
        ("What we saw last Wednesday.", None),
        ("It costs 12 thousand.", None),
    ],
)
def test_a_spoken_due_date_is_resolved_against_the_day_of_the_call(text: str, day: date | None):
    due = due_in(text, WEDNESDAY)
    assert (due.day if due else None) == day


def test_of_two_dates_the_first_one_spoken_is_meant():
    due = due_in("I'll send it by the twentieth if I have the page tomorrow.", WEDNESDAY)
    assert due is not None
    assert due.day == date(2017, 10, 20)
