"""The comparison is fair: the workloads are what a server says, and the limit keeps the facts that we keep."""

import pytest

from realtime_sdk.dialects import OPENAI
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import decode, encode, parse
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.session.core import SessionCore
from tests.benchmarks import workload
from tests.benchmarks.facts import facts_of_bare, facts_of_state
from tests.benchmarks.limit import BareSession, bare_append
from tests.benchmarks.workload import Said

SESSIONS = {
    "small": workload.conversation(9, sound=False),
    "mix": workload.conversation(5, sound=True),
    "one long answer": workload.answer(20_000),
}


@pytest.mark.parametrize("name", SESSIONS)
def test_bare_dictionaries_and_our_state_know_the_same_after_every_frame(name: str) -> None:
    bare, core = BareSession(), SessionCore(OPENAI, EventLog())
    for at_ns, said in enumerate(SESSIONS[name]):
        if said.sender == "client":
            bare.send(said.frame, at_ns)
            core.say((said.frame,), at_ns=at_ns)
        else:
            pcm = bare.receive(said.frame, at_ns)
            assert pcm == getattr(core.receive(said.frame, at_ns=at_ns).event, "pcm", None)
        assert facts_of_bare(bare) == facts_of_state(core.state)
    assert bare.log == [(record.at_ns, record.sender, record.frame) for record in core.log]
    assert list(core.state.anomalies) == []


def test_the_facts_are_not_empty() -> None:
    core = SessionCore(OPENAI, EventLog())
    for said in workload.conversation(4, sound=True):
        core.say((said.frame,), at_ns=0) if said.sender == "client" else core.receive(said.frame, at_ns=0)
    facts = facts_of_state(core.state)
    assert [item["type"] for _, item in facts["items"][-4:]] == [
        "message",
        "function_call",
        "function_call_output",
        "message",
    ]
    assert all(facts[name] for name in ("session", "items", "responses", "usage", "rate_limits", "speeches"))
    assert facts["items"][-1][1]["audio_ms"] > 3_000


@pytest.mark.parametrize("name", SESSIONS)
def test_every_frame_is_an_event_of_its_own_class_and_comes_back_as_it_was(name: str) -> None:
    for said in SESSIONS[name]:
        event = decode(said.frame, sender=said.sender)
        assert not isinstance(event, UnknownEvent), event
        assert parse(encode(event)) == parse(said.frame)


def test_the_same_seed_gives_the_same_bytes() -> None:
    def script() -> list[Said]:
        made = workload.Script(sound=True)
        return [*made.greeting(), *made.turn(), *made.turn()]

    assert script() == script()


def test_audio_deltas_have_the_size_that_servers_send() -> None:
    sizes = {len(frame) for frame in workload.deltas(60)}
    assert min(sizes) > 12_800
    assert max(sizes) < 26_000


def test_the_bare_append_is_the_frame_that_we_send() -> None:
    from realtime_sdk.protocol.codec import encode_append

    assert bare_append(b"\x01\x02" * 480) == encode_append(b"\x01\x02" * 480)
