"""`python -m workspace.slack [--data DIR]`: serve channels over stdio."""

from workspace.slack.server import board_in, build_server
from workspace.stdio import serve
from workspace.written import data_dir_argument


def main() -> None:
    folder = data_dir_argument("workspace.slack", "Serve a sales team's channels over MCP (stdio).")
    serve(build_server(board_in(folder)))


if __name__ == "__main__":
    main()
