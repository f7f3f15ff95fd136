"""What the two event loops have in common: a link, the four things that a websocket transport asks of `websockets`.

Its two makers are `_asyncio` and `_trio`; nothing here imports either, so that only the running one is loaded.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol

from realtime_sdk._version import __version__
from realtime_sdk.transport.handshake import Attempt

__all__ = ["USER_AGENT", "Link", "OpenLink", "connect_arguments", "wire_logger"]

USER_AGENT = f"realtime_sdk/{__version__}"


class Link(Protocol):
    """An open websocket of one event loop. Its exceptions are those of `websockets`."""

    @property
    def recv(self) -> Callable[[Literal[False]], Awaitable[bytes]]:
        """Receive one message as bytes, whatever its kind. Cancelling loses nothing."""
        ...

    @property
    def send(self) -> Callable[[bytes], Awaitable[None]]:
        """Send one text message, whole even when the wait for room is cancelled."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send what is queued, then the close frame, and wait for the other side's. Cancelling leaves it to `drop`."""
        ...

    async def drop(self) -> None:
        """Close the socket at once. Never waits for the other side."""
        ...


OpenLink = Callable[[Attempt], AbstractAsyncContextManager[Link]]


def wire_logger() -> logging.Logger:
    """The logger given to `websockets`. It stops at INFO: below that, keys and payloads would be logged."""
    logger = logging.getLogger("realtime_sdk.transport.websockets")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    return logger


def connect_arguments(attempt: Attempt) -> dict[str, object]:
    """The keyword arguments that `websockets` takes alike on both loops."""
    options = attempt.options
    arguments: dict[str, object] = {
        "additional_headers": attempt.headers,
        "user_agent_header": USER_AGENT,
        "subprotocols": options.subprotocols or None,
        "proxy": options.proxy or None,
        "compression": options.compression,
        "open_timeout": options.open_timeout,
        "ping_interval": options.ping_interval,
        "ping_timeout": options.ping_timeout,
        "close_timeout": options.close_timeout,
        "max_size": options.max_size,
        "max_queue": options.max_queue,
        "logger": wire_logger(),
    }
    return arguments if options.ssl is None else arguments | {"ssl": options.ssl}
