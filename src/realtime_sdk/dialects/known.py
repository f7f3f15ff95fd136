"""The dialects by name, as headers of logs and options of commands give them."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

from realtime_sdk.dialects.azure import AZURE
from realtime_sdk.dialects.beta import BETA
from realtime_sdk.dialects.dialect import Dialect
from realtime_sdk.dialects.openai import OPENAI
from realtime_sdk.dialects.translation import TRANSLATION
from realtime_sdk.errors import LocalProtocolError

__all__ = ["DIALECTS", "get"]

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (OPENAI, AZURE, BETA, TRANSLATION)}
)


def get(name: str) -> Dialect:
    """Return the dialect of a name; raise LocalProtocolError, which lists the known names, if there is none."""
    if name in DIALECTS:
        return DIALECTS[name]
    near = get_close_matches(name, DIALECTS, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    raise LocalProtocolError(f"no dialect is called {name!r}; known are {', '.join(DIALECTS)}{meant}", field="dialect")
