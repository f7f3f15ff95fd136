"""The options as a value, and what of a URL may be shown."""

import ssl
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.transport import WebsocketOptions
from realtime_sdk.transport.options import checked_headers, checked_url, shown_url

SECRET = "sk-proj-0123456789abcdef"


def test_the_defaults_are_those_of_the_design() -> None:
    options = WebsocketOptions()
    assert (options.max_size, options.compression, options.proxy) == (64 * 2**20, None, True)
    assert repr(options) == "WebsocketOptions()"
    assert options == WebsocketOptions()
    with pytest.raises(FrozenInstanceError):
        options.max_size = 1  # type: ignore[misc]


def test_the_repr_shows_what_differs_and_no_secret() -> None:
    options = WebsocketOptions(
        proxy=f"http://user:{SECRET}@proxy:3128/?x={SECRET}",
        ssl=ssl.create_default_context(),
        subprotocols=("realtime", f"openai-insecure-api-key.{SECRET}"),
        max_size=None,
    )
    assert repr(options) == (
        "WebsocketOptions(proxy='http://proxy:3128/', ssl=<SSLContext>, subprotocols=<2>, max_size=None)"
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"wss://user:{SECRET}@host:444/v1?key={SECRET}#{SECRET}", "wss://host:444/v1"),
        ("wss://api.openai.com/v1/realtime?model=m", "wss://api.openai.com/v1/realtime"),
        ("ws://host:99999999/", "<unreadable URL>"),
        ("", "://"),
    ],
)
def test_a_url_is_shown_without_user_query_and_fragment(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@given(st.text())
def test_any_text_can_be_shown_as_a_url(text: str) -> None:
    assert isinstance(shown_url(text), str)


def test_tls_options_for_a_url_without_tls_are_refused() -> None:
    options = WebsocketOptions(ssl=ssl.create_default_context())
    assert checked_url("wss://host", options) == "wss://host"
    with pytest.raises(LocalProtocolError, match="without TLS: use wss://") as caught:
        checked_url("ws://host", options)
    assert caught.value.field == "ssl"


@pytest.mark.parametrize("bad", [{"a b": "x"}, {"": "x"}, {"a": "x\r\nb: y"}, {"a": "€"}, {"a\n": "x"}])
def test_a_header_that_http_cannot_carry_is_refused(bad: dict[str, str]) -> None:
    with pytest.raises(LocalProtocolError):
        checked_headers(bad)


def test_headers_become_pairs() -> None:
    assert checked_headers({"A": "1", "B": ""}) == (("A", "1"), ("B", ""))
    assert checked_headers(None) == ()
