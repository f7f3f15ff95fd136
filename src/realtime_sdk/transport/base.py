"""What a transport is: frames out, frames in, one close. It knows no event, no log and no state.

Everything above asks for no more than this, so a WebRTC data channel, a test or a wire of your own
is one class with three methods.
"""

from typing import Protocol, runtime_checkable

__all__ = ["Transport"]


@runtime_checkable
class Transport(Protocol):
    """One open connection that carries whole frames both ways, in order.

    A frame is UTF-8 JSON as bytes. One task receives at a time; any number may send. How a connection
    ends is the same everywhere: `send` and `receive` raise

    - `ConnectionClosed` when this side closed it (with the code that was sent), or when the server ended
      it on purpose (1000, 1008, and its own codes from 3000 on),
    - `ConnectionExpired` when the session reached its longest duration (close code 1001),
    - `ConnectionLost` when it broke (1006, 1011, 1012, 1013, no close frame, …).
    """

    async def send(self, frame: bytes) -> None:
        """Send one frame, waiting while too much is on its way.

        Cancellation never tears a frame: it is sent whole (the wait for room is what was given up), or
        not at all. One that takes the frame before it first waits keeps a session's log true to the wire: a frame
        is recorded when it is handed over. Raises the ConnectionClosed family once the connection has ended.
        """
        ...

    async def receive(self) -> bytes:
        """The next frame, as it came. Frames that came before the end are given before it is raised.

        Cancellation loses nothing. Raises anyio.BusyResourceError when another task is receiving, and
        the ConnectionClosed family when the connection has ended.
        """
        ...

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection, telling the other side `code` and `reason`. Closing twice does nothing.

        What was sent before goes out before. What was not received by now is dropped, and `receive` raises
        ConnectionClosed. When this returns, or is cancelled, nothing of the connection is left open.
        """
        ...
