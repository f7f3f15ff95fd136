"""Hypothesis strategies: what beta and GA servers and clients say, and JSON that nobody should say."""

from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

texts = st.text(max_size=8)
ids = st.text(alphabet="abcdef0123456789_", min_size=1, max_size=8)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
extras = st.dictionaries(st.sampled_from(["x_one", "x_two", "temperature", "prompt"]), anything, max_size=2)


def some(required: dict[str, st.SearchStrategy[Any]], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Objects that have the required fields, any of the optional ones, and fields nobody knows."""
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda extra, obj: {**extra, **obj}, extras, known)


# ------------------------------------------------------------------------------------------------------------------
# Settings

turn_detection = st.none() | some({"type": st.just("server_vad")}, threshold=st.floats(0, 1), idle_timeout_ms=st.none())
transcription = st.none() | some({}, model=texts, language=st.none() | texts)
noise_reduction = st.none() | st.just({"type": "near_field"})
voices = texts | st.just({"id": "voice_1"})
tool_choice = st.sampled_from(["auto", "none", "required"])
max_tokens = st.just("inf") | st.integers(1, 4096)
beta_formats = st.none() | st.sampled_from(["pcm16", "g711_ulaw", "g711_alaw", "a_format_of_tomorrow"])
ga_formats = st.none() | st.sampled_from([{"type": "audio/pcm", "rate": 24000}, {"type": "audio/pcmu"}, {"type": "x"}])
function_tool = st.just({"type": "function", "name": "look_up", "parameters": {"type": "object"}})

BETA_OUTPUT: Json = {
    "modalities": st.sampled_from([["text"], ["text", "audio"], ["text", "audio", "avatar"]]),
    "output_audio_format": beta_formats,
    "voice": voices,
}
BETA_INPUT: Json = {
    "input_audio_format": beta_formats,
    "input_audio_transcription": transcription,
    "input_audio_noise_reduction": noise_reduction,
    "turn_detection": turn_detection,
}
beta_settings = {
    "max_response_output_tokens": max_tokens,
    "tool_choice": tool_choice | st.just("look_up"),
    "tools": st.lists(function_tool, max_size=1),
    "instructions": texts,
}
beta_session = some({}, **BETA_INPUT, **BETA_OUTPUT, **beta_settings, speed=st.floats(0.25, 1.5), id=ids)
beta_transcription_session = some({}, **BETA_INPUT, include=st.just(None))
beta_params = some({}, **BETA_OUTPUT, **beta_settings, conversation=texts)


def _pruned(audio: Json) -> Json:
    return {key: value for key, value in audio.items() if value != {}}


ga_input = some(
    {}, format=ga_formats, transcription=transcription, noise_reduction=noise_reduction, turn_detection=turn_detection
)
ga_output = some({}, format=ga_formats, voice=voices)
ga_audio = st.fixed_dictionaries({}, optional={"input": ga_input, "output": ga_output}).map(_pruned).filter(bool)
ga_output_audio = st.fixed_dictionaries({"output": ga_output.filter(bool)})
ga_settings = {
    "max_output_tokens": max_tokens,
    "tool_choice": tool_choice | st.just({"type": "function", "name": "look_up"}),
    "tools": st.lists(function_tool, max_size=1),
    "instructions": texts,
    "output_modalities": st.sampled_from([["text"], ["audio"]]),
}
ga_session = some({"type": st.just("realtime")}, **ga_settings, audio=ga_audio, id=ids)
ga_transcription_session = some({"type": st.just("transcription")}, audio=ga_audio, include=st.none())
ga_params = some({}, **ga_settings, audio=ga_output_audio, conversation=texts)

# ------------------------------------------------------------------------------------------------------------------
# Items

statuses = st.sampled_from(["completed", "incomplete", "in_progress"])


def messages(mark: Json, status: Json, text: str, audio: str) -> st.SearchStrategy[Json]:
    """Messages of all roles, with the names that a dialect has for an assistant's content."""
    given = some({"type": st.sampled_from(["input_text", "input_audio"])}, text=texts, transcript=st.none() | texts)
    said = some({"type": st.sampled_from([text, audio])}, text=texts, transcript=texts)
    assistant = {"role": st.just("assistant"), "content": st.lists(said, max_size=2)}
    others = {"role": st.sampled_from(["user", "system"]), "content": st.lists(given, max_size=2)}
    frame = {"id": ids, "type": st.just("message"), **mark, **status}
    return some({**frame, **assistant}) | some({**frame, **others})


def items(mark: Json, text: str, audio: str) -> st.SearchStrategy[Json]:
    """Items of a server, with or without the mark that beta servers put on them."""
    call = some({"id": ids, "type": st.just("function_call"), "status": statuses, "arguments": texts, **mark})
    output = some({"id": ids, "type": st.just("function_call_output"), "output": texts, **mark})
    return messages(mark, {"status": statuses}, text, audio) | call | output


beta_items = items({"object": st.just("realtime.item")}, "text", "audio")
ga_items = items({}, "output_text", "output_audio")
beta_client_items = messages({}, {}, "text", "audio")
ga_client_items = messages({}, {}, "output_text", "output_audio")

# ------------------------------------------------------------------------------------------------------------------
# Events


def event(*types: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Events of one of some types with the given fields."""
    return some({"type": st.sampled_from(types), "event_id": ids, **fields})


SHARED = ("error", "rate_limits.updated", "input_audio_buffer.committed", "response.content_part.added", "an.event")
DELTAS = ("audio.delta", "audio.done", "audio_transcript.delta", "audio_transcript.done", "text.delta", "text.done")

beta_response = some(
    {"id": ids, "output": st.lists(beta_items, max_size=2)}, **BETA_OUTPUT, max_output_tokens=max_tokens
)
ga_response = some(
    {"id": ids, "output": st.lists(ga_items, max_size=2)},
    audio=ga_output_audio,
    max_output_tokens=max_tokens,
    output_modalities=st.sampled_from([["text"], ["audio"]]),
)

beta_server_events = (
    event(*SHARED)
    | event(*(f"response.{name}" for name in DELTAS), delta=texts)
    | event("session.created", "session.updated", session=beta_session)
    | event("transcription_session.updated", session=beta_transcription_session)
    | event("conversation.item.created", item=beta_items, previous_item_id=st.none() | ids)
    | event("conversation.item.retrieved", "response.output_item.added", "response.output_item.done", item=beta_items)
    | event("response.created", "response.done", response=beta_response)
)
ga_server_events = (
    event(*SHARED)
    | event(*(f"response.output_{name}" for name in DELTAS), delta=texts)
    | event("session.created", "session.updated", session=ga_session | ga_transcription_session)
    | event("conversation.item.retrieved", "response.output_item.added", "response.output_item.done", item=ga_items)
    | event("response.created", "response.done", response=ga_response)
)
ga_added_items = event("conversation.item.added", item=ga_items, previous_item_id=st.none() | ids)
beta_client_events = (
    event("input_audio_buffer.append", "response.cancel", "an.event")
    | event("session.update", session=beta_session)
    | event("transcription_session.update", session=beta_transcription_session)
    | event("conversation.item.create", item=beta_client_items)
    | event("response.create", response=beta_params)
)
ga_client_events = (
    event("input_audio_buffer.append", "response.cancel", "an.event")
    | event("session.update", session=ga_session | ga_transcription_session)
    | event("conversation.item.create", item=ga_client_items)
    | event("response.create", response=ga_params)
)


@st.composite
def mangled(draw: st.DrawFn, events: st.SearchStrategy[Json]) -> Json:
    """Events in which something at any depth was replaced, or taken away."""
    root = deepcopy(draw(events))  # strategies give the same constant again and again
    spots = list(_spots(root))
    holder, key = draw(st.sampled_from(spots))
    if draw(st.booleans()):
        holder[key] = draw(anything)
    elif isinstance(holder, dict):
        del holder[key]
    return root


def _spots(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from _spots(inner)
