"""Audio payloads: where they stand, and frames without them."""

import json
from base64 import b64encode

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.log.audio_payload import leave_out_audio, payload_start, with_silence
from realtime_sdk.state.reducers.wire_items import decoded_size
from tests.log.frames import AUDIO, SMALL

SOUND = b64encode(bytes(range(256)) * 3).decode()


def frame(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind, **fields}, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("response.output_audio.delta", "delta"),
        ("response.audio.delta", "delta"),
        ("session.output_audio.delta", "delta"),
        ("input_audio_buffer.append", "audio"),
        ("session.input_audio_buffer.append", "audio"),
    ],
)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_payload_of_every_kind_of_audio_frame_is_found_and_left_out(
    kind: str, name: str, separators: tuple[str, str]
) -> None:
    whole = json.dumps({"type": kind, "event_id": "e", name: SOUND}, separators=separators).encode()
    empty = json.dumps({"type": kind, "event_id": "e", name: ""}, separators=separators).encode()
    assert whole[payload_start(whole) :] == f'"{SOUND}"}}'.encode()
    assert leave_out_audio(whole) == (empty, len(SOUND))


@pytest.mark.parametrize(
    "odd",
    [
        SMALL,
        frame("response.output_text.delta", delta="x" * 600),
        frame("response.output_audio.delta", delta=SOUND, item_id="after"),
        frame("response.output_audio.delta", delta=SOUND[:500] + '"' + SOUND),
        frame("response.output_audio.delta", delta=SOUND, other="x" * 600),
    ],
)
def test_a_frame_of_another_shape_is_left_to_a_closer_look(odd: bytes) -> None:
    assert payload_start(odd) == -1


def test_a_payload_is_left_out_wherever_it_stands() -> None:
    before = frame("response.output_audio.delta", delta=SOUND, item_id="i")
    assert leave_out_audio(before) == (frame("response.output_audio.delta", delta="", item_id="i"), len(SOUND))
    content = [{"type": "input_audio", "audio": SOUND, "transcript": "hi"}, {"type": "input_audio", "audio": "QUJD"}]
    silent = [{"type": "input_audio", "audio": "", "transcript": "hi"}, {"type": "input_audio", "audio": ""}]
    item = frame("conversation.item.retrieved", item={"id": "i", "content": content})
    assert leave_out_audio(item) == (
        frame("conversation.item.retrieved", item={"id": "i", "content": silent}),
        len(SOUND) + 4,
    )


@pytest.mark.parametrize(
    "silent",
    [
        SMALL,
        b"not json",
        b"\xff\xfe",
        frame("response.output_audio_transcript.delta", delta="hello"),
        frame("response.output_text.delta", delta="hello", note="audio.delta"),
        frame("session.update", session={"audio": {"input": {"format": {"type": "audio/pcm"}}}}),
        frame("response.content_part.added", part={"type": "audio", "transcript": ""}),
        frame("response.output_audio.delta", delta=""),
    ],
)
def test_a_frame_without_audio_stays_as_it_is(silent: bytes) -> None:
    assert leave_out_audio(silent) == (silent, 0)


def test_leaving_out_twice_is_leaving_out_once() -> None:
    once, count = leave_out_audio(AUDIO)
    assert count == 800
    assert leave_out_audio(once) == (once, 0)


@pytest.mark.parametrize(
    ("payload", "padding", "left_out"),
    [("QUJD", "", 4), ("QUI=", "=", 3), ("QQ==", "==", 2), ("=", "=", 0), ("Q=Q", "=", 2)],
)
@pytest.mark.parametrize("more", [{}, {"note": "x" * 600}])
def test_the_padding_stays_so_that_the_bytes_can_be_counted(
    payload: str, padding: str, left_out: int, more: dict[str, str]
) -> None:
    bare, count = leave_out_audio(frame("input_audio_buffer.append", **more, audio=payload))
    assert (bare, count) == (frame("input_audio_buffer.append", **more, audio=padding), left_out)
    assert leave_out_audio(bare) == (bare, 0)
    assert with_silence(bare, count) == frame("input_audio_buffer.append", **more, audio="A" * left_out + padding)


def test_characters_are_counted_as_they_are_meant_not_as_they_are_escaped() -> None:
    escaped = b'{"type":"response.output_audio.delta","delta":"AB\\/DA\\u003d=="}'.replace(b"==", b"\\u003d")
    assert leave_out_audio(escaped) == (b'{"type":"response.output_audio.delta","delta":"=="}', 5)
    long = escaped.replace(b"AB", b"AB" * 400)
    assert leave_out_audio(long) == (b'{"type":"response.output_audio.delta","delta":"=="}', 803)


@given(st.text("AQ=/+", max_size=12), st.sampled_from(["", "x" * 600]))
def test_silence_has_the_size_of_what_was_left_out(payload: str, note: str) -> None:
    kind = "session.output_audio.delta"
    bare, count = leave_out_audio(frame(kind, note=note, delta=payload))
    assert decoded_size(json.loads(with_silence(bare, count))["delta"]) == decoded_size(payload)


def test_what_a_user_calls_audio_is_no_audio() -> None:
    said = frame("response.created", response={"id": "r", "metadata": {"audio": "aloud"}})
    tool = frame("session.update", session={"tools": [{"parameters": {"examples": [{"audio": "a.wav"}]}}]})
    assert (leave_out_audio(said), leave_out_audio(tool)) == ((said, 0), (tool, 0))


def test_silence_is_put_where_audio_stood_and_nowhere_else() -> None:
    content = [{"type": "input_audio", "audio": ""}, {"type": "input_audio", "audio": ""}]
    item = frame("conversation.item.create", item={"content": content})
    first = [{"type": "input_audio", "audio": "AAAA"}, {"type": "input_audio", "audio": ""}]
    assert with_silence(item, 4) == frame("conversation.item.create", item={"content": first})
    assert with_silence(SMALL, 4) == SMALL
