"""`sophia import gong PATH --into DIR [--json]`, or `--live --from DATE [--to DATE] --into DIR`.

The report goes to stdout, progress to stderr. Exit code 0: every call that was found is in DIR (skipped
things are in the report); 1: nothing was imported or Gong refused; 130: interrupted, DIR is consistent.
"""

import argparse
import json
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
from rich.console import Console
from rich.progress import Progress

from workspace.gong.pages import read_instant
from workspace.gong_import.live import GongApi, GongError, gong_client
from workspace.gong_import.reading import read_file, source_files
from workspace.gong_import.shelf import Report, Shelf
from workspace.toolset import ToolError

BASE_URL = "https://api.gong.io"


def main(argv: list[str] | None = None) -> int:
    options = _options(argv)
    failure: str | None = None
    try:
        shelf = Shelf(options.into, datetime.now(UTC))
    except OSError as error:
        sys.stderr.write(
            f"{options.into} cannot be used: {error.strerror}. Name a directory that you may write to.\n"
        )
        return 1
    try:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            if options.live:
                anyio.run(_import_live, options, shelf, progress)
            else:
                _import_files(options.path, shelf, progress)
    except KeyboardInterrupt:
        shelf.report.interrupted = True
    except (GongError, ToolError) as error:
        failure = str(error)
    except OSError as error:
        shelf.report.interrupted = True
        failure = (
            f"Stopped: {error.strerror}. Make room or give the right to write to {options.into}, and run it again."
        )
    _show(shelf.close(), options.into, failure, as_json=options.json)
    return _exit_code(shelf.report, failure)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sophia import gong", description="Import sales calls from Gong.")
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="a file or folder of Gong JSON")
    parser.add_argument(
        "--live", action="store_true", help="from Gong's API, with GONG_ACCESS_KEY and GONG_ACCESS_SECRET"
    )
    parser.add_argument("--from", dest="since", metavar="DATE", help="with --live: first day, ISO-8601")
    parser.add_argument("--to", dest="until", metavar="DATE", help="with --live: end, exclusive (default: now)")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="where the calls are kept")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(argv)
    if options.live == (options.path is not None):
        parser.error("give either PATH or --live")
    if options.live and not options.since:
        parser.error("--live needs --from DATE")
    if options.path and not options.path.exists():
        parser.error(f"{options.path} does not exist")
    return options


def _import_files(path: Path, shelf: Shelf, progress: Progress) -> None:
    files = source_files(path)
    for file in progress.track(files, description="importing"):
        name = str(file.relative_to(path)) if file != path else file.name
        shelf.take(read_file(file, name))


async def _import_live(options: argparse.Namespace, shelf: Shelf, progress: Progress) -> None:
    key, secret = os.environ.get("GONG_ACCESS_KEY"), os.environ.get("GONG_ACCESS_SECRET")
    if not key or not secret:
        raise GongError("unauthorized", "Set GONG_ACCESS_KEY and GONG_ACCESS_SECRET (Gong: Admin, API).")
    since = read_instant("--from", options.since)
    until = read_instant("--to", options.until) if options.until else datetime.now(UTC)
    base_url = os.environ.get("GONG_BASE_URL") or BASE_URL
    task = progress.add_task("fetching from Gong", total=None)
    async with gong_client(base_url, key, secret) as client:
        async for page in GongApi(client).pages(since, until):
            shelf.take(page.found)
            progress.update(task, total=page.total, advance=len(page.found))


def _show(report: Report, into: Path, failure: str | None, *, as_json: bool) -> None:
    if as_json:
        summary = report.shaped() | {"into": str(into), "error": failure}
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
        return
    out = Console(highlight=False, soft_wrap=True)
    out.print(
        f"{len(report.new)} new, {len(report.changed)} changed, {len(report.unchanged)} unchanged, "
        f"{len(report.skipped)} skipped, in {into}",
        markup=False,
    )
    for skipped in report.skipped:
        out.print(f"  skipped {skipped.source}: {skipped.reason}", markup=False)
    for note in (note for notes in report.notes.values() for note in notes):
        out.print(f"  note on {note.call_id}: {note.text}", markup=False)
    if report.interrupted:
        out.print("Interrupted. What is listed is complete; run it again for the rest.")
    if failure:
        Console(stderr=True, highlight=False).print(failure, markup=False)
    if _stored(report):
        data = shlex.quote(str(into.absolute()))
        out.print(f'Use it: SOPHIA_GONG_DATA={data} sophia ask gong_intelligence "..."', markup=False)


def _exit_code(report: Report, failure: str | None) -> int:
    if report.interrupted:
        return 130
    return 0 if _stored(report) and failure is None else 1


def _stored(report: Report) -> bool:
    return bool(report.new or report.changed or report.unchanged)


if __name__ == "__main__":
    sys.exit(main())
