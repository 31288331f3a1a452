"""How a deployment is watched: all phases and what is waited for, kept up to date on a terminal; elsewhere plain lines.

On standard error, so that standard output has the end alone.
"""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from server.commands.session import console
from server.deployment.progress import PhaseRecord, Progress
from server.deployment.work import Watch

__all__ = ["Lines", "watching"]

STATUS_EVERY_S = 60.0
SIGNS = {"waiting": " ", "passed": "✓", "failed": "✗", "held": "‖"}
STYLES = {"waiting": "dim", "passed": "green", "failed": "bold red", "held": "yellow"}


@contextmanager
def watching(progress: Progress) -> Generator[Watch]:
    """Show a deployment for the length of the block."""
    if not console.is_terminal:
        yield Lines(progress, console)
        return
    shown = _Screen(progress)
    with Live(shown, console=console, refresh_per_second=4):
        yield shown


class Lines:
    """A line for everything that is found; what is waited for at most once a minute."""

    def __init__(self, progress: Progress, out: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._total = len(progress.phases)
        self._out = out
        self._clock = clock
        self._last: tuple[str, float] | None = None

    def phase(self, number: int, record: PhaseRecord) -> None:
        """Say that it began, or how it ended."""
        self._last = None
        ended = "" if record.state == "under way" else f": {record.state}"
        self._print(f"[{number + 1}/{self._total}] {record.name}{ended}")

    def line(self, text: str) -> None:
        """Say it."""
        self._print(f"      {text}")

    def status(self, text: str) -> None:
        """Say it where it is new, and the last one is a minute old."""
        now = self._clock()
        if self._last is None or (self._last[0] != text and now - self._last[1] >= STATUS_EVERY_S):
            self._last = text, now
            self._print(f"      … {text}")

    def _print(self, text: str) -> None:
        self._out.print(Text(text), soft_wrap=True)


class _Screen:
    """Lines that scroll, and under them the phases."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._status = ""
        self._spinner = Spinner("dots")

    def __rich__(self) -> RenderableType:
        """What is kept up to date."""
        table = Table.grid(padding=(0, 1))
        for number, one in enumerate(self._progress.phases, start=1):
            if one.state == "under way":
                table.add_row(self._spinner, Text(f"{number} {one.name}", style="bold"), _took(one))
            else:
                style = STYLES[one.state]
                table.add_row(Text(SIGNS[one.state], style), Text(f"{number} {one.name}", style), _took(one))
        return Group(Text(), table, Text(self._status, style="dim"))

    def phase(self, number: int, record: PhaseRecord) -> None:
        """A phase begins or ends: what was waited for is over."""
        self._status = ""
        if record.state == "under way":
            console.print(f"[bold]{number + 1} {escape(record.name)}[/bold]")

    def line(self, text: str) -> None:
        """Say it, above the phases."""
        console.print(Text(f"  {text}"), soft_wrap=True)

    def status(self, text: str) -> None:
        """Show what is done or waited for."""
        self._status = text


def _took(one: PhaseRecord) -> Text:
    if one.began is None:
        return Text("")
    seconds = (one.ended or time.time()) - one.began
    return Text(f"{seconds:,.1f} s" if seconds < 90 else f"{seconds / 60:,.0f} min", style="dim")
