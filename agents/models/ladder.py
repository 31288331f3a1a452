"""The model ladder: a model by the name an operator writes.

`embedded`, or any `provider:id` that Agno knows (`openai:`, which is the Responses API, `openai-chat:`, `anthropic:`,
`ollama:` and so on). A provider needs its own package; which one is missing is said, never guessed around.

One `Models` belongs to the process: a model holds the provider's connections, and every run shares it.
"""

import difflib
import inspect
import logging
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agents.engine import prepare
from agents.models.meter import metered

if TYPE_CHECKING:
    from agno.models.base import Model

__all__ = ["EMBEDDED", "LadderModel", "ModelUnavailable", "Models"]

log = logging.getLogger("sophia.models")

EMBEDDED = "embedded"
EXTRAS = {"anthropic": "anthropic", "openai": "openai", "openai-chat": "openai", "openai-responses": "openai"}
"""The extra of our own distribution that brings a provider's package."""

CLIENTS = ("client", "async_client")
"""Where Agno's models keep their provider's client."""


class ModelUnavailable(Exception):
    """No model of this name can be had; `message` says why and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class LadderModel:
    """A model and the name it goes by in results."""

    name: str
    agno: "Model"

    @classmethod
    def of(cls, name: str, model: "Model") -> "LadderModel":
        """Any Agno model, its calls counted against the run they belong to."""
        return cls(name, metered(model, name))


@dataclass(slots=True)
class Models:
    """The models of this process, each made when it is first asked for."""

    _made: dict[str, LadderModel] = field(default_factory=dict[str, LadderModel])

    def resolve(self, name: str) -> LadderModel:
        """The model of a name. Raises ModelUnavailable."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = LadderModel.of(name, make(name))
        return made

    async def aclose(self) -> None:
        """Close the providers' connections. A model that is used again opens new ones."""
        for made in self._made.values():
            for name in CLIENTS:
                await close(getattr(made.agno, name, None))
        if (shared := sys.modules.get("agno.utils.http")) is not None:
            await shared.aclose_default_clients()


async def close(client: Any) -> None:
    ending = getattr(client, "aclose", None) or getattr(client, "close", None)
    if ending is None:
        return
    try:
        waiting = ending()
        if inspect.isawaitable(waiting):
            await waiting
    except Exception:  # a connection that cannot be closed is gone anyway
        log.info("a provider's client could not be closed")


def make(name: str) -> "Model":
    prepare()
    if name == EMBEDDED:
        from agents.models.embedded import EmbeddedModel

        return EmbeddedModel()
    from agno.models.utils import MODEL_PROVIDER_CLASSES, get_model

    provider, colon, id_ = name.partition(":")
    if not colon or not id_.strip():
        raise ModelUnavailable(f"`{name}` names no model. Write `embedded` or `provider:id`, such as `openai:gpt-5`.")
    try:
        model = get_model(name)
    except ImportError as error:
        missing = EXTRAS.get(provider)
        what = f"sophia[{missing}]" if missing else package(error) or provider
        raise ModelUnavailable(f"`{name}` needs a package that is not installed: pip install '{what}'.") from error
    except ValueError as error:
        near = difflib.get_close_matches(provider, [*MODEL_PROVIDER_CLASSES, EMBEDDED], n=3)
        hint = f" Nearest: {', '.join(near)}." if near else ""
        raise ModelUnavailable(f"`{provider}` is no model provider that Agno knows.{hint}") from error
    except Exception as error:  # a provider's constructor may ask for anything, usually a key or an address
        raise ModelUnavailable(
            f"`{name}` cannot be set up. Check the environment that its provider needs."
        ) from error
    if model is None:
        raise ModelUnavailable(f"`{name}` names no model.")
    return model


def package(error: BaseException) -> str | None:
    """The package behind an import error: Agno raises its own, without a name, from the one that has it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ImportError) and seen.name:
            return seen.name.split(".")[0]
        seen = seen.__cause__ or seen.__context__
    return None
