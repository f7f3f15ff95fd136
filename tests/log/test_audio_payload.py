"""Audio payloads: where they stand, and frames without them."""

import json
from base64 import b64encode

import pytest

from realtime_sdk.log.audio_payload import leave_out_audio, payload_start
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
