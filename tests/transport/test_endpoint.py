"""An endpoint says where, with which headers, in which dialect, and shows no key."""

import pytest

from realtime_sdk.dialects import BETA, OPENAI
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.transport import Endpoint

KEY = {"Authorization": "Bearer sk-secret-0123"}


def test_an_endpoint_shows_neither_key_nor_query() -> None:
    endpoint = Endpoint("wss://host/v1/realtime?model=m&token=sk-secret-0123", KEY)
    assert repr(endpoint) == "Endpoint('wss://host/v1/realtime', headers=<1>, dialect='openai')"


def test_a_dialect_may_be_given_by_name() -> None:
    assert Endpoint("ws://host").dialect is OPENAI
    assert Endpoint("ws://host", dialect="beta") == Endpoint("ws://host", dialect=BETA)
    with pytest.raises(LocalProtocolError, match="did you mean 'beta'"):
        Endpoint("ws://host", dialect="betta")


@pytest.mark.parametrize(
    ("endpoint", "purpose", "call_id"),
    [
        (Endpoint("wss://host/v1/realtime?model=m"), "conversation", None),
        (Endpoint("wss://host/v1/realtime?call_id=rtc_1"), "conversation", "rtc_1"),
        (Endpoint("wss://host/v1/realtime?intent=transcription"), "transcription", None),
        (Endpoint("wss://host/v1/realtime/translations?model=m", dialect="translation"), "translation", None),
    ],
)
def test_the_address_says_what_the_session_is_for(endpoint: Endpoint, purpose: str, call_id: str | None) -> None:
    assert (endpoint.purpose, endpoint.call_id) == (purpose, call_id)


def test_the_headers_are_a_copy_that_nobody_changes() -> None:
    headers = dict(KEY)
    endpoint = Endpoint("ws://host", headers)
    headers["Authorization"] = "changed"
    assert dict(endpoint.headers) == KEY
    with pytest.raises(TypeError):
        endpoint.headers["Authorization"] = "changed"  # type: ignore[index]


async def test_an_endpoint_resolves_to_itself() -> None:
    endpoint = Endpoint("ws://host")
    assert await endpoint.resolve() is endpoint
