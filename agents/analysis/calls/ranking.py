"""How well passages fit what is asked, and which of them to show first. Only numbers, no texts: milliseconds.

Five things count. What a passage says itself: Okapi BM25. What is said around it: BM25 once more, over the terms
within earshot, which count for less the farther away they are said, for people speak in fragments. How much of the
query is heard there at all: both words of "delivery times" rather than one of them twice. Who says it, where somebody
is named. And how long it is: "Yes, the delivery." explains nothing.

What is shown is spread: neighbours tell the same story, so the best passage of every region comes first, and what
else fits follows after.

It does not matter who keeps the index. `rank` takes the places where the terms of a query were found (and all turns of
the speakers it names), in order, each with how many words of its source come before it; passages without any term
need not be there.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.analysis.calls.query import Query

__all__ = ["Place", "Ranked", "Usual", "rank"]

_K1 = 1.2
_B = 0.75
_AROUND_K1 = 3.0
_COVERED = 0.5
_HEARD = 0.2
"""Half of the fit depends on which part of the query is heard at all; a term so near that this much is left counts half."""
_REGION_WORDS = 200
"""What is said within so many words, about 80 seconds, is one region: terms fade over it, and it is shown once."""
_SHORT_WORDS = 4
"""A passage of so many words counts for half."""
_SPEAKER = 1.0
_SPEAKER_AROUND = 0.7
"""What the named speaker's saying it adds, and having the floor around it, as parts of a full match."""
_CONSIDERED = 1000
"""What is said around is looked at for so many passages, those that fit best by themselves."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a passage stands: its source (a call, a document), the words of the source before it, and its size.

    `terms` counts the words that carry a topic, as `words.terms` gives them.
    """

    source: Hashable
    start: int
    words: int
    terms: int
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual in everything searched: how many passages, their mean number of terms, and how many have a term."""

    passages: int
    mean_terms: float
    having: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A place by its number, how well it fits, and the terms of the query that stand in it.

    `share` is the part of the query, by the rarity of its terms, that stands in the place itself.
    """

    number: int
    score: float
    matched: tuple[str, ...]
    share: float


def rank(
    query: Query,
    places: Sequence[Place],
    found: Mapping[str, Sequence[tuple[int, float]]],
    usual: Usual,
    limit: int,
    where: Callable[[int], bool] | None = None,
) -> list[Ranked]:
    """The numbers of the places that fit best: the best of every region first, then what else fits.

    `places` are in order: all of one source together, by their start. `found` says for each term of the query in which
    places, by number and ascending, and how often it stands. `where` keeps places from being an answer; what is said
    there still counts for their neighbours. Equal fits keep their order.
    """
    rarity = {term: query.weights[term] * _rarity(usual, term) for term in query.weights if found.get(term)}
    own = _own_fit(places, {term: found[term] for term in rarity}, rarity, usual)
    theirs = (
        [number for number, place in enumerate(places) if place.speaker in query.speakers] if query.speakers else []
    )
    line = _line(places, sorted({*own, *theirs}))
    possible = [number for number in line if where is None or where(number)]
    if len(possible) > _CONSIDERED:
        best = sorted(possible, key=lambda number: (-own.get(number, 0.0), number))
        possible = sorted(best[:_CONSIDERED])
    ears = [line[number] for number in possible]
    around, covered = _around(rarity, found, line, ears)
    asked = sum(rarity.values())
    fits = [
        (own.get(number, 0.0) + more) * (1 - _COVERED + _COVERED * part / asked) if asked else 0.0
        for number, more, part in zip(possible, around, covered, strict=True)
    ]
    if theirs:
        floor = _earshot([(line[number], places[number].words / (2 * _REGION_WORDS)) for number in theirs], ears)
        said = frozenset(theirs)
        fits = [
            fit + (1 + asked) * (_SPEAKER * (number in said) + _SPEAKER_AROUND * share)
            for number, fit, share in zip(possible, fits, floor, strict=True)
        ]
    scores = {number: fit * _weight(places[number].words) for number, fit in zip(possible, fits, strict=True)}
    stands = {term: {number for number, _ in found[term]} for term in rarity}
    ranked: list[Ranked] = []
    for number in _spread(scores, places, line, limit):
        matched = tuple(term for term in rarity if number in stands[term])
        share = sum(rarity[term] for term in matched) / asked if asked else 0.0
        ranked.append(Ranked(number, round(scores[number], 4), matched, round(share, 4)))
    return ranked


def _own_fit(
    places: Sequence[Place],
    found: Mapping[str, Sequence[tuple[int, float]]],
    rarity: Mapping[str, float],
    usual: Usual,
) -> dict[int, float]:
    """How well each place fits by the terms that stand in it."""
    own: dict[int, float] = {}
    for term, postings in found.items():
        for number, times in postings:
            length = 1 - _B + _B * max(1, places[number].terms) / max(1.0, usual.mean_terms)
            own[number] = own.get(number, 0.0) + _saturated(rarity[term], times, _K1, length)
    return own


def _around(
    rarity: Mapping[str, float],
    found: Mapping[str, Sequence[tuple[int, float]]],
    line: Mapping[int, float],
    ears: Sequence[float],
) -> tuple[list[float], list[float]]:
    """At each ear: how well what is said around fits, and the rarity of the terms that are heard at all."""
    fits = [0.0] * len(ears)
    covered = [0.0] * len(ears)
    for term, rare in rarity.items():
        levels = _earshot([(line[number], times) for number, times in found[term]], ears)
        for at, level in enumerate(levels):
            fits[at] += _saturated(rare, level, _AROUND_K1)
            covered[at] += rare * level / (level + _HEARD)
    return fits, covered


def _saturated(rarity: float, times: float, k1: float, length: float = 1.0) -> float:
    """What a term adds: the more often the more, up to (k1 + 1) times its rarity; the less, the longer the passage."""
    return rarity * times * (k1 + 1) / (times + k1 * length)


def _weight(words: int) -> float:
    return words / (words + _SHORT_WORDS)


def _rarity(usual: Usual, term: str) -> float:
    having = usual.having.get(term, 0)
    return math.log(1 + max(0.0, usual.passages - having + 0.5) / (having + 0.5))


def _line(places: Sequence[Place], numbers: Iterable[int]) -> dict[int, float]:
    """The middles of the places on one line of words, on which sources lie out of each other's earshot."""
    line: dict[int, float] = {}
    begins = end = 0.0
    source: Hashable = None
    for number in numbers:
        place = places[number]
        if place.source != source:
            source = place.source
            begins = end + 100 * _REGION_WORDS
        line[number] = begins + place.start + place.words / 2
        end = begins + place.start + place.words
    return line


def _earshot(sounds: Sequence[tuple[float, float]], ears: Sequence[float]) -> list[float]:
    """At each ear the sum of all sounds (position and loudness), each fading with its distance; both in order."""
    heard = [0.0] * len(ears)
    for direction in (1, -1):
        level = last = 0.0
        waiting = iter(sounds[::direction])
        sound = next(waiting, None)
        for at in range(len(ears))[::direction]:
            while sound is not None and ((sound[0] <= ears[at]) if direction > 0 else (sound[0] > ears[at])):
                level = level * _faded(sound[0] - last) + sound[1]
                last = sound[0]
                sound = next(waiting, None)
            heard[at] += level * _faded(ears[at] - last)
    return heard


def _faded(words: float) -> float:
    return math.exp(-abs(words) / _REGION_WORDS)


def _spread(
    scores: Mapping[int, float], places: Sequence[Place], line: Mapping[int, float], limit: int
) -> Iterable[int]:
    """The best of every region, then the others, both best first."""
    shown: dict[Hashable, list[float]] = {}
    first: list[int] = []
    others: list[int] = []
    for number in sorted(scores, key=lambda it: (-scores[it], it)):
        told = shown.setdefault(places[number].source, [])
        if all(abs(line[number] - at) >= _REGION_WORDS for at in told):
            told.append(line[number])
            first.append(number)
            if len(first) == limit:
                break
        else:
            others.append(number)
    return [*first, *others][:limit]
