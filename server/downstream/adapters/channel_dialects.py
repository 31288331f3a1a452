"""How public Slack servers are asked: our arguments as their tools take them, by the tool's own name.

What a tool does not take is dropped on the way, so whoever asks filters what comes back; what is said here only keeps
the servers from sending more than is wanted. Slack's `after:` and `before:` leave their own day out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from server.downstream.adapters.channel_texts import channels_in, listed_in, messages_in, sent_in, table_in
from server.downstream.proxy import Answer

__all__ = ["DIALECTS", "Dialect"]

Asked = Mapping[str, Any]

SEARCH_PAGE = 20
"""The most that Slack's own search gives at once."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One tool. `by_id` wants a channel's id for its name, `by_name` finds channels and lists none."""

    asks: Callable[[Asked], dict[str, Any]]
    reads: Callable[[Answer], Mapping[str, Any] | None]
    by_id: bool = False
    by_name: bool = False


def _searched(asked: Asked) -> dict[str, Any]:
    words = [str(asked["query"])]
    if asked.get("channel"):
        words.append(f"in:{asked['channel']}")
    if asked.get("oldest"):
        words.append(f"after:{_day(asked['oldest'], back=1)}")
    if asked.get("latest"):
        words.append(f"before:{_day(asked['latest'])}")
    narrow = {"sort": "timestamp", "sort_dir": "desc", "content_types": "messages", "include_context": False}
    return {"query": " ".join(words), "limit": SEARCH_PAGE, "cursor": asked.get("cursor"), **narrow}


def _read(asked: Asked) -> dict[str, Any]:
    times = {name: f"{_moment(asked[name]).timestamp():.6f}" for name in ("oldest", "latest") if asked.get(name)}
    return {**asked, **times}


def _named(asked: Asked) -> dict[str, Any]:
    return {"query": asked.get("channel") or "", "limit": SEARCH_PAGE}


def _filtered(asked: Asked) -> dict[str, Any]:
    days = {"oldest": _day(asked["oldest"], back=1)} if asked.get("oldest") else {}
    days |= {"latest": _day(asked["latest"])} if asked.get("latest") else {}
    return {**asked, **_hashed(asked), **days}


def _paged(asked: Asked) -> dict[str, Any]:
    """Its `limit` is a text, a day's messages where it is left out, and not to be given beside a cursor."""
    limit = None if asked.get("cursor") else str(asked.get("limit") or SEARCH_PAGE)
    return {**asked, **_hashed(asked), "limit": limit}


def _hashed(asked: Asked) -> dict[str, Any]:
    channel = asked.get("channel")
    return {"channel": f"#{channel}"} if channel else {}


def _listed(asked: Asked) -> dict[str, Any]:
    return {**asked, "channel_types": "public_channel,private_channel"}


def _moment(said: object) -> datetime:
    moment = datetime.fromisoformat(str(said))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(said: object, back: int = 0) -> date:
    return _moment(said).date() - timedelta(days=back)


_SEARCH = Dialect(_searched, messages_in)

DIALECTS: Mapping[str, Dialect] = {
    "slack_search_public": _SEARCH,
    "slack_search_public_and_private": _SEARCH,
    "slack_read_channel": Dialect(_read, messages_in, by_id=True),
    "slack_search_channels": Dialect(_named, channels_in, by_name=True),
    "slack_send_message": Dialect(dict, sent_in, by_id=True),
    "conversations_search_messages": Dialect(_filtered, table_in),
    "conversations_history": Dialect(_paged, table_in),
    "channels_list": Dialect(_listed, listed_in),
}
