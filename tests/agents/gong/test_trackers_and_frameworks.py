"""Trackers with Gong's settings, and qualification frameworks, as a manager is told of them."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from agents.analysis.calls.trackers import Tracker, track
from agents.sources import Topic, Tracked, Transcript

ONE = "7400000000000001"


def hits(converse, tracker: Tracker) -> list[str]:
    talk = converse(
        ("sam", 0, 5, "What price did you expect?"),
        ("bea", 6, 10, "The pricing is our question, and prices matter."),
        ("sam", 300, 305, "The price is fixed."),
        ("bea", 590, 600, "We talk about price again."),
    )
    return [f"{hit.line.speaker.id}@{hit.line.start_ms // 1000}" for hit in track(talk, [tracker])]


@pytest.fixture
def converse():
    from datetime import UTC, datetime

    from agents.analysis.calls.conversation import join
    from agents.sources import Call, Party, Sentence

    parties = (Party("1", "Sam", "internal", speaker_id="sam"), Party("2", "Bea", "external", speaker_id="bea"))

    def build(*spoken):
        words = tuple(Sentence(who, a * 1000, b * 1000, text) for who, a, b, text in spoken)
        return join(Call("1", "t", datetime(2017, 1, 2, tzinfo=UTC), 600, parties), Transcript("1", words))

    return build


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ["sam@0", "bea@6", "bea@6", "sam@300", "bea@590"]),
        ({"related_forms": False}, ["sam@0", "sam@300", "bea@590"]),
        ({"affiliation": "Company"}, ["sam@0", "sam@300"]),
        ({"affiliation": "NonCompany"}, ["bea@6", "bea@6", "bea@590"]),
        ({"part_of_question": True}, ["sam@0"]),
        ({"said_at": "First", "interval": 1, "unit": "minutes"}, ["sam@0", "bea@6", "bea@6"]),
        ({"said_at": "Last", "interval": 1, "unit": "minutes"}, ["bea@590"]),
        ({"said_at": "First", "interval": 50, "unit": "percent"}, ["sam@0", "bea@6", "bea@6", "sam@300"]),
        ({"said_at": "Last", "interval": 10, "unit": "percent"}, ["bea@590"]),
    ],
    ids=str,
)
def test_a_tracker_means_what_it_means_in_gong(converse, settings, expected):
    assert hits(converse, Tracker("Price", ("price",), **settings)) == expected


def test_own_phrases_are_tracked_instead_of_the_packaged_ones(ask):
    data = ask("trackers", call_id=ONE, phrases=["failed simulation", "engineer"]).data
    (tracker,) = data.trackers
    assert tracker.count == 2
    assert {item.phrase for item in tracker.occurrences} == {"failed simulation", "engineer"}
    assert tracker.by_customer == 2
    assert data.source == "your phrases"


def test_counts_add_up_by_side_and_every_occurrence_has_its_place(ask):
    data = ask("trackers").data
    for tracker in data.trackers:
        assert (
            tracker.count == tracker.by_company + tracker.by_customer + tracker.by_unknown == len(tracker.occurrences)
        )
        sides = Counter(item.quote.side for item in tracker.occurrences)
        assert sides["external"] == tracker.by_customer
        assert all(item.quote.at for item in tracker.occurrences)
    assert "not validated" in data.source


def test_an_unknown_tracker_is_told_with_those_there_are(ask):
    seen = ask("trackers", call_id=ONE, tracker="Weather")
    assert any("There is no tracker “Weather”" in note and "Pricing" in note for note in seen.notes)


def test_minutes_cannot_be_counted_without_times_and_a_note_says_so(ask, library):
    words = library.words[ONE]
    library.words[ONE] = Transcript(
        ONE, tuple(replace(it, start_ms=0, end_ms=0) for it in words.sentences), level="untimed"
    )
    seen = ask("trackers", call_id=ONE, phrases=["expensive"], said_at="First", said_at_interval=5)
    assert seen.data.trackers[0].count == 0
    assert any("counts minutes" in note for note in seen.notes)


def test_the_recorders_own_trackers_and_topics_stand_beside_ours(ask, library, discovery):
    library.calls[0] = replace(
        discovery, trackers=(Tracked("Their tracker", 3, (1.0, 2.0, 3.0)),), topics=(Topic("Small talk", 120),)
    )
    text = ask("trackers", call_id=ONE).text
    assert "The recorder's own trackers: Their tracker 3" in text
    assert "The recorder's topics: Small talk 2 min" in text
    assert "Small talk (2 min)" in ask("call_brief", call_id=ONE).text


@pytest.mark.parametrize("framework", ["MEDDICC", "MEDDPICC", "SPICED", "BANT"])
def test_a_letter_has_evidence_only_with_a_quote_and_a_gap_always_with_a_question(ask, framework):
    data = ask("framework_coverage", call_id=ONE, framework=framework).data
    assert data.framework == framework
    for letter in data.letters:
        assert (letter.status == "none found") == (not letter.quotes)
        assert (letter.status == "evidence") == (letter.ask_next is None)
        if letter.status == "evidence":
            assert all(quote.side == "external" for quote in letter.quotes)


def test_a_missing_letter_is_not_found_and_never_called_absent(ask):
    seen = ask("framework_coverage", call_id=ONE)
    missing = [letter for letter in seen.data.letters if letter.status == "none found"]
    assert missing
    assert all("may have been covered in other words" in letter.gap for letter in missing)
    assert not re.search(r"\babsent\b|\bnot covered\b", seen.text)


def test_a_named_rival_is_evidence_of_competition(ask):
    letters = {letter.id: letter for letter in ask("framework_coverage", call_id=ONE).data.letters}
    assert letters["competition"].status == "evidence"
    assert "Corvanta" in letters["competition"].quotes[0].text
    assert letters["pain"].status == "evidence"


def test_a_promise_is_asked_for_by_its_side(ask):
    ours = ask("next_steps", account="Acme Corporation", side="internal")
    assert {step.owner_side for step in ours.data.next_steps} <= {"internal", "both"}
    assert "promise" in ours.text
