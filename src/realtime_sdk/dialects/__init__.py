"""Who says it how: one module per server, each a value of pure functions on parsed objects.

GA is the one vocabulary inside; what another server says is upcast to it where it comes in and
downcast where it goes out. No I/O, no clock, no state: dialects know protocol and errors alone.
"""

from realtime_sdk.dialects.addresses import Headers, Purpose, Url
from realtime_sdk.dialects.azure import AZURE
from realtime_sdk.dialects.beta import BETA
from realtime_sdk.dialects.detection import Recorded, detect
from realtime_sdk.dialects.dialect import Dialect
from realtime_sdk.dialects.gaps import Gaps
from realtime_sdk.dialects.known import DIALECTS, get
from realtime_sdk.dialects.limits import Limits
from realtime_sdk.dialects.objects import Cast, JsonObject
from realtime_sdk.dialects.openai import OPENAI
from realtime_sdk.dialects.translation import TRANSLATION

__all__ = [
    "AZURE",
    "BETA",
    "Cast",
    "DIALECTS",
    "Dialect",
    "Gaps",
    "Headers",
    "JsonObject",
    "Limits",
    "OPENAI",
    "Purpose",
    "Recorded",
    "TRANSLATION",
    "Url",
    "detect",
    "get",
]
