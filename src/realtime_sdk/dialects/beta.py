"""The beta wire of 2024: OpenAI turned it off in May 2026, other servers and old logs still speak it.

Azure's preview endpoint does, and several open servers. Here stand its address, headers and limits; the casts are in
`beta_casts`, their tables in `beta_session` and `beta_items`.
"""

from urllib.parse import urlencode

from realtime_sdk.dialects import beta_casts
from realtime_sdk.dialects.addresses import Purpose, bearer, one_secret, realtime_url
from realtime_sdk.dialects.dialect import Dialect
from realtime_sdk.dialects.limits import Limits
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import registries
from realtime_sdk.protocol.registries import Registry

__all__ = ["BETA", "azure_preview_url", "headers", "url"]

HEADER = {"OpenAI-Beta": "realtime=v1"}
HALF_AN_HOUR_MS = 1_800_000


def url(
    *,
    model: str | None = None,
    base: str | None = None,
    call_id: str | None = None,
    purpose: Purpose = "conversation",
) -> str:
    """Return the address of a session at `base`, which has to be given."""
    if not base:
        raise LocalProtocolError(
            "OpenAI turned the beta off: give the base address of a server that still speaks it", field="base"
        )
    if purpose == "translation" or call_id is not None:
        raise LocalProtocolError("the beta had neither translation sessions nor calls to join", field="purpose")
    return realtime_url(base, model=model, call_id=call_id, purpose=purpose)


def azure_preview_url(resource: str, deployment: str, *, api_version: str = "2025-04-01-preview") -> str:
    """Return the address of Azure's preview endpoint; its headers are those of `azure`."""
    query = urlencode({"api-version": api_version, "deployment": deployment})
    return f"wss://{resource}.openai.azure.com/openai/realtime?{query}"


def headers(key: str | None = None, *, token: str | None = None) -> dict[str, str]:
    """Return the headers of a beta handshake, with a key or token where the server wants one."""
    return {**bearer(one_secret(key, token)), **HEADER}


def _own() -> Registry:
    return registries.BETA


BETA = Dialect(
    name="beta",
    url=url,
    headers=headers,
    own=_own,
    upcast_server=beta_casts.upcast_server,
    upcast_client=beta_casts.upcast_client,
    downcast_server=beta_casts.downcast_server,
    downcast_client=beta_casts.downcast_client,
    gaps=beta_casts.GAPS,
    limits=Limits(session_ms=HALF_AN_HOUR_MS),
)
