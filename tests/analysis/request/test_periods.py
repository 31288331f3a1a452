"""What people call stretches of time, and which days they get. Today is 31 December 2017 unless a test says otherwise."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.analysis.periods import ALL_TIME, Period, find_periods, parse_period
from agents.analysis.request import parse_request
from agents.sources import Names

TODAY = date(2017, 12, 31)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2017-Q4", "2017-Q4"),
        ("2017-10", "2017-10"),
        ("2017-W41", "2017-W41"),
        ("2017", "2017"),
        ("2017-10-01..2017-12-31", "2017-Q4"),
        ("2017-10-01..2017-10-15", "2017-10-01..2017-10-15"),
        ("2017-10-05", "2017-10-05..2017-10-05"),
        ("..2017-02-28", "..2017-02-28"),
        ("all", "all"),
        ("all time", "all"),
        ("last quarter", "2017-Q3"),
        ("this quarter", "2017-Q4"),
        ("next quarter", "2018-Q1"),
        ("last quarter's", "2017-Q3"),
        ("Q4", "2017-Q4"),
        ("Q4 2016", "2016-Q4"),
        ("Q3 '16", "2016-Q3"),
        ("fourth quarter of 2016", "2016-Q4"),
        ("October", "2017-10"),
        ("in May", "2017-05"),
        ("Oct. 2016", "2016-10"),
        ("last week", "2017-W51"),
        ("week 41", "2017-W41"),
        ("last month", "2017-11"),
        ("last year", "2016"),
        ("last 30 days", "2017-12-02..2017-12-31"),
        ("past two weeks", "2017-12-18..2017-12-31"),
        ("last 3 months", "2017-Q4"),
        ("3 weeks ago", "2017-W49"),
        ("yesterday", "2017-12-30..2017-12-30"),
        ("YTD", "2017"),
        ("quarter to date", "2017-Q4"),
        ("second half of 2017", "2017-07-01..2017-12-31"),
        ("since March", "2017-03-01..2017-12-31"),
        ("after October", "2017-11-01..2017-12-31"),
        ("before March 2017", "..2017-02-28"),
        ("until Q2", "..2017-06-30"),
        ("between October and November", "2017-10-01..2017-11-30"),
        ("between November and February", "2016-11-01..2017-02-28"),
        ("2017-10-01 to 2017-11-01", "2017-10-01..2017-11-01"),
        ("2017-11-01 to 2017-10-01", "2017-10-01..2017-11-01"),
        ("from Oct 5 to Nov 3rd 2016", "2016-10-05..2016-11-03"),
        ("Q1-Q3 2017", "2017-01-01..2017-09-30"),
        ("31/12/2017", "2017-12-31..2017-12-31"),
    ],
)
def test_words_for_a_period_are_understood(text: str, days: str) -> None:
    period = parse_period(text, TODAY)
    assert period is not None
    assert period.text == days


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "we may call them",
        "march on",
        "deals over 2000",
        "30 February",
        "05/06/2017",
        "call 20171001123",
        "$2017",
    ],
)
def test_what_names_no_period_without_doubt_is_left_alone(text: str) -> None:
    assert parse_period(text, TODAY) is None


def test_a_month_that_has_not_begun_is_the_one_of_last_year() -> None:
    period = parse_period("November", date(2018, 3, 5))
    assert period is not None
    assert period.text == "2017-11"


def test_every_period_of_a_sentence_is_found_in_its_order() -> None:
    found = [period.text for period in find_periods("Q4 vs Q3, and October to November before that", TODAY)]
    assert found == ["2017-Q4", "2017-Q3", "2017-10-01..2017-11-30"]


@pytest.mark.parametrize(
    ("period", "previous", "following"),
    [
        ("2017-Q1", "2016-Q4", "2017-Q2"),
        ("2017-12", "2017-11", "2018-01"),
        ("2017", "2016", "2018"),
        ("2017-W01", "2016-W52", "2017-W02"),
        ("2017-07-01..2017-12-31", "2017-01-01..2017-06-30", "2018-01-01..2018-06-30"),
        ("2017-12-02..2017-12-31", "2017-11-02..2017-12-01", "2018-01-01..2018-01-30"),
        ("all", "all", "all"),
    ],
)
def test_the_period_before_and_after_is_one_of_the_same_kind(period: str, previous: str, following: str) -> None:
    read = parse_period(period, TODAY)
    assert read is not None
    assert (read.previous.text, read.following.text) == (previous, following)


@settings(deadline=None)
@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)), st.integers(0, 800))
def test_the_canonical_text_of_any_period_reads_back_as_the_same_days(start: date, days: int) -> None:
    period = Period.between(start, start + timedelta(days=days))
    assert parse_period(period.text, TODAY) == period


def test_all_time_reads_back() -> None:
    assert parse_period(ALL_TIME.text, TODAY) == ALL_TIME


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_is_too_strange(text: str) -> None:
    parse_period(text, TODAY)


def test_what_stands_between_compared_to_and_a_period_is_what_is_compared(as_of: date) -> None:
    fields = frozenset({"period", "against"})

    def read(request: str) -> dict[str, object]:
        known = Names()
        return dict(parse_request(request, {}, fields=fields, intents={}, names=known, as_of=as_of).arguments)

    assert read("How did East do compared to West in Q4?") == {"period": "2017-Q4"}
    assert read("Revenue in Q4 compared to Q3") == {"period": "2017-Q4", "against": "2017-Q3"}
    assert read("Is Q4 better than in the previous quarter?") == {"period": "2017-Q4", "against": "2017-Q3"}


@pytest.mark.parametrize(
    "text",
    [
        "0000-Q1",
        "2017-Q7",
        "last 999999999 weeks",
        "Q3 deals",
        "Q3 2017; DROP TABLE",
        "the first of never",
        "2017 " * 2000,
    ],
)
def test_a_period_that_is_not_understood_as_a_whole_is_no_period(text: str) -> None:
    assert parse_period(text, TODAY) is None


def test_a_period_that_means_two_is_no_period() -> None:
    assert parse_period("Q1 2017, Q3 2017", TODAY) is None
