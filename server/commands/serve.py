"""`sophia serve`."""

import logging
import os
import sys
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import anyio

from server.app import Sophia, running
from server.commands.operating import operator
from server.config import ConfigurationError, load
from server.operations import Operations
from server.state.database import StoreError
from server.state.policies import Conflict
from server.state.store import open_store, place_of_store

__all__ = ["serve"]


def serve(config_dir: Path | None, state_dir: Path, *, address: tuple[str, int] | None, for_operator: bool) -> int:
    """Serve until the client leaves or the process is told to end."""
    try:
        configuration = load(config_dir, os.environ)
        for warning in configuration.warnings:
            logging.getLogger("sophia").warning("%s", warning)
        # Opened once before anything runs: a transport that waits for its client would keep the error to itself.
        # A process that begins at the same time may be the one that notes it.
        with open_store(place_of_store(state_dir, os.environ)) as store, suppress(Conflict):
            Operations(store.policies).begun(configuration, operator("sophia serve began"))

        def start() -> AbstractAsyncContextManager[Sophia]:
            return running(configuration, state_dir, operator=for_operator)

        if address is None:
            from server.transports.stdio import serve_stdio

            anyio.run(serve_stdio, start)
        else:
            from server.transports.http import CannotListen, NotLoopback, serve_http

            try:
                anyio.run(serve_http, start, *address, _announce)
            except (NotLoopback, CannotListen) as error:
                return _failed(str(error))
    except (ConfigurationError, StoreError) as error:
        return _failed(str(error))
    return 0


def _announce(url: str) -> None:
    sys.stderr.write(f"Sophia serves {url}\n")
    sys.stderr.flush()


def _failed(message: str) -> int:
    sys.stderr.write(message.rstrip() + "\n")
    return 1
