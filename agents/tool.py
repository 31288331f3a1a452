"""What an agent can do: typed functions over sources, described for a model that has to choose.

A tool knows nothing of Agno or MCP. It takes sources and validated parameters and gives an `Observation`:
the text a model may quote, and beside it the data, findings and citations that never pass through a model.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from agents.result import Citation, Finding
from agents.sources import Sources

__all__ = ["Observation", "Tool"]

ParametersT = TypeVar("ParametersT", bound=BaseModel)

Need = Literal["calls", "warehouse", "messages", "documents"]
"""The field of `Sources` that a tool cannot do without."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a tool found.

    `text` is markdown, complete on its own, every figure in it from `data` and every quote from `citations`;
    a citation is referred to as `[mm:ss Speaker]` or `[SQL]`. `notes` are caveats that must reach the reader.
    """

    text: str
    data: BaseModel
    findings: tuple[Finding, ...] = ()
    citations: tuple[Citation, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool(Generic[ParametersT]):
    """One thing an agent can do.

    `cues` are the words people use when they want it: the request parser takes the tool's name as the call's
    intent when they occur, and they end the description that a model reads. Parameters that the caller of the
    agent gave by the same name are filled in when the model leaves them out. `meant_by` are typed arguments that mean
    this tool where the words of a call ask for none: who gives a text and confirms it wants it posted.
    `run` raises `SourceError` when a source fails.
    """

    name: str
    description: str
    cues: tuple[str, ...]
    parameters: type[ParametersT]
    data: type[BaseModel]
    needs: Need
    run: Callable[[Sources, ParametersT], Awaitable[Observation]]
    writes: bool = False
    meant_by: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """The description a model reads."""
        return f"{self.description} Use it for: {', '.join(self.cues)}."


AnyTool = Tool[Any]
