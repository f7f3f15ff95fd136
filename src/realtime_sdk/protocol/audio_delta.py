"""The one event whose payload is sound: base64 on the wire, PCM bytes for whoever asks."""

from typing import TYPE_CHECKING

import pybase64

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol.wire import ServerEventBase

__all__ = ["AudioDelta"]


class AudioDelta(ServerEventBase):
    """A piece of audio in the session's output format, `delta` being its base64."""

    if TYPE_CHECKING:
        delta: str  # each event declares its own, so that its fields keep the order of the wire

    @property
    def pcm(self) -> bytes:
        """The audio as bytes, decoded at each call; `RemoteProtocolError` if the base64 is not valid."""
        try:
            return pybase64.b64decode(self.delta, validate=True)
        except ValueError as broken:
            raise RemoteProtocolError(
                f"the audio of a delta is not base64: {broken}", frame=self.delta.encode()
            ) from None

    @property
    def pcm_size(self) -> int:
        """How many bytes `pcm` has, reckoned from the length of the base64 alone."""
        return len(self.delta) * 3 // 4 - self.delta.count("=", -2)
