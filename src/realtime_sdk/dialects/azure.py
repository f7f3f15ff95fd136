"""Azure OpenAI's GA endpoint: GA on the wire, under another address and with another key header.

Its preview endpoint (`api-version=…-preview`) speaks beta: see `beta.azure_preview_url`. Where OpenAI wants
a model's name (also for input transcription), Azure wants the name of a deployment.
"""

from urllib.parse import urlsplit

from realtime_sdk.dialects.addresses import Purpose, bearer, header_value, one_secret, realtime_url
from realtime_sdk.dialects.dialect import Dialect
from realtime_sdk.errors import LocalProtocolError

__all__ = ["AZURE", "base_of", "headers", "url"]

PATH = "/openai/v1"


def base_of(resource: str) -> str:
    """Return the base address of a resource, given as its name or as its endpoint (`https://….azure.com`)."""
    if "://" not in resource:
        if not resource.replace("-", "").isalnum():
            raise LocalProtocolError(f"{resource!r} is neither an Azure resource name nor an endpoint", field="base")
        return f"https://{resource}.openai.azure.com{PATH}"
    scheme, host, path, query, _ = urlsplit(resource)
    path = path.rstrip("/")
    path = path if path.endswith(PATH) else f"{path}{PATH}"
    return f"{scheme}://{host}{path}" + (f"?{query}" if query else "")


def url(
    *,
    model: str | None = None,
    base: str | None = None,
    call_id: str | None = None,
    purpose: Purpose = "conversation",
) -> str:
    """Return the address of a session; `base` is the resource's name or endpoint, `model` the deployment's name."""
    if not base:
        raise LocalProtocolError("Azure needs a resource: its name, or its endpoint https://….azure.com", field="base")
    if purpose == "translation":
        raise LocalProtocolError("Azure has no translation sessions", field="purpose")
    return realtime_url(base_of(base), model=model, call_id=call_id, purpose=purpose)


def headers(key: str | None = None, *, token: str | None = None) -> dict[str, str]:
    """Return the headers for an API key, or for an Entra token (scope `https://ai.azure.com/.default`)."""
    one_secret(key, token)
    return bearer(token) if key is None else {"api-key": header_value(key)}


AZURE = Dialect(name="azure", url=url, headers=headers)
