"""`python -m workspace.gong [--data DIR]`: serve calls over stdio."""

import argparse
import os
import sys
from pathlib import Path

from workspace.gong.library import Library, bundled, imported
from workspace.gong.server import build_server
from workspace.stdio import serve
from workspace.toolset import ToolError


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m workspace.gong", description="Serve sales calls over MCP (stdio)."
    )
    parser.add_argument(
        "--data",
        metavar="DIR",
        default=os.environ.get("SOPHIA_GONG_DATA") or None,
        help="a directory of imported calls instead of the bundled synthetic ones (or SOPHIA_GONG_DATA)",
    )
    folder: str | None = parser.parse_args().data
    serve(build_server(_library(folder)))


def _library(folder: str | None) -> Library:
    if folder is None:
        return bundled()
    try:
        return imported(Path(folder))
    except ToolError as error:
        sys.exit(f"workspace.gong: {error}")


if __name__ == "__main__":
    main()
