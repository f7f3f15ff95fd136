"""What other people's clients taught the simulator; `nox -s peers` has the clients themselves."""

import pytest

from realtime_sdk.protocol.codec import parse
from realtime_sdk.simulator import simulate
from realtime_sdk.transport import Transport, WebsocketOptions, connect

IN_A_BROWSER = WebsocketOptions(subprotocols=("realtime", "openai-insecure-api-key.sk-none", "openai-beta.realtime-v1"))


async def up_to(transport: Transport, last: str) -> list[str]:
    """Return the types of what comes, up to the first of this type."""
    types = [""]
    while types[-1] != last:
        types.append(parse(await transport.receive())["type"])
    return types[1:]


async def test_a_browser_asks_for_the_beta_dialect_by_subprotocol() -> None:
    async with simulate() as server, connect(server.url, options=IN_A_BROWSER) as transport:
        assert "modalities" in parse(await transport.receive())["session"]
        await transport.send(b'{"type":"response.create"}')
        assert "response.audio.delta" in await up_to(transport, "response.done")


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (b'{"type":"session.update","session":{"temperature":0.8,"voice":"alloy"}}', "session.updated"),
        (b'{"type":"response.create","response":{"temperature":0.8}}', "response.created"),
    ],
)
async def test_a_beta_client_may_give_a_temperature(frame: bytes, answer: str) -> None:
    async with simulate() as server, connect(server.url, options=IN_A_BROWSER) as transport:
        await transport.send(frame)
        assert [parse(await transport.receive())["type"] for _ in range(2)] == ["session.created", answer]


async def test_null_instructions_of_a_response_are_none() -> None:
    async with simulate() as server, connect(server.url) as transport:
        await transport.send(b'{"type":"response.create","response":{"instructions":null}}')
        assert (await up_to(transport, "response.done"))[:2] == ["session.created", "response.created"]
