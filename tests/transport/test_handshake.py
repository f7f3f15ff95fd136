"""A handshake that a real server refuses: status, body and code arrive, keys do not, redirects are not followed."""

import json
import ssl
from http import HTTPStatus
from typing import Any

import anyio
import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidURI, ProxyError
from websockets.http11 import Response

from realtime_sdk.errors import ConnectionLost, HandshakeError, LocalProtocolError
from realtime_sdk.transport import WebsocketOptions, connect
from realtime_sdk.transport.handshake import Attempt, handshake_error
from tests.transport.loopback import SECRET, echo, serving

DIRECT = WebsocketOptions(proxy=False)


def answer(status: int, body: bytes, **headers: str) -> Any:
    def process_request(websocket: Any, request: Any) -> Response:
        fields = {"Content-Length": str(len(body)), "Connection": "close"} | headers
        return Response(status, HTTPStatus(status).phrase, Headers(fields), body)

    return process_request


async def refused(status: int, body: bytes, **headers: str) -> HandshakeError:
    with anyio.fail_after(5):
        async with serving(echo, process_request=answer(status, body, **headers)) as url:
            with pytest.raises(HandshakeError) as caught:
                async with connect(url, headers={"Authorization": f"Bearer {SECRET}"}, options=DIRECT):
                    pass
    return caught.value


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (
            401,
            {"code": "invalid_api_key", "message": "Incorrect API key", "type": "invalid_request_error"},
            "invalid_api_key",
        ),
        (400, {"code": "OperationNotSupported", "message": "no"}, "OperationNotSupported"),
        (403, {"code": None, "type": "forbidden", "message": "no"}, "forbidden"),
        (429, {"code": "insufficient_quota", "message": "no"}, "insufficient_quota"),
        (503, {"message": "later"}, None),
    ],
)
async def test_a_refusal_gives_status_body_and_code(status: int, error: dict[str, Any], code: str | None) -> None:
    body = json.dumps({"error": error})
    refusal = await refused(status, body.encode())
    assert (refusal.status, refusal.body, refusal.code) == (status, body, code)
    named = f" ({code})" if code else ""
    assert str(refusal).endswith(f"refused the connection with HTTP {status}{named}: {error['message']}")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error":"text"}', b'{"error":{"code":5}}', b"\xff"])
async def test_a_body_without_an_error_object_gives_no_code(body: bytes) -> None:
    refusal = await refused(500, body)
    assert (refusal.status, refusal.body, refusal.code) == (500, body.decode(errors="replace"), None)


async def test_a_key_that_the_server_echoes_is_blotted_out() -> None:
    body = json.dumps({"error": {"code": "invalid_api_key", "message": f"Bearer {SECRET}: {SECRET} is wrong"}})
    refusal = await refused(401, body.encode())
    assert SECRET not in f"{refusal} {refusal.body}"
    assert str(refusal).endswith("(invalid_api_key): [redacted]: [redacted] is wrong")


async def test_a_key_in_a_subprotocol_is_blotted_out_too() -> None:
    def twice(websocket: Any, request: Any, response: Response) -> None:
        response.headers["Sec-WebSocket-Protocol"] = f"realtime, key.{SECRET}"

    options = WebsocketOptions(proxy=False, subprotocols=("realtime", f"key.{SECRET}"))
    with anyio.fail_after(5):
        async with serving(echo, process_response=twice) as url:
            with pytest.raises(HandshakeError, match=r"key\.\[redacted\]; check the URL and options.subprotocols"):
                async with connect(url, options=options):
                    pass


async def test_a_redirect_is_not_followed() -> None:
    reached: list[str] = []

    async def elsewhere(websocket: Any) -> None:
        reached.append("elsewhere")

    with anyio.fail_after(5):
        async with serving(elsewhere) as other:
            refusal = await refused(302, b"", Location=f"{other}/?key={SECRET}")
    assert refusal.status == 302
    assert f"refused the connection with HTTP 302 to {other}/" in str(refusal)
    assert SECRET not in str(refusal)
    assert reached == []


@pytest.mark.parametrize(
    ("raised", "error", "message"),
    [
        (TimeoutError(110, "Connection timed out"), ConnectionLost, "cannot be reached"),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), ConnectionLost, "hung up during the handshake"),
        (ExceptionGroup("all failed", [ConnectionRefusedError(111, "refused")]), ConnectionLost, "hung up"),
        (ProxyError("failed to connect to SOCKS proxy"), ConnectionLost, "the proxy did not connect to"),
        (InvalidURI("ws://x", "no"), LocalProtocolError, "ws://localhost is no websocket URL"),
    ],
)
def test_rarer_failures_say_what_to_check(raised: Exception, error: type[Exception], message: str) -> None:
    found = handshake_error(raised, Attempt("ws://localhost", (), DIRECT))
    assert type(found) is error
    assert message in str(found)


def test_an_exception_that_is_none_of_the_connections_is_left_alone() -> None:
    attempt = Attempt("ws://localhost", (("api-key", SECRET),), DIRECT)
    assert handshake_error(ImportError("connecting through a SOCKS proxy requires python-socks"), attempt) is None
    assert SECRET not in repr(attempt)
