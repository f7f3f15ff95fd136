"""What can happen to the server, and what it wants to know: the words between the brain and its shell. Values only.

Times are milliseconds since the session began, sounds are mono PCM16 at 24 kHz.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from realtime_sdk.protocol.models import ConversationItem, FunctionTool
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import ClientEventBase
from realtime_sdk.simulator.brain.config import Modality
from realtime_sdk.simulator.reply import Reply

__all__ = [
    "Answered",
    "Approval",
    "Closing",
    "Fault",
    "Happening",
    "Heard",
    "McpOffer",
    "TimePasses",
    "ToolOutput",
    "Turn",
    "Unheard",
    "Unreadable",
    "Utterance",
    "Words",
]


# --- what can happen ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimePasses:
    """It is now `now_ms` since the session began. Time never goes back: an earlier time changes nothing."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply to a turn that was wanted."""

    response_id: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Unheard:
    """Why an utterance could not be written down: becomes input_audio_transcription.failed."""

    code: str = "transcription_failed"
    message: str = "Input transcription failed."
    type: str = "server_error"


@dataclass(frozen=True, slots=True)
class Words:
    """What was said, told to the client only `after_ms` (at the server's speed; at speed 0, after the answer)."""

    text: str
    after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Heard:
    """What was said in an utterance that was wanted."""

    item_id: str
    words: str | Words | Unheard

    @property
    def text(self) -> str:
        """The words; empty if they are not known."""
        match self.words:
            case str():
                return self.words
            case Words(text):
                return text
            case Unheard():
                return ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The client sent a frame that is no JSON object; `why` in words."""

    why: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong on purpose.

    `expire` ends the session as after its longest duration, `close` closes with `close_code` and `message`,
    `error` sends an `error` event (about the client's event with `event_id`, if given), `rate_limit` and `fail` fail
    the next response (or the one that runs).
    """

    kind: Literal["expire", "close", "error", "rate_limit", "fail"]
    code: str = "server_error"
    message: str = ""
    close_code: int = 1011
    event_id: str | None = None


Happening: TypeAlias = ClientEventBase | UnknownEvent | TimePasses | Answered | Heard | Unreadable | Fault


# --- what comes of it ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a function call of the turn before gave."""

    call_id: str
    name: str
    output: str


@dataclass(frozen=True, slots=True)
class McpOffer:
    """A tool of an MCP server that may be called."""

    server_label: str
    tool: FunctionTool


@dataclass(frozen=True, slots=True)
class Approval:
    """The client's answer to an mcp_approval_request that no call has used yet."""

    request_id: str
    server_label: str
    name: str
    arguments: str
    approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a reply answers."""

    response_id: str
    number: int
    """Which turn of the user's it is, from 1; the response after a tool output belongs to the turn of its call."""
    text: str
    """What the user said since the assistant's last item, typed or spoken; empty if nothing."""
    outputs: tuple[ToolOutput, ...] = ()
    """Outputs of function calls that no message of anybody's followed."""
    items: tuple[ConversationItem, ...] = ()
    """The whole context, oldest first, without sound."""
    instructions: str = ""
    """The response's instructions, else the session's."""
    own_instructions: str | None = None
    """Those that response.create gave for this response alone."""
    tools: tuple[FunctionTool, ...] = ()
    mcp_tools: tuple[McpOffer, ...] = ()
    approvals: tuple[Approval, ...] = ()
    tool_choice: Any = "auto"
    parallel_tool_calls: bool = True
    """Whether the client takes several calls in one response."""
    modality: Modality = "audio"
    metadata: Mapping[str, str] | None = None
    out_of_band: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A piece of speech that waits for its words: mono PCM16 at 24 kHz."""

    item_id: str
    number: int
    """Which of the session's utterances it is, from 1."""
    pcm: bytes = field(repr=False)
    duration_ms: int
    language: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Closing:
    """The server closes the connection, after what it says in the same step."""

    code: int
    reason: str = ""
