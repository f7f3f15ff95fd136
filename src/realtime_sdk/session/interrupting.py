"""The verbs around an interruption: what the user has heard, and cutting off what was not heard.

What is cut is decided by the state (`state.cuts`); here it is asked for.
"""

import logging
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from realtime_sdk.errors import LocalProtocolError, RealtimeError, ServerError
from realtime_sdk.fold import Update
from realtime_sdk.protocol import client_events as c
from realtime_sdk.protocol.local import PlaybackHeard
from realtime_sdk.protocol.wire import LocalEventBase
from realtime_sdk.session.verbs import TIMEOUT_S, Verbs
from realtime_sdk.state import Cut, cuts, interrupts_by_itself

__all__ = ["Heard", "Interrupting", "Interruption", "Playing", "StopPlayback"]

_logger: Final = logging.getLogger(__name__)

_RACES: Final = frozenset(
    {"invalid_value", "unsupported_content_type", "item_truncate_invalid_item_id", "item_delete_invalid_item_id"}
)
"""Codes with which a cut is refused because the server's item has changed meanwhile."""


class Heard(Protocol):
    """How far a part of an item was heard: a player's position."""

    @property
    def item_id(self) -> str:
        """The item."""
        ...

    @property
    def content_index(self) -> int:
        """The part of it."""
        ...

    @property
    def heard_ms(self) -> int:
        """Whole milliseconds from the part's beginning."""
        ...


StopPlayback: TypeAlias = Callable[[], Iterable[Heard]]
"""Silences a player at once, and tells how far each part that it cut off was heard."""


class Playing(Protocol):
    """A player that the session feeds: `realtime_sdk.audio.player.Player`, a `Speaker`, or one of your own."""

    def feed(self, delta: Any) -> object:
        """Play this delta after those before it; called by the session's reader, so it must not wait."""
        ...

    def interrupt(self) -> Iterable[Heard]:
        """Silence it at once, and tell how far each part that it cut off was heard."""
        ...


@dataclass(frozen=True)
class Interruption:
    """What an interruption did: what was cut, and whether a response was cancelled."""

    cut: tuple[Cut, ...] = ()
    is_cancelled: bool = False


class Interrupting(Verbs):
    """Reporting what was heard, and cutting the rest."""

    _player: Playing | None
    _stop_playback: StopPlayback | None
    _interrupts: bool

    @abstractmethod
    def _in_background(self, work: Callable[..., Coroutine[Any, Any, None]], *args: Any, name: str) -> None:
        """Have a task of the session do this."""

    @abstractmethod
    def _note(self, event: LocalEventBase) -> Update:
        """Record what the wire does not say."""

    def heard(self, item_id: str, heard_ms: float, *, content_index: int = 0) -> None:
        """Report that the user has heard this part up to `heard_ms` from its beginning.

        Recorded as whole ms, never beyond the audio received; positions only grow. Raises LocalProtocolError for a
        position before the beginning, and for a part that has no audio.
        """
        item = self.state.items.get(item_id)
        if item is None or not 0 <= content_index < len(item.parts):
            raise LocalProtocolError(f"{item_id} has no part {content_index} that could be heard", field="item_id")
        if not heard_ms >= 0:
            raise LocalProtocolError(f"{heard_ms} ms is before the beginning", field="heard_ms")
        part = item.parts[content_index]
        whole_ms = min(int(heard_ms), part.audio_ms)
        if part.heard_ms is None or whole_ms > part.heard_ms:
            self._note(PlaybackHeard(item_id=item_id, content_index=content_index, heard_ms=whole_ms))

    async def interrupt(self, *, force: bool = False, timeout: float | None = TIMEOUT_S) -> Interruption:
        """Stop the assistant: playback, the response, and what of it was not heard.

        Cuts go by the reported positions; without any nothing is cut. A running response is cancelled where the
        server does not do so by itself when the user speaks (`interrupt_response`), or with `force`. On WebRTC and
        SIP the server plays and knows: there its output buffer is cleared.
        """
        self._silence()
        state = self.state
        is_cancelled = False
        if state.active_response_id is not None and (force or not interrupts_by_itself(state)):
            is_cancelled = await self.cancel(state.active_response_id, timeout=timeout)
        if state.output_audio.playing is not None:
            await self._tolerantly(c.OutputAudioBufferClear(), timeout)
            return Interruption((), is_cancelled)
        return Interruption(await self._cut_off(cuts(self.state), timeout), is_cancelled)

    def _play(self, delta: Any, _update: Update) -> None:
        """Feed the player, in the order of the log: so nothing that came before an interruption is fed after it."""
        try:
            if self._player is not None:
                self._player.feed(delta)
        except Exception as error:
            self._player = None
            _logger.warning("the player raised %s, and gets no more sound", type(error).__name__)

    def _interrupt_for_speech(self, _event: Any, _update: Update) -> None:
        """Silence and decide with the record at hand; only the requests wait, so that no later answer is hit."""
        if not self._interrupts or not interrupts_by_itself(self.state):
            return
        self._silence()
        is_playing_there = self.state.output_audio.playing is not None
        planned = () if is_playing_there else cuts(self.state)
        if is_playing_there or planned:
            self._in_background(self._interrupt_quietly, planned, name="interrupting")

    async def _interrupt_quietly(self, planned: tuple[Cut, ...]) -> None:
        try:
            if planned:
                await self._cut_off(planned, TIMEOUT_S)
            else:
                await self._tolerantly(c.OutputAudioBufferClear(), TIMEOUT_S)
        except RealtimeError as error:
            _logger.warning("what was not heard could not be cut: %s", type(error).__name__)

    def _silence(self) -> None:
        """Stop the player and record what it played. Never waits: what comes later is of another answer."""
        try:
            for position in self._stop_playback() if self._stop_playback is not None else ():
                self._report(position)
        except Exception as error:
            _logger.warning("what stops the playback raised %s, and its positions are not known", type(error).__name__)

    async def _cut_off(self, planned: Iterable[Cut], timeout: float | None) -> tuple[Cut, ...]:
        return tuple([cut for cut in planned if await self._tolerantly(_event_of(cut), timeout)])

    def _report(self, position: Heard) -> None:
        item = self.state.items.get(position.item_id)
        if item is not None and position.content_index < len(item.parts):
            self.heard(position.item_id, position.heard_ms, content_index=position.content_index)

    async def _tolerantly(self, event: Any, timeout: float | None) -> bool:
        """Make a request that may have been overtaken; whether it was granted."""
        try:
            await self._request(event, timeout)
        except ServerError as refused:
            if refused.code in _RACES:
                return False
            raise
        return True


def _event_of(cut: Cut) -> Any:
    if cut.audio_end_ms is None:
        return c.ConversationItemDelete(item_id=cut.item_id)
    return c.ConversationItemTruncate(
        item_id=cut.item_id, content_index=cut.content_index, audio_end_ms=cut.audio_end_ms
    )
