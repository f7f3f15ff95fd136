"""Addresses and headers of every dialect."""

import pytest

from realtime_sdk.dialects import AZURE, BETA, DIALECTS, OPENAI, TRANSLATION
from realtime_sdk.dialects.beta import azure_preview_url
from realtime_sdk.errors import LocalProtocolError


def test_openai_has_an_address_for_each_kind_of_session() -> None:
    assert OPENAI.url(model="gpt-realtime-2.1") == "wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1"
    assert OPENAI.url(call_id="rtc_1") == "wss://api.openai.com/v1/realtime?call_id=rtc_1"
    assert OPENAI.url(purpose="transcription") == "wss://api.openai.com/v1/realtime?intent=transcription"
    translations = "wss://api.openai.com/v1/realtime/translations?model=gpt-realtime-translate"
    assert OPENAI.url(model="gpt-realtime-translate", purpose="translation") == translations
    assert TRANSLATION.url(model="gpt-realtime-translate") == translations


def test_a_base_keeps_its_path_and_query_and_becomes_a_websocket_address() -> None:
    assert OPENAI.url(model="m", base="http://localhost:8000/v1/") == "ws://localhost:8000/v1/realtime?model=m"
    assert OPENAI.url(model="a b", base="wss://h/x?tenant=1") == "wss://h/x/realtime?tenant=1&model=a+b"


@pytest.mark.parametrize(
    "base", ["my-res", "https://my-res.openai.azure.com", "https://my-res.openai.azure.com/openai/v1/"]
)
def test_an_azure_resource_is_given_by_its_name_or_its_endpoint(base: str) -> None:
    assert AZURE.url(model="gpt", base=base) == "wss://my-res.openai.azure.com/openai/v1/realtime?model=gpt"


def test_the_azure_preview_is_addressed_by_version_and_deployment() -> None:
    assert azure_preview_url("my-res", "gpt", api_version="v") == (
        "wss://my-res.openai.azure.com/openai/realtime?api-version=v&deployment=gpt"
    )


@pytest.mark.parametrize(
    ("dialect", "parts", "field"),
    [
        ("openai", {}, "model"),
        ("openai", {"model": "m", "call_id": "c"}, "call_id"),
        ("openai", {"model": "m", "purpose": "transcription"}, "model"),
        ("openai", {"model": "m", "purpose": "song"}, "purpose"),
        ("openai", {"model": "m", "base": "api.openai.com"}, "base"),
        ("openai", {"model": "m", "base": "ftp://api.openai.com"}, "base"),
        ("azure", {"model": "m"}, "base"),
        ("azure", {"model": "m", "base": "my res"}, "base"),
        ("azure", {"model": "m", "base": "my-res", "purpose": "translation"}, "purpose"),
        ("beta", {"model": "m"}, "base"),
        ("beta", {"base": "http://localhost"}, "model"),
        ("beta", {"call_id": "c", "base": "http://localhost"}, "purpose"),
        ("translation", {}, "model"),
        ("translation", {"model": "m", "purpose": "transcription"}, "purpose"),
    ],
)
def test_parts_that_make_no_address_are_refused(dialect: str, parts: dict[str, str], field: str) -> None:
    with pytest.raises(LocalProtocolError) as refused:
        DIALECTS[dialect].url(**parts)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_each_server_gets_its_own_headers() -> None:
    assert OPENAI.headers("sk-1") == {"Authorization": "Bearer sk-1"}
    assert TRANSLATION.headers(token="ek_1") == {"Authorization": "Bearer ek_1"}
    assert AZURE.headers("k") == {"api-key": "k"}
    assert AZURE.headers(token="entra") == {"Authorization": "Bearer entra"}
    assert BETA.headers("k") == {"Authorization": "Bearer k", "OpenAI-Beta": "realtime=v1"}
    assert BETA.headers() == {"OpenAI-Beta": "realtime=v1"}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
@pytest.mark.parametrize("key", ["sk-secret\n", "sk secret", "", "sk-sécret"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_and_not_shown(dialect: object, key: str) -> None:
    assert hasattr(dialect, "headers")
    with pytest.raises(LocalProtocolError) as refused:
        dialect.headers(key)
    assert "cret" not in str(refused.value)


def test_a_key_and_a_token_together_are_refused() -> None:
    for dialect in DIALECTS.values():
        with pytest.raises(LocalProtocolError):
            dialect.headers("k", token="t")
