"""Faults on the wire: decided by pure rules, applied by the simulator, and survived by the session, on both loops."""

import json
from typing import Any

import anyio
import pytest
from hypothesis import given, strategies as st

import realtime_sdk as rt
from realtime_sdk.audio.pacing import RealClock
from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, ScenarioError, ServerError
from realtime_sdk.simulator import Fault, Scenario, WireFault, load_scenario, on, parse_faults, read_faults, simulate
from realtime_sdk.simulator.faults import Passing, Wire, let_pass, with_trouble
from realtime_sdk.simulator.script import read_script
from realtime_sdk.transport import Transport
from tests.simulator.test_http import exchange, post
from tests.simulator.test_simulation import CREATE, ask, until

DELTA = b'{"type":"response.output_text.delta","event_id":"e","delta":"x"}'
DONE = b'{"type":"response.done","event_id":"e2"}'
REQUEST = b'{"type":"response.create","event_id":"mine"}'


def passed(*frames: bytes, rules: tuple[WireFault, ...], sender: Any = "server", seed: str = "0") -> list[Passing]:
    """Return what becomes of frames, one after the other."""
    wire, found = with_trouble(Wire(seed), *rules), []
    for frame in frames:
        wire, passing = let_pass(wire, frame, sender=sender)
        found.append(passing)
    return found


def on_the_wire(*frames: bytes, rules: tuple[WireFault, ...], **options: Any) -> list[bytes]:
    return [frame for passing in passed(*frames, rules=rules, **options) for frame in passing.frames]


# --- what is decided ----------------------------------------------------------------------------------------------


def test_without_a_rule_that_fits_frames_pass_as_they_are() -> None:
    rules = (WireFault("drop", on="session.*"), WireFault("drop", sender="client"), WireFault("drop", chance=0))
    assert passed(DELTA, b"\xff", rules=rules) == [Passing((DELTA,)), Passing((b"\xff",))]


def test_frames_are_dropped_and_doubled() -> None:
    assert on_the_wire(DELTA, DONE, rules=(WireFault("drop", on="response.output*"),)) == [DONE]
    assert on_the_wire(DELTA, DONE, rules=(WireFault("duplicate", copies=2, nth=2),)) == [DELTA, DONE, DONE, DONE]
    assert on_the_wire(DELTA, DELTA, DELTA, rules=(WireFault("drop", times=2),)) == [DELTA]


def test_a_frame_changes_places_with_the_next() -> None:
    one, two, three = (b'{"type":"%d"}' % number for number in range(3))
    assert on_the_wire(one, two, three, rules=(WireFault("reorder", nth=1),)) == [two, one, three]
    assert on_the_wire(one, two, three, rules=(WireFault("reorder"),)) == [two, one]


def test_a_malformed_frame_is_no_json_and_the_same_every_time() -> None:
    (cut,) = on_the_wire(DELTA, rules=(WireFault("malformed"),))
    assert DELTA.startswith(cut)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(cut)
    assert on_the_wire(DELTA, rules=(WireFault("malformed"),)) == [cut]
    assert on_the_wire(DELTA, rules=(WireFault("malformed", text="[}"),)) == [b"[}"]


def test_an_oversize_frame_has_exactly_the_size_and_still_says_the_same() -> None:
    (large,) = on_the_wire(DELTA, rules=(WireFault("oversize", size=5_000),))
    assert len(large) == 5_000
    assert {**json.loads(large), "padding": ""} == {**json.loads(DELTA), "padding": ""}


def test_an_unknown_event_comes_before_the_frame() -> None:
    unknown, frame = on_the_wire(DELTA, rules=(WireFault("unknown"),))
    assert (json.loads(unknown)["type"], frame) == ("simulator.unknown", DELTA)


def test_a_request_of_the_client_is_refused_by_its_id_and_does_nothing() -> None:
    (first, second) = passed(REQUEST, REQUEST, rules=(WireFault("error", nth=2, code="busy"),), sender="client")
    assert first == Passing((REQUEST,))
    assert second == Passing((), faults=(Fault("error", code="busy", event_id="mine"),))


def test_delays_add_up_and_jitter_stays_within_its_bounds() -> None:
    rules = (WireFault("delay", delay_ms=100, jitter_ms=50), WireFault("delay", delay_ms=1))
    delays = [passing.delay_ms for passing in passed(*[DELTA] * 50, rules=rules)]
    assert min(delays) >= 101
    assert max(delays) <= 151
    assert len(set(delays)) > 10


@given(st.text(max_size=5), st.floats(0, 1), st.integers(1, 60))
def test_chance_follows_from_the_seed(seed: str, chance: float, frames: int) -> None:
    rules = (WireFault("drop", chance=chance), WireFault("malformed", chance=chance))
    assert passed(*[DELTA] * frames, rules=rules, seed=seed) == passed(*[DELTA] * frames, rules=rules, seed=seed)


@given(st.lists(st.binary(max_size=40) | st.sampled_from([DELTA, DONE]), max_size=8), st.data())
def test_whatever_the_rules_a_frame_gets_a_decision(frames: list[bytes], data: st.DataObject) -> None:
    kinds = ["drop", "duplicate", "reorder", "unknown", "malformed", "oversize", "close", "expire", "rate_limit"]
    rule = st.builds(WireFault, st.sampled_from(kinds), sender=st.just("server"), chance=st.floats(0, 1))
    rules = tuple(data.draw(st.lists(rule, max_size=4)))
    assert len(passed(*frames, rules=rules)) == len(frames)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"kind": "explode"}, "no such kind"),
        ({"kind": "drop", "chance": 2}, "chance is 0 to 1"),
        ({"kind": "drop", "nth": 0}, "counted from 1"),
        ({"kind": "delay"}, "delay_ms"),
        ({"kind": "reorder", "sender": "client"}, "only what the server sends"),
        ({"kind": "error", "sender": "server"}, "only what the client sends"),
        ({"kind": "drop", "sender": "nobody"}, "'server' or 'client'"),
        ({"kind": "drop", "of": 3}, "no field 'of'"),
        ({"kind": "drop", "nth": "3"}, "nth is not a number"),
        ({"kind": "drop", "on": 3}, "on is not a text"),
        ({}, "needs a kind"),
        ("drop", "not an object"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_its_place(fault: object, why: str) -> None:
    with pytest.raises(ScenarioError, match=rf"^faults\[0\].*{why}"):
        read_faults([fault])


def test_faults_are_read_from_json_alone_or_several() -> None:
    assert parse_faults('{"kind": "expire"}') == (Fault("expire"),)
    assert parse_faults(b'[{"kind": "close", "close_code": 4001}, {"kind": "close", "nth": 3, "on": "*.delta"}]') == (
        Fault("close", close_code=4001),
        WireFault("close", nth=3, on="*.delta"),
    )
    with pytest.raises(ScenarioError, match="faults are JSON"):
        parse_faults("drop")


def test_a_script_brings_its_faults() -> None:
    script = {"rules": [{"on": "hi", "do": "ho"}], "faults": [{"kind": "drop", "nth": 2}]}
    assert read_script(script).faults == (WireFault("drop", nth=2),)


# --- what comes of it ---------------------------------------------------------------------------------------------


async def test_latency_comes_between_the_request_and_every_answer_to_it() -> None:
    delay = WireFault("delay", on="response.*", delay_ms=40)
    async with simulate(port=None, faults=[delay]) as server:
        client = server.memory()
        await until(client, "session.created")
        before = RealClock().now()
        assert (await ask(client, "hello"))["status"] == "completed"
        assert 0.04 <= RealClock().now() - before < 2


async def test_a_stalled_server_says_nothing_and_still_ends() -> None:
    async with simulate(port=None, faults=[WireFault("stall", on="response.created", delay_ms=3_600_000)]) as server:
        client = server.memory()
        await until(client, "session.created")
        await client.send(CREATE)
        with anyio.move_on_after(0.05) as waiting:
            await until(client, "response.created")
        assert waiting.cancelled_caught


async def test_a_slow_reader_makes_requests_wait() -> None:
    async with simulate(port=None, faults=[WireFault("slow_read", delay_ms=30)]) as server:
        client = server.memory()
        await until(client, "session.created")
        before = RealClock().now()
        await ask(client, "hello")
        assert RealClock().now() - before >= 0.06


@pytest.mark.parametrize("code", [1000, 1006, 1011, 4000])
async def test_the_connection_ends_at_any_frame_with_any_code(code: int) -> None:
    fault = WireFault("close", on="response.output_audio_transcript.delta", nth=2, close_code=code, message="enough")
    async with simulate(faults=[fault]) as server:
        with pytest.raises(ConnectionClosed):
            async with rt.connect(server.endpoint) as session:
                await session.respond("a long story")
        assert parsed(session.log[-1].frame)["code"] == code
        (seen,) = server.sessions
        assert parsed(seen.log[-1].frame)["type"] == "response.output_audio_transcript.delta"
    assert session.state == rt.replay(session.log)


async def test_a_session_expires_at_once_or_in_the_middle() -> None:
    async with simulate(faults=[WireFault("expire", on="response.created")]) as server:
        with pytest.raises(ConnectionExpired):
            async with rt.connect(server.endpoint) as session:
                await session.respond("hello")
    async with simulate(port=None, faults=[Fault("expire")]) as server:
        client = server.memory()
        assert (await until(client, "error"))[-1]["error"]["code"] == "session_expired"


async def test_the_nth_request_is_refused_and_the_next_goes_well() -> None:
    fault = WireFault("error", on="response.create", nth=2, code="server_error", message="not now")
    async with simulate(faults=[fault]) as server, rt.connect(server.endpoint) as session:
        assert (await session.respond("hello")).status == "completed"
        with pytest.raises(ServerError, match="not now"):
            await session.respond("hello")
        assert (await session.respond("hello")).status == "completed"


async def test_rate_limits_strike_the_responses_they_are_told_to() -> None:
    fault = WireFault("rate_limit", on="response.create", times=1)
    async with simulate(faults=[fault]) as server, rt.connect(server.endpoint) as session:
        with pytest.raises(rt.ResponseFailed) as failure:
            await session.respond("hello")
        assert failure.value.code == "rate_limit_exceeded"
        assert (await session.respond("hello")).status == "completed"


async def test_a_session_survives_doubled_swapped_unknown_broken_and_large_frames() -> None:
    faults = [
        WireFault("duplicate", on="response.output_audio_transcript.delta", nth=1),
        WireFault("reorder", on="response.output_audio.delta", nth=1),
        WireFault("unknown", on="response.done"),
        WireFault("malformed", on="rate_limits.updated"),
        WireFault("oversize", on="response.output_item.added", size=2_000_000),
    ]
    async with simulate(faults=faults) as server, rt.connect(server.endpoint) as session:
        assert (await session.respond("Say exactly: one two three")).text == "one two three"
        await session.until(lambda state: state.anomalies)
    assert session.state == rt.replay(session.log)


@pytest.mark.parametrize("seed", range(4))
async def test_under_random_trouble_the_live_state_is_the_replayed_one(seed: int) -> None:
    faults = [WireFault(kind, chance=0.1) for kind in ("drop", "duplicate", "reorder", "unknown", "malformed")]
    async with simulate(seed=seed) as server:
        async with rt.connect(server.endpoint) as session:
            server.fault(*faults)
            for _ in range(3):
                await session.send(rt.client_events.ResponseCreate())
            with anyio.move_on_after(0.2):
                await session.until(lambda state: state.active_response_id is None and len(state.responses) > 2)
            server.heal()
        assert session.state == rt.replay(session.log)


async def test_equal_seeds_give_equal_trouble() -> None:
    async def said() -> list[bytes]:
        faults = [WireFault("drop", chance=0.3, on="*.delta"), WireFault("malformed", chance=0.2, on="*.delta")]
        async with simulate(port=None, faults=faults, started_at_s=0) as server:
            client = server.memory()
            await client.send(CREATE)
            await closed_after_answer(client)
            return [record.frame for record in server.sessions[0].log if record.sender == "server"]

    assert await said() == await said()


async def test_a_frame_held_back_at_the_end_comes_by_itself() -> None:
    async with simulate(port=None, faults=[WireFault("reorder", on="session.created")]) as server:
        assert (await until(server.memory(), "session.created"))[-1]["type"] == "session.created"


async def test_lost_requests_have_no_effect() -> None:
    async with simulate(
        port=None, faults=[WireFault("drop", sender="client", on="response.create", times=1)]
    ) as server:
        client = server.memory()
        await client.send(CREATE)
        assert (await ask(client, "hello"))["status"] == "completed"
        assert [record.sender for record in server.sessions[0].log].count("client") == 3


async def test_tests_in_other_languages_ask_for_faults_over_http() -> None:
    async with simulate() as server:
        path = "/v1/simulator/faults"
        assert await exchange(
            server.url, post(path, {"kind": "close", "on": "session.created", "close_code": 1006})
        ) == (
            200,
            {"faults": 1},
        )
        with pytest.raises(ConnectionLost):
            async with rt.connect(server.endpoint) as session:
                await session.until(lambda state: False)
        status, answer = await exchange(server.url, post(path, {"kind": "explode"}))
        assert (status, answer["error"]["code"]) == (400, "invalid_fault")
        assert (await exchange(server.url, b"GET /v1/simulator/faults HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 405
        assert (await exchange(server.url, b"DELETE /v1/simulator/faults HTTP/1.1\r\nHost: x\r\n\r\n"))[0] == 200
        async with rt.connect(server.endpoint) as session:
            assert (await session.respond("hello")).status == "completed"


async def test_a_script_file_makes_trouble_for_its_sessions(tmp_path: Any) -> None:
    path = tmp_path / "script.json"
    path.write_text(json.dumps({"rules": [{"on": "hi", "do": "ho"}], "faults": [{"kind": "fail", "times": 1}]}))
    async with simulate(load_scenario(path)) as server, rt.connect(server.endpoint) as session:
        with pytest.raises(rt.ResponseFailed):
            await session.respond("hello")
        assert (await session.respond("hi")).text == "ho"


async def test_a_scenario_in_python_has_faults_too() -> None:
    scenario = Scenario(on("hi").say("ho"), faults=[WireFault("unknown", on="response.done")])
    async with simulate(scenario) as server, rt.connect(server.endpoint) as session:
        assert (await session.respond("hi")).text == "ho"
        assert [anomaly.kind for anomaly in session.state.anomalies] == ["unknown_event"]


def parsed(frame: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(frame)
    return found


async def closed_after_answer(client: Transport) -> None:
    """Receive what comes, as far as it is JSON, to the end of the response."""
    while b'"response.done"' not in await client.receive():
        pass
