"""An audio delta whose sound is cut out before it is parsed is the one that its whole frame gives."""

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, strategies as st
from pybase64 import b64encode

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol.audio_delta import AudioDelta
from realtime_sdk.protocol.codec import decode, encode, name, parse
from realtime_sdk.protocol.registries import GA
from tests.protocol.spoken import registry_of

TYPES = {
    "ga": "response.output_audio.delta",
    "beta": "response.audio.delta",
    "translation": "session.output_audio.delta",
}
PLACE = {"event_id": "e", "response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
SOUND = b64encode(bytes(range(256)) * 3).decode()
LOOKS: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "hash": hash,
    "fields": list,
    "vars": lambda event: json.dumps(vars(event)),
    "fields set": lambda event: event.model_fields_set,
    "extra": lambda event: event.model_extra,
    "dump": lambda event: event.model_dump(),
    "frame": encode,
    "JSON": lambda event: event.model_dump_json(),
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "model copy": lambda event: event.model_copy(update={"item_id": "other"}),
    "pickle": lambda event: pickle.loads(pickle.dumps(event)),
    "delta": lambda event: event.delta,
    "pcm": lambda event: outcome(lambda: event.pcm),
    "pcm size": lambda event: event.pcm_size,
    "place": lambda event: (event.type, event.item_id, event.output_index, event.content_index, event.event_id),
}


def outcome(ask: Callable[[], Any]) -> Any:
    """What comes of a question: its answer, or its error in words."""
    try:
        return ask()
    except RemoteProtocolError as error:
        return str(error), error.frame


def frame(kind: str = TYPES["ga"], delta: str = SOUND, **more: object) -> bytes:
    return json.dumps({"type": kind, **PLACE, **more, "delta": delta}, separators=(",", ":")).encode()


def is_cut(event: Any) -> bool:
    return isinstance(event, AudioDelta) and event._late is not None


# ------------------------------------------------------------------------------------------------------------------
# Any frame


text = st.text(max_size=6) | st.text(st.characters(codec="ascii"), max_size=6)
values = st.none() | st.integers(-3, 3) | text | st.lists(text, max_size=2) | st.just({"delta": "AAAA"})
sounds = st.one_of(
    st.binary(min_size=400, max_size=420).map(lambda pcm: b64encode(pcm).decode()),
    st.just(SOUND),
    st.tuples(st.just(SOUND[:600]), text, st.just(SOUND[:8])).map("".join),
)


@st.composite
def deltas(draw: st.DrawFn) -> bytes:
    """Audio deltas as servers write them, and as they should not: other orders, fields twice, strange values."""
    kind = draw(st.sampled_from([*TYPES.values(), "response.output_text.delta", "beam"]))
    known = {"type": kind, **PLACE, **draw(st.dictionaries(st.sampled_from([*PLACE, "x", "obfuscation"]), values))}
    members = [*known.items(), ("delta", draw(sounds))]
    if draw(st.booleans()):
        members.insert(draw(st.integers(0, len(members))), draw(st.sampled_from([*known.items(), ("delta", "AAAA")])))
    if draw(st.integers(0, 4)) == 0:
        members = draw(st.permutations(members))
    comma, colon = draw(st.sampled_from([(",", ":"), (", ", ": "), (" , ", ":\t")]))
    write = json.JSONEncoder(ensure_ascii=draw(st.booleans())).encode
    whole = "{" + comma.join(f"{write(key)}{colon}{write(value)}" for key, value in members) + "}"
    return whole.encode("utf-8", "surrogatepass")


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A delta with some bytes of it replaced, left out or put in, mostly where head and sound meet."""
    whole = draw(deltas())
    seam = whole.find(b'"delta"') + 9
    at = draw(st.integers(0, len(whole)) | st.integers(max(seam - 12, 0), seam + 4) | st.just(len(whole) - 2))
    put_in = draw(st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b'\\"', b"\n", b"}", b'","delta":"', b"="]))
    return whole[:at] + put_in + whole[at + draw(st.integers(0, 3)) :]


@pytest.mark.parametrize("dialect", TYPES)
@given(some=deltas() | broken(), asked=st.sampled_from(sorted(LOOKS)))
@example(some=frame(audio=SOUND), asked="pcm")
@example(some=frame(delta="AAAA") + frame(), asked="pcm")
@example(some=frame(item_id="i" * 500, delta="")[:-2] + b"}", asked="pcm")
def test_whatever_looks_at_an_event_first_sees_what_the_whole_frame_gives(
    dialect: str, some: bytes, asked: str
) -> None:
    registry = registry_of(dialect)
    long = outcome(lambda: name(parse(some), registry.server))
    event: Any = outcome(lambda: decode(some, registry=registry))
    assert type(event) is type(long)
    if isinstance(long, AudioDelta):
        assert LOOKS[asked](event) == LOOKS[asked](long)
    assert event == long


HEADS = (
    '"item_id":"i"',
    '"item_id":"j"',
    '"item_id":"\\\\"',
    '"item_id":"é"',
    '"item_id":"i","event_id":"again"',
    '"item_id":"i","delta":"AAAA"',
    '"item_id":"i","pcm":"x","pcm_size":1,"sound_at":1,"_late":1',
)
IDS = ("", "e", "e" * 9, '"', "\\\\", "é", 'e","item_id":"x', "e" * 900, "e" * 1_100)


def spoken(event_id: str, head: str, delta: str) -> bytes:
    place = '"response_id":"r","output_index":0,"content_index":0'
    return f'{{"type":"{TYPES["ga"]}","event_id":"{event_id}",{place},{head},"delta":"{delta}"}}'.encode()


@given(
    st.lists(
        st.builds(spoken, st.sampled_from(IDS), st.sampled_from(HEADS), st.sampled_from((SOUND, SOUND[:-4]))),
        min_size=2,
    )
)
@example([spoken("e", HEADS[0], SOUND), spoken('"', HEADS[0], SOUND), spoken("\n", HEADS[0], SOUND)])
@example([spoken("e" * 15, HEADS[0], SOUND), spoken('e","item_id":"x', HEADS[0], SOUND)])
def test_parts_that_are_spoken_by_turns_are_not_taken_for_each_other(some: list[bytes]) -> None:
    for one in some:
        event, long = outcome(lambda one=one: decode(one)), outcome(lambda one=one: name(parse(one), GA.server))
        assert type(event) is type(long)
        if isinstance(long, AudioDelta):  # whatever else is asked for makes the event whole
            for asked in ("pcm", "place"):
                assert LOOKS[asked](event) == LOOKS[asked](long)
        assert event == long


@pytest.mark.parametrize("asked", LOOKS)
@pytest.mark.parametrize("dialect", TYPES)
def test_a_usual_event_looks_the_same_from_all_sides(dialect: str, asked: str) -> None:
    registry, some = registry_of(dialect), frame(TYPES[dialect], obfuscation="x", unheard_of=[1])
    event = decode(some, registry=registry)
    assert is_cut(event)
    assert LOOKS[asked](event) == LOOKS[asked](name(parse(some), registry.server))


# ------------------------------------------------------------------------------------------------------------------
# What is usual


@pytest.mark.parametrize("dialect", TYPES)
def test_the_sound_of_usual_frames_is_cut_out(dialect: str) -> None:
    event = decode(frame(TYPES[dialect]), registry=registry_of(dialect))
    assert is_cut(event)
    assert event.pcm is event.pcm == bytes(range(256)) * 3  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "odd",
    [
        frame(delta="AAAA"),
        frame(delta=SOUND + "="),
        frame(delta=SOUND.replace("A", "\n", 1)),
        frame() + b"\n",
        frame("response.output_text.delta"),
        frame().replace(b'"delta"', b'"d\\u0065lta"'),
        frame().replace(b":", b": "),
    ],
)
def test_what_is_unusual_is_read_whole(odd: bytes) -> None:
    assert not is_cut(decode(odd))
    assert decode(odd) == name(parse(odd), GA.server)
    assert not is_cut(decode(frame().decode()))


def test_a_copy_with_another_sound_has_that_one() -> None:
    event: Any = decode(frame())
    assert event.model_copy(update={"delta": "AAAA"}).pcm == b"\0\0\0"
    assert event.pcm == bytes(range(256)) * 3


def test_an_event_without_its_sound_has_none() -> None:
    bare: Any = GA.server[TYPES["ga"]].model_construct(item_id="i")
    with pytest.raises(AttributeError, match="delta"):
        _ = bare.delta
