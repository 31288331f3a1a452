"""The report as one page of HTML: it opens from a file, needs no network, and is read on a phone as well as on paper."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import resources

from server.report.elements import Element, html_document, made
from server.report.gathered import Asked, ToolReport
from server.report.metrics import Metric
from server.report.plots import failures, latencies, ratings, traffic_over_time
from server.report.words import METHOD, TITLES, notes, rows

__all__ = ["page"]

TITLE = "Agents beside the servers they stand in for"


def page(asked: Asked, found: Sequence[ToolReport]) -> str:
    """The page."""
    since, until = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" for at in (asked.since, asked.until))
    head = made(
        "header",
        None,
        made("h1", None, TITLE),
        made("p", {"class": "soft"}, f"Sophia, {since} to {until} UTC"),
        made(
            "p",
            None,
            made("span", {"class": "key agno"}),
            "agno: the agent. ",
            made("span", {"class": "key downstream"}),
            "downstream: the server that was there before.",
        ),
    )
    body = [made("section", None, *_tool(number, one)) for number, one in enumerate(found)]
    if found:
        main = made("main", None, _overview(asked, found), *body)
    else:
        main = made("main", None, made("p", None, "No call was drawn between two routes in this time."))
    foot = made("footer", None, made("h2", None, "How to read this"), made("p", {"class": "soft"}, METHOD))
    style = resources.files("server.report").joinpath("page.css").read_text(encoding="utf-8")
    return html_document(TITLE, style, head, main, foot)


def _overview(asked: Asked, found: Sequence[ToolReport]) -> Element:
    """Each tool with what follows for each metric."""
    columns = ["tool", "calls on agno", "calls on downstream", *(TITLES[name] for name in asked.metrics)]
    lines = [
        [
            made("a", {"href": f"#tool-{number}"}, one.tool),
            f"{one.comparison.agno.calls:,}",
            f"{one.comparison.downstream.calls:,}",
            *(_verdict(metric) for metric in one.metrics),
        ]
        for number, one in enumerate(found)
    ]
    return _table("All tools", columns, lines)


def _tool(number: int, one: ToolReport) -> Iterator[Element]:
    name = f"tool-{number}"
    yield made("h2", {"id": name}, one.tool)
    told = [[TITLES[metric.name], _verdict(metric), _sentence(metric.said)] for metric in one.metrics]
    yield _table("How the agent does", ["", "verdict", "because"], told)
    pictures: list[Element] = []
    if one.spread is not None:
        pictures.append(latencies(name, one.spread, one.comparison))
    if one.drawn.calls:
        pictures += [
            failures(name, one.comparison),
            ratings(name, one.comparison),
            traffic_over_time(name, one.traffic),
        ]
    yield made("div", {"class": "plots"}, *pictures)
    yield _table("Figures", ["", "agno", "downstream"], [[row.label, row.agno, row.downstream] for row in rows(one)])
    if one.stages:
        stages = [
            [
                "not kept" if stage.percent is None else f"{stage.percent} %",
                f"{stage.agno:,}",
                f"{stage.downstream:,}",
            ]
            for stage in one.stages
        ]
        yield _table("Calls by stage", ["share of the agent", "agno", "downstream"], stages)
    yield made("ul", None, *(made("li", None, note) for note in notes(one)))


def _table(caption: str, columns: Sequence[str], lines: Sequence[Sequence[str | Element]]) -> Element:
    head = made("tr", None, *(made("th", {"scope": "col"}, column) for column in columns))
    body = [
        made(
            "tr",
            None,
            made("th", {"scope": "row"}, line[0]),
            *(made("td", None, cell) for cell in line[1:]),
        )
        for line in lines
    ]
    table = made("table", None, made("caption", None, caption), made("thead", None, head), made("tbody", None, *body))
    return made("div", {"class": "wide"}, table)


def _verdict(metric: Metric) -> Element:
    return made("span", {"class": metric.verdict} if metric.verdict in {"better", "worse"} else None, metric.verdict)


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."
