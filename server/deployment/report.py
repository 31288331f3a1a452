"""The report of a deployment: everything that was measured and done, for people and for programs."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from server.deployment.progress import Figure, PhaseRecord, Progress, written
from server.instants import iso

__all__ = ["data", "ended", "keep", "markdown"]


def keep(progress: Progress, place: Path) -> tuple[Path, Path]:
    """Write both reports beside each other: `place` with .md and with .json. Raises OSError."""
    found = place.with_name(f"{place.name}.md"), place.with_name(f"{place.name}.json")
    written(found[0], markdown(progress))
    written(found[1], json.dumps(data(progress), ensure_ascii=False, indent=2) + "\n")
    return found


def data(progress: Progress) -> Mapping[str, Any]:
    """The report as JSON values; times as ISO 8601."""
    return {
        "plan": progress.plan,
        "state": progress.state,
        "why": progress.why,
        "tools": sorted(progress.salts),
        "sittings": [iso(at) for at in progress.sittings],
        "phases": [_phase_data(number, one) for number, one in enumerate(progress.phases, start=1)],
    }


def markdown(progress: Progress) -> str:
    """The report to read."""
    return "\n".join(_lines(progress)) + "\n"


def ended(progress: Progress) -> str:
    """How it ended, in one line."""
    where, why = f"in phase {progress.current + 1} ({progress.at.name})", progress.why.rstrip(".")
    match progress.state:
        case "complete":
            return f"Complete: {_names(progress)} served by the agent at 100 %, verified."
        case "failed":
            return f"Failed {where}: {why}."
        case "held":
            return f"Held {where}: {why}."
        case "rolled back":
            return f"Rolled back {where}: {why}."
        case "under way":
            return f"Not at its end: it stands {where}{f': {why}' if why else ''}."


def _lines(progress: Progress) -> Iterator[str]:
    yield f"# Deployment of {_names(progress)}"
    yield ""
    yield ended(progress)
    yield ""
    yield f"Plan `{Path(progress.plan).name}`; worked on {', '.join(map(iso, progress.sittings)) or 'never'}."
    for number, one in enumerate(progress.phases, start=1):
        yield ""
        yield f"## {number}. {one.name.capitalize()}: {one.state}"
        yield ""
        if one.began is not None:
            took = "" if one.ended is None else f", took {one.ended - one.began:,.1f} s"
            yield f"Began {iso(one.began)}{took}."
        if lines := _own_lines(one):
            yield ""
            yield from (f"- {line.strip()}" for line in lines)
        if one.figures:
            yield ""
            yield "| tool | figure | measured | samples | target | | from |"
            yield "|---|---|---:|---:|---:|---|---|"
            yield from map(_row, one.figures)


def _own_lines(one: PhaseRecord) -> list[str]:
    """Without those that the table below says again."""
    said = {f"{figure.tool}: {figure.said}" for figure in one.figures}
    return [line for line in one.lines if line not in said]


def _row(one: Figure) -> str:
    value = "not measured" if one.value is None else f"{one.value:,.4g} {one.unit}"
    target = "" if one.target is None else f"{one.target:g} {one.unit}"
    met = {True: "met", False: "**missed**", None: ""}[one.met]
    return f"| {one.tool} | {one.name} | {value} | {one.samples:,} | {target} | {met} | {one.how} |"


def _phase_data(number: int, one: PhaseRecord) -> Mapping[str, Any]:
    figures = [{**figure.model_dump(), "met": figure.met} for figure in one.figures]
    times = {name: None if at is None else iso(at) for name, at in (("began", one.began), ("ended", one.ended))}
    return {"phase": number, **one.model_dump(), **times, "figures": figures}


def _names(progress: Progress) -> str:
    return ", ".join(sorted(progress.salts))
