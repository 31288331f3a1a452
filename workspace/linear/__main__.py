"""`python -m workspace.linear [--data DIR]`: serve issues over stdio."""

from workspace.linear.server import build_server, issues_in
from workspace.stdio import serve
from workspace.written import data_dir_argument


def main() -> None:
    folder = data_dir_argument("workspace.linear", "Serve a sales team's issues over MCP (stdio).")
    serve(build_server(issues_in(folder)))


if __name__ == "__main__":
    main()
