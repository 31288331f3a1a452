"""No key without a reader: what an operator can set, some code outside the configuration reads.

A key that nothing reads is a promise that nothing keeps, so each name in the models must be read as an
attribute (`settings.response_timeout_ms`, `case HttpTransport(url)`) somewhere in the program.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import server.config
from server.config.agno_integration import AgnoIntegrationFile
from server.config.downstream import DownstreamFile
from server.config.schema import ANY_NAME, leaves

ROOT = Path(__file__).parents[2]
READ_AS = {
    "type": "transport",  # both spellings of a server's type become the class of its transport
}

"""Keys whose reader is still being written, with the part that brings it. To be emptied before a release."""


def attributes_read(folder: str) -> Iterator[str]:
    for file in (ROOT / folder).rglob("*.py"):
        if file.is_relative_to(ROOT / "server" / "config"):
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield node.attr
            elif isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name):
                matched = getattr(server.config, node.cls.id, None)
                yield from getattr(matched, "__match_args__", ())[: len(node.patterns)]
                yield from node.kwd_attrs


def names() -> list[str]:
    """The last named key on the way to every value."""
    ways = [keys for model in (AgnoIntegrationFile, DownstreamFile) for keys, _ in leaves(model)]
    return sorted({next(key for key in reversed(keys) if key != ANY_NAME) for keys in ways})


@pytest.fixture(scope="module")
def read() -> set[str]:
    return {name for folder in ("server", "agents", "teams") for name in attributes_read(folder)}


@pytest.mark.parametrize("name", names())
def test_some_code_reads_the_key(read, name):
    assert READ_AS.get(name, name) in read, (
        f"no code outside server/config reads {name}: give it a reader or remove it"
    )
