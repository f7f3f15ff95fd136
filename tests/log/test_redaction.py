"""Secrets out of frames: planted everywhere, found everywhere, and nothing else touched."""

import json
import time

import pytest
from hypothesis import assume, given, strategies as st

from realtime_sdk.log.redaction import may_hold_secret, redact, replace_secrets
from tests.log.frames import AUDIO, SMALL, any_frames, json_objects

EPHEMERAL = "ek_68af296e8e408191a1120ab6383263c2"
KEY = "sk-proj-4f9AbCdEfGhIjKlMnOp_-123"
PLAIN = "hunter2hunter2"
SPELLINGS = {
    "authorization": ("authorization", "Authorization", "AUTHORIZATION", "Proxy-Authorization", "proxy_authorization"),
    "api key": (
        "api_key",
        "api-key",
        "apiKey",
        "apikey",
        "API_KEY",
        "Api-Key",
        "X-Api-Key",
        "x-api-key",
        "OPENAI_API_KEY",
    ),
    "client secret": ("client_secret", "clientSecret", "CLIENT_SECRET", "Client-Secret", "clientsecret"),
    "token": ("access_token", "accessToken", "ACCESS_TOKEN", "refresh_token", "bearer_token", "bearerToken"),
    "password": ("password", "Password", "PASSWORD", "db_password"),
    "subscription": ("Ocp-Apim-Subscription-Key", "subscription_key", "subscriptionKey", "SUBSCRIPTION_KEY"),
}
NAMES = [name for names in SPELLINGS.values() for name in names]


def frame(**fields: object) -> bytes:
    return json.dumps({"type": "session.update", **fields}, separators=(",", ":")).encode()


def test_the_secrets_of_an_mcp_tool_are_replaced_and_named() -> None:
    def tool(authorization: str, trace: str) -> dict[str, object]:
        return {
            "type": "mcp",
            "server_label": "docs",
            "server_url": "https://example.org/mcp",
            "authorization": authorization,
            "headers": {"X-Trace": trace, "Authorization": authorization},
        }

    assert redact(frame(session={"tools": [{"type": "function", "name": "f"}, tool(PLAIN, "t-1")]})) == (
        frame(session={"tools": [{"type": "function", "name": "f"}, tool("[redacted]", "[redacted]")]}),
        (
            "/session/tools/1/authorization",
            "/session/tools/1/headers/X-Trace",
            "/session/tools/1/headers/Authorization",
        ),
    )


def test_a_client_secret_is_replaced_and_its_expiry_stays() -> None:
    assert redact(frame(session={"client_secret": {"value": "short", "expires_at": 1756310470}})) == (
        frame(session={"client_secret": {"value": "[redacted]", "expires_at": 1756310470}}),
        ("/session/client_secret/value",),
    )
    assert redact(frame(session={"client_secret": None})) == (frame(session={"client_secret": None}), ())


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_field_is_known_in_every_spelling(name: str) -> None:
    assert redact(frame(a=[{name: PLAIN}])) == (frame(a=[{name: "[redacted]"}]), (f"/a/0/{name}",))


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_field_is_found_in_json_inside_of_a_string(name: str) -> None:
    once = json.dumps({"q": 1, name: PLAIN, "r": 2})
    clean = json.dumps({"q": 1, name: "[redacted]", "r": 2})
    assert redact(frame(arguments=once)) == (frame(arguments=clean), ("/arguments",))
    assert redact(frame(output=json.dumps({"inner": once}))) == (
        frame(output=json.dumps({"inner": clean})),
        ("/output",),
    )


@pytest.mark.parametrize("secret", [EPHEMERAL, KEY, "ek_x", "Bearer sk-short", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.abc"])
@pytest.mark.parametrize(
    "around", ["%s", "use %s, please", "key=%s&n=1", "openai-insecure-api-key.%s", '"%s"', "a\n%s"]
)
def test_a_key_is_replaced_inside_of_a_text(secret: str, around: str) -> None:
    bearer = "Bearer " if secret.startswith("Bearer ") else ""
    assert redact(frame(text=around % secret)) == (frame(text=around % (bearer + "[redacted]")), ("/text",))


@pytest.mark.parametrize(
    ("planted", "clean", "pointers"),
    [
        (rb'{"a":"\u0065k_0123"}', b'{"a":"[redacted]"}', ("/a",)),
        (rb'{"a":"\u0065\u006b\u005f0123 \u00e9"}', rb'{"a":"[redacted] \u00e9"}', ("/a",)),
        (rb'{"\u0061pi_key":"x"}', rb'{"\u0061pi_key":"[redacted]"}', ("/api_key",)),
        (rb'{"a\/b":"s\u006b-012345678"}', rb'{"a\/b":"[redacted]"}', ("/a~1b",)),
        (b'{"ek_0123":{"a":"ek_4567"}}', b'{"[redacted]":{"a":"[redacted]"}}', ("/[redacted]", "/[redacted]/a")),
        (b'{"authorization":{"kind":"oauth","token":"t"}}', None, ("/authorization/kind", "/authorization/token")),
        (
            b'{"headers":[["X-Any","v"]]}',
            b'{"headers":[["[redacted]","[redacted]"]]}',
            ("/headers/0/0", "/headers/0/1"),
        ),
        (b'["ek_1", "ek_2", 3]', b'["[redacted]", "[redacted]", 3]', ("/0", "/1")),
        (b'"ek_1"', b'"[redacted]"', ("",)),
        (b'{"url":"wss://h/?token=%20ek_1%3Dek_2"}', b'{"url":"wss://h/?token=%20[redacted]%3D[redacted]"}', ("/url",)),
    ],
)
def test_a_secret_is_found_however_it_is_written(
    planted: bytes, clean: bytes | None, pointers: tuple[str, ...]
) -> None:
    if clean is None:
        clean = b'{"authorization":{"kind":"[redacted]","token":"[redacted]"}}'
    assert redact(planted) == (clean, pointers)


@pytest.mark.parametrize(
    ("planted", "clean"),
    [
        (b"HTTP/1.1 401\r\nAuthorization: Basic abc def\r\nX: 1", b"HTTP/1.1 401\r\nAuthorization: [redacted]\r\nX: 1"),
        (b"api-key: 0123", b"api-key: [redacted]"),
        (b"\xff\xfe ek_0123 \xff", b"\xff\xfe [redacted] \xff"),
        (b'{"api_key":"0123', b'{"api_key":"[redacted]'),
        (b'{"a":ek_0123}', b'{"a":[redacted]}'),
        (b"Bearer sk-0123", b"Bearer [redacted]"),
    ],
)
def test_a_secret_in_what_is_no_json_is_replaced_and_the_whole_frame_is_named(planted: bytes, clean: bytes) -> None:
    assert redact(planted) == (clean, ("",))


def test_a_secret_beside_or_inside_of_audio_is_found() -> None:
    assert redact(AUDIO[:-1] + b',"api_key":"x"}') == (AUDIO[:-1] + b',"api_key":"[redacted]"}', ("/api_key",))
    head = AUDIO.replace(b'"event_2"', b'"ek_2"')
    assert redact(head) == (AUDIO.replace(b'"event_2"', b'"[redacted]"'), ("/event_id",))
    middle = AUDIO.replace(b'"delta":"', b'"delta":"ek_3 ')
    assert redact(middle) == (AUDIO.replace(b'"delta":"', b'"delta":"[redacted] '), ("/delta",))


@pytest.mark.parametrize(
    "innocent",
    [
        SMALL,
        AUDIO,
        b"",
        b"not json",
        b"\xff\xfe",
        frame(text="the bearer of this letter, a secret: task-based, week_ek, risk-free-of-charge, sk-SK"),
        frame(text="my password is a secret, said the reader of headers"),
        frame(name="get_ek_rate", usage={"input_tokens": 1, "total_tokens": 2, "max_output_tokens": "inf"}),
        frame(tools=[{"parameters": {"properties": {"password": {"type": "string", "description": "x"}}}}]),
        frame(tools=[{"parameters": {"properties": {"headers": {"type": "object"}}, "required": ["api_key"]}}]),
        frame(authorization=None, api_key="", headers=None),
        frame(authorization="[redacted]", headers={"X": "[redacted]"}),
        rb'{"a":"\u0041\u00e9","b":"\ud83c\udf88"}',
    ],
)
def test_what_is_no_secret_stays_byte_for_byte(innocent: bytes) -> None:
    assert redact(innocent) == (innocent, ())
    assert replace_secrets(innocent) == (innocent, ())


def plant(value: object, secret: str, at: int) -> tuple[object, int]:
    """Put the secret into the place with this number (strings, keys and list ends count); what is left to count."""
    if isinstance(value, dict):
        out: dict[str, object] = {}
        for key, child in value.items():
            out[secret if at == 0 else key], at = plant(child, secret, at - 1)
        return out, at
    if isinstance(value, list):
        items: list[object] = []
        for child in value:
            planted, at = plant(child, secret, at)
            items.append(planted)
        return [*items, secret] if at == 0 else items, at - 1
    return (secret if at == 0 else value), at - 1


@given(json_objects, st.integers(0, 12), st.sampled_from([EPHEMERAL, KEY]), st.sampled_from([None, 2]), st.booleans())
def test_a_key_is_found_in_any_place_of_any_object(
    value: dict[str, object], at: int, secret: str, indent: int | None, escaped: bool
) -> None:
    assume(redact(json.dumps(value).encode()) == (json.dumps(value).encode(), ()))
    planted, left = plant({"a": value, "b": [value]}, secret, at)
    text = json.dumps(planted, indent=indent)
    if escaped:
        text = text.replace(secret, "".join(f"\\u{ord(char):04x}" for char in secret))
    clean, pointers = redact(text.encode())
    assert json.loads(clean) == plant({"a": value, "b": [value]}, "[redacted]", at)[0]
    assert bool(pointers) == (left < 0)


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"a":"ek_1 ' + b"\\\\" * 200_000 + b'"}',
        b'{"authorization":"' + b'\\"' * 200_000,
        b"[" * 200_000 + b'"ek_1",' * 20_000,
        b'{"a":"Bearer ' + b" " * 400_000 + b'"}',
        b'{"a":"api_key' + b"-_" * 200_000 + b'"}',
        b'"' * 400_000 + b"ek_1",
        b'{"' + b"headers" * 60_000 + b'":1}',
        b"authorization:\n" * 30_000,
    ],
)
def test_a_hostile_frame_takes_no_longer_than_its_length(hostile: bytes) -> None:
    before_s = time.process_time()
    clean, _ = redact(hostile)
    assert b"ek_1" not in clean
    assert time.process_time() - before_s < 10  # hours, where a search looks at the same bytes again and again


@given(any_frames)
def test_redacting_twice_is_redacting_once(frame: bytes) -> None:
    once, _ = redact(frame)
    assert redact(once) == (once, ())


@given(any_frames)
def test_the_quick_scan_misses_nothing_that_the_slow_search_finds(frame: bytes) -> None:
    if not may_hold_secret(frame):
        assert replace_secrets(frame) == (frame, ())
