"""The audio of a delta, as bytes and as a size."""

import base64
from typing import Any

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol.audio_delta import AudioDelta
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from tests.protocol.spoken import registry_of


def delta(audio: str) -> ResponseOutputAudioDelta:
    return ResponseOutputAudioDelta(response_id="r", item_id="i", content_index=0, delta=audio)


@given(st.binary(max_size=200))
def test_pcm_is_what_was_encoded_and_its_size_is_known_without_decoding(pcm: bytes) -> None:
    event = delta(base64.b64encode(pcm).decode())
    assert (event.pcm, event.pcm_size) == (pcm, len(pcm))


@pytest.mark.parametrize("audio", ["AA", "A A=", "AA\n=", "é===", "AAA", "====", "AA-_"])
def test_what_is_no_base64_raises_with_the_text(audio: str) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        _ = delta(audio).pcm
    assert raised.value.frame == audio.encode()


@pytest.mark.parametrize(
    ("dialect", "wire_type", "other"),
    [
        ("ga", "response.output_audio.delta", {"response_id": "r", "item_id": "i", "content_index": 0}),
        ("beta", "response.audio.delta", {"response_id": "r", "item_id": "i", "content_index": 0}),
        ("translation", "session.output_audio.delta", {}),
    ],
)
def test_every_dialect_has_its_audio_delta(dialect: str, wire_type: str, other: dict[str, Any]) -> None:
    event = registry_of(dialect).server[wire_type](delta="AAD/fw==", **other)
    assert isinstance(event, AudioDelta)
    assert event.pcm == b"\x00\x00\xff\x7f"
