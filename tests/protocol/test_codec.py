"""Frames ↔ events: nothing is lost, nothing raises but what is no JSON object."""

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic_core import to_json

from realtime_sdk.errors import LocalProtocolError, RemoteProtocolError
from realtime_sdk.protocol import client_events, local, models, server_events
from realtime_sdk.protocol.codec import decode, encode, encode_append, name, parse
from realtime_sdk.protocol.unknown import UnknownEvent
from tests.protocol.spoken import DIALECTS, SIDES, frames, json_values, mangled, registry_of

CHOICES = [(dialect, side) for dialect in DIALECTS for side in SIDES]


def same(frame: bytes, obj: Any) -> bool:
    return repr(_sorted(json.loads(frame))) == repr(_sorted(obj))


def _sorted(value: Any) -> Any:
    """With keys in order, so that `repr` tells 1 from 1.0 and True, which `==` does not."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("dialect", "side"), CHOICES)
@given(data=st.data())
def test_a_valid_event_decodes_to_its_class_and_encodes_to_the_same_value(dialect: str, side: str, data: Any) -> None:
    obj = data.draw(frames(dialect, side))
    registry = registry_of(dialect)
    event = decode(to_json(obj), registry=registry, sender=side)
    assert type(event) is getattr(registry, side)[obj["type"]]
    assert same(encode(event), obj)


@pytest.mark.parametrize(("dialect", "side"), CHOICES)
@given(data=st.data())
def test_a_mangled_event_never_raises_and_never_loses_anything(dialect: str, side: str, data: Any) -> None:
    obj = data.draw(mangled(frames(dialect, side)))
    assert same(encode(decode(to_json(obj), registry=registry_of(dialect), sender=side)), obj)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=4))
def test_any_object_goes_through_unchanged(obj: dict[str, Any]) -> None:
    assert same(encode(decode(to_json(obj))), obj)


def test_an_unknown_type_is_a_value_with_the_reason() -> None:
    raw = {"type": "response.sung", "verse": [1, None]}
    assert decode(to_json(raw)) == UnknownEvent("response.sung", raw, "no event has the type 'response.sung'")


@pytest.mark.parametrize("raw", [{}, {"type": None}, {"type": 7}, {"type": ["error"]}])
def test_an_object_without_a_type_is_an_unknown_event(raw: dict[str, Any]) -> None:
    assert decode(to_json(raw)) == UnknownEvent(None, raw, "it has no type")


def test_an_invalid_body_is_kept_whole_and_the_reason_names_the_field() -> None:
    raw = {"type": "response.output_text.done", "response_id": "r", "item_id": "i", "content_index": "0", "text": ""}
    event = decode(to_json(raw))
    reason = "ResponseOutputTextDone.content_index: Input should be a valid integer"
    assert event == UnknownEvent("response.output_text.done", raw, reason)


@pytest.mark.parametrize("part", ["5", "true", "[]", "{}", "5.0"])
def test_nothing_is_coerced_into_a_string(part: str) -> None:
    frame = b'{"type":"conversation.item.deleted","item_id":%b}' % part.encode()
    assert isinstance(decode(frame), UnknownEvent)


@pytest.mark.parametrize(
    "frame",
    [b"", b"[]", b"5", b"null", b'"x"', b"{", b'{"type":"error"', b'{"a":1}{}', b"\xff", b'{"a":"\xff"}', b"{'a':1}"],
)
def test_a_frame_that_is_no_json_object_raises_and_keeps_the_frame(frame: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        decode(frame)
    assert raised.value.frame == frame


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"session.closed","x":%s}',
        '{"type":"error","error":{"message":"m","x":[{"y":%s}]}}',
        '{"type":"session.updated","session":{"type":"realtime","tools":[{"type":"function","parameters":{"a":%s}}]}}',
        '{"type":"session.updated","session":{"type":"dreaming","x":%s}}',
        '{"type":"rate_limits.updated","rate_limits":[{"reset_seconds":%s}]}',
    ],
)
def test_nan_and_infinity_are_not_json_wherever_they_stand(frame: str, word: str) -> None:
    with pytest.raises(RemoteProtocolError):
        decode((frame % word).encode())


def test_the_words_nan_and_infinity_in_a_text_are_fine() -> None:
    frame = b'{"type":"conversation.item.deleted","item_id":"NaN Infinity"}'
    assert decode(frame) == server_events.ConversationItemDeleted(item_id="NaN Infinity")


def test_a_frame_may_be_a_string() -> None:
    assert decode('{"type":"input_audio_buffer.cleared"}') == decode(b'{"type":"input_audio_buffer.cleared"}')


def test_half_a_surrogate_pair_in_a_string_is_no_json() -> None:
    with pytest.raises(RemoteProtocolError):
        decode('{"type":"\ud800"}')


def test_what_the_client_says_is_read_with_the_client_s_classes() -> None:
    frame = b'{"type":"response.cancel","response_id":"r"}'
    assert decode(frame, sender="client") == client_events.ResponseCancel(response_id="r")
    assert isinstance(decode(frame), UnknownEvent)


def test_local_events_are_read_in_every_dialect() -> None:
    heard = local.PlaybackHeard(item_id="i", heard_ms=120)
    for dialect in DIALECTS:
        assert decode(encode(heard), registry=registry_of(dialect), sender="local") == heard


def test_absent_null_and_value_are_three_things_on_the_way_out() -> None:
    def session(**audio_input: Any) -> Any:
        audio = models.SessionAudio(input=models.AudioInput(**audio_input))
        return json.loads(encode(client_events.SessionUpdate(session=models.SessionRequest(audio=audio))))["session"]

    assert session() == {"type": "realtime", "audio": {"input": {}}}
    assert session(turn_detection=None) == {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    vad = {"type": "server_vad", "threshold": 0.5}
    assert session(turn_detection=models.ServerVad(threshold=0.5))["audio"] == {"input": {"turn_detection": vad}}


def test_a_tag_that_the_wire_left_out_is_not_added_to_what_came_from_it() -> None:
    raw = {"type": "response.created", "response": {"audio": {"output": {"format": {"rate": 8000}}}}}
    assert json.loads(encode(decode(to_json(raw)))) == raw


def test_what_json_cannot_say_is_refused_before_it_is_sent() -> None:
    for raw in ({"value": [float("nan")]}, {"value": object()}):
        with pytest.raises(LocalProtocolError, match="UnknownEvent cannot be said in JSON"):
            encode(UnknownEvent("x", raw))
    tool = models.UnknownTool({"type": "x", "value": object()})
    with pytest.raises(LocalProtocolError, match="SessionUpdate cannot be said in JSON"):
        encode(client_events.SessionUpdate(session=models.SessionRequest(tools=[tool])))
    with pytest.raises(LocalProtocolError, match="UnknownTool: JSON has no NaN"):
        models.UnknownTool({"value": float("inf")})
    with pytest.raises(LocalProtocolError, match=r"ServerVad\.threshold"):
        models.ServerVad(threshold=float("nan"))


@given(frames("ga", "server"))
def test_events_can_be_copied_and_sent_to_another_process(obj: dict[str, Any]) -> None:
    event = decode(to_json(obj))
    assert pickle.loads(pickle.dumps(event)) == event == copy.deepcopy(event)


def test_parse_gives_the_object_and_name_its_event() -> None:
    obj = parse(b'{"type":"session.closed"}')
    assert obj == {"type": "session.closed"}
    assert name(obj, registry_of("translation").server) == decode(
        b'{"type":"session.closed"}', registry=registry_of("translation")
    )


@given(st.binary(max_size=400))
def test_the_template_of_append_gives_what_the_event_would(pcm: bytes) -> None:
    event = decode(encode_append(pcm), sender="client")
    assert isinstance(event, client_events.InputAudioBufferAppend)
    assert encode(event) == encode_append(pcm)
