"""Comparisons about people need enough calls."""

from agents.analysis.calls.comparison import compare, slope_per_call


def test_under_five_calls_on_either_side_nothing_is_compared():
    for own, team in (([0.5] * 4, [0.4] * 9), ([0.5] * 9, [0.4] * 4)):
        comparison = compare(own, team)
        assert comparison is not None
        assert comparison.team_median is None
        assert comparison.team_percentile is None
        assert comparison.team_calls == len(team)


def test_the_percentile_is_the_share_of_team_calls_below_the_mean():
    comparison = compare([3.0] * 5, [1, 2, 3, 4, 5])
    assert comparison is not None
    assert (comparison.team_median, comparison.team_percentile) == (3, 50)


def test_no_calls_give_no_comparison():
    assert compare([], [1.0] * 9) is None


def test_a_trend_needs_five_calls():
    assert slope_per_call([1, 2, 3, 4]) is None
    assert slope_per_call([1, 2, 3, 4, 5]) == 1
