"""`python -m workspace.hubspot`: serve the CRM over stdio."""

import argparse

from workspace.hubspot.records import Records
from workspace.hubspot.server import build_server
from workspace.stdio import serve


def main() -> None:
    argparse.ArgumentParser(
        prog="python -m workspace.hubspot",
        description="Serve the bundled CRM set in HubSpot's shapes over MCP (stdio).",
    ).parse_args()
    serve(build_server(Records()))


if __name__ == "__main__":
    main()
