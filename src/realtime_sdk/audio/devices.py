"""Microphone and speaker through miniaudio (`devices` extra, no system packages). The only module that opens hardware.

A device is chosen by its index, by its name or a part of it, or None for the system's default. Where there is no
sound hardware, `null=True` gives devices of the right tempo that are silent.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Protocol, Self

import anyio
from anyio import to_thread
from anyio.lowlevel import checkpoint

from realtime_sdk.audio import alsa
from realtime_sdk.audio.bell import Bell
from realtime_sdk.audio.extras import Extra
from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.pcm import Chunker
from realtime_sdk.audio.playback import PlaybackBuffer
from realtime_sdk.audio.player import Player, SoundDelta
from realtime_sdk.errors import RealtimeError

__all__ = ["Device", "DeviceError", "DeviceLostError", "Microphone", "Speaker", "microphones", "speakers"]

miniaudio = Extra("miniaudio", extra="devices")

_log = logging.getLogger(__name__)
_PERIODS = 3
_STALLED_S = 2.0


class DeviceError(RealtimeError):
    """A sound device cannot be found or opened."""


class DeviceLostError(DeviceError):
    """A sound device that was open has gone: unplugged, or taken away by the system."""


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device of this machine. `index` and `name` both choose it."""

    index: int
    name: str


class _Opened(Protocol):
    backend: str
    stop_callback: Callable[[], object] | None

    def start(self, callback_generator: Generator[Any, Any, None]) -> None: ...

    def close(self) -> None: ...


_Kind = Literal["microphone", "speaker"]


def microphones(*, null: bool = False) -> tuple[Device, ...]:
    """The microphones of this machine."""
    return tuple(device for device, _ in _found("microphone", null=null))


def speakers(*, null: bool = False) -> tuple[Device, ...]:
    """The speakers of this machine."""
    return tuple(device for device, _ in _found("speaker", null=null))


class Microphone:
    """A microphone as an asynchronous iterator of sound in a wire format, in pieces of `piece_ms`.

        async with Microphone() as microphone:
            async for sound in microphone:
                await session.append_audio(sound)

    Who reads too slowly loses the oldest sound beyond `buffer_ms`: `lost_ms` counts it, and a warning is logged.
    Raises DeviceError if there is no such device or nobody opened it, DeviceLostError from the iteration if it goes
    away, ValueError for a `piece_ms` that is not above 0.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        wire: WireFormat = PCM,
        piece_ms: int = 20,
        buffer_ms: int = 2_000,
        null: bool = False,
    ) -> None:
        _check_length(piece_ms)
        self._choice = device
        self._wire = wire
        self._piece_ms = piece_ms
        self._null = null
        self._chunker = Chunker(wire.bytes_in_ms(piece_ms))
        self._pieces: deque[bytes] = deque(maxlen=max(1, buffer_ms // piece_ms))
        self._opened: _Opened | None = None
        self._bell: Bell | None = None
        self._gone = False
        self.lost_ms: int = 0

    async def __aenter__(self) -> Self:
        self._bell = Bell()
        self._opened = await to_thread.run_sync(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await _close(self._opened)
        self._opened = None
        self._ring()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        await checkpoint()
        while not self._pieces:
            if self._bell is None:
                raise DeviceError("the microphone is not open; open it with `async with`")
            if self._opened is None:
                raise StopAsyncIteration
            with anyio.move_on_after(_STALLED_S) as stalled:
                await self._bell.wait()
            if not self._pieces and (self._gone or stalled.cancelled_caught):
                raise DeviceLostError("the microphone has gone: it gives no sound any more")
        return self._pieces.popleft()

    def _open(self) -> _Opened:
        opened = _opened("microphone", self._choice, self._wire, self._piece_ms, null=self._null)
        return _started(opened, self._receive(), self._stopped)

    def _receive(self) -> Generator[None, bytes, None]:
        """Runs in the device's thread: PCM16 in."""
        while True:
            sound = yield
            for piece in self._chunker.feed(self._wire.from_pcm16(bytes(sound))):
                self._keep(piece)
            self._ring()

    def _keep(self, piece: bytes) -> None:
        if len(self._pieces) == self._pieces.maxlen:
            if not self.lost_ms:
                _log.warning("the microphone is read too slowly; the oldest sound is dropped")
            self.lost_ms += self._piece_ms
        self._pieces.append(piece)

    def _stopped(self) -> None:
        self._gone = True
        self._ring()

    def _ring(self) -> None:
        if self._bell is not None:
            self._bell.ring()


class Speaker(Player):
    """A player that is heard.

        async with Speaker() as speaker:
            speaker.feed(delta)

    What was handed to the device, up to `latency_ms`, cannot be taken back: an interruption is heard that much later.
    Raises DeviceError if there is no such device, ValueError for a `period_ms` that is not above 0; `feed` and
    `drained` raise DeviceLostError once it has gone.
    """

    def __init__(
        self,
        device: int | str | None = None,
        *,
        wire: WireFormat = PCM,
        period_ms: int = 20,
        null: bool = False,
    ) -> None:
        _check_length(period_ms)
        self.latency_ms: int = _PERIODS * period_ms
        super().__init__(wire, buffer=PlaybackBuffer(wire, latency_ms=self.latency_ms))
        self._choice = device
        self._period_ms = period_ms
        self._null = null
        self._opened: _Opened | None = None
        self._asked_at = 0.0
        self._gone = False

    async def __aenter__(self) -> Self:
        self._opened = await to_thread.run_sync(self._open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await _close(self._opened)
        self._opened = None

    def close(self) -> None:
        """Close the device and wait for it, without a loop: when a program ends, no thread can be started any more."""
        if self._opened is not None:
            _close_here(self._opened)
            self._opened = None

    def feed(self, delta: SoundDelta) -> bool:
        """Play this delta after those before it; False if its item began before an interruption: it is left out."""
        self._check()
        return super().feed(delta)

    async def drained(self, *, every_ms: int = 10) -> None:
        """Return when all that was fed has been heard, or was cut. DeviceError if it never will: nobody plays it."""
        while self.playing:
            self._check()
            if self._opened is None:
                raise DeviceError("the speaker is not open, and what was fed is not played; open it with `async with`")
            await self._sleep(every_ms / 1_000)

    def _open(self) -> _Opened:
        opened = _opened("speaker", self._choice, self.wire, self._period_ms, null=self._null)
        self._asked_at = time.monotonic()
        return _started(opened, self._give(), self._stopped)

    def _check(self) -> None:
        if self._gone or (self._opened is not None and time.monotonic() - self._asked_at > _STALLED_S):
            raise DeviceLostError("the speaker has gone: it takes no sound any more")

    def _give(self) -> Generator[bytes, int, None]:
        """Runs in the device's thread: the number of samples it wants in, PCM16 out."""
        samples = yield b""
        while True:
            self._asked_at = time.monotonic()
            with self._lock:
                sound = self._buffer.take(samples * self.wire.sample_size, at_ns=self._now_ns())
            samples = yield self.wire.to_pcm16(sound).ljust(2 * samples, b"\0")

    def _stopped(self) -> None:
        self._gone = True


def _check_length(ms: int) -> None:
    if ms <= 0:
        raise ValueError(f"no pieces of sound: {ms} ms; it must be above 0")


def _found(kind: _Kind, *, null: bool) -> list[tuple[Device, object]]:
    """The devices of a kind, each with what miniaudio knows it by."""
    try:
        with alsa.quiet():
            known = miniaudio.Devices(_backends(null=null))
            listed = known.get_captures() if kind == "microphone" else known.get_playbacks()
    except miniaudio.MiniaudioError as error:
        raise DeviceError(f"the {kind}s of this machine cannot be listed: {_why(error)}") from error
    return [(Device(index, entry["name"]), entry["id"]) for index, entry in enumerate(listed)]


def _backends(*, null: bool) -> list[object] | None:
    return [miniaudio.Backend.NULL] if null else None


def _chosen(kind: _Kind, choice: int | str | None, *, null: bool) -> object | None:
    """What miniaudio knows the chosen device by; None is its default."""
    if choice is None:
        return None
    found = _found(kind, null=null)
    matching = [key for device, key in found if choice in (device.index, device.name)] or [
        key for device, key in found if isinstance(choice, str) and choice.casefold() in device.name.casefold()
    ]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(f"{device.index}: {device.name}" for device, _ in found) or "none"
    raise DeviceError(f"{len(matching) or 'no'} {kind}s are {choice!r}; there are {names}")


def _opened(kind: _Kind, choice: int | str | None, wire: WireFormat, period_ms: int, *, null: bool) -> _Opened:
    """The device, open and not yet started."""
    opening = miniaudio.CaptureDevice if kind == "microphone" else miniaudio.PlaybackDevice
    layout = (miniaudio.SampleFormat.SIGNED16, 1, wire.rate_hz, period_ms)
    how = {"device_id": _chosen(kind, choice, null=null), "backends": _backends(null=null)}
    try:
        with alsa.quiet():
            opened: _Opened = opening(*layout, callback_periods=_PERIODS, app_name="realtime_sdk", **how)
    except miniaudio.MiniaudioError as error:
        way_out = "" if null else "; null=True gives one that is silent"
        raise DeviceError(f"the {kind} cannot be opened: {_why(error)}{way_out}") from error
    if opened.backend == "Null" and not null:
        _log.warning("this machine has no sound; the %s is silent", kind)
    return opened


def _started(opened: _Opened, generator: Generator[Any, Any, None], stopped: Callable[[], object]) -> _Opened:
    next(generator)
    opened.stop_callback = stopped
    try:
        opened.start(generator)
    except miniaudio.MiniaudioError as error:
        opened.close()
        raise DeviceError(f"the device cannot be started: {_why(error)}") from error
    return opened


def _why(error: Exception) -> str:
    """What miniaudio says, and the number it gives."""
    return ", ".join(map(str, error.args))


async def _close(opened: _Opened | None) -> None:
    if opened is not None:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_close_here, opened)


def _close_here(opened: _Opened) -> None:
    opened.stop_callback = None
    opened.close()
