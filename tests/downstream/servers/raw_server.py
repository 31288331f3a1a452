"""An MCP server of the handshake era written by hand, in JSON lines, with the faults that real ones have.

Options: `--noise` prints what is no MCP before the first answer; `--stubborn` ignores the end of its input and SIGTERM.
"""

import json
import os
import signal
import sys
import threading
import time
from typing import Any

TOOLS = ("echo", "pid", "environment", "die", "hang", "cancelled", "steps", "garbage", "unreadable", "chatter")
TOOLS_ONLY: dict[str, Any] = {"tools": {}}
cancelled: list[Any] = []


def say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(said: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}]}


def progress(params: dict[str, Any], step: int) -> None:
    token = params["_meta"]["progressToken"]
    say({"method": "notifications/progress", "params": {"progressToken": token, "progress": step}})


def steps(request_id: Any, params: dict[str, Any]) -> None:
    for step in range(params["arguments"]["count"]):
        time.sleep(params["arguments"]["every_s"])
        progress(params, step + 1)
    say({"id": request_id, "result": text("done")})


def call(request_id: Any, params: dict[str, Any]) -> dict[str, Any] | None:
    result: dict[str, Any] | None = None
    match params["name"]:
        case "echo":
            result = text(params["arguments"]["text"])
        case "pid":
            result = text(str(os.getpid()))
        case "environment":
            result = text(json.dumps(sorted(os.environ)))
        case "die":
            os._exit(3)
        case "hang":
            progress(params, 1)
        case "cancelled":
            result = text(json.dumps(cancelled))
        case "steps":
            threading.Thread(target=steps, args=(request_id, params), daemon=True).start()
        case "garbage":
            result = {"content": "words where blocks should be"}
        case "unreadable":
            say({"id": request_id, "result": "words where an object should be"})
        case _:
            sys.stdout.write("Loading model... \x1b[32mok\x1b[0m\n")
            result = text("said more than it should")
    return result


def answer(request_id: Any, method: str, params: dict[str, Any]) -> None:
    result: dict[str, Any] | None
    if method == "initialize":
        info = {"name": "raw", "version": "1"}
        result = {"protocolVersion": "2025-11-25", "capabilities": TOOLS_ONLY, "serverInfo": info}
    elif method == "tools/list":
        result = {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]}
    elif method == "tools/call":
        if (result := call(request_id, params)) is None:
            return
    else:
        say({"id": request_id, "error": {"code": -32601, "message": "Method not found"}})
        return
    say({"id": request_id, "result": result})


if "--stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "--noise" in sys.argv:
    sys.stdout.write('Starting up.\n{"not": "json-rpc"}\n[1, 2\n\n')
    sys.stdout.flush()
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        answer(message["id"], message["method"], message.get("params") or {})
    elif message["method"] == "notifications/cancelled":
        cancelled.append(message["params"]["requestId"])
while "--stubborn" in sys.argv:
    time.sleep(600)
