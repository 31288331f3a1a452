"""A hundred questions as managers write them, with what should be read out of each.

The intents of the two agents over calls are tested with their cues as of writing: those belong to other files.
"""

import csv
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from agents.analysis.request import parse_request
from agents.catalog import AGENTS
from agents.sources import Names

QUESTIONS = list(csv.DictReader((Path(__file__).parent / "questions.csv").read_text(encoding="utf-8").splitlines()))
SPECS = {agent.id: agent for agent in AGENTS}


@pytest.mark.parametrize("row", QUESTIONS, ids=lambda row: f"{row['agent']}: {row['request'][:60]}")
def test_a_manager_is_understood(
    row: dict[str, Any], names: Names, vocabulary: Mapping[str, tuple[str, ...]], as_of: date
) -> None:
    agent = SPECS[row["agent"]]
    parsed = parse_request(
        row["request"],
        {},
        fields=agent.arguments.model_fields,
        intents={tool.name: tool.cues for tool in agent.tools},
        names=names,
        as_of=as_of,
        vocabulary=vocabulary,
    )
    assert (parsed.arguments, parsed.intent) == (json.loads(row["arguments"]), row["intent"] or None)
