"""Coaching speaks from calls, and from enough of them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.sources import SourceError

TALKATIVE = [
    ("sam", 0, 160, "Let me tell you all about our company and its many products."),
    ("sam", 161, 165, "Do you like it?"),
    ("bea", 166, 170, "I don't see the value for us."),
    ("sam", 171, 180, "Anyway, the next slide shows our offices."),
]


def fill(library, discovery, rep: str, count: int) -> None:
    for number in range(count):
        party = replace(discovery.parties[0], name=rep)
        call = replace(
            discovery,
            id=f"{rep[:2]}{number}",
            owner=rep,
            parties=(party, discovery.parties[1]),
            started=datetime(2017, 11, 1 + number, tzinfo=UTC),
        )
        library.add(call, TALKATIVE)


def test_a_report_has_evidence_for_every_point(ask, library, discovery):
    fill(library, discovery, "Max Mono", 2)
    seen = ask("coaching_report", rep="Max Mono")
    assert seen.data.tighten
    assert all(point.quotes for point in (*seen.data.works, *seen.data.tighten))
    assert seen.data.exercise
    assert "Gong Labs, updated 2025-03-20" in seen.text


def test_under_five_calls_nobody_is_compared(ask, library, discovery):
    fill(library, discovery, "Max Mono", 4)
    fill(library, discovery, "Tim Team", 6)
    seen = ask("coaching_report", rep="Max Mono")
    assert all(figure.team_median is None and figure.team_percentile is None for figure in seen.data.figures)
    assert "it takes 5 calls on each side" in seen.text


def test_from_five_calls_on_the_team_stands_beside_with_its_n(ask, library, discovery):
    fill(library, discovery, "Max Mono", 5)
    fill(library, discovery, "Tim Team", 6)
    seen = ask("coaching_report", rep="Max Mono")
    ratio = next(figure for figure in seen.data.figures if figure.name == "talk_ratio")
    assert ratio.team_calls == 8  # Tim's six and Sam's two
    assert ratio.team_percentile is not None
    assert "(n 8)" in seen.text


def test_without_calls_there_is_no_word_about_a_person(ask):
    seen = ask("coaching_report", rep="Sam Seller", period="2016")
    assert "nothing to say about a person" in seen.text
    assert seen.data.rep is None
    assert not seen.findings


def test_without_a_name_the_sellers_with_calls_are_listed(ask):
    seen = ask("coaching_report")
    assert [(item.rep, item.calls) for item in seen.data.reps] == [("Sam Seller", 2)]


def test_a_period_narrows_the_calls(ask):
    assert len(ask("rep_calls", rep="Sam Seller", period="2017-10-10..2017-10-31").data.lines) == 1
    assert len(ask("rep_statistics", rep="Sam Seller", period="all").data.calls) == 2


def test_a_period_nobody_can_read_says_how_to_write_one(ask):
    with pytest.raises(SourceError, match="Write 2017-Q4"):
        ask("coaching_report", rep="Sam Seller", period="whenever")


def test_one_call_speaks_for_its_owner(ask):
    seen = ask("coaching_report", call_id="7400000000000001")
    assert seen.data.rep == "Sam Seller"
    assert len(seen.data.calls) == 1
