"""The record proxy: nothing is changed on the way, everything is written, keys are not, and ends pass through."""

import json
from pathlib import Path
from typing import Any

import anyio
import pytest

import realtime_sdk as rt
from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, HandshakeError, LocalProtocolError
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.protocol.codec import parse
from realtime_sdk.simulator import simulate
from realtime_sdk.simulator.proxy import passed_on, record_proxy, target
from realtime_sdk.simulator.redacting import left_out
from realtime_sdk.simulator.sockets import Knock, Visit, listening
from realtime_sdk.transport import Transport, WebsocketOptions, connect

KEY = "sk-proj-0123456789abcdefghijklmn"


def frames(log: EventLog, sender: str) -> list[bytes]:
    """Return what a side said."""
    return [record.frame for record in log if record.sender == sender]


async def rest(transport: Transport) -> ConnectionClosed:
    """Receive until the end; return how it ended."""
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            await transport.receive()
    return caught.value


async def test_a_session_through_the_proxy_is_the_same_and_its_log_replays_to_its_state(tmp_path: Path) -> None:
    async with rt.simulate() as server, record_proxy(server.url, log_dir=tmp_path) as proxy:
        async with rt.connect(proxy.endpoint) as session:
            assert (await session.respond("What is the capital of France?")).text == "The capital is Paris."
        (seen,) = server.sessions
        await seen.closed.wait()
    log = EventLog.load(tmp_path / "session-001.jsonl")
    assert frames(log, "client") == frames(seen.log, "client")
    assert frames(log, "server") == frames(seen.log, "server")
    assert [record.at_ns for record in log] == sorted(record.at_ns or 0 for record in log)
    replayed = rt.replay(log)
    assert (replayed.conversation, replayed.responses) == (session.state.conversation, session.state.responses)
    assert replayed.epochs[0].closed
    assert replayed.epochs[0].closed_by == "client"
    assert (tmp_path / "session-001.jsonl").stat().st_mode & 0o777 == 0o600


async def test_keys_are_passed_on_and_never_written(tmp_path: Path) -> None:
    came: list[Knock] = []

    async def echo(visit: Visit) -> None:
        came.append(visit.knock)
        transport = await visit.accept()
        await transport.send(await transport.receive())
        await rest(transport)

    secret = json.dumps({"type": "x", "headers": {"a": KEY}, "note": f"Bearer {KEY}"}).encode()
    options = WebsocketOptions(subprotocols=("realtime", f"openai-insecure-api-key.{KEY}"))
    async with listening(echo, host="127.0.0.1", port=0) as port:
        async with record_proxy(f"ws://127.0.0.1:{port}", log_dir=tmp_path) as proxy:
            headers = {"Authorization": f"Bearer {KEY}", "api-key": KEY, "OpenAI-Beta": "realtime=v1"}
            url = f"{proxy.url}?model=gpt%20x&api-key={KEY}"
            async with connect(url, headers=headers, options=options) as transport:
                await transport.send(secret)
                assert await transport.receive() == secret
    (knock,) = came
    assert (knock.path, knock.query) == ("/v1/realtime", {"model": "gpt x", "api-key": KEY})
    assert {name: knock.headers[name] for name in ("authorization", "api-key", "openai-beta")} == {
        "authorization": f"Bearer {KEY}",
        "api-key": KEY,
        "openai-beta": "realtime=v1",
    }
    assert knock.subprotocols == options.subprotocols
    written = (tmp_path / "session-001.jsonl").read_bytes()
    assert KEY.encode() not in written
    assert b'"dialect":"beta"' in written


async def test_sound_and_words_stay_out_of_the_log_on_request_and_pass_as_they_are(tmp_path: Path) -> None:
    async with simulate() as server:
        async with record_proxy(server.url, log_dir=tmp_path, redact=("audio", "text")) as proxy:
            async with rt.connect(proxy.endpoint, instructions="Be brief.") as session:
                assert (await session.respond("Say exactly: the train is late")).text == "the train is late"
            (path,) = proxy.paths
        (seen,) = server.sessions
        assert frames(seen.log, "server") == frames(session.log, "server")
    written = path.read_bytes()
    for word in (b"train", b"late", b"brief"):
        assert word not in written
    log = EventLog.load(path)
    assert log.stats().audio_left_out > 0
    replayed, live = rt.replay(log), session.state
    assert replayed.anomalies == ()
    assert [(one.status, one.usage) for one in replayed.responses.values()] == [
        (one.status, one.usage) for one in live.responses.values()
    ]
    ours, theirs = replayed.conversation.items.values(), live.conversation.items.values()
    assert [(one.id, one.role, one.audio_ms) for one in ours] == [(one.id, one.role, one.audio_ms) for one in theirs]
    assert {part.text or part.transcript for one in ours for part in one.parts} == {"[redacted]"}


@pytest.mark.parametrize(
    ("event", "redact", "kept", "pointers"),
    [
        (
            {"type": "session.update", "session": {"instructions": "x", "audio": {"output": {"voice": "ash"}}}},
            {"text"},
            {
                "type": "session.update",
                "session": {"instructions": "[redacted]", "audio": {"output": {"voice": "ash"}}},
            },
            ("/session/instructions",),
        ),
        (
            {"type": "r.done", "response": {"metadata": {"who": "Ann", "n": 3, "ok": True}, "output": [{"id": "i"}]}},
            {"metadata", "text"},
            {
                "type": "r.done",
                "response": {"metadata": {"who": "[redacted]", "n": 0, "ok": True}, "output": [{"id": "i"}]},
            },
            ("/response/metadata",),
        ),
        (
            {"type": "x.transcription.delta", "delta": "Ann", "logprobs": [{"token": "Ann", "bytes": [65]}]},
            {"text"},
            {"type": "x.transcription.delta", "delta": "[redacted]", "logprobs": []},
            ("/delta", "/logprobs"),
        ),
        (
            {"type": "response.output_audio.delta", "delta": "AAAA"},
            {"audio"},
            {"type": "response.output_audio.delta", "delta": ""},
            (),
        ),
    ],
)
def test_what_is_left_out_leaves_a_frame_that_can_be_read(
    event: dict[str, Any], redact: set[str], kept: dict[str, Any], pointers: tuple[str, ...]
) -> None:
    record = left_out(LogRecord(0, 0, "server", json.dumps(event).encode(), ("/a",)), frozenset(redact))
    assert (parse(record.frame), record.redacted) == (kept, ("/a", *pointers))
    assert left_out(record, frozenset(redact)) == record


@pytest.mark.parametrize("frame", [b'{"type": "response.output_audio.delta", "delta": "AAAA"}', b'{ "type":"x"}'])
def test_a_frame_without_words_keeps_its_bytes(frame: bytes) -> None:
    assert left_out(LogRecord(0, 0, "server", frame), frozenset({"text"})) == LogRecord(0, 0, "server", frame)


@pytest.mark.parametrize("frame", [b"Ann is no JSON", b'["Ann"]', b"\xff"])
def test_of_a_frame_that_cannot_be_read_nothing_is_written(frame: bytes) -> None:
    record = left_out(LogRecord(0, 0, "client", frame), frozenset({"text"}))
    assert (record.frame, record.redacted) == (b"[redacted]", ("",))
    assert left_out(record, frozenset({"audio"})).frame == b"[redacted]"


async def test_several_sessions_at_once_leave_a_log_each(tmp_path: Path) -> None:
    async with simulate() as server, record_proxy(server.url, log_dir=tmp_path) as proxy:
        async with connect(proxy.url) as one, connect(proxy.url) as other:
            ids = [parse(await transport.receive())["session"]["id"] for transport in (one, other)]
    assert [parse(frames(EventLog.load(path), "server")[0])["session"]["id"] for path in proxy.paths] == ids


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [(4000, "invalid_request_error.x", ConnectionClosed), (1001, "", ConnectionExpired), (1006, "", ConnectionLost)],
)
async def test_close_codes_pass_through(code: int, reason: str, error: type[Exception], tmp_path: Path) -> None:
    async def closing(visit: Visit) -> None:
        await (await visit.accept()).aclose(code, reason)

    async with listening(closing, host="127.0.0.1", port=0) as port:
        async with record_proxy(f"ws://127.0.0.1:{port}", log_dir=tmp_path) as proxy:
            async with connect(proxy.url) as transport:
                end = await rest(transport)
    assert (type(end), end.code, end.reason) == (error, code, reason)
    closed = parse(EventLog.load(proxy.paths[0])[-1].frame)
    assert (closed["code"], closed["by"]) == (code, "network" if code == 1006 else "server")


async def test_the_clients_close_reaches_the_server(tmp_path: Path) -> None:
    ends: list[Any] = []
    heard = anyio.Event()

    async def waiting(visit: Visit) -> None:
        end = await rest(await visit.accept())
        ends.append((end.code, end.reason))
        heard.set()

    async with listening(waiting, host="127.0.0.1", port=0) as port:
        async with record_proxy(f"ws://127.0.0.1:{port}", log_dir=tmp_path) as proxy:
            async with connect(proxy.url) as transport:
                await transport.aclose(4321, "enough")
            await heard.wait()
    assert ends == [(4321, "enough")]


async def test_a_refusal_passes_through_and_leaves_no_log(tmp_path: Path) -> None:
    body = '{"error": {"code": "invalid_api_key", "message": "No such key."}}'

    async def refusing(visit: Visit) -> None:
        await visit.refuse(401, body)

    async with listening(refusing, host="127.0.0.1", port=0) as port:
        async with record_proxy(f"ws://127.0.0.1:{port}", log_dir=tmp_path) as proxy:
            with pytest.raises(HandshakeError) as caught:
                async with connect(proxy.url):
                    pass
    assert (caught.value.status, caught.value.body, caught.value.code) == (401, body, "invalid_api_key")
    assert proxy.paths == ()


async def test_a_server_that_is_not_there_is_502(tmp_path: Path) -> None:
    async with record_proxy("ws://127.0.0.1:1", log_dir=tmp_path) as proxy:
        with pytest.raises(HandshakeError, match="cannot be reached") as caught:
            async with connect(proxy.url):
                pass
    assert (caught.value.status, caught.value.code) == (502, "proxy_error")


async def test_a_proxy_that_ends_says_so_to_both_sides_and_closes_its_logs(tmp_path: Path) -> None:
    connected = anyio.Event()
    ends: list[int | None] = []

    async def client(url: str) -> None:
        async with connect(url) as transport:
            await transport.receive()
            connected.set()
            ends.append((await rest(transport)).code)

    async with simulate() as server, anyio.create_task_group() as group:
        async with record_proxy(server.url, log_dir=tmp_path) as proxy:
            group.start_soon(client, proxy.url)
            await connected.wait()
        await server.sessions[0].closed.wait()
    assert ends == [1001]
    assert parse(EventLog.load(proxy.paths[0])[-1].frame)["type"] == "local.connection_closed"


async def test_what_is_no_websocket_url_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalProtocolError):
        async with record_proxy("https://api.openai.com", log_dir=tmp_path):
            pass


def test_the_path_is_the_clients_unless_the_target_has_one() -> None:
    knock = Knock("/v1/realtime", {"model": "a b"})
    assert target("wss://api.openai.com", knock) == "wss://api.openai.com/v1/realtime?model=a+b"
    assert target("wss://x.azure.com/openai/v1/realtime?z=1", knock) == (
        "wss://x.azure.com/openai/v1/realtime?z=1&model=a+b"
    )


def test_headers_of_the_connection_itself_are_not_passed_on() -> None:
    came = {
        "host": "x",
        "upgrade": "websocket",
        "sec-websocket-key": "k",
        "authorization": "Bearer",
        "user-agent": "me",
    }
    assert passed_on(came) == {"authorization": "Bearer", "user-agent": "me"}
