"""Everything on miniaudio's null backend: devices of the right tempo, without hardware."""

import logging
import subprocess
import sys
from dataclasses import dataclass

import anyio
import pytest

from realtime_sdk.audio import devices
from realtime_sdk.audio.devices import (
    Device,
    DeviceError,
    DeviceLostError,
    Microphone,
    Speaker,
    microphones,
    speakers,
)
from realtime_sdk.audio.formats import PCM, PCMU
from realtime_sdk.errors import RealtimeError
from tests.audio.sounds import tone

MICROPHONE = Device(0, "NULL Capture Device")
SPEAKER = Device(0, "NULL Playback Device")


@dataclass
class Delta:
    item_id: str
    pcm: bytes
    content_index: int = 0


def test_devices_are_listed() -> None:
    assert (microphones(null=True), speakers(null=True)) == ((MICROPHONE,), (SPEAKER,))


@pytest.mark.parametrize("choice", [None, 0, "NULL Capture Device", "capture"])
async def test_a_microphone_gives_pieces_of_the_wire_at_its_tempo(choice: int | str | None) -> None:
    async with Microphone(choice, wire=PCMU, piece_ms=10, null=True) as microphone:
        pieces = [await anext(microphone) for _ in range(5)]
    assert pieces == [PCMU.silence(10)] * 5
    assert microphone.lost_ms == 0


async def test_a_closed_microphone_ends_its_iteration() -> None:
    async with Microphone(piece_ms=5, null=True) as microphone:
        await anext(microphone)
    assert all([len(sound) == 240 async for sound in microphone])


async def test_a_microphone_that_is_closed_while_it_is_waited_for_ends_the_iteration() -> None:
    microphone = Microphone(piece_ms=200, null=True)
    ended = anyio.Event()

    async def read() -> None:
        async for _ in microphone:
            pass
        ended.set()

    async with anyio.create_task_group() as tasks:
        async with microphone:
            tasks.start_soon(read)
            await anyio.lowlevel.checkpoint()
        await ended.wait()


async def test_a_slow_reader_loses_the_oldest_sound_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with Microphone(piece_ms=5, buffer_ms=10, null=True) as microphone:
            while microphone.lost_ms < 20:
                await anyio.lowlevel.checkpoint()
            assert len(await anext(microphone)) == 240
    assert [record.message for record in caplog.records].count(
        "the microphone is read too slowly; the oldest sound is dropped"
    ) == 1


async def test_a_microphone_that_goes_is_an_error_after_what_it_gave() -> None:
    async with Microphone(piece_ms=5, null=True) as microphone:
        await anext(microphone)
        opened = microphone._opened
        assert opened is not None
        opened.stop_callback()
        opened.stop()
        with pytest.raises(DeviceLostError, match="microphone has gone"):
            while True:
                await anext(microphone)


async def test_a_speaker_plays_and_knows_what_was_heard() -> None:
    async with Speaker("playback", period_ms=5, null=True) as speaker:
        speaker.feed(Delta("a", tone(40)))
        position = speaker.position("a")
        assert position is not None
        assert position.heard_ms <= position.queued_ms <= position.received_ms == 40
        await speaker.drained(every_ms=1)
        assert [(event.item_id, event.heard_ms) for event in speaker.heard()] == [("a", 40)]


async def test_a_speaker_stops_at_an_interruption() -> None:
    async with Speaker(period_ms=5, null=True) as speaker:
        speaker.feed(Delta("a", PCM.silence(10_000)))
        while not (heard := speaker.heard()):
            await anyio.lowlevel.checkpoint()
        (cut,) = speaker.interrupt()
        assert 0 < heard[0].heard_ms <= cut.heard_ms < 10_000
        assert not speaker.playing


async def test_a_speaker_that_went_takes_no_more_and_is_not_waited_for() -> None:
    async with Speaker(period_ms=5, null=True) as speaker:
        opened = speaker._opened
        assert opened is not None
        speaker.feed(Delta("a", PCM.silence(10_000)))
        opened.stop_callback()
        with pytest.raises(DeviceLostError, match="speaker has gone"):
            speaker.feed(Delta("a", PCM.silence(1)))
        with pytest.raises(DeviceLostError, match="speaker has gone"):
            await speaker.drained()


async def test_a_speaker_that_nobody_opened_or_that_was_closed_is_not_waited_for() -> None:
    speaker = Speaker(period_ms=5, null=True)
    await speaker.drained()
    speaker.feed(Delta("a", PCM.silence(10_000)))
    with pytest.raises(DeviceError, match=r"speaker is not open.*async with"):
        await speaker.drained()
    async with speaker:
        pass
    with pytest.raises(DeviceError, match="speaker is not open"):
        await speaker.drained()


async def test_a_microphone_that_nobody_opened_gives_an_error_and_not_nothing() -> None:
    with pytest.raises(DeviceError, match="microphone is not open; open it with `async with`"):
        await anext(Microphone(null=True))


@pytest.mark.parametrize("length_ms", [0, -20])
def test_pieces_without_a_length_are_refused(length_ms: int) -> None:
    with pytest.raises(ValueError, match=f"{length_ms} ms; it must be above 0"):
        Microphone(piece_ms=length_ms)
    with pytest.raises(ValueError, match=f"{length_ms} ms; it must be above 0"):
        Speaker(period_ms=length_ms)


@pytest.mark.parametrize("choice", [7, "no such thing"])
async def test_a_device_that_does_not_exist_is_refused_and_the_others_are_named(choice: int | str) -> None:
    with pytest.raises(DeviceError, match="0: NULL Playback Device"):
        async with Speaker(choice, null=True):
            pass
    with pytest.raises(RealtimeError, match="0: NULL Capture Device"):
        async with Microphone(choice, null=True):
            pass


def broken(*_: object, **__: object) -> None:
    raise devices.miniaudio.MiniaudioError("no driver", -1)


async def test_devices_that_cannot_be_listed_or_opened_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Devices", "CaptureDevice"):
        monkeypatch.setattr(devices.miniaudio, name, broken)
    with pytest.raises(DeviceError, match=r"speakers of this machine cannot be listed.*no driver"):
        speakers()
    with pytest.raises(DeviceError, match=r"microphone cannot be opened.*no driver"):
        async with Microphone(null=True):
            pass
    with pytest.raises(DeviceError, match=r"no driver, -1; null=True gives one that is silent"):
        async with Microphone():
            pass


async def test_a_device_that_does_not_start_is_closed_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.miniaudio.PlaybackDevice, "start", broken)
    with pytest.raises(DeviceError, match=r"cannot be started.*no driver"):
        async with Speaker(null=True):
            pass


async def test_a_machine_without_sound_is_silent_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = devices.miniaudio.PlaybackDevice
    null = [devices.miniaudio.Backend.NULL]
    monkeypatch.setattr(devices.miniaudio, "PlaybackDevice", lambda *a, **k: real(*a, **{**k, "backends": null}))
    with caplog.at_level(logging.WARNING):
        async with Speaker() as speaker:
            speaker.feed(Delta("a", PCM.silence(1)))
    assert [record.message for record in caplog.records] == ["this machine has no sound; the speaker is silent"]


AT_EXIT = """
import asyncio, atexit
from realtime_sdk.audio.devices import Speaker

speaker = Speaker(null=True)
atexit.register(lambda: print("closed"))
atexit.register(speaker.close)
asyncio.run(speaker.__aenter__())
"""


def test_a_speaker_can_be_closed_when_its_program_ends() -> None:
    ended = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout.split(), ended.stderr) == (0, [b"closed"], b"")
