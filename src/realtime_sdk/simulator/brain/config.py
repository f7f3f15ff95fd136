"""How a session is set: what the wire shows of it, and the same read once for those who ask.

`wire` is the effective session as a JSON object; it is never changed, a new one takes its place. The defaults are the
service's, as recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from realtime_sdk.audio.vad import TurnRules
from realtime_sdk.protocol.json_values import JsonObject, is_array, is_object
from realtime_sdk.protocol.models import FunctionTool, Session, TranscriptionSession

__all__ = ["Config", "Intent", "Modality", "merged", "opening"]

Intent: TypeAlias = Literal["realtime", "transcription", "translation"]
Modality: TypeAlias = Literal["audio", "text"]

INSTRUCTIONS: Final = (
    "You are a simulated assistant. Answer what you are asked, call a tool where one fits, "
    "and repeat what you heard where you know no better."
)
_PCM: Final[JsonObject] = {"type": "audio/pcm", "rate": 24_000}
_SERVER_VAD: Final[JsonObject] = {
    "type": "server_vad",
    "threshold": 0.5,
    "prefix_padding_ms": 300,
    "silence_duration_ms": 500,
    "idle_timeout_ms": None,
    "create_response": True,
    "interrupt_response": True,
}
_SEMANTIC_VAD: Final[JsonObject] = {
    "type": "semantic_vad",
    "eagerness": "auto",
    "create_response": True,
    "interrupt_response": True,
}
_TRANSCRIPTION: Final[JsonObject] = {"model": None, "language": None, "prompt": None}
_OLDER: Final = ("gpt-4o", "gpt-realtime-2025", "gpt-realtime-mini", "gpt-realtime-1")
_OF_CONVERSATIONS: Final = frozenset({"create_response", "interrupt_response", "idle_timeout_ms"})
"""Fields of turn detection that a session which only transcribes does not have."""


@dataclass(frozen=True, slots=True)
class Eagerness:
    """How long a pause must be under `semantic_vad`: where the sentence is finished, and where it is not."""

    pause_ms: int
    longest_ms: int


_EAGERNESS: Final = {"high": Eagerness(300, 2_000), "medium": Eagerness(600, 4_000), "low": Eagerness(1_200, 8_000)}
# The longest waits are the service's (DOSSIER §5), `auto` is `medium`; the short ones are ours.


def eagerness(detection: Mapping[str, Any]) -> Eagerness:
    """How eager a `semantic_vad` is."""
    return _EAGERNESS.get(str(detection.get("eagerness")), _EAGERNESS["medium"])


@dataclass(frozen=True)
class Config:
    """A session's settings. Properties read `wire`, each once."""

    wire: JsonObject

    @property
    def id(self) -> str:
        """The session's id."""
        return str(self.wire["id"])

    @property
    def intent(self) -> Intent:
        """What the session is for."""
        return "transcription" if self.wire["type"] == "transcription" else "realtime"

    @cached_property
    def shown(self) -> Session | TranscriptionSession:
        """The session as session.created and session.updated show it."""
        shape = TranscriptionSession if self.intent == "transcription" else Session
        return shape.model_validate(self.wire)

    @cached_property
    def model(self) -> str:
        """The model's name."""
        return str(self.wire.get("model") or "")

    @property
    def modality(self) -> Modality:
        """What answers are made of, where the response does not say it."""
        return "text" if self.wire.get("output_modalities") == ["text"] else "audio"

    @cached_property
    def tools(self) -> tuple[FunctionTool, ...]:
        """The functions that may be called."""
        return functions(self.wire.get("tools"))

    @cached_property
    def input_format(self) -> str:
        """The format of incoming sound (`audio/pcm`, `audio/pcmu`, `audio/pcma`)."""
        return str(_at(self.wire, "audio", "input", "format", "type"))

    @cached_property
    def output_format(self) -> JsonObject:
        """The format of outgoing sound, as an object."""
        return dict(_at(self.wire, "audio", "output", "format") or _PCM)

    @property
    def voice(self) -> Any:
        """The voice: a name, or an object with an id."""
        return _at(self.wire, "audio", "output", "voice")

    @property
    def speed(self) -> float:
        """How fast is spoken, 0.25 to 1.5."""
        return float(_at(self.wire, "audio", "output", "speed") or 1.0)

    @property
    def transcription(self) -> JsonObject | None:
        """How incoming speech is written down, None if it is not."""
        found: JsonObject | None = _at(self.wire, "audio", "input", "transcription")
        return found

    @property
    def turn_detection(self) -> JsonObject | None:
        """How turns are found, None if the client commits them."""
        found: JsonObject | None = _at(self.wire, "audio", "input", "turn_detection")
        return found

    @cached_property
    def turn_rules(self) -> TurnRules | None:
        """The rules of turn detection, None if the client commits."""
        given = self.turn_detection
        if given is None:
            return None
        if given["type"] == "semantic_vad":
            return TurnRules(silence_duration_ms=eagerness(given).pause_ms)
        return TurnRules(
            threshold=given["threshold"],
            prefix_padding_ms=given["prefix_padding_ms"],
            silence_duration_ms=given["silence_duration_ms"],
        )

    @property
    def longest_pause_ms(self) -> int | None:
        """How long a pause in the middle of a sentence is waited for; None where every pause ends the turn."""
        given = self.turn_detection
        return eagerness(given).longest_ms if given is not None and given["type"] == "semantic_vad" else None

    @property
    def interleaves(self) -> bool:
        """Whether the model begins a second output item before the first has ended, and tells phases."""
        return self.model.startswith("gpt-realtime-2") and not self.model.startswith("gpt-realtime-2025")


def functions(tools: object) -> tuple[FunctionTool, ...]:
    """The functions among a list of tools as the wire has them."""
    listed = tools if is_array(tools) else []
    return tuple(FunctionTool.model_validate(tool) for tool in listed if tool.get("type") == "function")


def mcp_servers(tools: object) -> tuple[JsonObject, ...]:
    """The MCP servers among a list of tools as the wire has them."""
    listed = tools if is_array(tools) else []
    return tuple(tool for tool in listed if tool.get("type") == "mcp")


def needs_approval(servers: tuple[JsonObject, ...], label: str, name: str) -> bool:
    """Whether the client wants to be asked before a tool of an MCP server is called; the default is always."""
    rule = next((tool.get("require_approval") for tool in servers if tool.get("server_label") == label), None)
    if is_object(rule):
        never: JsonObject = rule.get("never") or {}
        return name not in (never.get("tool_names") or ())
    return rule != "never"


def opening(session_id: str, *, model: str, expires_at: int, intent: Intent = "realtime") -> Config:
    """The settings of a fresh session."""
    older = model == "gpt-realtime" or model.startswith(_OLDER)
    hearing = {
        "format": dict(_PCM),
        "transcription": None,
        "noise_reduction": None,
        "turn_detection": {**_SERVER_VAD, "silence_duration_ms": 200 if older else 500},
    }
    if intent == "transcription":
        hearing["turn_detection"] = _only_transcribing({**_SERVER_VAD, "silence_duration_ms": 200})
        head = {**_head("transcription", session_id, expires_at), "object": "realtime.transcription_session"}
        return Config({**head, "audio": {"input": hearing}, "include": None})
    speaking = {"format": dict(_PCM), "voice": "alloy" if older else "marin", "speed": 1.0}
    return Config(
        {
            **_head("realtime", session_id, expires_at),
            "model": model,
            "output_modalities": ["audio"],
            "instructions": INSTRUCTIONS,
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            "prompt": None,
            "audio": {"input": hearing, "output": speaking},
            "include": None,
        }
    )


def merged(config: Config, patch: Mapping[str, Any]) -> Config:
    """The settings after a session.update that was found to be sound: given fields replace, null turns off."""
    wire = {**config.wire, **{name: value for name, value in patch.items() if name != "audio"}}
    if patch.get("instructions") == "":
        wire["instructions"] = INSTRUCTIONS
    audio: JsonObject = patch.get("audio") or {}
    wire["audio"] = {
        side: {**settings, **_audio_patch(settings, audio.get(side) or {})}
        for side, settings in config.wire["audio"].items()
    }
    if config.intent == "transcription":
        hearing = wire["audio"]["input"]
        hearing["turn_detection"] = _only_transcribing(hearing["turn_detection"])
    return Config(wire)


def _only_transcribing(detection: JsonObject | None) -> JsonObject | None:
    if detection is None:
        return None
    return {name: value for name, value in detection.items() if name not in _OF_CONVERSATIONS}


def _audio_patch(settings: JsonObject, patch: JsonObject) -> JsonObject:
    return {
        name: _FILLED[name](settings.get(name), value) if name in _FILLED else value for name, value in patch.items()
    }


def _turn_detection(before: JsonObject | None, patch: JsonObject | None) -> JsonObject | None:
    if patch is None:
        return None
    defaults = _SEMANTIC_VAD if patch["type"] == "semantic_vad" else _SERVER_VAD
    same = before is not None and before["type"] == patch["type"]
    return {**(before if same and before else defaults), **patch}


def _transcription(before: JsonObject | None, patch: JsonObject | None) -> JsonObject | None:
    return None if patch is None else {**(before or _TRANSCRIPTION), **patch}


def _format(before: JsonObject | None, patch: JsonObject) -> JsonObject:
    return dict(_PCM) if patch.get("type", "audio/pcm") == "audio/pcm" else {"type": patch["type"]}


_FILLED: Final = {"turn_detection": _turn_detection, "transcription": _transcription, "format": _format}


def _head(kind: str, session_id: str, expires_at: int) -> JsonObject:
    return {"type": kind, "object": "realtime.session", "id": session_id, "expires_at": expires_at}


def _at(obj: object, *path: str) -> Any:
    for name in path:
        obj = obj.get(name) if is_object(obj) else None
    return obj
