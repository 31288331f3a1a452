"""KPIs of the Maven CRM set, asked in words, through three warehouse servers that stand behind the same Sophia.

Every answer is held against figures counted from the CSV files without SQL, and for the bundled files against the
published ones too. The servers are real ones, spoken to over MCP; the questions go the whole way of a client's call.
`--data FOLDER`: accounts.csv, products.csv, sales_pipeline.csv and sales_teams.csv of the same shape.
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio
from mcp import Client

from benchmarks.quality.maven import BUNDLED, FILES, PUBLISHED, deals_of, golden
from benchmarks.quality.row import NoData, Quality, Row, exactly
from benchmarks.quality.warehouses import HOW_TO_INSTALL, OURS, entries
from server.commands.session import session
from server.config import load

__all__ = ["QUESTIONS", "Question", "measure", "said"]

Json = dict[str, Any]
RELATIVE_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Question:
    """A question for an agent, and under which names the figures of its answer are known.

    `figures`: name -> where it stands in a metric's figures; `group`: by which the groups' values are known.
    """

    agent: str
    request: str
    figures: Mapping[str, str]
    group: str = ""


QUESTIONS = (
    Question("snowflake_analyst", "How many deals did we win?", {"deals won": "value"}),
    Question("snowflake_analyst", "How many deals did we lose?", {"deals lost": "value"}),
    Question("snowflake_analyst", "What is our win rate?", {"win rate": "value"}),
    Question("snowflake_analyst", "What is our total revenue?", {"revenue": "value"}),
    Question("snowflake_analyst", "What is our ACV?", {"average deal value": "value"}),
    Question(
        "snowflake_analyst",
        "How long is our sales cycle?",
        {"won cycle, mean": "value", "won cycle, median": "median"},
    ),
    Question(
        "snowflake_analyst",
        "How many deals are open?",
        {"engaging": "engaging", "prospecting": "prospecting"},
    ),
    Question("snowflake_analyst", "Revenue by product", {}, "revenue | product"),
    Question("snowflake_analyst", "Revenue by region", {}, "revenue | region"),
    Question("snowflake_analyst", "Revenue by quarter", {}, "revenue | quarter"),
    Question("snowflake_analyst", "Win rate by product", {}, "win rate | product"),
    Question("snowflake_analyst", "Win rate by region", {}, "win rate | region"),
    Question("snowflake_analyst", "Win rate by quarter", {}, "win rate | quarter"),
    Question("hubspot_crm", "How good is the data in our CRM?", {}, "data quality"),
)


def measure(data: Path | None) -> Quality:
    """Ask all servers that are installed."""
    folder = data or BUNDLED
    if missing := [name for name in FILES if not (folder / f"{name}.csv").is_file()]:
        raise NoData(f"There is no {missing[0]}.csv in {folder}. Give a folder with {', '.join(FILES)}, each a .csv.")
    deals = deals_of(folder)
    known = golden(deals)
    with tempfile.TemporaryDirectory(prefix="sophia-kpis-") as scratch:
        servers = entries(folder, Path(scratch))
        answers = {
            name: anyio.run(_asked, entry, Path(scratch) / f"state-{place}")
            for place, (name, entry) in enumerate(servers.items())
            if entry is not None
        }
    notes = [f"{name}: not measured; {HOW_TO_INSTALL}" for name, entry in servers.items() if entry is None]
    rows: list[Row] = []
    for name, (figures, texts) in answers.items():
        wrong = [what for what, value in known.items() if not same(figures.get(what), value)]
        rows.append(Row(f"figures as counted from the files, {name}", 1 - len(wrong) / len(known), len(known),
                        "figures", exactly(1)))  # fmt: skip
        notes += [f"{name}: {what} is {figures.get(what)}, not {known[what]}" for what in wrong[:5]]
        if name != OURS:
            alike = sum(text == ours for text, ours in zip(texts, answers[OURS][1], strict=True))
            rows.append(Row(f"answers word for word as through {OURS}, {name}", alike / len(texts), len(texts),
                            "answers", exactly(1)))  # fmt: skip
    if data is None:
        right = sum(round(known[what], digits(value)) == value for what, value in PUBLISHED.items())
        rows.insert(0, Row("published figures, as counted from the files", right / len(PUBLISHED), len(PUBLISHED),
                           "figures", exactly(1)))  # fmt: skip
    return Quality(
        about="KPIs of a CRM set, asked in words through three warehouse servers over MCP",
        data=f"{'Maven CRM Sales Opportunities, bundled' if data is None else folder}, {len(deals):,} deals",
        rows=tuple(rows),
        notes=tuple(notes),
    )


async def _asked(entry: Mapping[str, Any], state: Path) -> tuple[dict[str, float], list[str]]:
    """The figures by name, and what each answer says without its queries."""
    config = state / "config"
    config.mkdir(parents=True)
    (config / "downstream.yaml").write_text(json.dumps({"mcpServers": {"warehouse": entry}}), encoding="utf-8")
    figures: dict[str, float] = {}
    texts: list[str] = []
    async with session(load(config, {}), state) as (_, client):
        for question in QUESTIONS:
            result = await _call(client, question)
            figures |= figures_of(question, result)
            texts.append(said(result))
    return figures, texts


async def _call(client: Client, question: Question) -> Json:
    result = await client.call_tool(question.agent, {"request": question.request})
    if result.is_error:
        text = " ".join(getattr(block, "text", "") for block in result.content)
        raise RuntimeError(f"{question.agent}, “{question.request}”: {text}")
    return cast("Json", result.structured_content or {})


def said(result: Json) -> str:
    """What an answer says, its notes included; the queries under it differ from engine to engine."""
    answer: str = result["answer"]
    return json.dumps([answer, result["notes"], [it["statement"] for it in result["findings"]]])


def figures_of(question: Question, result: Json) -> dict[str, float]:
    """The unrounded figures of an answer under their names."""
    data = cast("Json", result["data"])
    if question.group == "data quality":
        (checked,) = data["data_quality"]
        return quality_figures(checked)
    (metric,) = data["metric"]
    whole = metric["figures"]
    found = {name: whole["extra"][at] if at in whole["extra"] else whole[at] for name, at in question.figures.items()}
    if question.group:
        found |= {f"{question.group} | {group['key'] or ''}": group["value"] for group in metric["groups"]}
    return found


def quality_figures(checked: Json) -> dict[str, float]:
    found: dict[str, float] = {f"product spelt {name}": deals for name, deals in checked["respelled"].items()}
    found["deals without an account"] = next((it["deals"] for it in checked["issues"] if it["id"] == "no_account"), 0)
    return found


def same(found: float | None, counted: float) -> bool:
    """Equal but for the order in which floats were added up."""
    return found is not None and abs(found - counted) <= RELATIVE_TOLERANCE * max(1.0, abs(counted))


def digits(value: float) -> int:
    return len(str(value).partition(".")[2]) if value != int(value) else 0
