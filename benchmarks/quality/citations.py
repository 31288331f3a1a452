"""Does every citation say what stands there: quotes at their time in the transcript, queries with their rows.

Sophia is asked as a client asks it. Each citation is then looked up without it: a quote in the transcript that another
connection to the call server gives, at exactly that start and end and said by that person; a query by running it again
on the warehouse and counting its rows; a message by its words in its channel. A finding must point at citations of its
own answer. With `--data FOLDER` of Gong-shaped JSON the questions are about each of its calls.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
from mcp import Client

from benchmarks.quality.asked import Asked, about_calls, manager_questions, routing_questions
from benchmarks.quality.row import Quality, Row, exactly
from benchmarks.quality.serving import AskedInVain, directly, import_calls, served, structured

__all__ = ["measure"]

ROWS_MAX = 10_000
Sentence = tuple[str, int, int, str]
"""Speaker, start and end in milliseconds, and the words."""


@dataclass(slots=True)
class Tally:
    """How many of one kind were looked up, and what did not stand where it was said to stand."""

    checked: int = 0
    wrong: list[str] = field(default_factory=list[str])

    @property
    def percent(self) -> float:
        """The share that resolves; nothing checked is nothing proved."""
        return 100 * (1 - len(self.wrong) / self.checked) if self.checked else 0.0


def measure(data: Path | None) -> Quality:
    """Ask, and look everything up. Raises NoData where a folder holds no call."""
    return anyio.run(_measure, data)


async def _measure(data: Path | None) -> Quality:
    with TemporaryDirectory() as folder:
        calls = Path(folder) if data else None
        ids = import_calls(data, Path(folder)) if data else []
        questions = about_calls(ids) if data else [*manager_questions(), *routing_questions()]
        answers, refused = await _answers(questions, calls)
        return await _checked(answers, refused, data, calls, len(ids))


async def _answers(questions: Sequence[Asked], calls: Path | None) -> tuple[list[dict[str, Any]], list[str]]:
    """The answers, and what was said where a question ended in an error, with nothing cited."""
    answers: list[dict[str, Any]] = []
    refused: list[str] = []
    async with served(calls) as sophia:
        for asked in questions:
            try:
                answers.append(await structured(sophia.client, asked.tool, asked.arguments))
            except AskedInVain as error:
                refused.append(f"{asked.arguments.get('request')} -> {error}")
    return answers, refused


async def _checked(
    answers: Sequence[Mapping[str, Any]], refused: Sequence[str], data: Path | None, calls: Path | None, imported: int
) -> Quality:
    quotes, queries, messages, findings = Tally(), Tally(), Tally(), Tally()
    async with (
        directly("workspace.gong", calls) as gong,
        directly("workspace.snowflake", None) as warehouse,
    ):
        transcripts = _Transcripts(gong)
        rows = _Rows(warehouse)
        for answer in answers:
            cited = {citation["id"] for citation in answer["citations"]}
            for finding in answer["findings"]:
                _count(
                    findings, set(finding["citations"]) <= cited and bool(finding["citations"]), finding["statement"]
                )
            for citation in answer["citations"]:
                match citation["kind"]:
                    case "call":
                        _count(quotes, await transcripts.hold(citation), citation["id"])
                    case "query":
                        _count(queries, await rows.are(citation), citation["sql"])
                    case _:
                        messages.checked += 1
    where = (
        f"{imported} calls imported from {data.name}"
        if data
        else "the bundled workspace (synthetic calls, Maven CRM set)"
    )
    figures = [
        Row("quotes that stand there, word for word, at that time", quotes.percent, quotes.checked, "call citations", exactly(100), unit="%"),
        Row("findings whose citations are in the answer", findings.percent, findings.checked, "findings", exactly(100), unit="%"),
    ]  # fmt: skip
    if queries.checked:
        figures.append(
            Row("queries that give the same number of rows again", queries.percent, queries.checked, "query citations", exactly(100), unit="%")
        )  # fmt: skip
    notes = [f"{len(answers)} questions answered by agents and teams, {len(refused)} ended in an error."]
    notes += [f"error: {one[:200]}" for one in refused[:5]]
    notes += [f"{messages.checked} message citations were not looked up."] if messages.checked else []
    notes += [f"wrong: {wrong}" for tally in (quotes, findings, queries) for wrong in tally.wrong[:5]]
    return Quality(
        "Citations, looked up without Sophia", f"{where}; no split, nothing is tuned", tuple(figures), tuple(notes)
    )


def _count(tally: Tally, good: bool, what: str) -> None:
    tally.checked += 1
    if not good:
        tally.wrong.append(what[:200])


class _Transcripts:
    """Sentences by call, fetched once each."""

    def __init__(self, gong: Client) -> None:
        self._gong = gong
        self._calls: dict[str, set[Sentence]] = {}

    async def hold(self, citation: Mapping[str, Any]) -> bool:
        """Whether a sentence of the call has this time and speaker and these words in it."""
        call_id = citation["call_id"]
        if call_id not in self._calls:
            self._calls[call_id] = await _sentences(self._gong, call_id)
        return any(
            (start, end) == (citation["start_ms"], citation["end_ms"])
            and citation["quote"]
            and citation["quote"] in text
            and citation["speaker"].startswith(speaker)
            for speaker, start, end, text in self._calls[call_id]
        )


async def _sentences(gong: Client, call_id: str) -> set[Sentence]:
    (call,) = (await structured(gong, "get_call_details", {"callId": call_id}))["calls"]
    names = {party.get("speakerId"): party.get("name") or "" for party in call["parties"]}
    found = (await structured(gong, "retrieve_transcripts", {"callIds": [call_id]}))["callTranscripts"]
    return {
        (names.get(monologue["speakerId"], "unknown speaker"), *sorted((said["start"], said["end"])), said["text"])
        for transcript in found
        for monologue in transcript["transcript"]
        for said in monologue["sentences"]
    }  # type: ignore[return-value]


class _Rows:
    """Numbers of rows by query, asked for once each."""

    def __init__(self, warehouse: Client) -> None:
        self._warehouse = warehouse
        self._counts: dict[str, int] = {}

    async def are(self, citation: Mapping[str, Any]) -> bool:
        """Whether the query gives as many rows as the citation says."""
        sql = citation["sql"]
        if sql not in self._counts:
            found = await structured(self._warehouse, "execute_query", {"query": sql, "limit": ROWS_MAX})
            self._counts[sql] = len(found["rows"])
        return self._counts[sql] == citation["rows"]
