"""Which wire format the sound of a session has, as its state or log tells. What is not known is 24 kHz PCM. Pure."""

from typing import Any

from realtime_sdk.audio.formats import PCM, WireFormat, wire_format
from realtime_sdk.errors import AudioFormatError
from realtime_sdk.fold import Update
from realtime_sdk.state import RealtimeState

__all__ = ["Wires", "input_wire", "output_wire"]

_RESPONSES = 16


def input_wire(state: RealtimeState) -> WireFormat:
    """The format in which a session takes the user's sound."""
    return _wire(getattr(_audio(state.session), "input", None))


def output_wire(state: RealtimeState) -> WireFormat:
    """The format in which a session gives the assistant's sound, unless a response has one of its own."""
    return _wire(getattr(_audio(state.session), "output", None))


class Wires:
    """Follows a log: the formats of its session, and those that single responses have of their own."""

    def __init__(self) -> None:
        self._of_responses: dict[str, WireFormat] = {}

    def follow(self, update: Update) -> None:
        """Take in what an update says of formats. The last 16 responses are remembered."""
        for event in update.events:
            if getattr(event, "type", None) == "response.created":
                self._respond(getattr(event, "response", None))

    def user(self, update: Update) -> WireFormat:
        """The format in which the user's sound is sent at this record."""
        return input_wire(update.before)

    def assistant(self, update: Update, event: object) -> WireFormat:
        """The format of the assistant's sound in an event of this record."""
        own = self._of_responses.get(getattr(event, "response_id", None) or "")
        rate_hz: int | None = getattr(event, "sample_rate", None)
        return own or _wire(getattr(_audio(update.before.session), "output", None), rate_hz=rate_hz)

    def _respond(self, response: Any) -> None:
        output = getattr(_audio(response), "output", None)
        if getattr(response, "id", None) and getattr(output, "format", None) is not None:
            self._of_responses[response.id] = _wire(output)
            while len(self._of_responses) > _RESPONSES:
                del self._of_responses[next(iter(self._of_responses))]


def _audio(holder: object) -> object:
    return getattr(holder, "audio", None)


def _wire(direction: object, *, rate_hz: int | None = None) -> WireFormat:
    given = getattr(direction, "format", None)
    try:
        return wire_format(getattr(given, "type", None), rate_hz=rate_hz or getattr(given, "rate", None))
    except AudioFormatError:
        return PCM
