"""How sure a count makes one, however often one looks.

A gate is looked at every few seconds and acts the first time it is sure. A usual interval or test promises its error
rate for one look at a number of calls fixed beforehand; looked at all the time it is wrong sooner or later. What is
here promises it for all looks together: each statement rests on a mixture of likelihood ratios, which starts at 1, is a
martingale where the hypothesis is true, and so ever reaches 1/alpha with a probability of at most alpha (Ville's
inequality, 1939). All are exact for calls that are independent of each other.

Calls of one unit are alike: ten calls of a person whose calls fail are no ten witnesses. Counts therefore enter as
effective counts: divided by the design effect (Kish, "Survey Sampling", 1965) estimated from the units' tallies.
That is an approximation; `benchmarks.rollout_simulation` measures what it costs.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from server.bridge.histogram import RATIO, Histogram

__all__ = [
    "Count",
    "design_effect",
    "evidence_about_difference",
    "evidence_about_quantiles",
    "evidence_about_rate",
    "quantile_sequence",
    "rate_sequence",
    "tail_effect",
    "wilson",
]

# The prior of every mixture: Beta(1/2, 19/2), whose mean is one in twenty. It is fixed before any call, as the
# martingale asks; the choice makes no statement wrong, it makes statements about rates of a few per cent come early.
PRIOR_HITS, PRIOR_MISSES = 0.5, 9.5

ASSUMED_CORRELATION = 0.02  # of two calls of one unit, as long as too few events were seen to estimate it
EVENTS_TO_TRUST = 4.0  # with this many events the estimate weighs as much as the assumption
CAUTION = 0.2  # the design effect is an upper limit that the true one exceeds this often

_STEPS = 24  # halvings: a rate to seven digits
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True)
class Count:
    """So many hits in so many trials; fractions, since both are effective counts."""

    hits: float
    trials: float

    @property
    def rate(self) -> float:
        """Hits per trial; 0 without any trial."""
        return self.hits / self.trials if self.trials else 0.0


def evidence_about_rate(count: Count, rate: float) -> float:
    """The logarithm of the evidence against this being the true rate: the beta-binomial mixture of Robbins.

    (H. Robbins, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical Statistics
    41, 1970.) It exceeds ln(1/alpha) ever with a probability of at most alpha where the rate is true.
    """
    hits, misses = count.hits, count.trials - count.hits
    return _log_mixture(count) - _times_log(hits, rate) - _times_log(misses, 1 - rate)


def rate_sequence(count: Count, alpha: float) -> tuple[float, float]:
    """The confidence sequence of a rate: the rates that `evidence_about_rate` does not exclude at this alpha."""
    if not count.trials:
        return 0.0, 1.0
    hits, misses = count.hits, count.trials - count.hits
    most = _log_mixture(count) - math.log(1 / alpha)

    def excluded(rate: float) -> bool:
        return most >= _times_log(hits, rate) + _times_log(misses, 1 - rate)

    low = _border(excluded, count.rate, 0.0) if count.hits > 0 else 0.0
    high = _border(excluded, count.rate, 1.0) if count.hits < count.trials else 1.0
    return low, high


def evidence_about_difference(one: Count, other: Count, margin: float) -> float:
    """The least evidence against `one`'s rate being `other`'s plus `margin`, whatever `other`'s may be.

    The product of both mixtures is a martingale at the true pair of rates, in whatever order the calls come. The other
    side's is averaged with 1: a martingale too, and one that does not charge for how much is known of that side.
    """
    ends = (other.rate, one.rate - margin)
    low, high = (min(max(end, 1e-9), 1 - margin - 1e-9) for end in (min(ends), max(ends)))

    def evidence(rate: float) -> float:
        return evidence_about_rate(one, rate + margin) + _averaged(evidence_about_rate(other, rate))

    return _least(evidence, low, high)


def evidence_about_quantiles(
    one: Sequence[tuple[int, int]],
    one_effect: float,
    other: Sequence[tuple[int, int]],
    other_effect: float,
    p: float,
    shift: int,
) -> float:
    """The least evidence against `one`'s p-quantile lying `shift` buckets above `other`'s, wherever that may lie.

    Whether a value exceeds the true p-quantile is a coin of known probability, so the mixture for rates tests every
    place where the quantile could be (Howard and Ramdas, "Sequential estimation of quantiles with applications to A/B
    testing and best-arm identification", Bernoulli 28, 2022: the beta-binomial bound of theorem 1 and the comparison
    of two arms). `one` and `other` are buckets of a `Histogram`, so places are as coarse as those: two per cent.
    """
    above_one, above_other = _Above(one), _Above(other)
    ends = sorted((above_one.quantile(p), above_other.quantile(p) + shift))

    def evidence(bucket: int) -> float:
        of_one = _tail_evidence(above_one, bucket, one_effect, 1 - p)
        return of_one + _averaged(_tail_evidence(above_other, bucket - shift, other_effect, 1 - p))

    return min(evidence(bucket) for bucket in range(ends[0] - 1, ends[1] + 1))


def quantile_sequence(latency: Histogram, p: float, alpha: float, effect: float = 1.0) -> tuple[float, float]:
    """The confidence sequence of the p-quantile in ms (Howard and Ramdas, 2022, theorem 1); inf where none is known."""
    above = _Above(latency.buckets())
    if not above.total:
        return 0.0, math.inf

    def excluded(bucket: int) -> bool:
        return _tail_evidence(above, bucket, effect, 1 - p) >= math.log(1 / alpha)

    middle = above.quantile(p)
    below = range(middle - 1, above.lowest - 2, -1)
    low = next((bucket for bucket in below if excluded(bucket)), None)
    high = next((bucket for bucket in range(middle, above.highest + 1) if excluded(bucket)), None)
    return 0.0 if low is None else RATIO**low, math.inf if high is None else RATIO**high


def wilson(hits: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a rate for one look: Wilson, "Probable inference, the law of succession", JASA 22, 1927."""
    if not trials:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    rate, spread = hits / trials, z * z / trials
    middle = (rate + spread / 2) / (1 + spread)
    half = z * math.sqrt(rate * (1 - rate) / trials + spread / (4 * trials)) / (1 + spread)
    return (max(0.0, middle - half) if hits else 0.0), (min(1.0, middle + half) if hits < trials else 1.0)


def design_effect(units: Sequence[tuple[int, float]], variance: float, events: float) -> float:
    """How many calls weigh as much as one independent call would; at least 1.

    `units` has each unit's number of calls and their total, `variance` is that of one call, `events` how many calls
    say something about how alike calls are: for a rate the rarer outcome's number. The variance of the mean over
    units is the jackknife over units ("CV3": MacKinnon, Nielsen and Webb, "Cluster-robust inference: a guide to
    empirical practice", Journal of Econometrics 232, 2023), which errs on the side of caution where units are few or
    one of them dominates; its upper confidence limit is taken (chi-square with one degree less than units). As long
    as few events were seen, an assumed correlation stands in.
    """
    seen = [(calls, total) for calls, total in units if calls]
    calls_in_all = sum(calls for calls, _ in seen)
    if not calls_in_all:
        return 1.0
    size = sum(calls * calls for calls, _ in seen) / calls_in_all  # of the unit that a call is found in, on average
    assumed = 1 + (size - 1) * ASSUMED_CORRELATION
    if len(seen) < 2 or variance <= 0:
        return assumed
    mean = sum(total for _, total in seen) / calls_in_all
    degrees = len(seen) - 1
    left_out = sum(((total - mean * calls) / (1 - calls / calls_in_all)) ** 2 for calls, total in seen)
    ratio = degrees / len(seen) * left_out / calls_in_all / variance
    trust = events / (events + EVENTS_TO_TRUST)
    return max(1.0, trust * ratio * degrees / _chi_square(CAUTION, degrees) + (1 - trust) * assumed)


def tail_effect(units: Sequence[tuple[int, float]], variance: float, events: float, tail: float) -> float:
    """The design effect of lying beyond a far quantile, from that of the logarithm of the latency.

    Where a user's latencies are all slower by a factor, two of his calls are less alike in whether they lie in the
    tail than in their logarithms: for normal logarithms with correlation r, the correlation of the two tails is the
    integral of the bivariate normal density at the quantile over 0..r (Sheppard's formula), divided by the variance.
    """
    effect = design_effect(units, variance, events)
    calls = sum(calls for calls, _ in units)
    more = sum(calls * calls for calls, _ in units) / calls - 1 if calls else 0.0
    if more <= 0:
        return effect
    alike = min((effect - 1) / more, 0.99)
    z, steps = NormalDist().inv_cdf(tail), 16
    middles = ((step + 0.5) * alike / steps for step in range(steps))
    density = sum(math.exp(-z * z / (1 + t)) / (2 * math.pi * math.sqrt(1 - t * t)) for t in middles) / steps
    return 1 + more * min(alike, alike * density / (tail * (1 - tail)))


class _Above:
    """How many values of a histogram lie above each bucket."""

    def __init__(self, buckets: Sequence[tuple[int, int]]) -> None:
        self.total = sum(count for _, count in buckets)
        self.lowest, self.highest = (buckets[0][0], buckets[-1][0]) if buckets else (0, 0)
        self._above: dict[int, int] = {}
        counts = dict(buckets)
        left = self.total
        for bucket in range(self.lowest, self.highest + 1):
            left -= counts.get(bucket, 0)
            self._above[bucket] = left

    def __call__(self, bucket: int) -> int:
        return self.total if bucket < self.lowest else self._above.get(bucket, 0)

    def quantile(self, p: float) -> int:
        """The bucket that the p-quantile falls in."""
        most_above = self.total - math.ceil(p * self.total)
        return next((bucket for bucket, left in self._above.items() if left <= most_above), self.highest)


def _tail_evidence(above: _Above, bucket: int, effect: float, tail: float) -> float:
    return evidence_about_rate(Count(above(bucket) / effect, above.total / effect), tail)


def _averaged(evidence: float) -> float:
    """The logarithm of the mean of 1 and what this is the logarithm of."""
    return max(evidence, 0.0) + math.log1p(math.exp(-abs(evidence))) - math.log(2)


def _least(function: Callable[[float], float], low: float, high: float) -> float:
    """The least value of a convex function between two ends, by golden section."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(40):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - _GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + _GOLDEN * (high - low)
            at_right = function(right)
        if high - low < 1e-5:
            break
    return min(at_left, at_right, function(low), function(high))


def _border(excluded: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where `excluded` begins, between a value that is not and an end that is."""
    for _ in range(_STEPS):
        middle = (inside + outside) / 2
        if excluded(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _chi_square(p: float, degrees: int) -> float:
    """Its p-quantile, after Wilson and Hilferty (1931): within a few per cent, from one degree up."""
    spread = 2 / (9 * degrees)
    return degrees * max(1 - spread + NormalDist().inv_cdf(p) * math.sqrt(spread), 0.1) ** 3


def _log_mixture(count: Count) -> float:
    return _log_beta(PRIOR_HITS + count.hits, PRIOR_MISSES + count.trials - count.hits) - _LOG_PRIOR


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


_LOG_PRIOR = _log_beta(PRIOR_HITS, PRIOR_MISSES)


def _times_log(times: float, value: float) -> float:
    """times * ln(value), with 0 ln 0 = 0."""
    if times <= 0:
        return 0.0
    return times * math.log(value) if value > 0 else -math.inf
