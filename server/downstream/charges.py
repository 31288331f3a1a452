"""Who pays for the tool calls that are sent to downstream servers.

Whoever runs a route says so around it; every call that is sent inside, by an adapter, a library or an agent, tells the
one who pays, by the server's name. The payer is found by a context variable, which tasks inherit; outside of one, such
as in the library's own reading in the background, nobody is charged.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["charge", "charged_to"]

_payer: ContextVar[Callable[[str], None] | None] = ContextVar("sophia_payer", default=None)


@contextmanager
def charged_to(payer: Callable[[str], None]) -> Generator[None]:
    """Have `payer` told of every tool call that is sent within the block."""
    token = _payer.set(payer)
    try:
        yield
    finally:
        _payer.reset(token)


def charge(server: str) -> None:
    """Tell whoever pays that a tool call goes to this server now."""
    payer = _payer.get()
    if payer is not None:
        payer(server)
