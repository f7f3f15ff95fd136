"""What a response costs: tokens by modality. Text is four characters to a token, input audio one token for 100 ms,
output audio one for 50 ms (RULES §1). What the last prompt began with comes out of the cache, by kind in blocks of 64.
"""

from collections.abc import Iterable

from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.protocol.models import (
    AssistantMessage,
    CachedTokensDetails,
    FunctionCall,
    FunctionCallOutput,
    InputTokenDetails,
    OutputTokenDetails,
    ResponseUsage,
)
from realtime_sdk.simulator.brain.planning import audio_out_tokens, text_tokens
from realtime_sdk.simulator.brain.sounds import ms_of
from realtime_sdk.simulator.brain.values import Cached, Held, Live

__all__ = ["cached_by", "transcription_usage", "usage_of"]

CACHE_BLOCK = 64
_ITEM_TOKENS = 4  # what an item costs beside its words
_IMAGE_TOKENS = 85


def usage_of(live: Live, context: Iterable[Held], *, cached: Cached) -> ResponseUsage:
    """The usage of a response as far as it got."""
    held = tuple(context)
    text = text_tokens(len(live.terms.instructions) + live.terms.tools_chars) + sum(map(_text_in, held))
    audio = sum(map(_audio_in, held))
    image = sum(map(_images_in, held))
    known_text = min(cached.text_tokens, text) // CACHE_BLOCK * CACHE_BLOCK
    known_audio = min(cached.audio_tokens, audio) // CACHE_BLOCK * CACHE_BLOCK
    spoken = sum(audio_out_tokens(ms_of(output.tape.size)) for output in live.outputs)
    written = sum(text_tokens(len(output.text) + len(output.name)) for output in live.outputs) + live.reasoning_tokens
    return ResponseUsage(
        total_tokens=text + audio + image + written + spoken,
        input_tokens=text + audio + image,
        output_tokens=written + spoken,
        input_token_details=InputTokenDetails(
            text_tokens=text,
            audio_tokens=audio,
            image_tokens=image,
            cached_tokens=known_text + known_audio,
            cached_tokens_details=CachedTokensDetails(text_tokens=known_text, audio_tokens=known_audio, image_tokens=0),
        ),
        output_token_details=_output_details(written, spoken, live.reasoning_tokens),
    )


def cached_by(usage: ResponseUsage) -> Cached:
    """What a response leaves in the cache: its prompt and its answer."""
    ins, outs = usage.input_token_details, usage.output_token_details
    text = (ins.text_tokens or 0 if ins else 0) + (outs.text_tokens or 0 if outs else 0)
    audio = (ins.audio_tokens or 0 if ins else 0) + (outs.audio_tokens or 0 if outs else 0)
    return Cached(text, audio)


def transcription_usage(model: str, transcript: str, duration_ms: int) -> JsonObject:
    """What writing speech down costs: whisper counts seconds, the others tokens."""
    if "whisper" in model or not model:
        return {"type": "duration", "seconds": -(-duration_ms // 1_000)}
    heard, written = -(-duration_ms // 100), text_tokens(len(transcript))
    return {
        "type": "tokens",
        "total_tokens": heard + written,
        "input_tokens": heard,
        "input_token_details": {"text_tokens": 0, "audio_tokens": heard},
        "output_tokens": written,
    }


def _output_details(written: int, spoken: int, reasoning: int) -> OutputTokenDetails:
    if reasoning:
        return OutputTokenDetails(text_tokens=written, audio_tokens=spoken, reasoning_tokens=reasoning)
    return OutputTokenDetails(text_tokens=written, audio_tokens=spoken)


def _text_in(held: Held) -> int:
    match held.item:
        case FunctionCall(name=name, arguments=arguments):
            return _ITEM_TOKENS + text_tokens(len(name or "") + len(arguments or ""))
        case FunctionCallOutput(output=output):
            return _ITEM_TOKENS + text_tokens(len(output or ""))
        case _:
            return _ITEM_TOKENS + (0 if held.sounds else text_tokens(len(held.words or "")))


def _audio_in(held: Held) -> int:
    length = sum(map(len, held.sounds.values()))
    spoken = isinstance(held.item, AssistantMessage)
    return audio_out_tokens(ms_of(length)) if spoken else -(-ms_of(length) // 100)


def _images_in(held: Held) -> int:
    content = getattr(held.item, "content", None) or ()
    return sum(_IMAGE_TOKENS for part in content if getattr(part, "type", None) == "input_image")
