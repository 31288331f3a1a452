"""Cross-validation over whole meetings, then one model from all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agents.analysis.calls.sentence_model import SentenceModel
from benchmarks.training.fitting import Boosting, Weighing, fit_trees, fit_weights
from benchmarks.training.tasks import Sentences

__all__ = ["Trained", "train"]

_FOLDS = 5
_RULED_OUT = -20.0
_FLOOR_RECALL = 0.95
"""How many of the positives the floor, under which no tree is asked, must let through."""

Scores = list[list[float]]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and what cross-validation says of it."""

    model: SentenceModel
    report: list[str]


def train(meetings: Sequence[Sentences], weighing: Weighing, boosting: Boosting | None) -> Trained:
    """Weights, thresholds and trees from meetings."""
    unseen: Scores = [[] for _ in meetings]
    for fold in range(_FOLDS):
        words_only = _weigh([one for i, one in enumerate(meetings) if i % _FOLDS != fold], weighing)
        for i in range(fold, len(meetings), _FOLDS):
            unseen[i] = _scores(words_only, meetings[i])
    threshold, words_said = _best_threshold(meetings, unseen)
    model = replace(_weigh(meetings, weighing), threshold=threshold)
    report = [f"words alone, meetings not seen: {words_said}"]
    if boosting is None:
        return Trained(model, report)
    floor = _floor(meetings, unseen)
    in_place: Scores = [[] for _ in meetings]
    for fold in range(_FOLDS):
        learned = [i for i in range(len(meetings)) if i % _FOLDS != fold]
        context = _grow(meetings, unseen, learned, floor, boosting)
        for i in range(fold, len(meetings), _FOLDS):
            in_place[i] = _scores_in_place(context, meetings[i], unseen[i], floor)
    context_threshold, context_said = _best_threshold(meetings, in_place)
    grown = _grow(meetings, unseen, range(len(meetings)), floor, boosting)
    report.append(f"with what is said around, meetings not seen: {context_said}")
    model = replace(model, trees=grown.trees, base=grown.base, context_threshold=context_threshold, floor=floor)
    return Trained(model, report)


def _weigh(meetings: Sequence[Sentences], weighing: Weighing) -> SentenceModel:
    judged = [
        (sample, label, one.trust)
        for one in meetings
        for sample, label in zip(one.samples, one.labels, strict=True)
        if sample is not None and label is not None
    ]
    samples, labels, trust = zip(*judged, strict=True)
    bias, weights = fit_weights(samples, labels, weighing, trust)
    return SentenceModel(bias, weights, 0.0, (), 0.0, 0.0, 0.0)


def _grow(
    meetings: Sequence[Sentences], scores: Scores, which: Sequence[int], floor: float, boosting: Boosting
) -> SentenceModel:
    rows: list[list[float]] = []
    labels: list[bool] = []
    for i in which:
        row_at = meetings[i].row_at
        for at, label in enumerate(meetings[i].labels):
            if row_at is not None and label is not None and scores[i][at] >= floor:
                rows.append(row_at(scores[i], at))
                labels.append(label)
    base, trees = fit_trees(rows, labels, boosting)
    return SentenceModel(0.0, {}, 0.0, trees, base, 0.0, floor)


def _scores(model: SentenceModel, meeting: Sentences) -> list[float]:
    return [_RULED_OUT if sample is None else model.words_score(sample) for sample in meeting.samples]


def _scores_in_place(model: SentenceModel, meeting: Sentences, scores: list[float], floor: float) -> list[float]:
    row_at = meeting.row_at
    if row_at is None:
        return scores
    return [
        model.context_score(row_at(scores, at)) if score >= floor else _RULED_OUT for at, score in enumerate(scores)
    ]


def _judged(meetings: Sequence[Sentences], scores: Scores) -> list[tuple[float, bool]]:
    """Scores and labels, highest score first."""
    judged = [
        (score, label)
        for one, given in zip(meetings, scores, strict=True)
        for score, label in zip(given, one.labels, strict=True)
        if label is not None
    ]
    return sorted(judged, key=lambda pair: -pair[0])


def _best_threshold(meetings: Sequence[Sentences], scores: Scores) -> tuple[float, str]:
    """The score at which F1 is largest, and how large."""
    judged = _judged(meetings, scores)
    positives = sum(label for _, label in judged)
    best, hits = (0.0, 0, 0), 0
    for n, (_, label) in enumerate(judged, start=1):
        hits += label
        best = max(best, (2 * hits / (n + positives), n, hits))
    f1, n, hits = best
    said = (
        f"F1 {f1:.3f}, precision {hits / n:.3f}, recall {hits / positives:.3f}, n {len(judged)}, {positives} of them"
    )
    return round(judged[n - 1][0], 3), said


def _floor(meetings: Sequence[Sentences], scores: Scores) -> float:
    positive = [score for score, label in _judged(meetings, scores) if label]
    return round(positive[int(_FLOOR_RECALL * len(positive))], 2)
