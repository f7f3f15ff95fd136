"""What a person writes as keywords, as the nested objects that the protocol wants. Tables; pure.

A keyword that is not given stays absent on the wire, None is sent as null (`turn_detection=None` turns it off).
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, TypedDict, cast

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import client_events, models, registries
from realtime_sdk.protocol.wire import WireModel

__all__ = ["ResponseSettings", "SessionSettings", "response_params", "session_update"]

AudioFormat: TypeAlias = models.AudioPcm | models.AudioPcmu | models.AudioPcma
FormatName: TypeAlias = Literal["audio/pcm", "audio/pcmu", "audio/pcma"]
JsonDict: TypeAlias = Mapping[str, Any]


class SessionSettings(TypedDict, total=False):
    """The settings of a session. What is left out stays as the server has it."""

    instructions: str
    output_modalities: Sequence[Literal["text", "audio"] | str]
    """`["audio"]` or `["text"]`."""
    voice: str | models.CustomVoice
    """Cannot change after the first audio of a session."""
    speed: float
    """0.25 to 1.5; changes between turns only."""
    input_format: AudioFormat | FormatName | JsonDict
    output_format: AudioFormat | FormatName | JsonDict
    turn_detection: models.ServerVad | models.SemanticVad | Literal["server_vad", "semantic_vad"] | JsonDict | None
    """None: the client commits."""
    transcription: models.AudioTranscription | str | JsonDict | None
    """The model that transcribes what the user says (Azure: its deployment), or all of its settings."""
    noise_reduction: models.NoiseReduction | Literal["near_field", "far_field"] | JsonDict | None
    tools: Sequence[Any]
    """`models.FunctionTool`, `models.McpTool`, dictionaries of that shape."""
    tool_choice: Any
    """`auto`, `none`, `required`, or one tool as `models.ToolChoiceFunction` or `ToolChoiceMcp`."""
    parallel_tool_calls: bool
    reasoning: models.Reasoning | str | JsonDict
    """The effort, or all of its settings."""
    max_output_tokens: int | Literal["inf"]
    truncation: Any
    tracing: Any
    include: Sequence[str]
    prompt: models.Prompt | JsonDict | None
    language: str
    """Of a translation session: the language to translate to."""


class ResponseSettings(TypedDict, total=False):
    """The settings of one response; what is left out is as the session has it."""

    instructions: str
    output_modalities: Sequence[Literal["text", "audio"] | str]
    voice: str | models.CustomVoice
    output_format: AudioFormat | FormatName | JsonDict
    tools: Sequence[Any]
    tool_choice: Any
    parallel_tool_calls: bool
    reasoning: models.Reasoning | str | JsonDict
    max_output_tokens: int | Literal["inf"]
    metadata: Mapping[str, str]
    prompt: models.Prompt | JsonDict | None
    input: Sequence[Any]
    """Items that replace the conversation as the context, `models.ItemReference` for those that are in it."""


Path: TypeAlias = tuple[str, ...]

_PATHS: Final[Mapping[str, Path]] = MappingProxyType(
    {
        "voice": ("audio", "output", "voice"),
        "speed": ("audio", "output", "speed"),
        "language": ("audio", "output", "language"),
        "output_format": ("audio", "output", "format"),
        "input_format": ("audio", "input", "format"),
        "turn_detection": ("audio", "input", "turn_detection"),
        "transcription": ("audio", "input", "transcription"),
        "noise_reduction": ("audio", "input", "noise_reduction"),
    }
)
"""Keyword → where it stands, for those that do not stand at the top."""

_FORMATS: Final[Mapping[str, Callable[[], AudioFormat]]] = MappingProxyType(
    {
        "audio/pcm": lambda: models.AudioPcm(rate=24_000),
        "audio/pcmu": lambda: models.AudioPcmu(),
        "audio/pcma": lambda: models.AudioPcma(),
    }
)
_TURN_DETECTIONS: Final[Mapping[str, Callable[[], WireModel]]] = MappingProxyType(
    {"server_vad": lambda: models.ServerVad(), "semantic_vad": lambda: models.SemanticVad()}
)


def _format(name: str) -> AudioFormat:
    if name not in _FORMATS:
        raise LocalProtocolError(f"{name!r} is no audio format: it is one of {', '.join(_FORMATS)}", field="format")
    return _FORMATS[name]()


def _turn_detection(name: str) -> WireModel:
    if name not in _TURN_DETECTIONS:
        known = ", ".join(_TURN_DETECTIONS)
        said = f"{name!r} is no turn detection: it is one of {known}, or None"
        raise LocalProtocolError(said, field="turn_detection")
    return _TURN_DETECTIONS[name]()


_BY_NAME: Final[Mapping[str, Callable[[str], WireModel | JsonDict]]] = MappingProxyType(
    {
        "input_format": _format,
        "output_format": _format,
        "turn_detection": _turn_detection,
        "transcription": lambda model: {"model": model},  # each kind of session has a class of its own for these two
        "noise_reduction": lambda kind: {"type": kind},
        "reasoning": lambda effort: models.Reasoning(effort=effort),
    }
)
"""Keyword → the object that a mere name stands for."""


def _nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as the nested dictionary that the models are made from."""
    nested: dict[str, Any] = {}
    for keyword, given in settings.items():
        *outer, last = _PATHS.get(keyword, (keyword,))
        inner = nested
        for key in outer:
            inner = inner.setdefault(key, {})
        inner[last] = _shaped(keyword, given)
    return nested


def _shaped(keyword: str, given: Any) -> Any:
    if isinstance(given, str):
        return _BY_NAME[keyword](given) if keyword in _BY_NAME else given
    if isinstance(given, Mapping):
        return {**cast("JsonDict", given)}
    return [*given] if isinstance(given, list | tuple) else given


def session_update(settings: Mapping[str, Any], *, kind: str, event_id: str | None = None) -> Any:
    """The `session.update` of these settings for a session of a kind: `realtime`, `transcription`, `translation`.

    Raises LocalProtocolError for a keyword that such a session does not have, or a value of the wrong form.
    """
    _check_names(settings, SessionSettings)
    identity: dict[str, Any] = {} if event_id is None else {"event_id": event_id}
    if kind == "translation":
        update: Any = registries.TRANSLATION.client["session.update"]
        return update(session=_nested(settings), **identity)
    request = models.TranscriptionSessionRequest if kind == "transcription" else models.SessionRequest
    return client_events.SessionUpdate(session=request(**_nested(settings)), **identity)


def response_params(settings: Mapping[str, Any]) -> models.ResponseCreateParams:
    """The parameters of a response. Raises LocalProtocolError as `session_update` does."""
    _check_names(settings, ResponseSettings)
    return models.ResponseCreateParams(**_nested(settings))


def _check_names(settings: Mapping[str, Any], known: type[Any]) -> None:
    for keyword in settings:
        if keyword not in known.__annotations__:
            near = get_close_matches(keyword, known.__annotations__, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(known.__annotations__)}"
            raise LocalProtocolError(f"there is no setting {keyword!r}: {meant}", field=keyword)
