"""A recorded conversation once more, without server, microphone and player: what they did is in its log.

    recording = Recording(rt.EventLog.load("call.jsonl"))
    ai = Agent(transport=recording.transport)
    async for stream in ai.full_duplex(recording.microphone(ai.session), recording.player, drain=10): ...

The agent must say what it said then: what its functions gave is in what it sends, and the log knows what was sent.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pybase64

from realtime_sdk.audio.formats import PCM
from realtime_sdk.audio.resample import Recoder
from realtime_sdk.audio.wires import input_wire
from realtime_sdk.errors import ReplayMismatch
from realtime_sdk.fold import updates
from realtime_sdk.kani.session import RealtimeSession
from realtime_sdk.log import EventLog
from realtime_sdk.protocol import client_events as c
from realtime_sdk.protocol.local import PlaybackHeard
from realtime_sdk.protocol.server_events import InputAudioBufferSpeechStarted
from realtime_sdk.transport import Endpoint, Transport
from realtime_sdk.transport.replay import ReplayTransport
from realtime_sdk.transport.script import event_of, same_json

__all__ = ["RecordedPlayer", "Recording"]

_SOUND: Final = frozenset({"input_audio_buffer.append"})


class RecordedPlayer:
    """Hears what was heard then: at every interruption the positions that were recorded."""

    def __init__(self, positions: Iterator[tuple[PlaybackHeard, ...]]) -> None:
        self._positions = deque(positions)

    def feed(self, sound: Any) -> bool:
        """Take sound, which nobody hears."""
        return bool(sound.pcm)

    def interrupt(self) -> tuple[PlaybackHeard, ...]:
        """How far each part was heard by then."""
        return self._positions.popleft() if self._positions else ()


class Recording:
    """A conversation out of its log. For one connection.

    The client must say what it said then: of each kind of event the same ones in the same order, but for their
    `event_id`; sound may be cut otherwise. ReplayMismatch, with both, where it says something else.
    """

    def __init__(self, log: EventLog) -> None:
        self._log: Final = log
        self.player: Final = RecordedPlayer(_positions(log))

    @asynccontextmanager
    async def transport(self, _: Endpoint) -> AsyncGenerator[Transport, None]:
        """Opens the other side, for `transport=`."""
        replay = ReplayTransport(self._log, check="lenient")
        yield _Comparing(replay, self._log)
        await replay.aclose()

    async def microphone(self, session: RealtimeSession) -> AsyncGenerator[bytes, None]:
        """The sound that was sent then, each piece when the server has said what it had said before it."""
        heard = 0
        moved = asyncio.Event()

        def hear(_: Any) -> None:
            moved.set()

        session.add_listener(hear)
        try:
            for update in updates(self._log):
                if update.record.sender == "server":
                    heard += 1
                for event in update.events:
                    if isinstance(event, c.InputAudioBufferAppend):
                        while _server_frames(session) < heard:
                            moved.clear()
                            await moved.wait()
                        yield Recoder(input_wire(update.after), PCM).feed(pybase64.b64decode(event.audio))
        finally:
            session.remove_listener(hear)


class _Comparing:
    """A replay that looks at what the client says, not only at its kind."""

    def __init__(self, replay: ReplayTransport, log: EventLog) -> None:
        self._replay = replay
        self._expected: dict[Any, deque[tuple[int, Any]]] = {}
        for record in log:
            if record.sender == "client":
                kind, said = _said(record.frame)
                self._expected.setdefault(kind, deque()).append((record.seq, said))

    async def send(self, frame: bytes) -> None:
        """Compare a frame, and go on. Raises ReplayMismatch."""
        kind, said = _said(frame)
        if kind not in _SOUND and self._expected.get(kind):
            seq, expected = self._expected[kind].popleft()
            if not same_json(said, expected):
                raise ReplayMismatch(
                    f"{kind} says something else than record {seq}", seq=seq, expected=expected, got=said
                )
        await self._replay.send(frame)

    async def receive(self) -> bytes:
        """The next frame of the server's."""
        return await self._replay.receive()

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """End the replay."""
        await self._replay.aclose(code, reason)


def _said(frame: bytes) -> tuple[Any, Any]:
    """The kind of an event and what it says."""
    event = event_of(frame) or {}
    return event.get("type"), {name: value for name, value in event.items() if name != "event_id"}


def _server_frames(session: RealtimeSession) -> int:
    return sum(record.sender == "server" for record in session.live.log)


def _positions(log: EventLog) -> Iterator[tuple[PlaybackHeard, ...]]:
    """For each time that the user began to speak, the positions that were reported from there to the next one."""
    together: list[PlaybackHeard] | None = None
    for event in (event for update in updates(log) for event in update.events):
        if isinstance(event, InputAudioBufferSpeechStarted):
            if together is not None:
                yield tuple(together)
            together = []
        elif isinstance(event, PlaybackHeard) and together is not None:
            together.append(event)
    yield tuple(together or ())
