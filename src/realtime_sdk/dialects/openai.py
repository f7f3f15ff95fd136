"""OpenAI's GA Realtime API: what every other dialect is cast to, so nothing is cast here."""

from realtime_sdk.dialects.addresses import Purpose, bearer, one_secret, realtime_url
from realtime_sdk.dialects.dialect import Dialect

__all__ = ["BASE", "OPENAI", "headers", "url"]

BASE = "https://api.openai.com/v1"


def url(
    *,
    model: str | None = None,
    base: str | None = None,
    call_id: str | None = None,
    purpose: Purpose = "conversation",
) -> str:
    """Return the address of a session at OpenAI, or at `base`; see `Url`."""
    return realtime_url(base or BASE, model=model, call_id=call_id, purpose=purpose)


def headers(key: str | None = None, *, token: str | None = None) -> dict[str, str]:
    """Return the headers for an API key or an ephemeral key (`ek_…`). No OpenAI-Beta: it closes the connection."""
    return bearer(one_secret(key, token))


OPENAI = Dialect(name="openai", url=url, headers=headers)
