"""Endpoints: where, with which key, asked anew each time, and never shown."""

from types import SimpleNamespace
from typing import Any

import pytest

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.session.endpoints import Azure, OpenAI
from realtime_sdk.transport import Endpoint

KEY = "sk-secret-0123456789"


async def resolved(source: Any) -> tuple[str, dict[str, str], str]:
    endpoint: Endpoint = await source.resolve()
    return endpoint.url, dict(endpoint.headers), endpoint.dialect.name


async def test_openai_by_name_with_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    url, headers, dialect = await resolved(OpenAI("gpt-realtime-mini"))
    assert url == "wss://api.openai.com/v1/realtime?model=gpt-realtime-mini"
    assert headers == {"Authorization": f"Bearer {KEY}"}
    assert dialect == "openai"


async def test_without_a_name_the_present_model_is_taken_and_a_base_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:9/v1")
    url, _, _ = await resolved(OpenAI(api_key=KEY))
    assert url == "ws://localhost:9/v1/realtime?model=gpt-realtime-2.1"


@pytest.mark.parametrize(
    ("source", "url", "dialect"),
    [
        (OpenAI(call_id="rtc_1", api_key="ek_1"), "wss://api.openai.com/v1/realtime?call_id=rtc_1", "openai"),
        (
            OpenAI(purpose="transcription", api_key=KEY),
            "wss://api.openai.com/v1/realtime?intent=transcription",
            "openai",
        ),
        (
            OpenAI("gpt-translate", purpose="translation", api_key=KEY),
            "wss://api.openai.com/v1/realtime/translations?model=gpt-translate",
            "translation",
        ),
        (Azure("res", "dep", api_key=KEY), "wss://res.openai.azure.com/openai/v1/realtime?model=dep", "azure"),
    ],
)
async def test_each_kind_of_session_has_its_address(source: Any, url: str, dialect: str) -> None:
    assert (await resolved(source))[::2] == (url, dialect)


async def test_organization_and_project_are_headers() -> None:
    _, headers, _ = await resolved(OpenAI(api_key=KEY, organization="org", project="proj"))
    assert headers == {"Authorization": f"Bearer {KEY}", "OpenAI-Organization": "org", "OpenAI-Project": "proj"}


async def test_a_key_may_be_a_function_and_is_asked_at_every_connection() -> None:
    keys = iter(["one", "two", "three"])

    async def later() -> str:
        return next(keys)

    by_function, by_coroutine = OpenAI(api_key=lambda: next(keys)), OpenAI(api_key=later)
    asked = [(await resolved(source))[1]["Authorization"] for source in (by_function, by_coroutine, by_function)]
    assert asked == ["Bearer one", "Bearer two", "Bearer three"]


async def test_without_a_key_nothing_is_opened() -> None:
    with pytest.raises(LocalProtocolError, match="set OPENAI_API_KEY"):
        await OpenAI().resolve()
    with pytest.raises(LocalProtocolError, match="AZURE_OPENAI_API_KEY"):
        await Azure("res", "dep").resolve()
    with pytest.raises(LocalProtocolError, match="gave a NoneType"):
        await OpenAI(api_key=lambda: None).resolve()  # type: ignore[arg-type,return-value]


async def test_azure_takes_a_key_or_a_credential_of_any_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    class Waiting:
        def get_token(self, scope: str) -> Any:
            return SimpleNamespace(token=f"token for {scope}".replace(" ", "_"))

    class NotWaiting:
        async def get_token(self, scope: str) -> Any:
            return SimpleNamespace(token="async_token")

    scope = "https://ai.azure.com/.default"
    found = [
        (await resolved(Azure("res", "dep", credential=credential)))[1]
        for credential in (Waiting(), NotWaiting(), lambda: "provided_token")
    ]
    assert found == [
        {"Authorization": f"Bearer token_for_{scope}"},
        {"Authorization": "Bearer async_token"},
        {"Authorization": "Bearer provided_token"},
    ]
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", KEY)
    assert (await resolved(Azure("res", "dep")))[1] == {"api-key": KEY}
    with pytest.raises(LocalProtocolError, match="not both"):
        await Azure("res", "dep", api_key=KEY, credential=Waiting()).resolve()


@pytest.mark.parametrize("source", [OpenAI(api_key=KEY), Azure("res", "dep", api_key=KEY), Azure("r", credential=KEY)])
def test_a_key_is_shown_by_no_repr(source: object) -> None:
    assert KEY not in repr(source)
