"""What is asked of agents and teams: the questions of managers, as data, and the questions of every single call."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import JsonValue

__all__ = ["Asked", "about_calls", "injections", "manager_questions", "routing_questions"]

QUESTIONS = Path(__file__).parent / "questions"
PER_CALL: tuple[tuple[str, dict[str, JsonValue]], ...] = (
    ("gong_intelligence", {}),
    ("gong_intelligence", {"request": "What was promised, by whom and by when?"}),
    ("gong_intelligence", {"request": "Which questions were asked, and who talked how long?"}),
    ("sales_coach", {"relation": "manager"}),
    ("sales_coach", {"relation": "manager", "request": "Fill in the scorecard"}),
    ("sales_intelligence_team", {"request": "What objections came up?"}),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A tool and what it is asked."""

    tool: str
    arguments: dict[str, JsonValue]


def manager_questions() -> list[Asked]:
    """Questions for every agent and team, over the bundled data."""
    return [Asked(row["tool"], {"request": row["request"]}) for row in _rows("managers")]


def routing_questions() -> list[Asked]:
    """The routing questions, each to the member that ought to answer it."""
    return [Asked(row["member"], {"request": row["question"]}) for row in _rows("routing")]


def injections() -> dict[str, str]:
    """Sentences that tell whoever reads them to do something, each with the words to search it by."""
    return {row["text"]: row["found_by"] for row in _rows("injections")}


def about_calls(call_ids: list[str]) -> list[Asked]:
    """The same questions about each of these calls."""
    return [Asked(tool, {**arguments, "call_id": id_}) for id_ in call_ids for tool, arguments in PER_CALL]


@lru_cache(maxsize=4)
def _rows(name: str) -> list[dict[str, Any]]:
    with (QUESTIONS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
