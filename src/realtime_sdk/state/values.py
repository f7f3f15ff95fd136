"""What the state is made of: frozen values, one class per thing a conversation has.

No behaviour but reading. None means unknown or absent, never empty; audio is counted, never kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.heard import heard_text
from realtime_sdk.state.persistent import PMap, PSeq
from realtime_sdk.state.usage import Usage

__all__ = [
    "Anomaly",
    "Epoch",
    "InputAudio",
    "Item",
    "OutputAudio",
    "Part",
    "RateLimit",
    "Reported",
    "Response",
    "Speech",
    "TranscriptSegment",
    "Translation",
    "evolve",
    "make",
]

PCM_BYTES_PER_MS = 48
"""Bytes of a millisecond of `audio/pcm`: 24 kHz, 16 bits, mono (DOSSIER §5)."""

T = TypeVar("T")


_new: Final = object.__new__


def make(kind: type[T], **fields: Any) -> T:
    """A frozen value of `kind` at a sixth of the price of calling the class.

    Fields that are not given are the class's defaults, which the instance need not hold. Fields without a default
    must be given.
    """
    new = _new(kind)
    new.__dict__.update(fields)
    return new


def evolve(value: T, **changes: Any) -> T:
    """The same value with some fields changed: `dataclasses.replace` at a sixth of its price."""
    new = _new(value.__class__)
    fields = new.__dict__
    fields.update(value.__dict__)
    fields.update(changes)
    return new


@dataclass(frozen=True)
class TranscriptSegment:
    """One speaker's stretch of a diarised input transcript; times in seconds of the item's audio."""

    id: str
    speaker: str
    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Part:
    """One content part of an item.

    `type` is the wire's (`input_text`, `input_audio`, `input_image`, `output_text`, `output_audio`). `text` is what
    was typed or written, `transcript` what was spoken. `final` tells that the transcript or text is authoritative.
    """

    type: str
    text: str | None = None
    transcript: str | None = None
    final: bool = False
    streamed: tuple[str, str] | None = None
    """What stood there before any delta, and the deltas since: what `text` or `transcript` is made of until final."""
    image_url: str | None = None
    detail: str | None = None
    audio_bytes: int = 0
    """Bytes of audio received for this part (output), decoded from base64."""
    bytes_per_ms: int = PCM_BYTES_PER_MS
    spoken: tuple[tuple[str, int], ...] = ()
    """The transcript deltas as they came, each with the bytes of audio that had come before it."""
    input_audio_ms: int | None = None
    """Length of a user's committed audio, where speech events or appended frames tell it."""
    heard_ms: int | None = None
    """How far the part was played to the user, as the player reported."""
    truncated_ms: int | None = None
    """Where the server cut the part (`conversation.item.truncated`)."""
    transcript_error: str | None = None
    """Why the input transcription failed: the server's code, or its message."""
    segments: tuple[TranscriptSegment, ...] = ()
    languages: tuple[str, ...] = ()
    unknown: Unknown | None = None
    """The part as received where the protocol knows no such part."""

    @property
    def audio_ms(self) -> int:
        """Milliseconds of audio received for this part, rounded down."""
        return self.audio_bytes // self.bytes_per_ms

    @property
    def heard_text(self) -> str | None:
        """What the user heard of a truncated part: up to the last whole word. None unless it was cut."""
        if self.truncated_ms is None:
            return None
        return heard_text(self.transcript or "", self.spoken, self.audio_bytes, self.truncated_ms * self.bytes_per_ms)


@dataclass(frozen=True)
class Item:
    """One item of a conversation, or of an out-of-band response. Fields that its type does not have are None."""

    id: str
    type: str
    role: str | None = None
    status: str | None = None
    parts: tuple[Part, ...] = ()
    phase: str | None = None
    response_id: str | None = None
    output_index: int | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    arguments_final: bool = False
    output: str | None = None
    server_label: str | None = None
    approval_request_id: str | None = None
    approve: bool | None = None
    reason: str | None = None
    error: str | None = None
    """Why an MCP call failed."""
    tools: tuple[str, ...] | None = None
    """Names of the tools an MCP server listed."""
    mcp_status: str | None = None
    """`in_progress`, `completed` or `failed`: where an MCP call or listing stands."""
    bytes_per_ms: int = PCM_BYTES_PER_MS
    """Bytes of a millisecond of its audio, by the format it is spoken in."""
    ended: bool = False
    """True once the server said that the item is done."""
    in_conversation: bool = False
    """False for items of out-of-band responses, and once the item was deleted."""
    placed: bool = False
    """True once the server said where in the conversation the item stands."""
    unknown: Unknown | None = None
    """The item as received where the protocol knows no such item."""

    @property
    def text(self) -> str | None:
        """Typed or generated text and output transcripts, parts joined without separator; None if there is none."""
        texts = [t for part in self.parts if (t := _written(part)) is not None]
        return "".join(texts) if texts else None

    @property
    def input_transcript(self) -> str | None:
        """What the transcription heard the user say, parts joined; None while unknown."""
        texts = [p.transcript for p in self.parts if p.type == "input_audio" and p.transcript is not None]
        return "".join(texts) if texts else None

    @property
    def truncated_ms(self) -> int | None:
        """Where the item's audio was cut, None if it was not."""
        return next((p.truncated_ms for p in self.parts if p.truncated_ms is not None), None)

    @property
    def heard_text(self) -> str | None:
        """What the user heard of an item that was cut; None if it was not."""
        if self.truncated_ms is None:
            return None
        return "".join(heard for part in self.parts if (heard := _heard(part)) is not None)

    @property
    def audio_ms(self) -> int:
        """Milliseconds of generated audio received for this item."""
        return sum(part.audio_ms for part in self.parts)

    @property
    def has_words(self) -> bool:
        """True once something is known of what the item says."""
        for part in self.parts:
            if part.text or part.transcript:
                return True
        return bool(self.arguments or self.output)

    @property
    def is_final(self) -> bool:
        """True once nothing more comes: the server said that it is done, or its status says so."""
        return self.ended or self.status not in (None, "in_progress")


def _written(part: Part) -> str | None:
    return part.text if part.type != "output_audio" else part.transcript if part.text is None else part.text


def _heard(part: Part) -> str | None:
    return part.heard_text if part.truncated_ms is not None else _written(part)


@dataclass(frozen=True)
class Response:
    """One response. `status` starts as `in_progress` and ends once: the first terminal status stays."""

    id: str
    status: str = "in_progress"
    reason: str | None = None
    """Why it ended early: `turn_detected`, `client_cancelled`, `max_output_tokens`, …"""
    error_code: str | None = None
    error_message: str | None = None
    item_ids: tuple[str, ...] = ()
    usage: Usage | None = None
    metadata: Mapping[str, str] | None = None
    conversation_id: str | None = None
    out_of_band: bool = False
    modalities: tuple[str, ...] = ()
    voice: str | None = None
    bytes_per_ms: int | None = None

    @property
    def is_active(self) -> bool:
        """True until it has ended."""
        return self.status == "in_progress"


@dataclass(frozen=True)
class Speech:
    """A stretch of user speech as the server's voice detection saw it, in ms since the session began."""

    item_id: str
    start_ms: int | None = None
    end_ms: int | None = None

    @property
    def length_ms(self) -> int | None:
        """How long it was, None while either end is unknown."""
        return None if self.start_ms is None or self.end_ms is None else self.end_ms - self.start_ms


@dataclass(frozen=True)
class InputAudio:
    """The server's input buffer."""

    speaking: bool = False
    reserved_item_id: str | None = None
    """The id that the item of the present speech will have."""
    speech: Speech | None = None
    """The present, or the last, stretch of speech."""
    speeches: PSeq[Speech] = PSeq()
    """Stretches of speech that have ended, in order."""
    commits: PSeq[str] = PSeq()
    """Ids of the items that buffers were committed to, in order."""
    awaiting: str | None = None
    """Id of the item of a turn that voice detection committed and whose answer has not begun, None if none is due."""
    commits_sent: tuple[int, ...] = ()
    """Bytes appended when each commit of ours went out that has not been answered."""
    emptied_at: int = 0
    """Bytes that had been appended when the buffer was last emptied."""
    lengths: PMap[str, int] = PMap()
    """Milliseconds of committed audio by the id of the item it became, where they are known."""
    timeouts: PSeq[Speech] = PSeq()
    """Stretches of silence after which the server took the turn."""
    dtmf: str = ""
    """Keys pressed on a telephone, in order."""


@dataclass(frozen=True)
class OutputAudio:
    """The server's output buffer, which only WebRTC and SIP sessions have."""

    playing: str | None = None
    """Id of the response that is being played."""
    cleared: PSeq[str] = PSeq()
    """Ids of responses whose playback was cut off."""


@dataclass(frozen=True)
class Translation:
    """What a translation session has said so far: two running transcripts and the amount of audio."""

    input_chunks: PSeq[str] = PSeq()
    output_chunks: PSeq[str] = PSeq()
    audio_bytes: int = 0
    """Bytes of translated audio received (24 kHz PCM16)."""
    elapsed_ms: int | None = None
    closed: bool = False

    @property
    def input_transcript(self) -> str:
        """What was said, as far as it is transcribed."""
        return "".join(self.input_chunks)

    @property
    def output_transcript(self) -> str:
        """What was said, in the language it is translated to."""
        return "".join(self.output_chunks)


@dataclass(frozen=True)
class RateLimit:
    """One rate limit as the server last stated it."""

    name: str
    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None


@dataclass(frozen=True)
class Reported:
    """One `error` event of the server. `client_event_id` names the event of ours that caused it."""

    code: str | None
    message: str | None
    type: str | None = None
    param: str | None = None
    client_event_id: str | None = None
    event_id: str | None = None


@dataclass(frozen=True)
class Anomaly:
    """Something on the wire that should not have been, or that we do not know. `kind` is one of `KINDS`."""

    kind: str
    detail: str
    event_type: str | None = None
    item_id: str | None = None
    response_id: str | None = None


@dataclass(frozen=True)
class Epoch:
    """One connection of a session's life. A session that never lost its connection has one."""

    number: int
    session_id: str | None = None
    dialect: str | None = None
    closed: bool = False
    close_code: int | None = None
    close_reason: str | None = None
    closed_by: str | None = None
    lost: tuple[str, ...] = ()
    """What could not be carried over from the epoch before."""
