"""Answers of public Slack servers, read into the shapes of our own channel server.

Slack's own server answers in text: a search as blocks under `### Result n of m`, a channel as blocks under `=== Message
from … ===`. The slack-mcp-server of korotovsky answers in CSV. What is neither, nor says that there is nothing, is None:
an answer that cannot be read is never taken for no messages.
"""

import csv
import io
import re
from collections.abc import Mapping
from typing import Any, cast

from server.downstream.proxy import Answer

__all__ = ["channels_in", "listed_in", "messages_in", "sent_in", "table_in"]

Json = dict[str, Any]

RESULT = re.compile(r"^### Result \d+ of \d+[ \t]*$", re.MULTILINE)
NUMBERED = re.compile(r"^### Result (\d+) of (\d+)[ \t]*$", re.MULTILINE)
MESSAGE = re.compile(
    r"^=== Message from (?P<author>.+?) at [^\n]*? ===[ \t]*\n(?:Message TS: *(?P<ts>\d+\.\d+)[ \t]*\n?)",
    re.MULTILINE,
)
FIELD = re.compile(r"^(Channel|From|Message_ts|Permalink|Name|Purpose|Topic):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
NAMED = re.compile(r"(?:#)?(?P<name>.*?)\s*(?:<[^>]*>)?\s*\((?:ID: *)?(?P<id>[A-Z][A-Z0-9]{2,})\)\s*\Z")
LINKED = re.compile(r"https?://[^\s)>\"']+")
POSTED = re.compile(r"/p(\d{16})\b")
THREAD = re.compile(r"[?&]thread_ts=(\d+\.\d+)")
PLACE = re.compile(r"/archives/([A-Z][A-Z0-9]{2,})")
CURSOR = re.compile(r"cursor:?\s*`([^`\s]+)`", re.IGNORECASE)
NOTHING = re.compile(
    r"\bno (?:\w+ )?(?:results?|messages?|matches|matching|channels?)\b|\b0 (?:results|messages)\b", re.IGNORECASE
)
EMPTY_CHANNEL = re.compile(r"\A\s*Channel: [^\n]*\s*\Z")
TRAILING = re.compile(r"\n(?:Thread: \d+ repl[^\n]*|Reactions: [^\n]*|Files: [^\n]*)\s*\Z")
SAID_IN = ("results", "messages", "result", "text")
"""Where the text stands in an answer that is JSON around it."""


def messages_in(answer: Answer) -> Json | None:
    """The messages that Slack's own server found or read, `{messages, next_cursor?}`."""
    text, more = _said(answer)
    blocks = RESULT.split(text)[1:]
    if not _in_order(text):
        return None
    found = [message for block in blocks if (message := _found(block)) is not None]
    read = list(MESSAGE.finditer(text)) if not blocks else []
    for place, match in enumerate(read):
        end = read[place + 1].start() if place + 1 < len(read) else len(text)
        found.append(
            {"ts": match["ts"], "username": _name(match["author"])[0], "text": _plain(text[match.end() : end])}
        )
    if not found and not (NOTHING.search(text) or EMPTY_CHANNEL.match(text)):
        return None
    return {"messages": found, "next_cursor": more}


def channels_in(answer: Answer) -> Json | None:
    """The channels that Slack's own server found, `{channels: [{name, id, purpose?}]}`."""
    text, more = _said(answer)
    found: list[Json] = []
    for block in RESULT.split(text)[1:]:
        fields = dict(FIELD.findall(block))
        link = PLACE.search(fields.get("Permalink", ""))
        name, identity = _name(fields.get("Name", ""))
        if name:
            found.append(
                {"name": name, "id": identity or (link[1] if link else None), "purpose": fields.get("Purpose")}
            )
    return {"channels": found, "next_cursor": more} if found or NOTHING.search(text) else None


def table_in(answer: Answer) -> Json | None:
    """The rows of a CSV of messages, `{messages, next_cursor?}`."""
    rows = _rows(answer.text, "MsgID", "Text")
    if rows is None:
        return None
    found = [
        {
            "ts": row.get("MsgID") or "",
            "username": row.get("RealName")
            or row.get("UserName")
            or row.get("User")
            or row.get("BotName")
            or row.get("UserID"),
            "channel": (row.get("Channel") or "").lstrip("#"),
            "text": row.get("Text") or "",
            "thread_ts": row.get("ThreadTs") or None,
            "permalink": row.get("Permalink") or None,
        }
        for row in rows
    ]
    return {"messages": found, "next_cursor": _last_cursor(rows)}


def listed_in(answer: Answer) -> Json | None:
    """The rows of a CSV of channels, `{channels, next_cursor?}`."""
    rows = _rows(answer.text, "ID", "Name")
    if rows is None:
        return None
    found = [
        {
            "name": (row.get("Name") or "").lstrip("#"),
            "id": row.get("ID"),
            "purpose": row.get("Purpose") or row.get("Topic"),
        }
        for row in rows
    ]
    return {"channels": found, "next_cursor": _last_cursor(rows)}


def sent_in(answer: Answer) -> Json:
    """The message that was posted: its link, and the time in it."""
    link = LINKED.search(answer.text) or LINKED.search(str(answer.json))
    digits = POSTED.search(link[0]) if link else None
    ts = f"{digits[1][:-6]}.{digits[1][-6:]}" if digits else ""
    return {"message": {"ts": ts, "permalink": link[0] if link else None}}


def _said(answer: Answer) -> tuple[str, str | None]:
    """The text of an answer and the cursor of the next page."""
    given: Mapping[str, object] = cast("dict[str, object]", answer.json) if isinstance(answer.json, dict) else {}
    text = next((said for name in SAID_IN if isinstance(said := given.get(name), str)), answer.text)
    pages = given.get("pagination_info")
    more = CURSOR.search(pages) if isinstance(pages, str) else None
    return text.replace("\r\n", "\n"), more[1] if more else None


def _in_order(text: str) -> bool:
    """Whether the results are numbered as they stand; where not, somebody wrote what looks like one into a message."""
    numbers = [(int(place), int(total)) for place, total in NUMBERED.findall(text)]
    return all(
        place == numbers[0][0] + at and place <= total == numbers[0][1] for at, (place, total) in enumerate(numbers)
    )


def _found(block: str) -> Json | None:
    """A block of a search; None for one that is no message, such as a file."""
    head, written, text = block.partition("\nText:")
    fields = dict(FIELD.findall(head))
    if not written or "Message_ts" not in fields:
        return None
    name, identity = _name(fields.get("Channel", ""))
    link = LINKED.search(fields.get("Permalink", ""))
    thread = THREAD.search(link[0]) if link else None
    return {
        "ts": fields["Message_ts"],
        "channel": {"name": name, "id": identity},
        "username": _name(fields.get("From", ""))[0],
        "text": _plain(text.rstrip().removesuffix("---")),
        "permalink": link[0] if link else None,
        "thread_ts": thread[1] if thread else None,
    }


def _name(said: str) -> tuple[str, str | None]:
    """A name and its id out of `#sales (ID: C1AB)` or `Ada <ada@mail.example> (U12)`."""
    match = NAMED.match(said.strip())
    return (match["name"], match["id"]) if match else (said.strip().lstrip("#"), None)


def _plain(text: str) -> str:
    """What somebody wrote, without the lines on answers, reactions and files that stand behind it."""
    text = "\n" + text.strip()
    while match := TRAILING.search(text):
        text = text[: match.start()]
    return text.strip()


def _rows(text: str, *wanted: str) -> list[dict[str, str]] | None:
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    if not set(reader.fieldnames or ()).issuperset(wanted):
        return None
    return [{name: value for name, value in row.items() if isinstance(value, str)} for row in reader]


def _last_cursor(rows: list[dict[str, str]]) -> str | None:
    return (rows[-1].get("Cursor") or None) if rows else None
