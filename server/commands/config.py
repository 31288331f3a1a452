"""`sophia config check` and `sophia config show`."""

import json
import os
from dataclasses import replace
from pathlib import Path

from server.commands.model_checks import model_warnings
from server.commands.output import fail
from server.config import Configuration, ConfigurationError, load
from server.config.loading import check as checked
from server.config.rendering import check_data, render_check, render_show, show_data
from server.state.database import StoreError
from server.state.store import open_store, place_of_store

__all__ = ["check", "show"]


def check(config_dir: Path | None, *, as_json: bool) -> int:
    """Print everything that is wrong, and what is worth knowing."""
    found = checked(config_dir, os.environ)
    if found.configuration is not None:
        warnings = (*found.warnings, *model_warnings(found.configuration, os.environ))
        found = replace(found, warnings=warnings)
    print(json.dumps(check_data(found)) if as_json else render_check(found))  # noqa: T201
    return 0 if found.configuration is not None else 1


def show(config_dir: Path | None, state_dir: Path, *, as_json: bool) -> int:
    """Print every value in effect with where it came from, what operators set included."""
    try:
        configuration = _in_effect(config_dir, state_dir)
    except (ConfigurationError, StoreError) as error:
        return fail(str(error))
    print(json.dumps(show_data(configuration)) if as_json else render_show(configuration))  # noqa: T201
    return 0


def _in_effect(config_dir: Path | None, state_dir: Path) -> Configuration:
    place = place_of_store(state_dir, os.environ)
    if isinstance(place, Path) and not (place / "state.db").exists():  # looking makes no state
        return load(config_dir, os.environ)
    with open_store(place) as store:
        newest = store.policies.latest()
    if newest is None:
        return load(config_dir, os.environ)
    return load(config_dir, os.environ, newest.settings, newest.number)
