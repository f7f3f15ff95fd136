"""Functions that the model may call: what the model is told of them, and how a call of one becomes a text. No session.

The schema comes from the signature, through pydantic. Calling is total: whatever goes wrong is a text for the model.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf
from typing import Any, Final, Literal, TypeAlias, get_type_hints

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import to_json

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import models

__all__ = ["Approve", "Outcome", "Tool", "ToolContext", "split_tools", "tool", "with_definitions"]

_logger: Final = logging.getLogger(__name__)

TIMEOUT_S: Final = 60.0

OnInterrupt: TypeAlias = Literal["finish", "cancel"]


@dataclass(frozen=True)
class ToolContext:
    """What a tool may ask for: a parameter annotated with this class gets it, and the model does not see it."""

    call_id: str
    name: str
    arguments: str
    """As the model wrote them."""
    dependencies: Any = None
    """What was given to `connect(tool_context=…)`."""
    session: Any = None
    tell: Callable[[str], Awaitable[object]] | None = None

    async def progress(self, text: str) -> None:
        """Have the assistant tell the user how far this is, while it goes on."""
        if self.tell is not None:
            await self.tell(text)


Approve: TypeAlias = Callable[[ToolContext], bool | Awaitable[bool]]
"""Asked before a call runs, with what would run; it may wait for a person. False refuses the call."""


@dataclass(frozen=True)
class Outcome:
    """What a call came to: the text for the model, and whether it is what the tool returned."""

    output: str
    status: Literal["done", "failed", "timed_out", "refused", "cancelled", "unknown", "invalid"] = "done"


@dataclass(frozen=True, eq=False)
class Tool:
    """A function that the model may call. Made by `tool`, or by giving the function to `connect(tools=…)`.

    `timeout` is in seconds. `needs_approval`: True asks the session's `approve`, a function is asked itself.
    `on_interrupt`: whether a running call is cancelled when the user speaks. Functions that are not asynchronous run
    in a thread.
    """

    function: Callable[..., Any]
    name: str
    description: str | None = None
    timeout: float | None = TIMEOUT_S
    needs_approval: bool | Approve = False
    on_interrupt: OnInterrupt = "finish"
    context_parameter: str | None = field(default=None, repr=False)

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The model that arguments are checked with."""
        return _arguments_model(self)

    @cached_property
    def definition(self) -> models.FunctionTool:
        """What the model is told."""
        schema = _without_titles(self.arguments.model_json_schema())
        described: dict[str, Any] = {} if self.description is None else {"description": self.description}
        return models.FunctionTool(name=self.name, parameters=schema, **described)

    async def run(self, context: ToolContext) -> Outcome:
        """Check the arguments and call the function. Never raises but for cancellation."""
        try:
            given = self.arguments.model_validate_json(context.arguments or "{}")
        except ValidationError as invalid:
            return Outcome(f"Error: the arguments are not valid: {_complaints(invalid)}", "invalid")
        keywords: dict[str, Any] = {name: getattr(given, name) for name in type(given).model_fields}
        if self.context_parameter is not None:
            keywords[self.context_parameter] = context
        with anyio.move_on_after(self.timeout) as scope:
            try:
                return Outcome(_text(await self._call(keywords)))
            except Exception as error:
                return self._failed(error)
            except anyio.get_cancelled_exc_class() as error:  # by a task of the tool's own, perhaps
                if anyio.current_effective_deadline() == -inf:
                    raise
                return self._failed(error)
        assert scope.cancelled_caught
        return Outcome(f"Error: the tool did not finish within {self.timeout:g} s", "timed_out")

    def _failed(self, error: BaseException) -> Outcome:
        _logger.warning("tool %s raised %s", self.name, type(error).__name__)
        return Outcome(f"Error: {type(error).__name__}: {error}".removesuffix(": "), "failed")

    async def _call(self, keywords: Mapping[str, Any]) -> Any:
        if inspect.iscoroutinefunction(self.function):
            return await self.function(**keywords)
        found = await anyio.to_thread.run_sync(lambda: self.function(**keywords), abandon_on_cancel=True)
        return await found if inspect.isawaitable(found) else found


def tool(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    description: str | None = None,
    timeout: float | None = TIMEOUT_S,
    needs_approval: bool | Approve = False,
    on_interrupt: OnInterrupt = "finish",
) -> Tool:
    """A function as a tool: named and described as the function is, unless told otherwise.

    Raises LocalProtocolError for a function whose parameters cannot be described (`*args`, positional-only).
    """
    made = Tool(
        function,
        name or function.__name__,
        description or inspect.getdoc(function),
        timeout,
        needs_approval,
        on_interrupt,
        next((n for n, hint in get_type_hints(function).items() if hint is ToolContext), None),
    )
    _ = made.definition  # now, not at the first call
    return made


def split_tools(tools: Iterable[Any]) -> tuple[list[Any], dict[str, Tool]]:
    """(definitions as the protocol wants them, the tools among them that run here, by name)."""
    definitions: list[Any] = []
    runnable: dict[str, Tool] = {}
    for given in tools:
        made = tool(given) if callable(given) and not isinstance(given, Tool) else given
        if isinstance(made, Tool):
            if made.name in runnable:
                raise LocalProtocolError(f"two tools are called {made.name!r}", field="tools")
            runnable[made.name] = made
            definitions.append(made.definition)
        else:
            definitions.append(made)
    return definitions, runnable


def with_definitions(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tool]]:
    """The settings with tools as the protocol wants them, and those among them that run here, by name."""
    if settings.get("tools") is None:
        return {**settings}, {}
    definitions, runnable = split_tools(settings["tools"])
    return {**settings, "tools": definitions}, runnable


def _arguments_model(made: Tool) -> type[BaseModel]:
    hints = get_type_hints(made.function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(made.function).parameters.items():
        if name == made.context_parameter:
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise LocalProtocolError(f"tool {made.name!r}: parameter {name!r} has no name for the model", field="tools")
        default = Field() if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    return create_model(f"{made.name}_arguments", __config__=ConfigDict(extra="forbid"), **fields)


def _without_titles(schema: Any) -> Any:
    """The schema without the titles that pydantic makes of names; properties may be called `title`."""
    match schema:
        case dict():
            found: dict[str, Any] = {**schema}
            found.pop("title", None)
            return {key: _untitled_member(key, value) for key, value in found.items()}
        case list():
            return [*map(_without_titles, schema)]  # pyright: ignore[reportUnknownArgumentType]
        case _:
            return schema


def _untitled_member(key: str, value: Any) -> Any:
    if key not in ("properties", "$defs"):
        return _without_titles(value)
    named: dict[str, Any] = value
    return {name: _without_titles(inner) for name, inner in named.items()}


def _complaints(invalid: ValidationError) -> str:
    errors = invalid.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, error['loc'])) or 'JSON'}: {error['msg']}" for error in errors)


def _text(result: Any) -> str:
    if isinstance(result, str):
        return result
    return to_json(result, fallback=str).decode()
