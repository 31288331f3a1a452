"""`python -m workspace.snowflake`: serve the warehouse over stdio."""

import argparse
from typing import TYPE_CHECKING

from workspace.snowflake.server import build_server
from workspace.snowflake.tools import warehouse_tools
from workspace.stdio import serve

if TYPE_CHECKING:
    from workspace.snowflake.warehouse import Warehouse


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m workspace.snowflake",
        description="Serve the bundled CRM set as a SQL warehouse over MCP (stdio).",
    ).parse_args()
    serve(build_server(warehouse_tools(_open)))


def _open() -> "Warehouse":
    from workspace.snowflake.warehouse import Warehouse  # the engine takes longer to import than the SDK

    return Warehouse()


if __name__ == "__main__":
    main()
