"""Under which names the tools and prompts of all servers are published. Pure: a table in, a table out.

Every server has a prefix, its own name unless configured. `prefix__name` must fit `[a-zA-Z0-9_-]{1,40}`, because
clients put a prefix of their own before it; one that does not fit gets a stable shortening that ends in a digest. Under
an empty prefix names are never changed: that is how a tool keeps its old one. Where two want the same name, ours wins,
then the order of the configuration; the loser is published under its server's name.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

__all__ = ["MAX_NAME", "Published", "Table", "publish", "published_as"]

MAX_NAME = 40
DIGEST = 6
SEPARATOR = "__"
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


@dataclass(frozen=True, slots=True)
class Published:
    """One published name and what it stands for."""

    name: str
    server: str
    original: str


@dataclass(frozen=True, slots=True)
class Table:
    """All published names in order of publication, by name, and what had to be changed, for `doctor`."""

    by_name: dict[str, Published]
    remarks: tuple[str, ...]


def publish(taken: Iterable[str], servers: Sequence[tuple[str, str, Sequence[str]]]) -> Table:
    """Name everything. `servers` holds (server, prefix, original names) in the order of the configuration."""
    ours = frozenset(taken)
    by_name: dict[str, Published] = {}
    remarks: list[str] = []
    for server, prefix, originals in servers:
        for original in dict.fromkeys(originals):
            name = published_as(prefix, original)
            if name in ours or name in by_name:
                holder = "Sophia itself" if name in ours else f"`{by_name[name].server}`"
                name = _fitting(server, original)
                if name in ours or name in by_name:
                    name = _shortened(f"{server}{SEPARATOR}{original}", salt=f"{server}/{original}")
                remarks.append(f"`{original}` of `{server}` is published as `{name}`: {holder} has its name already")
            elif prefix and name != f"{prefix}{SEPARATOR}{original}":
                remarks.append(
                    f"`{original}` of `{server}` is published as `{name}`: its full name does not fit clients"
                )
            by_name[name] = Published(name, server, original)
    return Table(by_name, tuple(remarks))


def published_as(prefix: str, original: str) -> str:
    """The name that a tool or prompt has while nobody else wants it."""
    return original if prefix == "" else _fitting(prefix, original)


def _fitting(prefix: str, original: str) -> str:
    full = f"{prefix}{SEPARATOR}{original}"
    return full if len(full) <= MAX_NAME and not _FOREIGN.search(full) else _shortened(full, salt=full)


def _shortened(full: str, salt: str) -> str:
    digest = sha256(salt.encode()).hexdigest()[:DIGEST]
    return f"{_FOREIGN.sub('_', full)[: MAX_NAME - DIGEST - 1]}_{digest}"
