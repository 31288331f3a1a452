"""Trains the models of questions and commitments: `python -m benchmarks.training NAME --data FOLDER [--out FILE]`.

FOLDER holds recorded meetings in Gong's shape with dialogue acts (`benchmarks.quality.icsi`); what ships was trained
on the 51 training meetings of the ICSI corpus and on nothing else. Everything is chosen by cross-validation over
whole meetings, five folds by position: the phrase scores that the trees learn from are those of folds that did not
see the meeting, and so are the scores that the thresholds are set on (the largest F1). The same folder gives the
same file.

Needs the dependency group `train`: `make train-tools`, then `.venv-train/bin/python -m benchmarks.training ...`.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from agents.analysis.calls.sentence_model import SentenceModel
from benchmarks.quality.icsi import meetings
from benchmarks.training.fitting import Boosting, Weighing
from benchmarks.training.tasks import commitment_sentences, question_sentences
from benchmarks.training.training import Trained, train

MODELS = Path(__file__).parents[2] / "agents/analysis/calls/models"


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("name", choices=("questions", "commitments"))
    parser.add_argument("--data", type=Path, required=True, help="a folder of meetings to train on")
    parser.add_argument("--out", type=Path, help="the model file to write; the shipped one unless given")
    given = parser.parse_args()
    read = list(meetings(given.data))
    if given.name == "questions":
        trained = train(
            [question_sentences(meeting) for meeting in read],
            Weighing(c=0.5, seen_at_least=3, weighs_at_least=0.15),
            Boosting(trees=100, leaves=12, rate=0.07),
        )
    else:
        trained = train(
            [commitment_sentences(meeting) for meeting in read],
            Weighing(c=0.05, seen_at_least=4, weighs_at_least=0.01),
            None,
        )
    out = given.out or MODELS / f"{given.name}.json"
    out.write_text(_as_json(given.name, [meeting.name for meeting in read], trained), encoding="utf-8")
    print(f"{out.name}: {out.stat().st_size // 1000} kB, {len(trained.model.weights)} phrases")
    print("\n".join(trained.report))
    return 0


def _as_json(name: str, trained_on: Sequence[str], trained: Trained) -> str:
    model: SentenceModel = trained.model
    data = {
        "name": name,
        "card": "README.md",
        "trained_on": list(trained_on),
        "cross_validation": trained.report,
        "bias": model.bias,
        "threshold": model.threshold,
        "base": model.base,
        "context_threshold": model.context_threshold,
        "floor": model.floor,
        "trees": model.trees,
        "weights": {feature: round(weight * 100) for feature, weight in sorted(model.weights.items())},
    }
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.exit(main())
