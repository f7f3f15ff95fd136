"""Local events: frames like any other, with types of their own."""

import json

import pytest

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol.codec import decode, encode
from realtime_sdk.protocol.local import LOCAL_EVENTS, ConnectionClosed, ConnectionOpened, EpochStarted, PlaybackHeard

EVENTS = (
    ConnectionOpened(dialect="openai", url="wss://example.test"),
    ConnectionClosed(code=1001, reason="maximum duration", by="server"),
    ConnectionClosed(),
    PlaybackHeard(item_id="i", heard_ms=120),
    EpochStarted(epoch=1, replayed={"a": "b"}, lost=["c"]),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_local_event_survives_its_frame(event: object) -> None:
    assert decode(encode(event), sender="local") == event


def test_every_type_begins_with_local_and_is_in_the_table() -> None:
    assert {json.loads(encode(event))["type"] for event in EVENTS} == set(LOCAL_EVENTS)
    assert all(name.startswith("local.") for name in LOCAL_EVENTS)


def test_a_misspelt_field_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="heard_ms"):
        PlaybackHeard(item_id="i", heard_s=1)
