"""`sophia library`: read the calls of a server for the first time, see how far that is, delete what is kept."""

import signal
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
from anyio import to_thread
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents.sources import SourceError
from server.commands.output import fail, printed
from server.commands.session import configured, console, session
from server.config import Configuration
from server.library.calls import CallLibrary
from server.library.file import library_files
from server.library.looking import pause_s, read_batch, to_read
from server.library.notes import freshness_of, notes_of
from server.library.shelf import Shelf, Stock
from server.state.database import StoreError

__all__ = ["forget", "status", "sync"]

LEASE_S = 120.0
FOREGROUND = 1
TRIES = 5
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class State:
    """A library as it stands."""

    server: str
    freshness: str
    stock: Stock
    megabytes: float
    notes: list[str]


def sync(config_dir: Path | None, state_dir: Path, server: str | None, *, as_json: bool) -> int:
    """Read everything that is not kept yet, showing how far it is."""
    configuration = configured(config_dir)
    if configuration is None:
        return 1
    state = anyio.run(_until_interrupted, configuration, state_dir, server)
    if state is None:
        console.print("Interrupted. What was read is kept; `sophia library sync` goes on from there.")
        return INTERRUPTED
    if isinstance(state, str):
        return fail(state)
    _show(state, as_json=as_json)
    return 0


def status(config_dir: Path | None, state_dir: Path, server: str | None, *, as_json: bool) -> int:
    """Say how far the library is."""
    configuration = configured(config_dir)
    if configuration is None:
        return 1
    try:
        state = anyio.run(_stated, configuration, state_dir, server)
    except StoreError as error:
        return fail(str(error))
    if isinstance(state, str):
        return fail(state)
    _show(state, as_json=as_json)
    return 0


def forget(state_dir: Path, server: str) -> int:
    """Delete what is kept of a server, under all its accounts."""
    files = library_files(state_dir, server)
    if not files:
        return fail(f"Nothing is kept of a server `{server}`.")
    try:
        for file in files:
            file.unlink(missing_ok=True)
    except OSError as error:
        return fail(f"The library of `{server}` cannot be deleted ({type(error).__name__}): end what uses it first.")
    console.print(f"The calls of `{server}` are deleted here; they are read again when they are next needed.")
    return 0


async def state_of(library: CallLibrary) -> State:
    """A library as it stands. Raises SourceError."""
    shelf = await library.shelf()

    def read() -> State:
        return State(
            library.server, freshness_of(shelf), shelf.stock(), shelf.size() / 1e6, notes_of(shelf, library.limits)
        )

    return await to_thread.run_sync(read)


async def _stated(configuration: Configuration, state_dir: Path, server: str | None) -> State | str:
    async with session(configuration, state_dir) as (sophia, _):
        library = _of(sophia.bound.library, server)
        try:
            return library if isinstance(library, str) else await state_of(library)
        except SourceError as error:
            return error.message


async def _until_interrupted(configuration: Configuration, state_dir: Path, server: str | None) -> State | str | None:
    """What came of it, None when the user ended it.

    The signal cancels a scope: asyncio's own way throws into the task once, and a stream that just received something
    keeps that and forgets the interrupt.
    """
    state: State | str | None = None
    async with anyio.create_task_group() as tasks:

        async def until_signal() -> None:
            with anyio.open_signal_receiver(signal.SIGINT) as signals:
                async for _ in signals:
                    tasks.cancel_scope.cancel()
                    return

        tasks.start_soon(until_signal)
        try:
            state = await _synced(configuration, state_dir, server)
        except StoreError as error:
            state = str(error)
        tasks.cancel_scope.cancel()
    return state


async def _synced(configuration: Configuration, state_dir: Path, server: str | None) -> State | str:
    async with session(configuration, state_dir) as (sophia, _):
        library = _of(sophia.bound.library, server)
        if isinstance(library, str):
            return library
        try:
            shelf = await library.shelf()
            return await _read_all(library, shelf) or await state_of(library)
        except SourceError as error:
            return error.message


def _of(library: CallLibrary | None, server: str | None) -> CallLibrary | str:
    if library is None:
        return "No configured server offers recorded calls now; `sophia doctor` says what was looked for."
    if server not in (None, library.server):
        return f"`{server}` is not the server that calls are read from; that is `{library.server}`."
    return library


async def _read_all(library: CallLibrary, shelf: Shelf) -> str | None:
    """Read until nothing is left; what to say where that is not possible."""
    if not await to_thread.run_sync(shelf.lease, "read", _holder(library), LEASE_S, FOREGROUND):
        return "Another `sophia library sync` is reading these calls; wait for it, or end it."
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console) as progress:
            reading = _Reading(library, shelf, progress)
            return await reading.run()
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(shelf.release, "read", _holder(library))


class _Reading:
    """One foreground run, patient with a server that wants to be left alone for a while."""

    def __init__(self, library: CallLibrary, shelf: Shelf, progress: Progress) -> None:
        self._library = library
        self._shelf = shelf
        self._progress = progress
        self._task = progress.add_task("listing calls", total=None)

    async def run(self) -> str | None:
        failures, listed = 0, False
        while True:
            try:
                if not listed:
                    await self._library.look(self._shelf, told=self._told)
                    listed = True
                if not await self._batch():
                    return None
            except SourceError as error:
                failures += 1
                if failures >= TRIES:
                    return f"{error.message} What was read is kept; `sophia library sync` goes on from there."
                wait_s = pause_s(failures, error.message)
                self._progress.console.print(f"{error.message} Trying again in {wait_s:.0f} s.", markup=False)
                await anyio.sleep(wait_s)
            else:
                failures = 0

    def _told(self, calls: int) -> None:
        self._progress.update(self._task, completed=calls)

    async def _batch(self) -> bool:
        library, shelf = self._library, self._shelf
        if not await to_thread.run_sync(shelf.lease, "read", _holder(library), LEASE_S, FOREGROUND):
            raise SourceError("unavailable", "Another `sophia library sync` took over.")
        batch = await to_thread.run_sync(to_read, shelf)
        stock = await to_thread.run_sync(shelf.stock)
        total = stock.calls - stock.private
        self._progress.update(self._task, description="reading calls", total=total, completed=total - stock.waiting)
        if batch:
            await read_batch(shelf, library.feed, batch, library.limits)
        return bool(batch)


def _holder(library: CallLibrary) -> str:
    """Another than the one that reads on in the background of the same process."""
    return f"{library.holder}/command"


def _show(state: State, *, as_json: bool) -> None:
    if as_json:
        printed(asdict(state))
        return
    out = Console(highlight=False, soft_wrap=True)
    stock = state.stock
    out.print(f"{state.server}: {state.freshness}", markup=False)
    out.print(
        f"  {stock.kept:,} with their words, {stock.wordless:,} without any, {stock.private:,} private, "
        f"{state.megabytes:,.1f} MB, newest {stock.newest or 'none'}"
    )
    for note in state.notes:
        out.print(f"  note: {note}", markup=False)
