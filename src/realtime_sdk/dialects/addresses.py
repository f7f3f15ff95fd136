"""Where a session is opened and with which headers: text in, text out.

A base is the address of the REST API (`https://api.openai.com/v1`); `http` becomes `ws`, and a query that
the base brings along stays. Keys appear in headers only, never in an address or an error.
"""

from collections.abc import Mapping
from typing import Literal, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from realtime_sdk.errors import LocalProtocolError

__all__ = ["Headers", "Purpose", "Url", "bearer", "header_value", "one_secret", "realtime_url"]

Purpose = Literal["conversation", "transcription", "translation"]

SCHEMES: Mapping[str, str] = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}
PATHS: Mapping[str, str] = {
    "conversation": "/realtime",
    "transcription": "/realtime",
    "translation": "/realtime/translations",
}


class Url(Protocol):
    """How a dialect builds the address of a session."""

    def __call__(
        self,
        *,
        model: str | None = None,
        base: str | None = None,
        call_id: str | None = None,
        purpose: Purpose = "conversation",
    ) -> str:
        """Return the websocket address for a model (Azure: a deployment), or for a running call (`call_id`).

        A transcription session takes no model here: it stands in `audio.input.transcription.model`.
        Raises LocalProtocolError where the parts do not make an address.
        """
        ...


class Headers(Protocol):
    """How a dialect builds the headers of a handshake."""

    def __call__(self, key: str | None = None, *, token: str | None = None) -> dict[str, str]:
        """Return new headers for an API key, or for a token (an ephemeral key, Azure: an Entra token)."""
        ...


def realtime_url(
    base: str, *, model: str | None, call_id: str | None, purpose: Purpose, query: Mapping[str, str] | None = None
) -> str:
    """Return `base` with the path and the query of a session; see `Url` for the parts and the errors."""
    scheme, host, path, given, _ = urlsplit(base)
    if scheme not in SCHEMES or not host:
        raise LocalProtocolError(f"{base!r} is no address: it needs https:// or wss:// and a host", field="base")
    if purpose not in PATHS:
        raise LocalProtocolError(f"purpose must be one of {', '.join(PATHS)}, not {purpose!r}", field="purpose")
    pairs = [*parse_qsl(given, keep_blank_values=True), *(query or {}).items()]
    pairs += _target(model, call_id, purpose).items()
    return urlunsplit((SCHEMES[scheme], host, path.rstrip("/") + PATHS[purpose], urlencode(pairs), ""))


def _target(model: str | None, call_id: str | None, purpose: Purpose) -> dict[str, str]:
    if purpose == "transcription":
        if model is not None or call_id is not None:
            raise LocalProtocolError(
                "a transcription session takes no model in its address: "
                "set audio.input.transcription.model with session.update",
                field="model",
            )
        return {"intent": "transcription"}
    if call_id is not None and (model is not None or purpose == "translation"):
        raise LocalProtocolError("a running call already has its model: give call_id alone", field="call_id")
    if call_id is not None:
        return {"call_id": call_id}
    if not model:
        raise LocalProtocolError("a session needs a model, or the call_id of a running call", field="model")
    return {"model": model}


def bearer(secret: str | None) -> dict[str, str]:
    """Return the Authorization header for a key or token; no header without one (local servers need none)."""
    return {} if secret is None else {"Authorization": f"Bearer {header_value(secret)}"}


def header_value(secret: str) -> str:
    """Return a secret that can stand in a header; raise LocalProtocolError, which does not show it, if it cannot."""
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise LocalProtocolError("the key is empty, or holds a blank, a line break or a character outside ASCII")
    return secret


def one_secret(key: str | None, token: str | None) -> str | None:
    """Return whichever of the two was given; raise LocalProtocolError where both were."""
    if key is not None and token is not None:
        raise LocalProtocolError("give a key or a token, not both", field="token")
    return key if token is None else token
