"""`sophia policy`: what operators set while Sophia serves, and the history of every change."""

import os
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from server.commands.model_checks import model_warnings
from server.commands.operating import (
    Desk,
    Undone,
    at_desk,
    differences,
    moment,
    operator,
    report,
    version_data,
)
from server.commands.output import fail, printed
from server.config import Files, Proposal, is_here, load_again, other_directory, propose, waits_for_restart
from server.config.noted import NotedFiles
from server.config.rendering import spelled
from server.config.switches import is_switch
from server.generation import rollouts_of
from server.operations import rollout_said
from server.rollout_steps import check_movable
from server.standing import rollout_data
from server.state.policies import Version
from server.wellformed import printable

__all__ = ["history", "reload", "set_key", "show"]


def show(config_dir: Path | None, state_dir: Path, *, as_json: bool) -> int:
    """Print what is in force beyond the configuration's files."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            newest = desk.newest
    except Undone as error:
        return fail(str(error))
    if as_json:
        rollouts = {tool: rollout_data(one) for tool, one in rollouts_of(newest).items()}
        printed({"version": newest.number, "settings": newest.settings, "rollouts": rollouts})
        return 0
    out = Console(highlight=False, soft_wrap=True)
    if not newest.settings and not newest.rollouts:
        out.print("Nothing is set: the configuration's files hold alone.")
        return 0
    out.print(Text(f"Version {newest.number} of {moment(newest.at)}, by {newest.who}"))
    for key, value in sorted(newest.settings.items()):
        out.print(Text(f"  set      {key}: {spelled(value)}"))
    for tool, rollout in sorted(rollouts_of(newest).items()):
        out.print(Text(f"  rollout  {tool}: {rollout_said(rollout)}"))
    return 0


def history(config_dir: Path | None, state_dir: Path, tool: str | None, limit: int, *, as_json: bool) -> int:
    """Print the newest changes: who, when, why, what differed."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            versions = desk.store.policies.history(limit, tool)
            if tool is not None and not versions:
                check_movable(tool, desk.now)
    except Undone as error:
        return fail(str(error))
    if as_json:
        printed([version_data(version, tool) for version in versions])
        return 0
    out = Console(highlight=False, soft_wrap=True)
    if not versions:
        out.print(
            Text(f"Nothing was ever changed about a rollout of `{tool}`." if tool else "Nothing was changed yet.")
        )
    for version in versions:
        out.print(Text(f"{version.number:>5}  {moment(version.at)}  {version.what:<8}  by {printable(version.who)}"))
        for line in (*differences(version, tool), *([f"why: {version.why}"] if version.why else [])):
            out.print(Text(f"       {printable(line)}"))
    return 0


def set_key(config_dir: Path | None, state_dir: Path, key: str, value: str | None, why: str, *, as_json: bool) -> int:
    """Set one key of `agno_integration` for every process, from its next call on; without a value take it back."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            proposal = _proposed(desk, key, value)
            version = desk.operations.set(proposal.settings, operator(why, desk.newest))
            before = None if proposal.configuration is None else desk.now.configuration
    except Undone as error:
        return fail(str(error))
    if before is None or proposal.configuration is None:
        return report(version, desk.newest.number, as_json=as_json)
    after = proposal.configuration
    waits = waits_for_restart(before.values, after.values)
    known = model_warnings(before, os.environ)
    warnings = [*proposal.warnings, *(one for one in model_warnings(after, os.environ) if one not in known)]
    return report(version, desk.newest.number, as_json=as_json, warnings=warnings, waits=waits)


def _proposed(desk: Desk, key: str, value: str | None) -> Proposal:
    """The settings as they would be then; without a configuration where the files have none. Raises Undone."""
    settings = desk.newest.settings
    proposal = propose(desk.files, settings, key, value)
    if proposal.configuration is not None:
        return proposal
    if is_switch(key.removeprefix("agno_integration.")):
        # Files that cannot be loaded must not keep anybody from switching an agent off.
        switches = {name: kept for name, kept in settings.items() if is_switch(name)}
        alone = propose(Files(None, {}), switches, key, value)
        if alone.configuration is not None:
            rest = {name: kept for name, kept in settings.items() if not is_switch(name)}
            return replace(alone, settings=rest | dict(alone.settings), configuration=None)
    raise Undone("Nothing was changed.\n" + "\n".join(map(str, proposal.problems)))


def reload(config_dir: Path | None, state_dir: Path, why: str, *, as_json: bool) -> int:
    """Have every process read its files again, after looking whether they can be read."""
    try:
        with at_desk(config_dir, state_dir) as desk:
            _check_same_files(desk.newest, Files(config_dir, os.environ))
            configuration, after = load_again(desk.files, {}, None), desk.now.configuration
            version = desk.operations.reload(configuration, operator(why, desk.newest))
    except Undone as error:
        return fail(str(error))
    waits = waits_for_restart(desk.newest.config.get("values", {}), version.config["values"])
    warnings = [*after.warnings, *model_warnings(after, os.environ)]
    return report(version, desk.newest.number, as_json=as_json, warnings=warnings, waits=waits)


def _check_same_files(newest: Version, own: Files) -> None:
    """Refuse to note files that no process which serves reads: each reads again what it was started with."""
    noted: NotedFiles | None = newest.config.get("files")
    other = other_directory(noted, own) if noted and is_here(noted) else None
    if noted is None or other is None:
        return
    kept = noted["config_dir"]
    again = f"--config {kept}" if kept else "no --config (and no SOPHIA_CONFIG_DIR)"
    raise Undone(
        f"Nothing was changed: what serves here was started with {again}, and reads that again. Run reload with "
        f"{again}; to have {other} served, end it and start it with --config {other}."
    )
