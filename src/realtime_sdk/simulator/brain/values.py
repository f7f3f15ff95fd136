"""What the brain is made of: the server as one frozen value, and what comes of a step.

Values only; `step` and the modules beside it change them. Times are milliseconds since the session began, sounds are
mono PCM16 at 24 kHz.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.protocol.models import ConversationItem, FunctionTool, McpListedTool
from realtime_sdk.protocol.wire import ClientEventBase, ServerEventBase
from realtime_sdk.simulator.brain.config import Config, Intent, Modality
from realtime_sdk.simulator.brain.happenings import Closing, Fault, Heard, Turn, Utterance
from realtime_sdk.simulator.brain.ids import Ids
from realtime_sdk.simulator.brain.listening import Listening, MakeVad
from realtime_sdk.simulator.brain.planning import Beat, OutputKind
from realtime_sdk.simulator.brain.tape import Tape

__all__ = [
    "Buffer",
    "Cached",
    "Due",
    "Held",
    "Idling",
    "Live",
    "McpServer",
    "Playing",
    "Output",
    "Pause",
    "Server",
    "Settings",
    "Speech",
    "Step",
    "Terms",
    "Transcribing",
    "Translating",
    "Uncommitted",
]


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server as the simulated service knows it: its tools, and what each of them gives."""

    label: str
    tools: tuple[McpListedTool, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])

    def output(self, name: str) -> str:
        """What a tool gives."""
        return self.outputs.get(name, "done")


# --- the server ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for a whole session, and the client cannot change."""

    speed: float = 1.0
    """How fast answers come: 1 is real time, 2 twice as fast, 0 at once."""
    seed: str = "0"
    model: str = "gpt-realtime-2.1"
    intent: Intent = "realtime"
    session: Mapping[str, Any] | None = None
    """What the session is set to from the start, as a sound session.update has it: what a client secret brings."""
    started_at_s: int = 1_767_225_600
    """The wall clock when the session began: Unix seconds."""
    longest_ms: int = 3_600_000
    sideband: bool = False
    """Whether the sound goes elsewhere (WebRTC, SIP): no session.created, no audio deltas, a buffer that plays."""
    rate_limits: bool = True
    """Whether rate_limits.updated follows every response; real servers do not always send it."""
    early_transcripts: bool = False
    """Whether the deltas of a transcription come before their item is committed, as whisper's were seen to do."""
    hold_items: bool = False
    """Whether items created during a response are acknowledged after it."""
    make_vad: MakeVad | None = None
    mcp: tuple[McpServer, ...] = ()
    """The MCP servers that can be reached; tools of others cannot be listed."""


@dataclass(frozen=True, slots=True)
class Held:
    """An item of the conversation: as the wire shows it, and what stands behind it."""

    id: str
    item: ConversationItem
    sounds: Mapping[int, bytes] = field(default_factory=dict[int, bytes], repr=False)
    """The sound of its parts, by content_index."""
    words: str | None = ""
    """What is said in it; None while nobody has heard it yet."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause that may end the turn (`semantic_vad`): at `end_ms` if the sentence is finished, else `latest_ms`."""

    end_ms: int
    latest_ms: int
    heard: Heard | None = None
    """What was said up to here, once it is known and ends nothing."""


@dataclass(frozen=True, slots=True)
class Speech:
    """The user is speaking: the id that the item will have, and where it begins."""

    item_id: str
    start_ms: int
    pause: Pause | None = None
    number: int | None = None
    """Which utterance it is, once its words were asked for."""
    asked: int = 0
    """How many answers to that are still to come."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """The input audio that is not committed yet. `base` is where its tape begins, in bytes since the session began."""

    tape: Tape = field(default_factory=Tape)
    base: int = 0
    torn: bytes = b""
    listening: Listening | None = None
    speech: Speech | None = None

    @property
    def position(self) -> int:
        """How much sound has come in, in bytes since the session began."""
        return self.base + self.tape.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for one response: what response.create said, else the session."""

    modality: Modality
    instructions: str
    own_instructions: str | None = None
    tools: tuple[FunctionTool, ...] = ()
    tools_chars: int = 0
    mcp: tuple[JsonObject, ...] = ()
    """The MCP servers that may be called, as the wire has them."""
    tool_choice: Any = "auto"
    parallel_tool_calls: bool = True
    max_output_tokens: int | None = None
    voice: Any = "marin"
    output_format: JsonObject
    speed: float = 1.0
    metadata: Mapping[str, str] | None = None
    interleaves: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An output item in the making. `item` is what it became, None while it is open."""

    id: str
    kind: OutputKind
    phase: str | None = None
    name: str = ""
    server_label: str = ""
    approval_request_id: str | None = None
    result: str | None = None
    error: str | None = None
    running: bool = False
    """Whether an MCP call is being made."""
    call_id: str = ""
    text: str = ""
    tape: Tape = field(default_factory=Tape)
    item: ConversationItem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A response in progress."""

    id: str
    terms: Terms
    out_of_band: bool = False
    context: tuple[Held, ...] | None = None
    """What it answers where response.create gave its own input; None: the conversation."""
    asked: bool = False
    begun_ms: int = 0
    beats: tuple[Beat, ...] = ()
    next_beat: int = 0
    outputs: tuple[Output, ...] = ()
    reasoning_tokens: int = 0
    sounded_ms: int | None = None
    """When its first sound went out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribing:
    """A transcription on its way to the client: deltas, then the whole."""

    item_id: str
    begun_ms: int
    deltas: tuple[str, ...]
    transcript: str
    usage: JsonObject
    next_delta: int = 0
    late: bool = False


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """Speech that has stopped and is committed when its words are there (`Settings.early_transcripts`)."""

    item_id: str
    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Idling:
    """A wait for the user: it begins when the reply was played, at `position` (in bytes of input; None until then)."""

    ready_ms: int
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Playing:
    """A response's sound that the output buffer plays until `until_ms`."""

    response_id: str
    until_ms: int


@dataclass(frozen=True, slots=True)
class Due:
    """Something that is said at its time."""

    at_ms: int
    event: ServerEventBase


@dataclass(frozen=True, slots=True)
class Cached:
    """Tokens of the last prompt and answer, which the next prompt begins with."""

    text_tokens: int = 0
    audio_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Translating:
    """Where a translation session stands."""

    phrase_start_ms: int | None = None
    """Where the phrase that is being spoken began, in ms of sound; None in a pause."""
    waiting: Mapping[str, int] = field(default_factory=dict[str, int])
    """The phrases that are not translated yet, and where each ended, in ms of sound."""
    due: tuple[Due, ...] = ()
    """What will be said, in order of time."""
    tells_until_ms: int = 0
    """When the words of the phrases heard so far will all be told: those of the next one come after them."""
    speaks_until_ms: int = 0
    closing: bool = False
    """Whether the client has asked for the end."""
    closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Server:
    """Everything that one session of the simulator knows."""

    settings: Settings
    ids: Ids
    config: Config
    conversation_id: str
    now_ms: int = 0
    events: int = 0
    """How many events were sent."""
    items: tuple[Held, ...] = ()
    buffer: Buffer = field(default_factory=Buffer)
    lives: tuple[Live, ...] = ()
    """The responses in progress, oldest first."""
    transcribing: tuple[Transcribing, ...] = ()
    playing: Playing | None = None
    """What the output buffer plays; always None where the client plays itself."""
    unheard: Mapping[str, JsonObject | None] = field(default_factory=dict[str, "JsonObject | None"])
    """Items whose words were asked for, with the transcription settings at that time."""
    uncommitted: tuple[Uncommitted, ...] = ()
    held_back: tuple[ClientEventBase, ...] = ()
    """Items that wait for the end of a response (`Settings.hold_items`)."""
    turns: int = 0
    utterances: int = 0
    has_spoken: bool = False
    """Whether the assistant's voice was heard: from then on it cannot be changed."""
    cached: Cached = Cached()
    spent_tokens: int = 0
    idling: Idling | None = None
    """The wait for a user who says nothing; None while nobody waits."""
    next_failure: Fault | None = None
    translating: Translating | None = None
    """None in a session that is a conversation."""
    closing: Closing | None = None
    out: tuple[ServerEventBase, ...] = ()
    wanted: tuple[Turn | Utterance, ...] = ()

    def having(self, **changes: Any) -> "Server":
        """The same server with some fields changed, in a tenth of the time of `replace`: it comes with every frame."""
        server = object.__new__(Server)
        vars(server).update(vars(self))
        vars(server).update(changes)
        return server


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a happening: the server after it, what it says, what it wants to know, and whether it ends."""

    server: "Server"
    out: tuple[ServerEventBase, ...] = ()
    wanted: tuple[Turn | Utterance, ...] = ()
    closing: Closing | None = None
