"""What can go wrong with a model, and what to do about it, in words that any client may see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast

__all__ = ["Fault", "diagnose"]

Reason = Literal["key", "limited", "unreachable", "unknown_model", "too_long", "rejected", "down", "garbled"]

UNREACHED = frozenset({"APIConnectionError", "APITimeoutError", "ConnectError", "ConnectionError", "TransportError"})
"""Names of the exceptions by which the providers' clients say that no answer came; their bases count too."""
ANSWERED = frozenset({"APIStatusError", "HTTPStatusError"})
"""Names of those by which they say that the provider answered with an error status."""

UNTOLD = 502
"""The status Agno gives an error that came without one."""

BY_STATUS: dict[int | None, Reason] = {
    401: "key",
    403: "key",
    404: "unknown_model",
    413: "too_long",
    429: "limited",
    529: "limited",
}

PASSING: frozenset[Reason] = frozenset({"limited", "unreachable", "down"})

WORDS: dict[Reason, str] = {
    "key": "The model provider refused the key of `{name}`, or none is set. Check the provider's key in the "
    "environment of the server, or configure another model.",
    "limited": "The model provider limits the requests of `{name}`. Try again later, or raise the limit there.",
    "unreachable": "The provider of `{name}` could not be reached. Check the network and the provider's base URL, "
    "or configure another model.",
    "unknown_model": "The provider of `{name}` does not know this model or this address. Check the model's name and "
    "the provider's base URL.",
    "too_long": "The request and its evidence are too long for `{name}`. Ask for less at a time: one call, one account "
    "or a shorter period.",
    "rejected": "The provider of `{name}` rejected the request{status}. Check that this model can call tools.",
    "down": "The provider of `{name}` answered with an error{status}. Try again; if it stays, configure another model.",
    "garbled": "The provider of `{name}` answered with something that cannot be read. Check that its base URL speaks "
    "the protocol of this provider.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure of a model. `message` says what failed and what to do next; `passing`, whether trying again may help."""

    reason: Reason
    message: str
    retry_after_s: float | None = None

    @property
    def passing(self) -> bool:
        """Whether the same request may be answered later."""
        return self.reason in PASSING


def diagnose(error: BaseException, name: str) -> Fault:
    """The fault behind an exception of a model's call; nothing of the exception's own text is kept."""
    status: object = getattr(error, "status_code", None)
    reason = reason_of(error, status if isinstance(status, int) else None)
    shown = f" (status {status})" if isinstance(status, int) else ""
    return Fault(reason, WORDS[reason].format(name=name, status=shown), retry_after_s(error))


def retry_after_s(error: BaseException) -> float | None:
    """What the provider's `Retry-After` header says, in seconds, where the error still carries its response."""
    seen: BaseException | None = error
    while seen is not None:
        headers: object = getattr(getattr(seen, "response", None), "headers", None)
        if isinstance(headers, Mapping):
            said = cast("Mapping[str, str]", headers).get("retry-after", "")
            return float(said) if said.isascii() and said.isdecimal() else None
        seen = seen.__cause__
    return None


def reason_of(error: BaseException, status: int | None) -> Reason:
    names = set(class_names(error))
    if "ContextWindowExceededError" in names:
        return "too_long"
    if names & UNREACHED and not names & ANSWERED:
        return "unreachable"
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status is None or (status == UNTOLD and not names & ANSWERED):
        return "garbled"
    return "rejected" if status < 500 else "down"


def class_names(error: BaseException) -> Iterator[str]:
    """The names of the classes of an exception and of what caused it, bases included."""
    seen: BaseException | None = error
    while seen is not None:
        yield from (kind.__name__ for kind in type(seen).__mro__)
        seen = seen.__cause__
