"""What the simulated model does in a turn: a reply is a tuple of steps, done in order. Values only."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from realtime_sdk.errors import ScenarioError

__all__ = ["Call", "CallMcp", "Fail", "Reply", "ReplyStep", "Say", "Think", "Wait", "as_reply"]


@dataclass(frozen=True, slots=True)
class Say:
    """A message of the assistant: written or spoken, as the response's modality has it.

    `sound` is mono PCM16 at 24 kHz to be heard in place of the simulator's voice.
    """

    text: str
    sound: bytes | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function call. `arguments` is an object, or a JSON text that goes out as it stands (broken ones too)."""

    name: str
    arguments: Mapping[str, Any] | str = "{}"

    @property
    def json(self) -> str:
        """The arguments as they stand on the wire."""
        given = self.arguments
        return given if isinstance(given, str) else json.dumps(dict(given), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class CallMcp:
    """A call of an MCP server's tool, made by the simulated service itself; it asks first where the session says so.

    `output` is what the tool gives (None: what the `McpServer` of the simulation says), `error` why it fails instead.
    """

    server_label: str
    name: str
    arguments: Mapping[str, Any] | str = "{}"
    output: str | None = None
    error: str | None = None
    approval_request_id: str | None = None
    """The request that the client has approved; None where nobody was asked."""

    @property
    def json(self) -> str:
        """The arguments as they stand on the wire."""
        return Call(self.name, self.arguments).json


@dataclass(frozen=True, slots=True)
class Fail:
    """The response ends here as failed: `code` and `message` stand in its status_details.

    With the code `content_filter` it is incomplete instead, for that reason.
    """

    code: str = "server_error"
    message: str = "The simulated model failed."
    type: str = "server_error"


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens for `ms`, counted at the simulation's speed."""

    ms: int


@dataclass(frozen=True, slots=True)
class Think:
    """The model reasons: nothing is seen of it but `tokens` in the usage, and the `ms` that it takes."""

    tokens: int = 64
    ms: int = 0


ReplyStep: TypeAlias = Say | Call | CallMcp | Fail | Wait | Think
Reply: TypeAlias = tuple[ReplyStep, ...]


def as_reply(answer: object) -> Reply:
    """The reply that somebody means: text is said, a step stands for itself, an iterable is done in order.

    None is the empty reply. Raises ScenarioError for anything else.
    """
    match answer:
        case None:
            return ()
        case str():
            return (Say(answer),)
        case Say() | Call() | CallMcp() | Fail() | Wait() | Think():
            return (answer,)
        case Iterable():
            parts = cast("Iterable[object]", answer)  # what is in it is asked one by one
            return tuple(step for part in parts for step in as_reply(part))
        case _:
            raise ScenarioError(f"a reply is text, a step or several of them, not {type(answer).__name__}")
