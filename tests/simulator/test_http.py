"""What the simulator's port says to HTTP that is no websocket, to browsers, to TLS, and to clients of odd manners."""

import json
import ssl
import sys
from typing import Any

import anyio
import pytest
import trustme

from realtime_sdk.errors import ConnectionLost, HandshakeError
from realtime_sdk.protocol.codec import parse
from realtime_sdk.simulator import simulate
from realtime_sdk.simulator.client_secrets import ClientSecrets
from realtime_sdk.simulator.plain_http import Asked
from realtime_sdk.transport import WebsocketOptions, connect

SECRETS = "/v1/realtime/client_secrets"


async def exchange(url: str, request: bytes) -> tuple[int, dict[str, Any]]:
    """Send these bytes to the server at this URL; return the status and the object that it answers."""
    head, _, body = (await answered(url, request)).partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    return int(head.split()[1]), json.loads(body)


async def answered(url: str, request: bytes) -> bytes:
    """Send these bytes; return all that comes."""
    stream = await anyio.connect_tcp("127.0.0.1", int(url.split(":")[2].split("/")[0]))
    size = 40 if len(request) < 1_000 else 65_536
    async with stream:
        for start in range(0, len(request), size):  # cut anywhere
            await stream.send(request[start : start + size])
        return b"".join([piece async for piece in stream])


def post(path: str, body: object) -> bytes:
    """Return a request as clients write it."""
    sent = json.dumps(body).encode()
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent


async def test_a_client_secret_is_given_over_http_on_the_same_port() -> None:
    session = {"type": "realtime", "instructions": "Be brief.", "model": "gpt-realtime"}
    async with simulate(started_at_s=1_000) as server:
        status, secret = await exchange(server.url, post(f"{SECRETS}?x=1", {"session": session}))
        assert (status, secret["expires_at"], secret["value"][:3]) == (200, 1_600, "ek_")
        shown = secret["session"]
        assert (shown["instructions"], shown["model"], shown["expires_at"]) == ("Be brief.", "gpt-realtime", 0)
        options = WebsocketOptions(subprotocols=("realtime", f"openai-insecure-api-key.{secret['value']}"))
        async with connect(server.url, options=options) as transport:
            assert parse(await transport.receive())["type"] == "session.created"


async def test_a_page_of_any_origin_may_ask() -> None:
    asking = (
        f"OPTIONS {SECRETS} HTTP/1.1\r\nHost: x\r\nOrigin: https://page\r\nAccess-Control-Request-Method: POST\r\n\r\n"
    )
    async with simulate() as server:
        for request in (asking.encode(), post(SECRETS, {}), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
            head = await answered(server.url, request)
            assert b"\r\nAccess-Control-Allow-Origin: *\r\n" in head
            assert b"\r\nAccess-Control-Allow-Headers: Authorization, *\r\n" in head
            assert b"\r\nConnection: close\r\n" in head


async def test_without_h11_it_is_said_what_is_missing_and_websockets_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h11", None)
    async with simulate() as server:
        status, body = await exchange(server.url, post(SECRETS, {"session": {"instructions": "x" * 100_000}}))
        assert (status, body["error"]["message"]) == (
            501,
            "HTTP requests need h11: pip install 'realtime-sdk[serve]'",
        )
        async with connect(server.url) as transport:
            assert parse(await transport.receive())["type"] == "session.created"


async def test_a_body_that_is_too_large_is_refused_and_the_refusal_arrives() -> None:
    async with simulate() as server:
        status, _ = await exchange(server.url, post(SECRETS, {"session": {"instructions": "x" * 1_500_000}}))
    assert status == 413


async def test_a_chunked_body_and_one_that_is_waited_for_are_read() -> None:
    head = f"POST {SECRETS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    async with simulate() as server:
        status, secret = await exchange(
            server.url, head + b'10\r\n{"session": {"ty\r\n11\r\npe": "realtime"}}\r\n0\r\n\r\n'
        )
    assert (status, secret["session"]["type"]) == (200, "realtime")


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 404, None),
        (post("/v1/chat/completions", {}), 404, None),
        (b"GET /v1/realtime HTTP/1.1\r\nHost: x\r\n\r\n", 404, None),
        (b"GET /v1/realtime/client_secrets HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_supported"),
        (post(SECRETS, []), 400, None),
        (b"no http at all\r\n\r\n", 400, None),
    ],
)
async def test_what_is_not_there_is_said_in_json(request_: bytes, status: int, code: str | None) -> None:
    async with simulate() as server:
        found, body = await exchange(server.url, request_)
    assert (found, body["error"]["code"], body["error"]["type"]) == (status, code, "invalid_request_error")


async def test_a_path_without_sessions_refuses_the_websocket_in_json() -> None:
    async with simulate() as server:
        with pytest.raises(HandshakeError, match="Invalid URL") as caught:
            async with connect(server.url.replace("/realtime", "/nothing")):
                pass
    assert caught.value.status == 404


async def test_with_a_certificate_it_is_wss() -> None:
    authority = trustme.CA()
    server_side, client_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server_side)
    authority.configure_trust(client_side)
    async with simulate(tls=server_side) as server:
        assert server.url.startswith("wss://127.0.0.1:")
        async with connect(server.url, options=WebsocketOptions(ssl=client_side)) as transport:
            assert parse(await transport.receive())["type"] == "session.created"
        with pytest.raises((ConnectionLost, HandshakeError)):
            async with connect(server.url.replace("wss", "ws")):
                pass


async def test_a_client_that_hangs_up_at_any_point_disturbs_nobody() -> None:
    async with simulate() as server:
        port = int(server.url.split(":")[2].split("/")[0])
        for words in (b"", b"GET /v1/rea", b"POST /v1/realtime/client_secrets HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"):
            stream = await anyio.connect_tcp("127.0.0.1", port)
            await stream.send(words)
            await stream.aclose()
        async with connect(server.url) as transport:
            assert parse(await transport.receive())["type"] == "session.created"


# --- what is answered, without a socket -------------------------------------------------------------------------------


def asked(body: object, path: str = SECRETS) -> Any:
    """Return the answer to a POST at a thousand seconds."""
    given = ClientSecrets(seed="0", model="m", now_s=lambda: 1_000).answer(
        Asked("POST", path, json.dumps(body).encode())
    )
    return given.status, given.body


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"type": "realtime", "voice": "alloy"}, "unknown_parameter", "session.voice"),
        ({"type": "realtime", "instructions": 3}, "invalid_type", "session.instructions"),
    ],
)
def test_a_session_is_checked_as_in_session_update(session: object, code: str, param: str) -> None:
    status, body = asked({"session": session})
    assert (status, body["error"]["code"], body["error"]["param"]) == (400, code, param)


def test_how_long_a_secret_is_good_can_be_asked_within_bounds() -> None:
    assert asked({"expires_after": {"anchor": "created_at", "seconds": 60}})[1]["expires_at"] == 1_060
    status, body = asked({"expires_after": {"seconds": 1}})
    assert (status, body["error"]["param"]) == (400, "expires_after.seconds")


def test_transcription_and_translation_sessions_have_secrets_too() -> None:
    assert asked({"session": {"type": "transcription"}})[1]["session"]["type"] == "transcription"
    session = asked({"session": {"model": "gpt-realtime-translate"}}, "/v1/realtime/translations/client_secrets")[1]
    assert (session["session"]["type"], session["session"]["model"]) == ("translation", "gpt-realtime-translate")


def test_two_secrets_are_not_the_same() -> None:
    secrets = ClientSecrets(seed="0", model="m", now_s=lambda: 0)
    first, second = (secrets.answer(Asked("POST", SECRETS)).body["value"] for _ in range(2))
    assert first != second
