"""The lists that ship with the call tools, as data files: each with where it comes from.

They are read once, when a tool first needs them, and hold nothing of any customer. A file that does not fit its model
is a fault of the build and raises.
"""

from functools import lru_cache
from importlib.resources import files
from typing import TypeVar

import yaml
from pydantic import TypeAdapter

__all__ = ["packaged"]

FileT = TypeVar("FileT")


@lru_cache(maxsize=32)
def packaged(name: str, model: type[FileT]) -> FileT:
    """The file `data/{name}.yaml` as a value of the model."""
    text = files("agents.call_tools").joinpath("data", f"{name}.yaml").read_text(encoding="utf-8")
    return TypeAdapter(model).validate_python(yaml.safe_load(text))
