"""The core records before anything comes of it, and what it believes is what a replay of its log believes."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.dialects import BETA, OPENAI, TRANSLATION, Dialect
from realtime_sdk.errors import LocalProtocolError, RemoteProtocolError
from realtime_sdk.fold import Reader, Update, replay
from realtime_sdk.log import EventLog
from realtime_sdk.log.redaction import replace_secrets
from realtime_sdk.protocol import client_events, models, server_events
from realtime_sdk.protocol.codec import encode_append
from realtime_sdk.protocol.local import ConnectionClosed, ConnectionOpened, PlaybackHeard
from realtime_sdk.session.core import SessionCore

CREATED = b'{"type":"session.created","event_id":"e","session":{"type":"realtime","id":"sess_1","model":"m"}}'


def core(dialect: Dialect = OPENAI) -> SessionCore:
    return SessionCore(dialect, EventLog())


def test_a_frame_is_recorded_then_reduced_then_told() -> None:
    told: list[Update] = []
    session = SessionCore(OPENAI, EventLog(), tell=told.append)
    update = session.receive(CREATED, at_ns=5)
    assert told == [update]
    assert (update.record.frame, update.record.at_ns, update.record.sender) == (CREATED, 5, "server")
    assert isinstance(update.event, server_events.SessionCreated)
    assert update.after is session.state
    assert session.state == replay(session.log, dialect=OPENAI)


def delta(event_id: str, delta: str) -> bytes:
    place = '"response_id":"r","item_id":"i","output_index":0,"content_index":0'
    return f'{{"type":"response.output_audio.delta","event_id":"{event_id}",{place},"delta":"{delta}"}}'.encode()


@pytest.mark.parametrize("secret", ["ek_0123456789", "sk-0123456789abcdef"])
@pytest.mark.parametrize("where", ["before the sound", "in place of the sound"])
def test_sound_that_was_read_already_is_not_searched_for_secrets_and_all_else_is(secret: str, where: str) -> None:
    sound = encode_append(bytes(range(256)) * 4).decode().split('"')[-2]
    leaks = delta(secret, sound) if where == "before the sound" else delta("e", f"{secret} {sound}")
    session = core()
    update = session.receive(leaks, at_ns=0)
    assert secret.encode() not in session.log[0].frame
    assert secret not in repr(update.event)
    assert session.state == replay(session.log, dialect=OPENAI)
    assert session.receive(delta("e", sound), at_ns=0).record.frame == delta("e", sound)


SOUND = encode_append(bytes(range(256)) * 4).decode().split('"')[-2]
SECRETS = (
    "ek_0123456789",
    "sk-0123456789abcdef",
    "Bearer 0123456789abcdef",
    '","api_key":"hidden',
    "\\u0065k_0123456789",
)


@given(st.lists(st.tuples(*[st.sampled_from(("", "e", *SECRETS))] * 3), min_size=1, max_size=4))
def test_what_is_recorded_of_a_delta_is_what_is_left_when_all_of_it_was_searched(some: list[tuple[str, ...]]) -> None:
    session = core()
    for event_id, before, behind in some:
        frame = delta(event_id, f"{before}{SOUND}{behind}")
        assert session.receive(frame, at_ns=0).record[3:5] == replace_secrets(frame)
    assert session.state == replay(session.log, dialect=OPENAI)


@pytest.mark.parametrize("place", [0, 10, "x"])
def test_a_field_that_is_named_as_the_place_of_the_sound_hides_no_secret(place: object) -> None:
    leaks = json.dumps({**json.loads(CREATED), "sound_at": place, "note": "ek_0123456789", "more": "x" * 600})
    session = core()
    session.receive(leaks.encode(), at_ns=0)
    assert b"ek_" not in session.log[0].frame
    assert session.state == replay(session.log, dialect=OPENAI)


def test_a_frame_is_recorded_even_where_reading_it_fails_as_it_never_should(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise MemoryError

    session = core()
    monkeypatch.setattr(Reader, "read", fail)
    with pytest.raises(MemoryError):
        session.receive(CREATED, at_ns=0)
    assert [record.frame for record in session.log] == [CREATED]


def test_an_event_is_written_and_recorded_as_it_goes_out() -> None:
    session = core()
    frames = session.send(client_events.ResponseCreate(event_id="evt_1"), at_ns=7)
    assert frames == (b'{"event_id":"evt_1","type":"response.create"}',)
    assert [tuple(record)[:4] for record in session.log] == [(0, 7, "client", frames[0])]


def test_writing_alone_records_nothing() -> None:
    session = core()
    session.write(client_events.ResponseCreate())
    assert len(session.log) == 0


def test_what_a_dialect_cannot_say_is_refused_with_the_reason_and_not_recorded() -> None:
    session = core(BETA)
    picture = models.UserMessageContent(type="input_image", image_url="data:image/png;base64,AA==")
    event = client_events.ConversationItemCreate(item=models.UserMessage(content=[picture]))
    with pytest.raises(LocalProtocolError, match="beta cannot say this: content input_image"):
        session.send(event, at_ns=0)
    assert len(session.log) == 0


@pytest.mark.parametrize("dialect", [OPENAI, BETA, TRANSLATION])
@given(sound=st.binary(max_size=64))
def test_an_append_is_what_the_event_would_be_and_counts_the_same(dialect: Dialect, sound: bytes) -> None:
    session = core(dialect)
    frame = session.append(sound, at_ns=1)
    slow = core(dialect)
    (event,) = dialect.read(frame, "client")
    assert slow.send(event, at_ns=1) == (frame,)
    assert session.state == slow.state == replay(session.log, dialect=dialect)
    assert session.state.sent_audio_bytes == len(sound)
    if dialect is OPENAI:
        assert frame == encode_append(sound)


def test_the_update_of_an_append_is_read_when_it_is_asked_for() -> None:
    told: list[Update] = []
    session = SessionCore(OPENAI, EventLog(), tell=told.append)
    session.append(b"\0\1\2", at_ns=1)
    (update,) = told
    assert update.is_unread
    assert update.event == client_events.InputAudioBufferAppend(audio="AAEC")
    stepped = Reader(OPENAI).step(session.log[0])
    assert (update.events, update.after, update.record) == (stepped.events, stepped.after, stepped.record)


def test_what_the_wire_does_not_say_is_noted_and_reduced() -> None:
    session = core()
    session.note(ConnectionOpened(dialect="openai", url="wss://host"), at_ns=0)
    session.note(ConnectionClosed(code=1006, by="network"), at_ns=1)
    (epoch,) = session.state.epochs
    assert (epoch.closed, epoch.close_code, epoch.closed_by) == (True, 1006, "network")
    assert [record.sender for record in session.log] == ["local", "local"]
    assert session.state == replay(session.log, dialect=OPENAI)


def test_a_secret_in_what_is_sent_is_replaced_in_the_log_and_sent_as_it_is() -> None:
    session = core()
    tool = models.McpTool(server_label="s", authorization="very-secret-token", server_url="https://host")
    event = client_events.SessionUpdate(session=models.SessionRequest(tools=[tool]))
    (frame,) = session.send(event, at_ns=0)
    assert b"very-secret-token" in frame
    assert b"very-secret-token" not in session.log[0].frame
    assert session.log[0].redacted == ("/session/tools/0/authorization",)


FRAMES = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        (
            CREATED,
            b'{"type":"response.created","response":{"id":"r","status":"in_progress","conversation_id":"c"}}',
            b'{"type":"response.done","response":{"id":"r","status":"completed"}}',
            b'{"type":"conversation.item.added","item":{"id":"i","type":"message","role":"user","content":[]}}',
            b'{"type":"conversation.item.deleted","item_id":"i"}',
            b'{"type":"input_audio_buffer.committed","item_id":"i"}',
            b'{"type":"brand.new"}',
            b"[]",
            b'{"type":"error","error":{"code":"x","message":"y"}}',
        )
    ),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("receive"), FRAMES),
        st.tuples(st.just("append"), st.binary(max_size=9)),
        st.tuples(
            st.just("send"),
            st.sampled_from(
                (
                    client_events.ResponseCreate(),
                    client_events.InputAudioBufferCommit(),
                    client_events.InputAudioBufferAppend(audio="AAEC"),
                    client_events.ConversationItemDelete(item_id="i"),
                )
            ),
        ),
        st.tuples(
            st.just("note"),
            st.sampled_from(
                (
                    ConnectionOpened(dialect="openai"),
                    ConnectionClosed(code=1000),
                    PlaybackHeard(item_id="i", heard_ms=4),
                )
            ),
        ),
    )
)


@given(steps=STEPS)
def test_live_state_is_replayed_state_at_every_record(steps: list[tuple[str, Any]]) -> None:
    told: list[Update] = []
    session = SessionCore(OPENAI, EventLog(), tell=told.append)
    for at_ns, (verb, what) in enumerate(steps):
        getattr(session, verb)(what, at_ns=at_ns)
    assert session.state == replay(session.log, dialect=OPENAI)
    assert [update.record for update in told] == list(session.log)
    for number, update in enumerate(told):
        assert update.after == replay(session.log, until=number + 1, dialect=OPENAI)


def test_a_frame_that_is_no_json_is_a_value_and_an_anomaly() -> None:
    session = core()
    update = session.receive(b"\xff nonsense", at_ns=0)
    assert isinstance(update.event, RemoteProtocolError)
    assert [anomaly.kind for anomaly in session.state.anomalies] == ["not_json"]
