"""What a confidence sequence promises: true at every look, at the rate it names."""

import math
import random

import pytest

from server.bridge.histogram import RATIO, RELATIVE_ERROR, Histogram
from server.bridge.intervals import (
    Count,
    design_effect,
    evidence_about_difference,
    evidence_about_quantiles,
    evidence_about_rate,
    quantile_sequence,
    rate_sequence,
    tail_effect,
    wilson,
)

ALPHA = 0.1
STREAMS = 200
MOST_MISSES = STREAMS * ALPHA + 3 * math.sqrt(STREAMS * ALPHA * (1 - ALPHA))
"""What a sequence with exactly this error rate exceeds once in a thousand seeds."""


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  (no secret)


def _looks(upto: int) -> set[int]:
    return {round(10 * 1.3**step) for step in range(60) if 10 * 1.3**step <= upto} | {upto}


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.3])
def test_the_true_rate_stays_inside_at_every_look(rate: float) -> None:
    chance, missed = _chance(20261123), 0
    for _ in range(STREAMS):
        hits = 0
        for trials in range(1, 801):
            hits += chance.random() < rate
            if evidence_about_rate(Count(hits, trials), rate) >= math.log(1 / ALPHA):
                missed += 1
                break
    assert missed <= MOST_MISSES


def test_a_difference_of_rates_at_the_margin_is_hardly_ever_denied() -> None:
    chance, missed = _chance(20261123), 0
    for _ in range(STREAMS):
        one = other = 0
        looks = _looks(1000)
        for trials in range(1, 1001):
            one += chance.random() < 0.05
            other += chance.random() < 0.03
            if trials in looks:
                evidence = evidence_about_difference(Count(one, trials), Count(other, trials), 0.02)
                if evidence >= math.log(1 / ALPHA):
                    missed += 1
                    break
    assert missed <= MOST_MISSES


def test_the_true_p95_stays_inside_at_every_look() -> None:
    chance, missed = _chance(20261123), 0
    true = math.exp(5 + 0.5 * 1.6448536)
    for _ in range(STREAMS):
        latency = Histogram()
        looks = _looks(600)
        for trials in range(1, 601):
            latency.add(chance.lognormvariate(5, 0.5))
            if trials in looks:
                low, high = quantile_sequence(latency, 0.95, ALPHA)
                if not low * (1 - 2 * RELATIVE_ERROR) <= true <= high * (1 + 2 * RELATIVE_ERROR):
                    missed += 1
                    break
    assert missed <= MOST_MISSES


@pytest.mark.slow
def test_two_equal_p95_are_hardly_ever_told_apart() -> None:
    chance, missed = _chance(20261123), 0
    for _ in range(STREAMS):
        one, other = Histogram(), Histogram()
        looks = _looks(500)
        for trials in range(1, 501):
            one.add(chance.lognormvariate(5, 0.5))
            other.add(chance.lognormvariate(5, 0.5))
            if trials in looks:
                evidence = evidence_about_quantiles(one.buckets(), 1, other.buckets(), 1, 0.95, 0)
                if evidence >= math.log(1 / ALPHA):
                    missed += 1
                    break
    assert missed <= MOST_MISSES


def test_a_sequence_narrows_as_calls_come_in() -> None:
    widths = [high - low for low, high in (rate_sequence(Count(n / 50, n), 0.05) for n in (50, 500, 5000, 50_000))]
    assert widths == sorted(widths, reverse=True)
    assert rate_sequence(Count(0, 0), 0.05) == (0, 1)
    assert rate_sequence(Count(0, 100), 0.05)[0] == 0
    assert rate_sequence(Count(100, 100), 0.05)[1] == 1


def test_a_p95_is_unknown_above_until_there_are_enough_calls() -> None:
    latency = Histogram()
    assert quantile_sequence(latency, 0.95, 0.05) == (0, math.inf)
    for ms in range(1, 31):
        latency.add(ms)
    assert quantile_sequence(latency, 0.95, 0.05)[1] == math.inf
    for ms in range(1, 3001):
        latency.add(ms)
    low, high = quantile_sequence(latency, 0.95, 0.05)
    assert 2700 < low < 2850 < high < 2950


def test_a_shift_of_buckets_stands_for_a_ratio_of_latencies() -> None:
    chance = _chance(7)
    one, other = Histogram(), Histogram()
    for _ in range(2000):
        one.add(2 * chance.lognormvariate(5, 0.3))
        other.add(chance.lognormvariate(5, 0.3))
    double = round(math.log(2) / math.log(RATIO))
    about = {
        shift: evidence_about_quantiles(one.buckets(), 1, other.buckets(), 1, 0.95, shift) for shift in (0, double)
    }
    assert about[0] > math.log(1000)
    assert about[double] < 0


def test_wilson_gives_the_interval_of_the_textbooks() -> None:
    low, high = wilson(10, 100)
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)
    assert wilson(0, 0) == (0, 1)
    assert wilson(0, 10)[0] == 0
    assert wilson(10, 10)[1] == 1


def test_calls_that_are_all_alike_within_a_user_count_as_few() -> None:
    alike = [(50, 50.0 if user % 10 == 0 else 0.0) for user in range(40)]
    apart = [(50, 5.0) for _ in range(40)]
    assert design_effect(alike, 0.09, 200) > 40
    assert design_effect(apart, 0.09, 200) < 1.1
    assert design_effect([], 0.09, 0) == 1


def test_few_users_count_for_less_than_many_with_the_same_calls() -> None:
    def effect(users: int) -> float:
        chance = _chance(users)
        calls = 2400 // users
        units = [(calls, float(sum(chance.random() < 0.2 for _ in range(calls)))) for _ in range(users)]
        return design_effect(units, 0.16, 480)

    assert effect(4) > effect(600)
    assert design_effect([(200, 40.0)], 0.16, 40) > 2


def test_the_tails_of_users_who_differ_are_less_alike_than_their_latencies() -> None:
    chance = _chance(3)
    units: list[tuple[int, float]] = []
    for _ in range(60):
        own = chance.gauss(0, 0.33)
        units.append((100, sum(own + chance.gauss(0, 1) for _ in range(100))))
    whole, tail = design_effect(units, 1.11, 6000), tail_effect(units, 1.11, 6000, 0.05)
    assert 1 < tail < whole
    assert tail_effect([(1, 0.5)] * 60, 1.11, 60, 0.05) == design_effect([(1, 0.5)] * 60, 1.11, 60)
