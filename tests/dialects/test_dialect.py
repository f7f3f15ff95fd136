"""A dialect reads frames into events and writes events into frames; the GA ones add nothing to the codec."""

import json
import pickle
from typing import Any

import pytest

from realtime_sdk.dialects import AZURE, BETA, DIALECTS, OPENAI, TRANSLATION, Dialect
from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol import client_events, server_events
from realtime_sdk.protocol.codec import Event, decode, encode
from realtime_sdk.protocol.local import ConnectionOpened
from realtime_sdk.protocol.unknown import UnknownEvent

every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))

DELTA = {"event_id": "e", "response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0, "delta": "AAAA"}


def frame(**event: Any) -> bytes:
    return json.dumps(event).encode()


def names(events: tuple[Event, ...]) -> list[str]:
    return [type(event).__name__ for event in events]


@pytest.mark.parametrize("dialect", [OPENAI, AZURE])
def test_a_ga_dialect_reads_and_writes_as_the_codec_does(dialect: Dialect) -> None:
    said = frame(type="response.output_audio.delta", **DELTA)
    event = decode(said)
    assert isinstance(event, server_events.ResponseOutputAudioDelta)
    assert dialect.read(said, "server") == (event,)
    assert dialect.read_own(said, "server") == event
    assert dialect.write(event, sender="server") == (encode(event),)


def test_beta_audio_is_read_as_ga_audio_and_in_its_own_class() -> None:
    said = frame(type="response.audio.delta", **DELTA)
    [event] = BETA.read(said, "server")
    assert event == decode(frame(type="response.output_audio.delta", **DELTA))
    own = BETA.read_own(said, "server")
    assert type(own).__name__ == "ResponseAudioDelta"
    assert encode(own) == encode(decode(said, registry=BETA.registry))


def test_a_created_item_is_two_events() -> None:
    item = {"id": "i", "object": "realtime.item", "type": "message", "role": "user", "status": "completed"}
    said = frame(type="conversation.item.created", event_id="e", item={**item, "content": []})
    assert names(BETA.read(said, "server")) == ["ConversationItemAdded", "ConversationItemDone"]


def test_a_ga_event_of_ours_goes_out_in_beta() -> None:
    update = client_events.SessionUpdate(session={"type": "realtime", "audio": {"output": {"voice": "marin"}}})  # type: ignore[arg-type]
    [out] = BETA.write(update)
    assert json.loads(out) == {"type": "session.update", "session": {"voice": "marin"}}
    assert OPENAI.write(update) == (encode(update),)


def test_an_event_that_beta_cannot_say_gives_no_frame_and_a_reason() -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:"}]}
    create = client_events.ConversationItemCreate(item=item)  # type: ignore[arg-type]
    assert BETA.write(create) == ()
    assert BETA.cannot_say(create) == "content input_image: images came with GA"
    assert OPENAI.cannot_say(create) is None


@every_dialect
def test_local_frames_are_read_alike_in_every_dialect(dialect: Dialect) -> None:
    event = ConnectionOpened(dialect=dialect.name)
    assert dialect.read(encode(event), "local") == (event,)
    assert dialect.read_own(encode(event), "local") == event


@every_dialect
@pytest.mark.parametrize("sender", ["server", "client", "local"])
def test_what_nobody_knows_is_read_as_an_unknown_event_that_keeps_it(dialect: Dialect, sender: Any) -> None:
    event = {"type": "session.sing", "song": None}
    [read] = dialect.read(frame(**event), sender)
    own = dialect.read_own(frame(**event), sender)
    assert isinstance(read, UnknownEvent)
    assert isinstance(own, UnknownEvent)
    assert read.raw == own.raw == event
    if sender != "local":
        assert json.loads(dialect.write(read, sender=sender)[0]) == event


@every_dialect
@pytest.mark.parametrize("noise", [b"", b"\xff", b"[]", b"null", b'{"a": NaN}', b'{"a":'])
def test_what_is_no_json_object_is_refused_and_kept(dialect: Dialect, noise: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        dialect.read(noise, "server")
    assert refused.value.frame == noise


def test_translation_speaks_a_vocabulary_of_its_own() -> None:
    said = frame(type="session.output_transcript.delta", event_id="e", delta="Hallo")
    [event] = TRANSLATION.read(said, "server")
    assert type(event).__name__ == "SessionOutputTranscriptDelta"
    assert TRANSLATION.read_own(said, "server") == event


@every_dialect
def test_a_dialect_that_has_read_can_travel_to_another_process(dialect: Dialect) -> None:
    dialect.read(frame(type="error"), "server")
    travelled = pickle.loads(pickle.dumps(dialect))
    assert travelled == dialect
    assert hash(travelled) == hash(dialect)
    assert travelled.read(frame(type="x"), "server") == dialect.read(frame(type="x"), "server")
