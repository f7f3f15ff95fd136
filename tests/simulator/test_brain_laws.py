"""What holds for the brain whatever happens to it: it never raises, keeps the order, and is the same in every run."""

import json
from typing import Any

from hypothesis import given, strategies as st

from realtime_sdk.protocol import registries
from realtime_sdk.protocol.codec import decode, encode
from realtime_sdk.protocol.unknown import Unknown, UnknownEvent
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.simulator import brain
from realtime_sdk.simulator.brain import Fault, Settings, TimePasses, Unheard
from realtime_sdk.simulator.reply import Call, CallMcp, Fail, Say, Think, Wait
from tests.conformance.schema import schemas_of
from tests.simulator.order import violations
from tests.simulator.talk import GET_WEATHER, Talk, clip, user_text

LOUD, QUIET = clip("weather")[4_800:24_000], bytes(48 * 700)
IDS = st.sampled_from(["a", "b", "c", "gone", "i" * 40])
RARE = st.sampled_from([None, 0, -1, True, "", "x", [], {}, 1.5, {"type": "message"}])


def event(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return events of a kind with these fields."""
    return st.fixed_dictionaries({"type": st.just(kind), **fields})


ITEMS = st.one_of(
    st.builds(
        lambda text, item_id: {**user_text(text)["item"], **({"id": item_id} if item_id else {})},
        st.text(max_size=5),
        st.none() | IDS,
    ),
    st.just({"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c1"}),
    st.just({"type": "function_call_output", "call_id": "c1", "output": "x"}),
    st.just({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]}),
    RARE,
)
DETECTION = st.sampled_from(
    [
        None,
        {"type": "server_vad", "create_response": False},
        {"type": "server_vad", "interrupt_response": False},
        {"type": "semantic_vad"},
        {"type": "server_vad", "create_response": None},
    ]
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "conversation": st.sampled_from(["auto", "none", "other"]),
        "output_modalities": st.sampled_from([["text"], ["audio"], ["both"]]),
        "max_output_tokens": st.sampled_from([1, 5, "inf", 0]),
        "metadata": st.sampled_from([None, {"k": "v"}, {"k": 1}]),
        "input": st.sampled_from([[], [{"type": "item_reference", "id": "a"}], "no"]),
        "tools": st.just([GET_WEATHER]),
    },
)
CLIENT = st.one_of(
    event("conversation.item.create", item=ITEMS, previous_item_id=st.sampled_from([None, "root", "a", "gone"])),
    event("conversation.item.delete", item_id=IDS | RARE),
    event("conversation.item.retrieve", item_id=IDS),
    event(
        "conversation.item.truncate", item_id=IDS, content_index=st.integers(-1, 1), audio_end_ms=st.integers(-1, 500)
    ),
    event("response.create", response=PARAMS),
    event("response.create"),
    event("response.cancel"),
    event("input_audio_buffer.commit"),
    event("input_audio_buffer.clear"),
    event("output_audio_buffer.clear"),
    event("session.update", session=RARE),
    st.builds(
        lambda detection: {
            "type": "session.update",
            "session": {"type": "realtime", "audio": {"input": {"turn_detection": detection}}},
        },
        DETECTION,
    ),
    st.builds(lambda kind, extra: {"type": kind, "extra": extra}, st.sampled_from(sorted(registries.GA.client)), RARE),
    st.dictionaries(st.sampled_from(["type", "item"]), RARE, max_size=2),
)
ANYTHING = st.one_of(
    CLIENT,
    CLIENT,
    st.sampled_from([LOUD, LOUD[:4_801], QUIET]),
    st.integers(0, 3_000),
    st.builds(Fault, st.sampled_from(["error", "rate_limit", "fail"])),
    st.sampled_from(["delete", "retrieve", "truncate"]),
)
REPLIES = st.lists(
    st.one_of(
        st.builds(Say, st.text(max_size=20)),
        st.builds(Call, st.sampled_from(["f", "get_weather"]), st.sampled_from(["{}", '{"a": [1, 2]}', "{broken"])),
        st.builds(
            CallMcp, st.sampled_from(["docs", "gone"]), st.just("f"), st.just("{}"), error=st.none() | st.just("e")
        ),
        st.builds(Fail),
        st.builds(Wait, st.integers(0, 300)),
        st.builds(Think, st.integers(0, 5)),
    ),
    max_size=3,
)


def play(script: list[Any], reply: list[Any], *, speed: float, heard: str | Unheard = "words") -> Talk:
    """Let all of this happen, and time pass until the end of what runs."""
    talk = Talk(reply=lambda _: tuple(reply), settings=Settings(speed=speed), hear=lambda _: heard)
    for happening in script:
        match happening:
            case dict():
                talk.send(happening)
            case bytes():
                talk.speak(happening)
            case int():
                talk.wait(happening)
            case str():
                talk.send(to_newest(happening, talk))
            case _:
                talk.happen(happening)
    talk.wait(100_000)
    return talk


def to_newest(verb: str, talk: Talk) -> dict[str, Any]:
    """Return an event that does something to the newest item, be it in the making."""
    item_id = talk.server.items[-1].id if talk.server.items else "none"
    cut = {"content_index": 0, "audio_end_ms": 100} if verb == "truncate" else {}
    return {"type": f"conversation.item.{verb}", "item_id": item_id, **cut}


def unknown_in(value: Any) -> list[Any]:
    """Return what has no class of its own in an event."""
    if isinstance(value, Unknown | UnknownEvent):
        return [value]
    if isinstance(value, WireModel):
        extra = [dict(value.model_extra)] if value.model_extra else []
        return [*extra, *(found for name in type(value).model_fields for found in unknown_in(getattr(value, name)))]
    return [found for member in value for found in unknown_in(member)] if isinstance(value, list) else []


@given(st.lists(ANYTHING, max_size=14), REPLIES, st.sampled_from([0, 1, 20]), st.sampled_from(["words", Unheard()]))
def test_whatever_a_client_sends_the_server_keeps_the_rules_of_order(
    script: list[Any], reply: list[Any], speed: float, heard: str | Unheard
) -> None:
    talk = play(script, reply, speed=speed, heard=heard)
    assert violations(talk.said) == []
    assert talk.server.lives == ()


@given(st.lists(ANYTHING, max_size=8), REPLIES, st.sampled_from([0, 1]))
def test_the_same_scenario_gives_the_same_bytes_and_each_event_is_as_its_class_and_schema_have_it(
    script: list[Any], reply: list[Any], speed: float
) -> None:
    frames, schemas = play(script, reply, speed=speed).frames, schemas_of("ga")
    assert frames == play(script, reply, speed=speed).frames
    for frame in frames:
        assert schemas.breaches(json.loads(frame)) == []
        named = decode(frame)
        assert type(named) is registries.GA.server[json.loads(frame)["type"]]
        assert unknown_in(named) == []
        assert json.loads(encode(named)) == json.loads(frame)


@given(st.lists(CLIENT, max_size=6), CLIENT, CLIENT)
def test_a_server_is_a_value_and_has_two_futures(
    script: list[dict[str, Any]], one: dict[str, Any], other: dict[str, Any]
) -> None:
    server = play([*script, LOUD], [Say("x")], speed=1).server
    first, again = (decode(json.dumps(one), sender="client") for _ in range(2))
    before = [encode(said) for said in brain.step(server, first).out]
    brain.step(server, decode(json.dumps(other), sender="client"))
    brain.step(server, TimePasses(server.now_ms + 500))
    assert [encode(said) for said in brain.step(server, again).out] == before


@given(st.integers(1, 100_000), st.lists(st.integers(1, 5_000), max_size=20))
def test_how_time_is_cut_changes_nothing(total_ms: int, cuts: list[int]) -> None:
    whole = Talk(reply=lambda _: "some words to say", settings=Settings(speed=1))
    cut = Talk(reply=lambda _: "some words to say", settings=Settings(speed=1))
    for talk in (whole, cut):
        talk.ask("hello")
    for ms in cuts:
        cut.happen(TimePasses(cut.server.now_ms + ms))
    whole.happen(TimePasses(max(total_ms, cut.server.now_ms)))
    cut.happen(TimePasses(whole.server.now_ms))
    assert cut.frames == whole.frames


def test_ids_follow_from_the_seed() -> None:
    ids = [Talk(settings=Settings(speed=0, seed=seed)).said[0]["session"]["id"] for seed in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]
