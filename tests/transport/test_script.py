"""What of a client's frame must be as in the log: strictly, leniently, not at all."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.errors import ReplayMismatch
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.transport.script import Check, Script, same_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


def event(kind: str, **fields: Any) -> bytes:
    return json.dumps({"type": kind, **fields}).encode()


def log(*frames: tuple[str, bytes]) -> list[LogRecord]:
    senders: dict[str, Any] = {"c": "client", "s": "server", "l": "local"}
    return [LogRecord(seq, None, senders[sender], frame) for seq, (sender, frame) in enumerate(frames)]


def script(*frames: bytes, check: Check = "strict", event_ids: bool = False) -> Script:
    return Script(log(*(("c", frame) for frame in frames)), check=check, event_ids=event_ids)


def seqs(subject: Script) -> list[int]:
    return [record.seq for record in subject.unmatched]


@given(JSON)
def test_a_json_value_is_the_same_as_itself_written_in_another_way(value: object) -> None:
    again = json.loads(json.dumps(value, indent=1, sort_keys=True))
    assert same_json(value, again)
    assert not same_json(value, [value])
    assert not same_json({"a": value}, {"a": value, "b": None})


def test_true_is_not_one_but_one_is_one_point_nought() -> None:
    assert not same_json({"a": [True]}, {"a": [1]})
    assert not same_json(0, False)
    assert not same_json(None, False)
    assert same_json({"a": [1]}, {"a": [1.0]})


def test_strict_takes_the_same_value_in_another_spelling_and_order() -> None:
    subject = script(event("a", x=[1, {"y": None}]), event("b"))
    subject.take(b'{ "x": [1.0, {"y": null}], "type": "\\u0061", "event_id": "mine" }')
    assert (subject.matched, seqs(subject)) == (1, [1])


def test_strict_refuses_another_value_and_stays_where_it_was() -> None:
    subject = script(event("a", x=1), event("b"))
    with pytest.raises(ReplayMismatch, match="something else than the log says: got a; record 0 is a") as caught:
        subject.take(event("a", x=2))
    assert caught.value.seq == 0
    assert caught.value.expected == {"type": "a", "x": 1}
    assert caught.value.got == {"type": "a", "x": 2}
    subject.take(event("a", x=1))
    subject.take(event("b"))
    with pytest.raises(ReplayMismatch, match="no further frame") as caught:
        subject.take(event("b"))
    assert (caught.value.seq, caught.value.expected) == (None, None)


def test_strict_refuses_another_order() -> None:
    subject = script(event("a"), event("b"))
    with pytest.raises(ReplayMismatch, match="got b; record 0 is a"):
        subject.take(event("b"))


def test_event_ids_count_only_when_asked_for() -> None:
    recorded, sent = event("a", event_id="1"), event("a", event_id="2")
    script(recorded).take(sent)
    script(recorded).take(event("a"))
    with pytest.raises(ReplayMismatch):
        script(recorded, event_ids=True).take(sent)
    script(recorded, event_ids=True).take(recorded)


def test_a_frame_that_is_no_json_is_compared_byte_by_byte() -> None:
    script(b"not json").take(b"not json")
    with pytest.raises(ReplayMismatch, match="got a frame that is no event; record 0 is a frame that is no event"):
        script(b"not json").take(b"not  json")


def test_what_the_log_redacted_or_left_out_need_not_be_the_same() -> None:
    written = EventLog(keep="without_audio")
    tool = {"type": "mcp", "server_label": "s", "authorization": "Bearer secret-one-two-three"}
    update = {"type": "session.update", "session": {"type": "realtime", "tools": [tool]}}
    written.append("client", json.dumps(update).encode(), at_ns=0)
    written.append("client", event("input_audio_buffer.append", audio="AAAA" * 400), at_ns=1)
    assert [bool(record.redacted) for record in written] == [True, False]

    subject = Script(written, check="strict", event_ids=False)
    tool["authorization"] = "Bearer another-secret-here"
    subject.take(json.dumps(update).encode())
    subject.take(event("input_audio_buffer.append", audio="BBBB" * 30))
    assert seqs(subject) == []

    subject = Script(written, check="strict", event_ids=False)
    tool["server_label"] = "other"
    with pytest.raises(ReplayMismatch):
        subject.take(json.dumps(update).encode())


def test_lenient_takes_types_in_order_for_each_type_alone() -> None:
    subject = script(event("a", n=1), event("b"), event("a", n=2), event("c"), check="lenient")
    subject.take(event("a", n="any"))
    subject.take(event("c"))
    subject.take(event("a"))
    assert (subject.matched, seqs(subject)) == (1, [1])
    assert subject.next is not None
    assert subject.next.seq == 1
    with pytest.raises(ReplayMismatch, match="no such frame of the client any more: got a; record 1 is b"):
        subject.take(event("a"))
    subject.take(event("b"))
    assert (subject.matched, seqs(subject), subject.next) == (4, [], None)


def test_lenient_takes_audio_cut_in_any_way() -> None:
    append = event("input_audio_buffer.append", audio="AAAA")
    commit = event("input_audio_buffer.commit")
    frames = (append, append, append, commit, append, append, commit)

    fewer = script(*frames, check="lenient")
    for frame in (append, commit, append, commit):
        fewer.take(frame)
    assert seqs(fewer) == []

    more = script(*frames, check="lenient")
    for frame in (append,) * 9:
        more.take(frame)
    assert seqs(more) == [3, 4, 5, 6]  # the second run waits for the commit before it
    for frame in (commit, append, append, append, commit, append):
        more.take(frame)
    assert seqs(more) == []


def test_lenient_refuses_audio_where_the_log_has_none() -> None:
    with pytest.raises(ReplayMismatch):
        script(event("a"), check="lenient").take(event("input_audio_buffer.append", audio=""))


def test_off_takes_anything_and_expects_nothing() -> None:
    subject = script(event("a"), check="off")
    subject.take(b"whatever")
    assert (subject.matched, subject.unmatched, subject.next) == (0, (), None)


@given(st.lists(st.sampled_from("abc"), max_size=12), st.randoms(use_true_random=False))
def test_lenient_takes_every_shuffle_and_strict_only_the_log(kinds: list[str], random: Any) -> None:
    frames = [event(kind, n=n) for n, kind in enumerate(kinds)]
    strict, lenient = script(*frames), script(*frames, check="lenient")
    for frame in frames:
        strict.take(frame)
    assert (strict.matched, seqs(strict)) == (len(frames), [])
    random.shuffle(frames)
    for frame in frames:
        lenient.take(frame)
    assert (lenient.matched, seqs(lenient)) == (len(frames), [])
