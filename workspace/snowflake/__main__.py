"""`python -m workspace.snowflake`: serve the warehouse over stdio."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workspace.crm import BUNDLED_CRM
from workspace.snowflake.schema import RAW_FILES
from workspace.snowflake.server import build_server
from workspace.snowflake.tools import warehouse_tools
from workspace.stdio import serve

if TYPE_CHECKING:
    from workspace.snowflake.warehouse import Warehouse


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m workspace.snowflake",
        description="Serve a CRM set as a SQL warehouse over MCP (stdio).",
    )
    parser.add_argument(
        "--crm", type=Path, default=BUNDLED_CRM, metavar="FOLDER", help=f"with {', '.join(RAW_FILES.values())}"
    )
    folder: Path = parser.parse_args().crm
    if missing := [name for name in RAW_FILES.values() if not (folder / name).is_file()]:
        parser.error(f"there is no {missing[0]} in the folder")
    serve(build_server(warehouse_tools(_opening(folder))))


def _opening(folder: Path) -> "Callable[[], Warehouse]":
    def opened() -> "Warehouse":
        from workspace.snowflake.warehouse import Warehouse  # the engine takes longer to import than the SDK

        return Warehouse(folder)

    return opened


if __name__ == "__main__":
    main()
