"""Opening a websocket: what arrives at the server, what options do, what is never shown."""

import logging
import sys
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from anyio.abc import SocketStream

from realtime_sdk import __version__, transport as room
from realtime_sdk.errors import ConnectionClosed, ConnectionLost, HandshakeError, LocalProtocolError, RequestTimeout
from realtime_sdk.transport import Transport, WebsocketOptions, connect
from tests.transport.loopback import SECRET, closed_port, echo, serving, tcp_serving, tls_contexts, until_closed

DIRECT = WebsocketOptions(proxy=False, close_timeout=1)


@pytest.fixture(autouse=True)
def no_proxy_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "socks_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


async def test_a_frame_goes_out_as_text_and_comes_back_as_the_same_bytes() -> None:
    kinds: list[type] = []

    async def handle(websocket: Any) -> None:
        message = await websocket.recv()
        kinds.append(type(message))
        await websocket.send(message)
        await websocket.send(b"\xff\x00")
        await until_closed(websocket)

    with anyio.fail_after(5):
        async with serving(handle) as url, connect(url, options=DIRECT) as transport:
            await transport.send('{"type":"é"}'.encode())
            assert [await transport.receive(), await transport.receive()] == ['{"type":"é"}'.encode(), b"\xff\x00"]
    assert kinds == [str]
    assert isinstance(transport, Transport)


async def test_headers_subprotocols_path_and_query_arrive() -> None:
    seen: dict[str, Any] = {}

    async def handle(websocket: Any) -> None:
        seen.update(path=websocket.request.path, subprotocol=websocket.subprotocol)
        seen.update({name.lower(): value for name, value in websocket.request.headers.raw_items()})
        await until_closed(websocket)

    options = WebsocketOptions(proxy=False, subprotocols=("realtime", "other"))
    with anyio.fail_after(5):
        async with serving(handle, subprotocols=["realtime"]) as url:
            headers = {"Authorization": f"Bearer {SECRET}", "X-Project": "p"}
            async with connect(f"{url}/v1/realtime?model=m", headers=headers, options=options):
                pass
    assert seen["path"] == "/v1/realtime?model=m"
    assert seen["subprotocol"] == "realtime"
    assert (seen["authorization"], seen["x-project"]) == (f"Bearer {SECRET}", "p")
    assert seen["user-agent"] == f"realtime_sdk/{__version__}"
    assert "sec-websocket-extensions" not in seen


async def test_deflate_is_offered_when_asked_for() -> None:
    offered: list[str | None] = []

    async def handle(websocket: Any) -> None:
        offered.append(websocket.request.headers.get("Sec-WebSocket-Extensions"))
        await echo(websocket)

    with anyio.fail_after(5):
        async with serving(handle) as url:
            async with connect(url, options=WebsocketOptions(proxy=False, compression="deflate")) as transport:
                await transport.send(b"{}" * 1_000)
                assert await transport.receive() == b"{}" * 1_000
    assert offered[0] is not None
    assert offered[0].startswith("permessage-deflate")


async def test_a_frame_of_5_mb_goes_both_ways() -> None:
    frame = b'{"audio":"' + b"A" * 5_000_000 + b'"}'
    with anyio.fail_after(10):
        async with serving(echo) as url, connect(url, options=DIRECT) as transport:
            await transport.send(frame)
            assert await transport.receive() == frame


async def test_tls_with_a_context_that_trusts_the_server() -> None:
    server, client = tls_contexts()
    with anyio.fail_after(5):
        async with serving(echo, tls=server) as url:
            async with connect(url, options=WebsocketOptions(proxy=False, ssl=client)) as transport:
                await transport.send(b"{}")
                assert await transport.receive() == b"{}"


async def test_a_certificate_that_nobody_signed_is_a_handshake_error() -> None:
    server, _ = tls_contexts()
    with anyio.fail_after(5):
        async with serving(echo, tls=server) as url:
            with pytest.raises(HandshakeError, match=r"certificate of wss://localhost:\d+ was not accepted") as caught:
                async with connect(url, options=DIRECT):
                    pass
    assert (caught.value.status, caught.value.body, caught.value.code) == (None, None, None)


async def test_tls_with_a_port_that_speaks_none_is_a_handshake_error() -> None:
    async def answer_in_clear(client: SocketStream) -> None:
        async with client:
            await client.receive()
            await client.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with anyio.fail_after(5):
        async with tcp_serving(answer_in_clear) as port:
            with pytest.raises(HandshakeError, match="check that this port speaks TLS"):
                async with connect(f"wss://localhost:{port}", options=DIRECT):
                    pass


@pytest.mark.parametrize("explicit", [True, False], ids=["option", "environment"])
async def test_a_proxy_carries_the_connection(explicit: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def tunnel(client: SocketStream) -> None:
        head = b""
        async with client:
            while b"\r\n\r\n" not in head:
                head += await client.receive()
            asked.append(head.decode())
            host, _, port = head.split()[1].decode().rpartition(":")
            async with await anyio.connect_tcp(host, int(port)) as server, anyio.create_task_group() as group:
                await client.send(b"HTTP/1.1 200 OK\r\n\r\n")
                group.start_soon(pump, server, client)
                await pump(client, server)

    async def pump(source: SocketStream, sink: SocketStream) -> None:
        try:
            async for chunk in source:
                await sink.send(chunk)
            await sink.send_eof()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            return

    with anyio.fail_after(5):
        async with serving(echo) as url, tcp_serving(tunnel) as proxy_port:
            proxy = f"http://user:{SECRET}@localhost:{proxy_port}"
            if not explicit:
                monkeypatch.setenv("https_proxy", proxy)
            options = WebsocketOptions(proxy=proxy if explicit else True)
            async with connect(url, headers={"Authorization": "Bearer x"}, options=options) as transport:
                await transport.send(b"{}")
                assert await transport.receive() == b"{}"
    assert len(asked) == 1
    assert asked[0].startswith(f"CONNECT {url.removeprefix('ws://')} HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic" in asked[0]
    assert "Bearer x" not in asked[0]


async def test_a_proxy_that_refuses_is_a_handshake_error_with_its_status() -> None:
    async def refuse(client: SocketStream) -> None:
        async with client:
            await client.receive()
            await client.send(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with anyio.fail_after(5):
        async with tcp_serving(refuse) as port:
            with pytest.raises(HandshakeError, match="the proxy refused to connect to ws://localhost:1") as caught:
                async with connect("ws://localhost:1", options=WebsocketOptions(proxy=f"http://localhost:{port}")):
                    pass
    assert caught.value.status == 407


async def test_a_proxy_that_is_down_is_a_lost_connection() -> None:
    with anyio.fail_after(5):
        options = WebsocketOptions(proxy=f"http://localhost:{await closed_port()}")
        with pytest.raises(ConnectionLost, match="cannot be reached"):
            async with connect("ws://localhost:1", options=options):
                pass


async def test_a_proxy_url_that_is_none_is_a_local_error_without_its_password() -> None:
    with pytest.raises(LocalProtocolError, match="ftp://proxy is no proxy") as caught:
        async with connect("ws://localhost:1", options=WebsocketOptions(proxy=f"ftp://user:{SECRET}@proxy")):
            pass
    assert caught.value.field == "proxy"
    assert caught.value.__cause__ is None


async def test_a_port_where_nothing_listens_is_a_lost_connection() -> None:
    with anyio.fail_after(5):
        port = await closed_port()
        with pytest.raises(ConnectionLost, match=f"ws://localhost:{port} cannot be reached") as caught:
            async with connect(f"ws://localhost:{port}", options=DIRECT):
                pass
    assert caught.value.code is None


async def test_a_host_without_address_is_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def unknown(*args: object, **kwargs: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with anyio.fail_after(5), pytest.raises(ConnectionLost, match=r"no address was found .*check the host name"):
        async with connect("wss://no.such.host.invalid/v1", options=DIRECT):
            pass


async def test_a_slow_handshake_times_out_and_leaves_no_socket() -> None:
    gone = anyio.Event()

    async def say_nothing(client: SocketStream) -> None:
        async with client:
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                while True:
                    await client.receive()
            gone.set()

    with anyio.fail_after(5):
        async with tcp_serving(say_nothing) as port:
            with pytest.raises(RequestTimeout, match=r"did not open within 0\.1 s") as caught:
                async with connect(f"ws://localhost:{port}", options=WebsocketOptions(proxy=False, open_timeout=0.1)):
                    pass
            await gone.wait()
    assert (caught.value.seconds, caught.value.waiting_for) == (0.1, "websocket handshake")
    assert isinstance(caught.value, TimeoutError)


async def test_a_cancelled_handshake_leaves_no_socket() -> None:
    came, gone = anyio.Event(), anyio.Event()

    async def say_nothing(client: SocketStream) -> None:
        async with client:
            await client.receive()
            came.set()
            with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                await client.receive()
            gone.set()

    async def opened(port: int) -> None:
        async with connect(f"ws://localhost:{port}", options=DIRECT):
            pass

    with anyio.fail_after(5):
        async with tcp_serving(say_nothing) as port:
            async with anyio.create_task_group() as group:
                group.start_soon(opened, port)
                await came.wait()
                group.cancel_scope.cancel()
            await gone.wait()


@pytest.mark.parametrize("scheme", ["ws", "wss"])
async def test_a_server_that_hangs_up_in_the_handshake_is_a_lost_connection(scheme: str) -> None:
    async def hang_up(client: SocketStream) -> None:
        async with client:
            await client.receive()

    with anyio.fail_after(5):
        async with tcp_serving(hang_up) as port:
            with pytest.raises(ConnectionLost, match="hung up during the handshake"):
                async with connect(f"{scheme}://localhost:{port}", options=DIRECT):
                    pass


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"])
async def test_a_server_of_another_kind_is_a_handshake_error(answer: bytes) -> None:
    async def handle(client: SocketStream) -> None:
        async with client:
            await client.receive()
            await client.send(answer)

    with anyio.fail_after(5):
        async with tcp_serving(handle) as port:
            with pytest.raises(HandshakeError, match="did not answer as a websocket server does"):
                async with connect(f"ws://localhost:{port}", options=DIRECT):
                    pass


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("https://localhost/v1", "url"),
        ("localhost", "url"),
        ("ws://", "url"),
        ("ws://[::1", "url"),
        (f"ws://user@:1/?key={SECRET}", "url"),
    ],
)
async def test_a_url_that_is_none_is_refused_before_anything_is_sent(url: str, field: str) -> None:
    with pytest.raises(LocalProtocolError) as caught:
        async with connect(url, options=DIRECT):
            pass
    assert caught.value.field == field
    assert SECRET not in str(caught.value)


async def test_a_key_with_a_line_break_is_refused_without_being_shown() -> None:
    with pytest.raises(LocalProtocolError, match="line break at the end of a key") as caught:
        async with connect("ws://localhost:1", headers={"Authorization": f"Bearer {SECRET}\n"}, options=DIRECT):
            pass
    assert caught.value.field == "headers.Authorization"
    assert SECRET not in str(caught.value)


async def test_an_error_in_the_block_comes_out_as_it_is_and_the_connection_ends() -> None:
    ended = anyio.Event()

    async def handle(websocket: Any) -> None:
        await until_closed(websocket)
        ended.set()

    with anyio.fail_after(5):
        async with serving(handle) as url:
            with pytest.raises(ZeroDivisionError):
                async with connect(url, options=DIRECT):
                    raise ZeroDivisionError
            await ended.wait()


async def test_a_cancelled_block_leaves_no_socket() -> None:
    came, gone = anyio.Event(), anyio.Event()

    async def handle(websocket: Any) -> None:
        came.set()
        await until_closed(websocket)
        gone.set()

    async def hold(url: str) -> None:
        async with connect(url, options=WebsocketOptions(proxy=False, close_timeout=None)) as transport:
            await transport.receive()

    with anyio.fail_after(5):
        async with serving(handle) as url:
            async with anyio.create_task_group() as group:
                group.start_soon(hold, url)
                await came.wait()
                await anyio.wait_all_tasks_blocked()
                group.cancel_scope.cancel()
            await gone.wait()


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


async def test_no_key_and_no_payload_is_logged_or_shown(everything_logged: pytest.LogCaptureFixture) -> None:
    options = WebsocketOptions(proxy=False, subprotocols=(f"key.{SECRET}",))
    with anyio.fail_after(5):
        async with serving(echo, subprotocols=[f"key.{SECRET}"]) as url:
            full = f"{url.replace('localhost', 'user:' + SECRET + '@localhost')}/v1/realtime?api-key={SECRET}"
            async with connect(full, headers={"api-key": SECRET}, options=options) as transport:
                await transport.send(f'{{"secret":"{SECRET}"}}'.encode())
                await transport.receive()
                shown = repr(transport) + repr(options)
            shown += repr(transport)
    assert SECRET not in everything_logged.text + shown
    assert f"<WebsocketTransport {url}/v1/realtime open>" in shown
    assert f"<WebsocketTransport {url}/v1/realtime closed here with 1000>" in shown


def test_on_trio_an_old_websockets_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def open_one() -> None:
        async with connect("ws://localhost:1", options=DIRECT):
            pass

    monkeypatch.delitem(sys.modules, "realtime_sdk.transport._trio", raising=False)
    monkeypatch.delattr(room, "_trio", raising=False)
    monkeypatch.setitem(sys.modules, "websockets.trio.client", None)
    with pytest.raises(ImportError, match=r"on trio this needs websockets>=17, but .* is installed"):
        anyio.run(open_one, backend="trio")


async def test_after_the_block_nothing_can_be_sent() -> None:
    with anyio.fail_after(5):
        async with serving(echo) as url:
            async with connect(url, options=DIRECT) as transport:
                pass
            with pytest.raises(ConnectionClosed) as caught:
                await transport.send(b"{}")
    assert caught.value.code == 1000
