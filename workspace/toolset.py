"""The tools of one embedded server: a table of name, schemas and a plain function.

The SDK's lowlevel `Server` validates nothing and would show a stranger the text of an exception. So the
table does the three things every tool needs: arguments are checked against the published input schema,
a `ToolError` becomes an error result that says what failed and what to do next, and anything else
becomes an error result without details (the details go to stderr).

An error result holds the sentence as text and, under `_meta["workspace/error"]`, `{code, nearest}` for
a program that wants to react. It holds no structured content, which would break the output schema.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import anyio.to_thread
import mcp_types as types
from mcp import MCPError

__all__ = [
    "ADDS",
    "ERROR_META_KEY",
    "Json",
    "ToolError",
    "ToolSpec",
    "Toolset",
    "boolean",
    "given",
    "string",
    "takes",
]

Json = dict[str, Any]
"""A JSON object on its way in or out. Inside, values have types of their own."""

Validate = Callable[[Mapping[str, Any]], str | None]
"""Says what is wrong with arguments, or None."""

ERROR_META_KEY = "workspace/error"
MAX_COMPLAINT_CHARS = 300  # a complaint quotes the argument, and an argument can be megabytes

READ_ONLY = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
ADDS = types.ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
"""Puts something there and takes nothing away; the same call twice may put it there twice."""

log = logging.getLogger(__name__)


class ToolError(Exception):
    """A tool could not do what was asked, and the caller can do something about it.

    `code` is one word for programs; `nearest` are values that would have worked.
    """

    def __init__(self, code: str, message: str, nearest: Sequence[str] = ()) -> None:
        hint = f" Nearest: {', '.join(nearest)}." if nearest else ""
        super().__init__(message + hint)
        self.code = code
        self.nearest = tuple(nearest)


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool as a client sees it, and the function behind it: validated arguments in, JSON object out.

    `interrupt` stops a running call from another thread, for a tool that can take long.
    """

    name: str
    title: str
    description: str
    input_schema: Json
    output_schema: Json
    run: Callable[[Mapping[str, Any]], Json]
    interrupt: Callable[[], None] | None = None
    annotations: types.ToolAnnotations = field(default_factory=lambda: READ_ONLY)

    def published(self) -> types.Tool:
        return types.Tool(
            name=self.name,
            title=self.title,
            description=self.description,
            input_schema=self.input_schema,
            output_schema=self.output_schema,
            annotations=self.annotations,
        )


class Toolset:
    """Lists and calls tools. Calls run one at a time, in a worker thread: the event loop stays free for the rest."""

    def __init__(self, specs: Sequence[ToolSpec]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._validators: dict[str, Validate] = {}
        self._one_at_a_time = anyio.CapacityLimiter(1)

    def published(self) -> list[types.Tool]:
        return [spec.published() for spec in self._specs.values()]

    def input_schema(self, name: str) -> Json | None:
        spec = self._specs.get(name)
        return spec.input_schema if spec else None

    async def call(self, name: str, arguments: Mapping[str, Any] | None) -> types.CallToolResult:
        """Run a tool. A failure is an error result; only an unknown tool is a protocol error (MCPError)."""
        spec = self._specs.get(name)
        if spec is None:
            known = ", ".join(self._specs)
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {name[:64]!r}. Tools: {known}.")
        try:
            self._check(spec, arguments or {})
            result = await self._run(spec, arguments or {})
        except ToolError as error:
            return _failure(error.code, str(error), error.nearest)
        except Exception:  # a bug of ours: the caller gets a sentence, stderr gets the trace
            log.exception("tool %s failed", name)
            return _failure("internal", f"{name} failed inside the server. Its log on stderr has the details.")
        return types.CallToolResult(
            content=[types.TextContent(text=json.dumps(result, ensure_ascii=False, separators=(",", ":")))],
            structured_content=result,
        )

    async def _run(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> Json:
        async with self._one_at_a_time:
            try:
                return await anyio.to_thread.run_sync(spec.run, arguments, abandon_on_cancel=True)
            except anyio.get_cancelled_exc_class():
                if spec.interrupt:
                    spec.interrupt()
                raise

    def _check(self, spec: ToolSpec, arguments: Mapping[str, Any]) -> None:
        if spec.name not in self._validators:
            self._validators[spec.name] = _validator(spec.input_schema)
        complaint = self._validators[spec.name](arguments)
        if complaint:
            raise ToolError("invalid_arguments", f"{spec.name}: {complaint}")


def string(description: str, **more: object) -> Json:
    """Schema of a text argument."""
    return {"type": "string", "description": description, **more}


def boolean(description: str, *, default: bool) -> Json:
    """Schema of a yes or no argument."""
    return {"type": "boolean", "description": description, "default": default}


def takes(properties: Json, *required: str) -> Json:
    """An input: these arguments and no others."""
    schema: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    return schema | {"required": list(required)} if required else schema


def given(properties: Json, *required: str) -> Json:
    """An output: at least these fields."""
    return {"type": "object", "properties": properties, "required": list(required or properties)}


def _validator(schema: Json) -> Validate:
    """Compile a schema. jsonschema is imported by the first call, not by the start of the server."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

    errors = cast("Callable[[object], Iterable[ValidationError]]", Draft202012Validator(schema).iter_errors)

    def complaint(arguments: Mapping[str, Any]) -> str | None:
        error = next(iter(errors(dict(arguments))), None)
        if error is None:
            return None
        where = ".".join(str(step) for step in error.absolute_path)
        message = error.message[:MAX_COMPLAINT_CHARS]
        return f"argument {where!r}: {message}" if where else message

    return complaint


def _failure(code: str, message: str, nearest: Sequence[str] = ()) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(text=message)],
        is_error=True,
        _meta={ERROR_META_KEY: {"code": code, "nearest": list(nearest)}},
    )
