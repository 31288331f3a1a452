"""Trends, comparisons, scorecards and who may hear them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.analysis.calls.weeks import before_and_after, by_iso_week
from agents.call_tools.coaching_scope import coaching_data

OPEN = [
    ("sam", 0, 5, "What happens when a simulation fails?"),
    ("bea", 6, 40, "Every failed simulation costs the team two days of work, and nobody plans for it."),
    ("bea", 41, 50, "Honestly, $4,821 is too expensive for us."),
    ("sam", 51, 55, "I understand, that's a fair point."),
    ("sam", 56, 60, "What did you have in mind?"),
    ("bea", 61, 70, "Something near four thousand would be easier."),
    ("sam", 71, 76, "I'll send you a new proposal by Friday."),
    ("bea", 77, 80, "Sounds good to me."),
]
TALKS = [
    ("sam", 0, 160, "Let me tell you all about our company and its many products."),
    ("bea", 166, 170, "That is too expensive for us."),
    ("sam", 171, 180, "Anyway, the next slide shows our offices."),
]


@pytest.fixture
def team(library, discovery):
    """Two sellers with five calls each, in consecutive weeks; one asks, one talks."""
    for rep, words in (("Ada Asks", OPEN), ("Max Mono", TALKS)):
        for number in range(5):
            parties = (replace(discovery.parties[0], name=rep), discovery.parties[1])
            started = datetime(2017, 11, 1, tzinfo=UTC).replace(day=1 + 6 * number)
            title = f"Acme discovery {number}"
            library.add(replace(discovery, id=f"{rep[:3]}{number}", title=title, owner=rep, parties=parties, started=started), words)  # fmt: skip
    return library


@pytest.fixture
def real(team):
    """The same calls, of real people."""
    team.calls[:] = [replace(call, synthetic=False) for call in team.calls]
    return team


def test_weeks_average_calls_and_change_from_the_last_week_with_calls():
    days = [datetime(2017, 10, day, tzinfo=UTC).date() for day in (2, 3, 18)]
    first, second = by_iso_week(zip(days, (0.2, 0.4, 0.6), strict=True))
    assert (first.label, round(first.mean, 3), first.calls, first.change) == ("2017-W40", 0.3, 2, None)
    assert (second.label, second.calls, round(second.change or 0, 3)) == ("2017-W42", 1, 0.3)


def test_the_day_of_coaching_counts_as_after():
    days = [datetime(2017, 10, day, tzinfo=UTC).date() for day in (2, 9)]
    sides = before_and_after(zip(days, (0.7, 0.5), strict=True), days[1])
    assert (sides.calls_before, sides.calls_after) == (1, 1)
    assert round(sides.change or 0, 3) == -0.2


def test_a_trend_has_n_for_every_week_and_says_when_calls_are_too_few(ask, team):
    seen = ask("rep_trend", rep="Max Mono", coached_on="2017-11-12")
    weeks = [row for row in seen.data.weeks if row.name == "talk_ratio"]
    assert sum(row.calls for row in weeks) == 5
    assert weeks[0].change is None
    assert "Too few calls to say whether the coaching helped: it takes 5 on each side." in seen.text


def test_a_seller_stands_beside_the_team_with_its_n(ask, team):
    seen = ask("peer_comparison", rep="Max Mono", kind="discovery", newest=5)
    ratio = next(figure for figure in seen.data.figures if figure.name == "talk_ratio")
    assert ratio.calls == 5
    assert ratio.team_percentile == 100
    assert "(n 6)" in seen.text  # Ada's five and Sam's one
    assert "Ada Asks" not in seen.text


def test_the_most_pressing_seller_comes_first_with_a_quote(ask, team):
    seen = ask("team_coaching")
    assert seen.data.sellers[0].rep == "Max Mono"
    first = seen.data.sellers[0].first
    assert first.category in {one["id"] for one in coaching_data("categories")["categories"]}
    assert first.priority == "high"
    assert first.quotes


def test_the_best_call_on_a_price_objection_is_the_one_that_asked(ask, team):
    seen = ask("best_call", objection="price", kind="discovery")
    best = seen.data.moments[0]
    assert {"acknowledged", "asked"} <= set(best.objection.handled)
    assert best.call.rep == "Ada Asks"


def test_a_scorecard_answers_what_can_be_counted_and_leaves_the_rest_to_a_person(ask, team):
    seen = ask("scorecard", call_id="Ada0")
    (card,) = seen.data.cards
    by_status = {status: [a for a in card.answers if a.status == status] for status in ("answered", "needs_human")}
    assert all(a.evidence for a in by_status["answered"])
    assert all(a.score is None for a in by_status["needs_human"])
    assert next(a for a in card.answers if a.isOverall).status == "needs_human"
    assert all(a.minRange <= a.score <= a.maxRange for a in by_status["answered"])


@pytest.mark.parametrize("tool", ["coaching_report", "rep_trend", "peer_comparison", "scorecard", "rep_statistics"])
def test_about_a_real_seller_the_coach_asks_who_wants_to_know(ask, real, tool):
    seen = ask(tool, rep="Max Mono")
    assert "Are you the manager of Max Mono, or Max Mono?" in seen.text
    assert not seen.findings
    assert not seen.citations
    assert "Are you the manager" not in ask(tool, rep="Max Mono", relation="manager").text


def test_several_real_sellers_are_compared_for_their_manager_only(ask, real):
    assert "Do you manage these sellers?" in ask("team_coaching").text
    assert "Do you manage these sellers?" in ask("team_coaching", relation="self").text
    assert ask("team_coaching", relation="manager").data.sellers


def test_the_eight_categories_say_where_their_limits_come_from(ask, team):
    rows = ask("coaching_report", rep="Max Mono").data.categories
    assert len(rows) == 8
    assert all(row.rule_source for row in rows)
    assert all(row.why for row in rows if row.status == "needs_human")


@pytest.mark.parametrize(
    "tool", ["coaching_report", "rep_trend", "peer_comparison", "scorecard", "rep_calls", "best_call"]
)
def test_an_empty_answer_says_why_and_never_none(ask, team, tool):
    text = ask(tool, rep="Max Mono", period="2016").text
    assert "None" not in text.replace("None of", "")
    assert "2016" in text
