"""What a session does about what it hears, event by event: nothing about a word, and words are most of it."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakValueDictionary

from realtime_sdk.fold import Update
from realtime_sdk.protocol import server_events
from realtime_sdk.protocol.local import ConnectionOpened
from realtime_sdk.session.asking import Asking
from realtime_sdk.session.interrupting import Interrupting
from realtime_sdk.session.reply import Reply
from realtime_sdk.session.requests import ANSWERS, QUESTIONS, Outstanding
from realtime_sdk.session.server_errors import ERROR_EVENTS, level_of, server_error
from realtime_sdk.session.subscribers import Feed

__all__ = ["Hearing"]


class Hearing(Interrupting):
    """Telling everybody of an update, and doing what is to be done at once."""

    _feed: Feed
    _asking: Asking
    _outstanding: Outstanding
    _replies: WeakValueDictionary[str, Reply]
    _fatal: Exception | None

    @abstractmethod
    async def aclose(self) -> None:
        """Close the session."""

    def _told(self, update: Update) -> None:
        self._feed.publish(update)
        for event in update[1] or ():  # audio that was sent is unread: nothing waits for it
            heed = _HEEDED.get(event.__class__)
            if heed is not None:
                heed(self, event, update)
        if self._asking.queue.waiting:
            self._asking.look()

    def _hear(self, event: Any, update: Update) -> None:
        self._outstanding.hear(event, update)
        self._asking.queue.hear(event, update)

    def _hear_an_end(self, event: server_events.ResponseDone, update: Update) -> None:
        self._hear(event, update)
        reply = self._replies.pop(event.response.id or "", None)
        if reply is not None:
            reply.catch_up()

    def _end_what_broke_off(self, _event: ConnectionOpened, _update: Update) -> None:
        """A new connection goes on, without the responses of the one before."""
        for reply in self._replies.values():
            reply.catch_up()

    def _end_if_fatal(self, event: Any, update: Update) -> None:
        self._hear(event, update)
        if level_of(event.error.code) == "account":
            self._fatal = server_error(event)
            self._in_background(self.aclose, name="closing")


_HEEDED: Final[Mapping[type[Any], Callable[[Hearing, Any, Update], None]]] = {
    **dict.fromkeys((*QUESTIONS, *ANSWERS), Hearing._hear),
    **dict.fromkeys(ERROR_EVENTS, Hearing._end_if_fatal),
    server_events.ResponseDone: Hearing._hear_an_end,
    ConnectionOpened: Hearing._end_what_broke_off,
    server_events.InputAudioBufferSpeechStarted: Hearing._interrupt_for_speech,
    server_events.ResponseOutputAudioDelta: Hearing._play,
}
"""Class of event → what is done about it."""
