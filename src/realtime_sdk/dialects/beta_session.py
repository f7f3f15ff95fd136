"""Session and response settings, flat (beta) and nested (GA): the same settings, two addresses each.

One table a kind of object; both directions are read from it, so they cannot disagree. A setting moves
if it is there, its value has a form on the other side, and its place there is free; else it stays
where it is, so that nothing is lost. null moves as null, what is absent stays absent. Settings with
one address for both (instructions, tools, tracing, …) and settings nobody knows are not in the tables:
they are carried along at their level. So is `temperature`, which GA dropped.

Normal form: going over and back gives what went in, but for these. Modalities come back as
["text", "audio"] in this order, and so does ["audio"] alone, which GA cannot tell from them. A beta object that uses a
nested address or `max_output_tokens` comes back with the flat one; a pcm format without its rate
with the rate; `{"type": "function", "name": …}` as tool_choice with the name; an empty `audio` not at all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from realtime_sdk.dialects.objects import JsonObject, Path, is_list, is_object, moved

__all__ = ["FORMATS", "RESPONSE", "RESPONSE_PARAMS", "SESSION", "TRANSCRIPTION", "Move", "Shape", "flat", "nested"]

Reshape = Callable[[object], tuple[object, ...]]

PCM16_HZ = 24_000
FORMATS: Mapping[str, Mapping[str, object]] = {
    "pcm16": {"type": "audio/pcm", "rate": PCM16_HZ},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
TOOL_MODES = frozenset({"none", "auto", "required"})


@dataclass(frozen=True, slots=True)
class Shape:
    """How a value looks on either side; each function gives the new value in a tuple, or () if it does not know it."""

    to_ga: Reshape
    to_beta: Reshape


@dataclass(frozen=True, slots=True)
class Move:
    """One setting: its key in the flat object, its path in the nested one, and the forms of its value."""

    flat: str
    nested: Path
    shape: Shape


# ------------------------------------------------------------------------------------------------------------------
# Values


def _unchanged(value: object) -> tuple[object, ...]:
    return (value,)


def _modalities_to_ga(value: object) -> tuple[object, ...]:
    if value is None or value == ["text"] or value == ["audio"]:
        return (value,)
    both = is_list(value) and len(value) == 2 and "text" in value and "audio" in value
    return (["audio"],) if both else ()


def _modalities_to_beta(value: object) -> tuple[object, ...]:
    if value == ["audio"]:
        return (["text", "audio"],)
    return (value,) if value is None or value == ["text"] else ()


def _format_to_ga(value: object) -> tuple[object, ...]:
    if value is None:
        return (None,)
    found = FORMATS.get(value) if isinstance(value, str) else None
    return (dict(found),) if found else ()


def _format_to_beta(value: object) -> tuple[object, ...]:
    if value is None:
        return (None,)
    spelt_out = {"type": "audio/pcm", "rate": PCM16_HZ} if value == {"type": "audio/pcm"} else value
    return tuple(name for name, known in FORMATS.items() if spelt_out == known)


def _tool_choice_to_ga(value: object) -> tuple[object, ...]:
    if isinstance(value, str) and value not in TOOL_MODES:
        return ({"type": "function", "name": value},)
    return (value,)


def _tool_choice_to_beta(value: object) -> tuple[object, ...]:
    name = value.get("name") if is_object(value) else None
    named = isinstance(name, str) and name not in TOOL_MODES and value == {"type": "function", "name": name}
    return (name,) if named else (value,)


SAME = Shape(_unchanged, _unchanged)
MODALITIES = Shape(_modalities_to_ga, _modalities_to_beta)
FORMAT = Shape(_format_to_ga, _format_to_beta)
TOOL_CHOICE = Shape(_tool_choice_to_ga, _tool_choice_to_beta)

# ------------------------------------------------------------------------------------------------------------------
# Addresses

_INPUT = (
    Move("input_audio_format", ("audio", "input", "format"), FORMAT),
    Move("input_audio_transcription", ("audio", "input", "transcription"), SAME),
    Move("input_audio_noise_reduction", ("audio", "input", "noise_reduction"), SAME),
    Move("turn_detection", ("audio", "input", "turn_detection"), SAME),
)
_OUTPUT = (
    Move("modalities", ("output_modalities",), MODALITIES),
    Move("output_audio_format", ("audio", "output", "format"), FORMAT),
    Move("voice", ("audio", "output", "voice"), SAME),
)
_SPEED = Move("speed", ("audio", "output", "speed"), SAME)
_TOKENS = Move("max_response_output_tokens", ("max_output_tokens",), SAME)
_TOOL_CHOICE = Move("tool_choice", ("tool_choice",), TOOL_CHOICE)

SESSION = (*_INPUT, *_OUTPUT, _SPEED, _TOKENS, _TOOL_CHOICE)
"""`session` of session.update, session.created and session.updated."""
TRANSCRIPTION = _INPUT
"""`session` of a transcription session, which has no output."""
RESPONSE_PARAMS = (*_OUTPUT, _TOKENS, _TOOL_CHOICE)
"""`response` of response.create."""
RESPONSE = _OUTPUT
"""`response` of response.created and response.done; its `max_output_tokens` is called so in both."""


def nested(obj: JsonObject, moves: Iterable[Move]) -> JsonObject:
    """Return flat settings in their GA places."""
    for move in moves:
        obj = moved(obj, (move.flat,), move.nested, move.shape.to_ga)
    return obj


def flat(obj: JsonObject, moves: Iterable[Move]) -> JsonObject:
    """Return nested settings in their beta places."""
    for move in moves:
        obj = moved(obj, move.nested, (move.flat,), move.shape.to_beta)
    return obj
