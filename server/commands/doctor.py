"""`sophia doctor`: everything that serving needs, checked live, each fault with what to do about it.

`fail` means that Sophia cannot serve until it is mended; `warn` that something is missing and the rest works.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import anyio
from rapidfuzz import process
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agents.catalog import AGENTS
from agents.models.ladder import EMBEDDED
from agents.sources import Level, SourceError
from server.app import Sophia
from server.bridge.mapped_routes import MAPPED_ROUTES
from server.commands.library import state_of
from server.commands.model_checks import model_uses
from server.commands.output import printed
from server.commands.session import session
from server.config import Check, Configuration, Masks, check
from server.downstream.capabilities import CANDIDATES, SPARED_BY, Binding, Capability
from server.downstream.connection import Connection
from server.state.database import StoreError

__all__ = ["doctor"]

LOG_LINES = 3
DOCUMENTS: tuple[Capability, ...] = ("documents.search", "documents.folder", "documents.read")
LEVEL_MEANS: Mapping[Level, str] = {
    "timed": "sentences with their times",
    "untimed": "sentences without times, so shares are of words and nothing is measured in seconds",
    "prose": "a summary only, so nothing is measured or quoted from the call itself",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` says what to do, empty where there is nothing to do."""

    status: Literal["ok", "warn", "fail"]
    what: str
    found: str
    remedy: str = ""


def doctor(config_dir: Path | None, state_dir: Path, *, as_json: bool) -> int:
    """Check everything and print what was found; 0 only if Sophia can serve."""
    checked = check(config_dir, os.environ)
    findings = list(_configuration(checked))
    if checked.configuration is not None:
        findings += _models(checked.configuration)
        try:
            findings += anyio.run(_live, checked.configuration, state_dir)
        except StoreError as error:
            findings.append(Finding("fail", "state store", "cannot be used", str(error)))
    can_serve = not any(finding.status == "fail" for finding in findings)
    if as_json:
        printed({"can_serve": can_serve, "findings": [asdict(finding) for finding in findings]})
    else:
        _show(findings, can_serve=can_serve)
    return 0 if can_serve else 1


def _configuration(checked: Check) -> Iterator[Finding]:
    for problem in checked.problems:
        yield Finding("fail", "configuration", str(problem), "mend it; `sophia config check` says the same")
    for warning in checked.warnings:
        yield Finding("warn", "configuration", str(warning))
    if checked.configuration is not None:
        yield Finding("ok", "configuration", f"{len(checked.configuration.values)} values, none wrong")


def _models(configuration: Configuration) -> Iterator[Finding]:
    for one in model_uses(configuration, os.environ):
        what, used = f"model {one.name}", f"set up for {', '.join(one.by)}"
        if one.name == EMBEDDED:
            yield Finding("ok", what, f"rule-based, needs no key; used by {len(one.by)} agents and leaders")
        elif one.unavailable is not None:
            yield Finding("fail", what, f"used by {', '.join(one.by)}", one.unavailable)
        elif not one.keys:
            yield Finding("ok", what, f"{used}; its key was not checked, its provider was not asked")
        elif one.keyless:
            yield Finding("warn", what, f"{used}; no key is set: {' or '.join(one.keys)}", "set it before serving")
        else:
            yield Finding("ok", what, f"{used}; its provider was not asked")


async def _live(configuration: Configuration, state_dir: Path) -> list[Finding]:
    async with session(configuration, state_dir, connected=True) as (sophia, client):
        findings = [Finding("ok", "state store", sophia.store.where)]
        findings += [_server(connection, state_dir, sophia.masks) for connection in sophia.pool.connections.values()]
        findings += [Finding("warn", "names", remark) for remark in sophia.pool.tables.remarks]
        findings += _bindings(sophia)
        findings += await _library(sophia)
        tools = (await client.list_tools()).tools
        findings.append(Finding("ok" if tools else "fail", "published tools", str(len(tools))))
        return findings


def _server(connection: Connection, state_dir: Path, masks: Masks) -> Finding:
    what = f"server {connection.name}"
    offer = connection.offer
    if connection.state == "ready" and offer is not None:
        has = f"{len(offer.tools)} tools, {len(offer.resources)} resources, {len(offer.prompts)} prompts"
        return Finding("ok", what, f"connected, protocol {offer.protocol_version}, {has}")
    log = state_dir / "logs" / f"{connection.name}.log"
    # What a server wrote and what a fault quotes may hold the secrets that were handed to it; our own words do not.
    said = masks.hide(" ".join(_last_lines(log)))
    remedy = f"it wrote: {said}" if said else "check its command, its address and its variables in downstream.yaml"
    return Finding("warn", what, masks.hide(connection.fault or "did not connect in time"), remedy)


def _last_lines(log: Path) -> list[str]:
    try:
        return [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]]
    except OSError:
        return []


def _bindings(sophia: Sophia) -> Iterator[Finding]:
    for capability, candidates in CANDIDATES.items():
        binding = sophia.bound.bindings.get(capability)
        if binding is not None:
            finding = _bound(capability, binding)
            if capability == "crm.deals" and "warehouse.query" in sophia.bound.bindings:
                finding = replace(
                    finding, found=f"{finding.found}; not read, since warehouse.query answers for deals"
                )
            yield finding
            continue
        if capability in DOCUMENTS:
            continue
        spared = [other for other in SPARED_BY.get(capability, ()) if other in sophia.bound.bindings]
        if spared:
            yield Finding("ok", f"capability {capability}", f"unbound, and not needed beside {spared[0]}")
            continue
        off = [route.tool for route in MAPPED_ROUTES.values() if route.capability == capability]
        means = f"no downstream route for {', '.join(off)}" if off else "agents that need it will say so"
        remedy = f"connect a server with one of {', '.join(candidates)}, or name the tool under `capabilities`"
        yield Finding("warn", f"capability {capability}", f"unbound: {means}", remedy)
    if all(capability not in sophia.bound.bindings for capability in DOCUMENTS):
        tools = ", ".join(name for capability in DOCUMENTS for name in CANDIDATES[capability])
        without = ", ".join(agent.id for agent in AGENTS if "documents" in agent.needs)
        yield Finding(
            "warn",
            "capability documents",
            f"unbound: {without} will say so where a request needs them",
            f"connect a server with one of {tools}",
        )
    yield from _misnamed(sophia)


def _bound(capability: str, binding: Binding) -> Finding:
    what, found = f"capability {capability}", f"{binding.tool.name} of {binding.server}"
    if binding.level is not None:
        found += f"; level {binding.level}: {LEVEL_MEANS[binding.level]}"
    if binding.wanting:
        names = ", ".join(binding.wanting)
        return Finding(
            "warn", what, f"{found}; it requires {names}", f"give {names} under `capabilities.{capability}.given`"
        )
    return Finding("ok", what, found)


def _misnamed(sophia: Sophia) -> Iterator[Finding]:
    """What the operator wrote under `capabilities` and nothing answers to."""
    for server, uses in sophia.bound.uses.items():
        offer = sophia.pool.connections[server].offer
        tools = {tool.name for tool in offer.tools} if offer is not None else None
        for capability, use in (uses or {}).items():
            what = f"capability {capability}"
            if capability not in CANDIDATES:
                near = process.extractOne(capability, list(CANDIDATES))
                hint = f"the nearest is {near[0]}" if near else ""
                yield Finding("warn", what, f"named for {server}, and there is no such capability", hint)
            elif use is not None and use.tool and tools is not None and use.tool not in tools:
                near = process.extractOne(use.tool, list(tools))
                hint = f"the nearest that it offers is {near[0]}" if near else "it offers no tools"
                yield Finding("warn", what, f"{server} does not offer {use.tool}", hint)


async def _library(sophia: Sophia) -> list[Finding]:
    """How far the recorded calls are kept."""
    library = sophia.bound.library
    if library is None:
        return []
    what = f"call library of {library.server}"
    try:
        state = await state_of(library)
    except SourceError as error:
        cause = error.__cause__
        return [Finding("warn", what, error.message, str(cause) if isinstance(cause, StoreError) else "")]
    words = f"{state.freshness}; {state.stock.kept:,} with their words, {state.megabytes:,.1f} MB"
    if state.notes and state.stock.calls:
        return [Finding("warn", what, words, " ".join(state.notes))]
    return [Finding("ok", what, words)]


def _show(findings: list[Finding], *, can_serve: bool) -> None:
    out = Console(highlight=False)
    table = Table(box=None, pad_edge=False, show_header=False)
    colours = {"ok": "green", "warn": "yellow", "fail": "red"}
    for finding in findings:
        # As text: what servers wrote may look like markup.
        text = Text(finding.found).append(f"\n-> {finding.remedy}" if finding.remedy else "", "dim")
        table.add_row(Text(finding.status, colours[finding.status]), Text(finding.what), text)
    out.print(table)
    out.print("Sophia can serve." if can_serve else "Sophia cannot serve until every `fail` is mended.")
