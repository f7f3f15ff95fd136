"""The beta dialect as the simulator hears it: what its clients may say and GA has no word for is taken and dropped."""

from dataclasses import replace
from typing import Final

from realtime_sdk.dialects import BETA, Dialect
from realtime_sdk.protocol.json_values import JsonObject, is_object

__all__ = ["HEARD_BETA"]


def _upcast_client(obj: JsonObject) -> tuple[JsonObject, ...]:
    """What a beta client's event says, as GA events, without the temperature that GA refuses."""
    cooler = {
        name: _without_temperature(value) if name in ("session", "response") else value for name, value in obj.items()
    }
    return BETA.upcast_client(cooler)


def _without_temperature(value: object) -> object:
    if not is_object(value):
        return value
    return {name: member for name, member in value.items() if name != "temperature"}


HEARD_BETA: Final[Dialect] = replace(BETA, upcast_client=_upcast_client)
