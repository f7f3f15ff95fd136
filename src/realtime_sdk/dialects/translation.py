"""OpenAI's translation sessions: a vocabulary of their own, without turns, items and responses.

There is nothing in GA to cast it to, so its events are read in their own classes.
"""

from realtime_sdk.dialects.addresses import Purpose, realtime_url
from realtime_sdk.dialects.dialect import Dialect
from realtime_sdk.dialects.openai import BASE, headers
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import registries
from realtime_sdk.protocol.registries import Registry

__all__ = ["TRANSLATION", "url"]


def url(
    *,
    model: str | None = None,
    base: str | None = None,
    call_id: str | None = None,
    purpose: Purpose = "translation",
) -> str:
    """Return the address of a translation session at OpenAI, or at `base`."""
    if purpose == "transcription":
        raise LocalProtocolError("a translation session is no transcription session", field="purpose")
    return realtime_url(base or BASE, model=model, call_id=call_id, purpose="translation")


def _own() -> Registry:
    return registries.TRANSLATION


TRANSLATION = Dialect(name="translation", url=url, headers=headers, own=_own, understood=_own)
