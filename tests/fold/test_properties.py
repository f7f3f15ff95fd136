"""What holds for any session, however broken: reduce is total, replays agree, older states never change."""

import json
import pickle
from typing import Any

from hypothesis import given, strategies as st

from realtime_sdk.dialects import OPENAI
from realtime_sdk.fold import Reader, replay, updates
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.protocol.registries import GA, TRANSLATION
from realtime_sdk.state import KINDS, RealtimeState, messages, pending_calls, reduce, summary, transcript, turns

IDS = st.sampled_from(["a", "b", "c", "d"])
RESPONSES = st.sampled_from(["r", "s"])
WORDS = st.sampled_from(["", "Hello", " there", "Hello there", "!", "la"])
BASE64 = st.sampled_from(["", "AAAA", "AAA=", "AA==", "A" * 640])
STATUS = st.sampled_from(["in_progress", "completed", "incomplete", "cancelled", "failed", "brand_new"])
SMALL = st.integers(0, 3)

junk: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)

part = st.fixed_dictionaries(
    {"type": st.sampled_from(["input_text", "input_audio", "output_text", "output_audio", "text", "audio", "beam"])},
    optional={"text": WORDS, "transcript": WORDS | st.none(), "audio": BASE64},
)
item = st.fixed_dictionaries(
    {
        "id": IDS,
        "type": st.sampled_from(
            ["message", "message", "function_call", "function_call_output", "mcp_call", "mcp_list_tools", "beam"]
        ),
    },
    optional={
        "role": st.sampled_from(["user", "assistant", "system", "tool"]),
        "status": STATUS,
        "content": st.lists(part, max_size=2),
        "arguments": WORDS,
        "call_id": IDS,
        "output": WORDS,
        "name": WORDS,
    },
)
usage = st.none() | st.fixed_dictionaries(
    {"total_tokens": SMALL, "input_tokens": SMALL, "output_tokens": SMALL}, optional={"output_token_details": junk}
)
response = st.fixed_dictionaries(
    {"id": RESPONSES},
    optional={
        "status": STATUS,
        "conversation_id": st.none() | st.just("conv"),
        "output": st.lists(item, max_size=2),
        "usage": usage,
        "metadata": st.none() | st.just({"tag": "1"}),
    },
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "item_id": IDS,
    "response_id": RESPONSES,
    "call_id": IDS,
    "content_index": st.integers(0, 2),
    "output_index": SMALL,
    "delta": WORDS | BASE64,
    "text": WORDS,
    "transcript": WORDS,
    "arguments": WORDS,
    "name": WORDS,
    "audio": BASE64,
    "item": item,
    "part": part,
    "response": response,
    "previous_item_id": st.none() | IDS,
    "session": st.fixed_dictionaries({"type": st.sampled_from(["realtime", "transcription"]), "id": IDS}),
    "error": st.fixed_dictionaries({"type": WORDS, "message": WORDS}, optional={"code": WORDS}),
    "audio_end_ms": st.integers(-1, 500),
    "audio_start_ms": st.integers(0, 500),
    "rate_limits": st.lists(st.fixed_dictionaries({"name": WORDS}, optional={"remaining": SMALL}), max_size=2),
    "event": st.sampled_from("12#"),
    "received_at": SMALL,
    "id": IDS,
    "speaker": WORDS,
    "start": st.floats(0, 9),
    "end": st.floats(0, 9),
    "usage": st.just({"type": "duration", "seconds": 1.5}),
    "conversation": st.fixed_dictionaries({"id": IDS}),
    "elapsed_ms": SMALL,
}
LOCAL = st.sampled_from(
    [
        {"type": "local.connection_opened", "dialect": "openai"},
        {"type": "local.connection_closed", "code": 1006, "by": "network"},
        {"type": "local.epoch_started", "epoch": 1},
        {"type": "local.epoch_started", "epoch": 2, "replayed": {"a": "c", "b": "c", "z": "d"}, "lost": ["d", "y"]},
        {"type": "local.playback_heard", "item_id": "a", "heard_ms": 20},
        {"type": "local.playback_heard", "item_id": "zz", "content_index": 2, "heard_ms": 20},
        {"type": "local.unheard_of"},
    ]
)


def events_of(classes: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of the dialect's events, most fields filled from small pools so that they meet each other."""

    def one(wire_type: str) -> st.SearchStrategy[dict[str, Any]]:
        fields = {name: FIELDS[name] for name in classes[wire_type].model_fields if name in FIELDS}
        needed = {name for name, field in classes[wire_type].model_fields.items() if field.is_required()}
        return st.fixed_dictionaries(
            {"type": st.just(wire_type), **{name: fields[name] for name in fields if name in needed}},
            optional={name: fields[name] for name in fields if name not in needed},
        )

    return st.sampled_from(sorted(classes)).flatmap(one)


@st.composite
def mangled(draw: st.DrawFn, events: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """An event with one thing in it replaced by junk, or gone."""
    event = draw(events)
    name = draw(st.sampled_from(sorted(event)))
    return {**event, name: draw(junk)} if draw(st.booleans()) else {k: v for k, v in event.items() if k != name}


server_objects = events_of(GA.server)
frames = st.one_of(
    server_objects.map(lambda obj: ("server", obj)),
    server_objects.map(lambda obj: ("server", obj)),
    mangled(server_objects).map(lambda obj: ("server", obj)),
    events_of(GA.client).map(lambda obj: ("client", obj)),
    events_of(TRANSLATION.server).map(lambda obj: ("server", obj)),
    LOCAL.map(lambda obj: ("local", obj)),
    junk.map(lambda obj: ("server", obj)),
)


def log_of(said: list[tuple[str, Any]]) -> EventLog:
    log = EventLog()
    for sender, obj in said:
        log.append(sender, json.dumps(obj).encode(), at_ns=None)  # type: ignore[arg-type]
    return log


def _of(item_id: str, response_id: str, index: int = 0) -> dict[str, Any]:
    return {"item_id": item_id, "response_id": response_id, "output_index": 0, "content_index": index}


@st.composite
def spoken_response(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A response as servers make it: one item with its deltas, and its end, whichever it is."""
    response_id, item_id = draw(RESPONSES), draw(IDS)
    body = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    of = _of(item_id, response_id, draw(st.integers(0, 1)))
    deltas = st.one_of(
        WORDS.map(lambda words: {"type": "response.output_audio_transcript.delta", "delta": words, **of}),
        WORDS.map(lambda words: {"type": "response.output_text.delta", "delta": words, **of}),
        BASE64.map(lambda audio: {"type": "response.output_audio.delta", "delta": audio, **of}),
        WORDS.map(lambda words: {"type": "response.output_text.done", "text": words, **of}),
        part.map(lambda whole: {"type": "response.content_part.added", "part": whole, **of}),
    )
    conversation = draw(st.sampled_from([{}, {"conversation_id": "conv"}, {"conversation_id": None}]))
    said = [
        {"type": "response.created", "response": {"id": response_id, "status": "in_progress", **conversation}},
        {"type": "response.output_item.added", "response_id": response_id, "output_index": 0, "item": body},
        {"type": "conversation.item.added", "previous_item_id": draw(st.none() | IDS), "item": body},
        *draw(st.lists(deltas, max_size=8)),
        {"type": "response.done", "response": {**draw(response), "id": response_id, **conversation}},
    ]
    return [("server", obj) for obj in said]


@st.composite
def spoken_turn(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """A user's spoken turn with its transcription, early or late."""
    item_id = draw(IDS)
    audio = {"id": item_id, "type": "message", "role": "user", "status": "completed"}
    of = {"item_id": item_id, "content_index": 0}
    kind = "conversation.item.input_audio_transcription."
    said = [
        {"type": "input_audio_buffer.speech_started", "item_id": item_id, "audio_start_ms": draw(SMALL)},
        {"type": "input_audio_buffer.speech_stopped", "item_id": item_id, "audio_end_ms": 9},
        {"type": kind + "delta", "delta": draw(WORDS), **of},
        {"type": "input_audio_buffer.committed", "item_id": item_id},
        {
            "type": "conversation.item.added",
            "item": {**audio, "content": [{"type": "input_audio", "transcript": None}]},
        },
        {"type": kind + "delta", "delta": draw(WORDS), **of},
        draw(st.sampled_from([{"type": kind + "completed", "transcript": "Yes.", "usage": {"type": "x"}, **of}, None])),
    ]
    return [("server", obj) for obj in said if obj is not None]


@st.composite
def disturbed(draw: st.DrawFn, said: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The same frames with some of them late, lost or said twice."""
    said = list(said)
    for _ in range(draw(st.integers(0, 4)) if said else 0):
        at, to = draw(st.integers(0, len(said) - 1)), draw(st.integers(0, len(said)))
        match draw(st.sampled_from(["late", "twice", "lost"])):
            case "late":
                said.insert(to, said.pop(at))
            case "twice":
                said.insert(to, said[at])
            case _ if len(said) > 1:
                said.pop(at)
            case _:
                pass
    return said


scenes = st.one_of(spoken_response(), spoken_turn(), st.lists(frames, min_size=1, max_size=5))
sessions = (
    st.lists(scenes, max_size=6).map(lambda some: [frame for scene in some for frame in scene]).flatmap(disturbed)
).map(log_of)


@given(sessions)
def test_no_sequence_of_frames_makes_reduce_raise_and_every_question_has_an_answer(log: EventLog) -> None:
    state = replay(log, dialect=OPENAI)
    json.dumps(summary(state, dialect="openai"))
    assert transcript(state).count("\n") >= len(messages(state)) - 1
    assert sum(len(turn.user) + len(turn.answer) for turn in turns(state)) == len(state.conversation.order)
    assert {call.status for call in pending_calls(state)} <= {"completed"}
    assert {anomaly.kind for anomaly in state.anomalies} <= KINDS.keys()


@given(sessions, st.integers(0, 40))
def test_a_replay_in_two_halves_ends_where_the_whole_replay_ends(log: EventLog, at: int) -> None:
    whole = replay(log, dialect=OPENAI)
    first = replay(log, until=at, dialect=OPENAI)
    assert replay(log[at:], initial=first, dialect=OPENAI) == whole
    carried = pickle.loads(pickle.dumps(first))
    assert carried == first
    assert replay(log[at:], initial=carried, dialect=OPENAI) == whole


@given(sessions)
def test_looking_at_a_state_changes_nothing(log: EventLog) -> None:
    reader, looked = Reader(OPENAI), Reader(OPENAI)
    for record in log:
        reader.step(record)
        summary(looked.step(record).after)
    assert looked.state == reader.state
    assert summary(looked.state) == summary(reader.state)


@given(sessions)
def test_states_once_given_never_change(log: EventLog) -> None:
    told = list(updates(log, dialect=OPENAI))
    seen = [json.dumps(summary(update.after)) for update in told]
    assert [json.dumps(summary(update.after)) for update in told] == seen
    fresh = RealtimeState.empty()
    for update, was in zip(told, seen, strict=True):
        for event in update.events:
            fresh = reduce(fresh, event)
        assert json.dumps(summary(fresh)) == was


@given(sessions)
def test_the_conversation_is_consistent(log: EventLog) -> None:
    state = replay(log, dialect=OPENAI)
    order = state.conversation.order
    assert len(set(order)) == len(order)
    assert [item.id for item in state.conversation.items.values()] == list(order)
    assert all(state.items[item_id].in_conversation for item_id in order)
    assert sum(item.in_conversation for item in state.items.values()) == len(order)
    assert {i for r in state.responses.values() for i in r.item_ids} <= state.items.keys()
    active = state.active_response_id
    assert active is None or state.responses[active].is_active


@given(sessions, sessions)
def test_two_futures_of_one_state_do_not_see_each_other(past: EventLog, future: EventLog) -> None:
    start = replay(past, dialect=OPENAI)
    one = replay(future, initial=start, dialect=OPENAI)
    other = replay(future[::-1], initial=start, dialect=OPENAI)
    both = [*past, *future]
    assert one == replay(both, dialect=OPENAI)
    assert other == replay([*past, *future[::-1]], dialect=OPENAI)


@given(sessions)
def test_unknown_events_change_only_the_anomalies(log: EventLog) -> None:
    state = replay(log, dialect=OPENAI)
    reader = Reader(OPENAI, state=state)
    after = reader.step(LogRecord(0, None, "server", b'{"type":"beam.me.up","item_id":"a"}')).after
    assert after.having(anomalies=state.anomalies) == state
    assert len(after.anomalies) == len(state.anomalies) + 1


def amounts(state: RealtimeState) -> Any:
    """What a state knows of sound: per part what came and was heard, what was sent, what was translated."""
    parts = [(p.audio_bytes, p.spoken, p.heard_text, p.input_audio_ms) for i in state.items.values() for p in i.parts]
    return parts, state.sent_audio_bytes, state.translation, summary(state)


@given(sessions)
def test_a_log_without_its_audio_gives_the_same_amounts_of_it(log: EventLog) -> None:
    bare = EventLog(keep="without_audio")
    for record in log:
        bare.append(record.sender, record.frame, at_ns=record.at_ns)
    assert amounts(replay(bare, dialect=OPENAI)) == amounts(replay(log, dialect=OPENAI))
    told = zip(updates(bare, dialect=OPENAI), updates(log, dialect=OPENAI), strict=True)
    assert all(type(one.own_event) is type(other.own_event) for one, other in told if one.record.audio_left_out)
