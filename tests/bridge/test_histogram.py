"""What a histogram of latencies promises: quantiles within one per cent, in any order of merging, in bounded memory."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.bridge.histogram import MOST_BUCKETS, RELATIVE_ERROR, SHORTEST_MS, Histogram

LATENCIES_MS = st.lists(st.floats(SHORTEST_MS, 1e6), min_size=1, max_size=60)
WIDE = st.lists(st.floats(0, 1e300), max_size=40)
ROUNDING = 1e-9


def _of(values: list[float]) -> Histogram:
    histogram = Histogram()
    for ms in values:
        histogram.add(ms)
    return histogram


def _merged(*histograms: Histogram) -> Histogram:
    whole = Histogram()
    for one in histograms:
        whole.merge(one)
    return whole


@given(LATENCIES_MS, st.floats(0, 1))
def test_a_quantile_is_within_one_per_cent_of_the_true_one(values: list[float], p: float) -> None:
    true = sorted(values)[max(0, math.ceil(p * len(values)) - 1)]
    quantile = _of(values).quantile(p)
    assert quantile is not None
    assert abs(quantile - true) <= true * (RELATIVE_ERROR + ROUNDING)


@given(WIDE, WIDE, WIDE)
def test_merging_gives_the_same_in_any_order_and_grouping(a: list[float], b: list[float], c: list[float]) -> None:
    left = _merged(_merged(_of(a), _of(b)), _of(c))
    right = _merged(_of(a), _merged(_of(c), _of(b)))
    assert left.buckets() == right.buckets() == _of(a + b + c).buckets()
    assert left.count == len(a) + len(b) + len(c)


@given(LATENCIES_MS, st.floats(SHORTEST_MS, 1e6))
def test_a_rank_counts_everything_up_to_it_and_nothing_far_above(values: list[float], ms: float) -> None:
    bucket = 2 * RELATIVE_ERROR / (1 - RELATIVE_ERROR)
    at_most = sum(value <= ms for value in values)
    nearly = sum(value <= ms * (1 + bucket + ROUNDING) for value in values)
    assert at_most <= _of(values).rank(ms) <= nearly


@given(WIDE)
def test_a_histogram_comes_back_from_json_as_it_was(values: list[float]) -> None:
    histogram = _of(values)
    assert Histogram.from_json(json.loads(json.dumps(histogram.to_json()))).buckets() == histogram.buckets()


def test_a_histogram_stays_bounded_and_keeps_its_slow_end() -> None:
    slowest = [10.0 ** (exponent / 100) for exponent in range(-300, 3000)]
    parts = [_of(slowest[start::3]) for start in range(3)]
    whole = _merged(*parts)
    assert whole.buckets() == _merged(*reversed(parts)).buckets() == _of(slowest).buckets()
    assert whole.count == len(slowest)
    assert len(json.loads(json.dumps(whole.to_json()))["buckets"]) == MOST_BUCKETS
    for p in (0.95, 0.99, 1.0):
        true = slowest[math.ceil(p * len(slowest)) - 1]
        assert whole.quantile(p) == pytest.approx(true, rel=RELATIVE_ERROR + ROUNDING)


def test_a_merge_leaves_the_other_as_it_is_and_a_histogram_can_take_in_itself() -> None:
    one, other = _of([10, 20]), _of([30])
    one.merge(other)
    assert (one.count, other.count) == (3, 1)
    one.merge(one)
    assert one.count == 6


def test_an_empty_histogram_has_no_quantile() -> None:
    empty = Histogram()
    assert (empty.count, empty.quantile(0.95), empty.rank(100), empty.at_rank(1)) == (0, None, 0, None)


@pytest.mark.parametrize("ms", [-1.0, math.nan, math.inf])
def test_what_is_no_latency_is_refused(ms: float) -> None:
    with pytest.raises(ValueError, match="a latency is 0 or more"):
        Histogram().add(ms)


def test_a_share_outside_0_to_1_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Histogram().quantile(95)


def test_buckets_of_another_width_are_not_added_to_these() -> None:
    with pytest.raises(ValueError, match="relative error"):
        Histogram.from_json({"relative_error": 0.02, "buckets": []})
