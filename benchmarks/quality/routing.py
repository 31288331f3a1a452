"""Does a question go to the member that ought to answer it: the embedded leader of the sales_intelligence team.

A CSV of `question,member`. Ours carries a third column, `split`: its `tune` half was looked at while the leader's words
were written, its `report` half was not; the figure is the report half's. A file given with `--data` is all report.
Questions are read as the server reads them, then the leader chooses; a few go through the team itself, whose answer
says who gave it. Beside it stands the simplest leader: always the member that is asked most often.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from agents.message import Asked
from agents.models.plan import Offer, choose_member, describe
from benchmarks.quality.row import NoData, Quality, Row, above, exactly
from benchmarks.quality.serving import AskedInVain, Served, served, structured
from server.surface.own_calls import Asking
from teams.build import seat
from teams.spec import TeamSpec

__all__ = ["Question", "measure", "read_questions"]

OURS = Path(__file__).parent / "questions" / "routing.csv"
TEAM = "sales_intelligence_team"
THROUGH_THE_TEAM = 12
GOAL = 0.95
WRONG_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, who ought to answer, and whether it was tuned on."""

    text: str
    member: str
    tuned_on: bool = False


def measure(data: Path | None) -> Quality:
    """Route every question. Raises NoData where the file holds none."""
    questions = read_questions(OURS if data is None else data)
    chosen, answered = anyio.run(_chosen, questions)
    pairs = list(zip(questions, chosen, strict=True))
    report = [(question, member) for question, member in pairs if not question.tuned_on]
    tuned = [(question, member) for question, member in pairs if question.tuned_on]
    most, count = Counter(question.member for question, _ in report).most_common(1)[0]
    rows = [
        Row(
            "accuracy", _share(report), len(report), "questions", above(GOAL), count / len(report), f"always {most}"
        )
    ]  # fmt: skip
    if tuned:
        rows.append(Row("accuracy on the half that was tuned on", _share(tuned), len(tuned), "questions"))
    same = sum(chosen[at] == member for at, member in answered.items())
    if answered:
        rows.append(
            Row("answered by the member chosen, through the team", 100 * same / len(answered), len(answered), "questions", exactly(100), unit="%")
        )  # fmt: skip
    wrong = [f"“{q.text}” went to {member}, not {q.member}" for q, member in report if member != q.member]
    half = "report half of " if tuned else ""
    written = "; we wrote questions and leader both, so others' questions are the better test" if data is None else ""
    return Quality(
        "Routing of the sales_intelligence team by its embedded leader",
        f"{half}{OURS.name if data is None else data.name}, {len(report)} questions{written}",
        tuple(rows),
        tuple(wrong[:WRONG_SHOWN]),
    )


def read_questions(file: Path) -> list[Question]:
    """The questions of a CSV with `question` and `member`. Raises NoData where there are none."""
    if not file.is_file():
        raise NoData(f"There is no file {file.name}. Give a CSV of question,member with --data.")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [
            {(name or "").strip().lower(): value or "" for name, value in row.items()}
            for row in csv.DictReader(lines)
        ]
    found = [
        Question(row["question"].strip(), row["member"].strip(), row.get("split", "").strip() == "tune")
        for row in rows
        if row.get("question", "").strip() and row.get("member", "").strip()
    ]
    if not any(not question.tuned_on for question in found):
        raise NoData(f"{file.name} holds no row of question,member.")
    return found


async def _chosen(questions: Sequence[Question]) -> tuple[list[str], dict[int, str]]:
    """The member chosen for each question; and who answered a few of them, by their number."""
    async with served(None) as sophia:
        seats = _seats(sophia)
        chosen = [await _choose(sophia, question, seats) for question in questions]
        step = max(1, len(questions) // THROUGH_THE_TEAM)
        answered: dict[int, str] = {}
        for at in range(0, len(questions), step):
            try:
                answer = await structured(sophia.client, TEAM, {"request": questions[at].text})
            except AskedInVain:  # whoever was chosen could not answer; who that was is not said
                continue
            answered[at] = answer["served_by"]["members"][0]["id"]
        return chosen, answered


def _seats(sophia: Served) -> list[Offer]:
    team = sophia.sophia.control.current.own[TEAM].spec
    assert isinstance(team, TeamSpec)
    return [describe(one.id, seat(one), tools=[tool.name for tool in one.tools]) for one in team.members]


async def _choose(sophia: Served, question: Question, seats: Sequence[Offer]) -> str:
    async def unseen(_: str) -> None:
        return

    asking = Asking("benchmark", None, unseen)
    _, read = await sophia.sophia.calls.explain(
        sophia.sophia.control.current.own[TEAM], {"request": question.text}, asking, sophia.sophia.control.current
    )
    return choose_member(Asked(question.text, read["arguments"], read["intent"]), seats).name


def _share(pairs: Sequence[tuple[Question, str]]) -> float:
    return sum(question.member == member for question, member in pairs) / len(pairs)
