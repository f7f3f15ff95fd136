"""The short way gives the event of the long way, or raises."""

from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic_core import to_json

from realtime_sdk.protocol.codec import name, parse
from realtime_sdk.protocol.local import LOCAL_EVENTS
from realtime_sdk.protocol.one_pass import one_pass
from realtime_sdk.protocol.registries import GA
from realtime_sdk.protocol.wire import WireModel
from tests.protocol.spoken import DIALECTS, SIDES, frames, mangled, registry_of


def state(event: Any) -> Any:
    """Everything in an event that can differ: class, values and their types, which fields were set, extras."""
    if isinstance(event, WireModel):
        return type(event), state(dict(event)), sorted(event.model_fields_set), list(event.model_extra or {})
    if isinstance(event, dict):
        return {key: state(value) for key, value in event.items()}
    return [state(inner) for inner in event] if isinstance(event, list) else (type(event), repr(event))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("side", SIDES)
@given(data=st.data())
def test_both_ways_give_the_same_event(dialect: str, side: str, data: Any) -> None:
    obj = data.draw(frames(dialect, side) | mangled(frames(dialect, side)))
    registry, frame = registry_of(dialect), to_json(obj)
    long = name(parse(frame), registry.classes[side])
    try:
        short = registry.passes[side](frame)
    except ValueError:
        return
    assert state(short) == state(long)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"session.created","type":"conversation.item.deleted","item_id":"i"}',
        b'{"type":"conversation.item.deleted","type":"session.created","item_id":"i","item_id":"j"}',
        b'{"type":"response.created","response":{"id":"a","id":"b","x":1,"x":2},"x":1,"x":2}',
        b'{"type":"session.updated","session":{"type":"dreaming","a":1,"a":2}}',
        b'{"type":"session.updated","session":{"type":"realtime","type":"transcription","a":1,"a":2}}',
        b'{"type":"session.updated","session":{"type":"realtime","tools":[{"type":"function","parameters":{"a":1,"a":2}}]}}',
    ],
)
def test_of_a_key_that_stands_twice_both_ways_take_the_same_one(frame: bytes) -> None:
    long = name(parse(frame), GA.server)
    try:
        short = GA.passes["server"](frame)
    except ValueError:
        return
    assert state(short) == state(long)


def test_what_is_usual_goes_the_short_way() -> None:
    frame = b'{"event_id":"e", "type": "input_audio_buffer.cleared"}'
    assert GA.passes["server"](frame) == name(parse(frame), GA.server)


def test_one_class_alone_has_no_short_way() -> None:
    read = one_pass({"local.playback_heard": LOCAL_EVENTS["local.playback_heard"]})
    with pytest.raises(ValueError, match="nothing to choose"):
        read(b"{}")
