import json

import pybase64
import pytest
from hypothesis import given, strategies as st

from realtime_sdk.audio.formats import PCM, PCMA, PCMU, WireFormat
from realtime_sdk.audio.packing import Placed, put_back, samples_of, take_out, wire_bytes

WIRES = [PCM, PCMU, PCMA]
sounds = st.binary(min_size=60, max_size=120)
texts = st.text(max_size=20) | sounds.map(lambda sound: pybase64.b64encode(sound).decode())
objects = st.recursive(
    texts | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["audio", "delta", "x"]), inner),
    max_leaves=5,
)
frames = st.builds(
    lambda kind, rest, indent: json.dumps({"type": kind, **rest}, indent=indent).encode(),
    st.sampled_from(["response.output_audio.delta", "input_audio_buffer.append", "x"]),
    st.dictionaries(st.sampled_from(["audio", "delta", "item"]), objects),
    st.none() | st.just(1),
)


@given(frames | st.binary(max_size=80), st.sampled_from(WIRES))
def test_a_frame_is_put_back_byte_for_byte(frame: bytes, wire: WireFormat) -> None:
    bare, payloads = take_out(frame, wire)
    assert put_back(bare, payloads) == frame
    assert (len(bare) < len(frame)) == bool(payloads)


@pytest.mark.parametrize("wire", WIRES)
def test_all_codes_come_back_from_their_samples(wire: WireFormat) -> None:
    sound = bytes(range(256)) * 2
    assert len(samples_of(sound, wire)) * wire.sample_size == 2 * len(sound)
    assert wire_bytes(samples_of(sound, wire), wire) == sound


@pytest.mark.parametrize("wire", [PCMU, PCMA])
def test_telephony_becomes_sound(wire: WireFormat) -> None:
    codes = bytes(code for code in range(256) if wire == PCMA or code != 0x7F)
    assert samples_of(codes, wire) == wire.to_pcm16(codes)


def test_the_payload_and_its_place_are_told() -> None:
    sound = bytes(range(1, 78))
    frame = b'{"type": "response.output_audio.delta", "delta" : "%b", "x": 1}' % pybase64.b64encode(sound)
    bare, (payload,) = take_out(frame, PCM)
    assert bare == b'{"type": "response.output_audio.delta", "delta" : "=", "x": 1}'
    assert (payload.placed, payload.sound) == (Placed(51, 38, b"\x4d"), sound[:76])


@pytest.mark.parametrize(
    "payload",
    [
        b"AAAA" * 10,
        b"A" * 97,
        b"AA\\/A" * 30,
        b"A" * 98 + b"B=",
        b"%" * 100,
    ],
    ids=["short", "torn", "escaped", "not as everyone writes it", "no base64"],
)
def test_what_would_not_come_back_stays_in_the_frame(payload: bytes) -> None:
    frame = b'{"type":"input_audio_buffer.append","audio":"%b"}' % payload
    assert take_out(frame, PCM) == (frame, [])


def test_text_deltas_are_no_sound() -> None:
    frame = b'{"type":"response.output_text.delta","delta":"%b"}' % pybase64.b64encode(bytes(90))
    assert take_out(frame, PCM) == (frame, [])
