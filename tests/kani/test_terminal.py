"""Chatting in the terminal: K60; and the one speaker of the program: K61."""

import asyncio
import base64
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from kani import ChatRole, Kani, ai_function

from realtime_sdk.audio.devices import DeviceError
from realtime_sdk.audio.echo import EchoGate
from realtime_sdk.kani import sound_card, terminal
from realtime_sdk.kani.cli_provider import CLI_PROVIDERS
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.kani.sound_card import (
    SPEAKER,
    OneSpeaker,
    SoundHere,
    audio_to_b64,
    get_audio_stream,
    list_mics,
    play_audio,
)
from realtime_sdk.kani.terminal import chat_in_terminal_audio, chat_in_terminal_audio_async
from tests.kani.talk import asked, created, talking, until


class Typist:
    """Somebody who types, and then goes."""

    def __init__(self, *lines: str) -> None:
        self.lines = list(lines)
        self.asked = 0

    async def __call__(self, prompt: str) -> str:
        assert prompt == "USER: "
        self.asked += 1
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)


@pytest.fixture
def typing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Typist]:
    def begin(*lines: str) -> Typist:
        typist = Typist(*lines)
        monkeypatch.setattr(terminal, "typed_line", typist)
        return typist

    return begin


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What would be heard."""
    sounds: list[bytes] = []

    async def play(pcm: bytes) -> None:
        sounds.append(pcm)

    monkeypatch.setattr(terminal, "play_audio", play)
    return sounds


class WithTool(OpenAIRealtimeKani):
    @ai_function()
    def f(self, x: int) -> str:
        """Do it."""
        return f"{x} done"


async def test_k60_another_mode_is_refused_before_anything_is_connected() -> None:
    async with talking(connected=False) as (ai, world):
        with pytest.raises(ValueError, match="mode is one of chat, stream, full_duplex"):
            await chat_in_terminal_audio_async(ai, mode="loud")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="mode is one of"):
            chat_in_terminal_audio(ai, mode="loud")  # type: ignore[arg-type]
        assert world.servers == []


@pytest.mark.parametrize("mode", ["chat", "stream"])
async def test_k60_typed_rounds_with_everything_shown(
    mode: Any, typing: Callable[..., Typist], capsys: pytest.CaptureFixture[str], played: list[bytes]
) -> None:
    typist = typing("hi ", "never")
    async with talking(make=WithTool, connected=False) as (ai, world):
        await ai.session.connect()
        world.server.sounds = (b"\1\0",)
        world.server.calling(("f", '{"x":1}', "c1"), text="let me see")
        await chat_in_terminal_audio_async(ai, mode=mode, rounds=1, verbose=True)
        assert typist.asked == 1
        out = capsys.readouterr().out
        assert out.startswith("USER: hi\nAI: let me see\n")
        assert "f" in out
        assert "x" in out
        assert "FUNC: 1 done\nAI: hello\n" in out
        assert played == [b"\1\0", b"\1\0"]


async def test_k60_it_connects_ends_at_the_stopword_and_shows_no_more_than_asked(
    typing: Callable[..., Typist], capsys: pytest.CaptureFixture[str]
) -> None:
    typing("hi", "stop", "never")
    async with talking(connected=False) as (ai, world):
        await chat_in_terminal_audio_async(ai, mode="stream", stopword="stop", width=20)
        assert capsys.readouterr().out == "AI: hello\n"
        assert created(world.server) == ["user hi"]


async def test_k60_the_model_may_begin(typing: Callable[..., Typist], capsys: pytest.CaptureFixture[str]) -> None:
    typist = typing("hi")
    async with talking() as (ai, world):
        await chat_in_terminal_audio_async(ai, mode="chat", ai_first=True, rounds=2)
        assert (typist.asked, len(asked(world.server)), created(world.server)) == (1, 2, ["user hi"])
        assert capsys.readouterr().out == "AI: hello\nAI: hello\n"


async def test_k60_leaving_is_quiet(typing: Callable[..., Typist]) -> None:
    typing()
    async with talking() as (ai, _):
        await chat_in_terminal_audio_async(ai, mode="chat")


async def test_k60_options_of_other_modes_are_named(typing: Callable[..., Typist]) -> None:
    typing()
    async with talking() as (ai, _):
        with pytest.warns(UserWarning, match="mic_id: of no use in mode 'chat'"):
            await chat_in_terminal_audio_async(ai, mode="chat", mic_id=1)


async def test_k60_in_a_running_loop_it_says_what_to_await(capsys: pytest.CaptureFixture[str]) -> None:
    async with talking() as (ai, world):
        chat_in_terminal_audio(ai)
        assert "await chat_in_terminal_audio_async" in capsys.readouterr().out
        assert world.server.said == []


async def test_k60_kani_debug_turns_the_log_on(
    typing: Callable[..., Typist], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typing()
    given: list[Any] = []
    monkeypatch.setenv("KANI_DEBUG", "1")
    monkeypatch.setattr(logging, "basicConfig", lambda level, stream: given.extend([level, stream]))
    async with talking() as (ai, _):
        await chat_in_terminal_audio_async(ai, mode="chat")
    level, stream = given
    print("seen", file=stream)
    assert (level, capsys.readouterr().err) == (logging.DEBUG, "seen\n")


async def test_k60_a_conversation_by_voice_is_shown_and_ends_with_the_microphone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unplug = asyncio.Event()

    async def microphone() -> AsyncGenerator[bytes, None]:
        yield b"\0\x40" * 480
        await unplug.wait()

    async def sound_here(*_: Any, **how: Any) -> SoundHere:
        return SoundHere(microphone(), len, EchoGate())

    monkeypatch.setattr(terminal, "sound_here", sound_here)
    async with talking(make=WithTool) as (ai, world):
        with pytest.warns(UserWarning, match="rounds: of no use in mode 'full_duplex'"):
            task = asyncio.create_task(chat_in_terminal_audio_async(ai, rounds=2, show_function_returns=True, width=60))
            await world.server.until_heard("input_audio_buffer.append")
        await world.server.spoken("u1", transcribed=False)
        world.server.params = {}
        await world.server.respond_by_itself("r1")
        words = await world.server.words("r1", "let me look")
        call = await world.server.call("r1", "f", '{"x":1}', call_id="c1")
        await world.server.over("r1", words, call)
        await world.server.written("u1", "hi")
        await until(lambda: len(ai.chat_history) == 4)
        await world.server.respond_by_itself("r2")
        half = await world.server.words("r2", "half")
        await world.server.over("r2", half, status="cancelled")
        await until(lambda: len(ai.chat_history) == 5)
        unplug.set()
        await task
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "USER: hi",
        "AI: let me look",
        "AI: Thinking... [f]",
        "FUNC: 1 done",
        "AI: hello",
        "AI: half … (interrupted)",
    ]


# --- the speaker --------------------------------------------------------------------------------------------------


class Device:
    """What a speaker is to `OneSpeaker`."""

    opened = 0

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.items: list[str] = []

    def feed(self, sound: Any) -> bool:
        self.pieces.append(sound.pcm)
        self.items.append(sound.item_id)
        return True

    def interrupt(self) -> tuple[()]:
        self.pieces.clear()
        return ()

    playing = False

    async def __aenter__(self) -> "Device":
        await asyncio.sleep(0)
        Device.opened += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> OneSpeaker:
    Device.opened = 0
    monkeypatch.setattr(sound_card, "Speaker", Device)
    monkeypatch.setattr(sound_card.atexit, "register", lambda _: None)
    fresh = OneSpeaker()
    monkeypatch.setattr(sound_card, "SPEAKER", fresh)
    return fresh


async def test_k61_sound_is_played_in_its_order(speaker: OneSpeaker) -> None:
    for _ in range(30):
        await asyncio.gather(*(play_audio(n.to_bytes(2, "little")) for n in range(400)))
    expected = [n.to_bytes(2, "little") for _ in range(30) for n in range(400)]
    assert (speaker._speaker.pieces, Device.opened) == (expected, 1)


async def test_k61_an_interruption_empties_the_queue_and_what_comes_later_is_played(speaker: OneSpeaker) -> None:
    await play_audio(b"\1\0")
    speaker.interrupt()
    await play_audio(b"\2\0")
    assert speaker._speaker.pieces == [b"\2\0"]
    assert len(set(speaker._speaker.items)) == 2


async def test_k61_what_goes_wrong_with_the_device_is_raised(
    speaker: OneSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Device) -> Any:
        raise OSError("no device")

    monkeypatch.setattr(Device, "__aenter__", broken)
    for _ in range(2):
        with pytest.raises(OSError, match="no device"):
            await play_audio(b"\1\0")


def test_in_a_conversation_the_speaker_itself_is_the_player() -> None:
    assert play_audio.player is SPEAKER  # type: ignore[attr-defined]


def test_the_microphones_are_listed_with_their_ids(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from realtime_sdk.audio.devices import Device as Listed

    monkeypatch.setattr(sound_card, "microphones", lambda: (Listed(0, "Built-in"), Listed(1, "Headset")))
    list_mics()
    assert capsys.readouterr().out == "0: Built-in\n1: Headset\n"


@pytest.mark.parametrize(("given", "listed", "chosen"), [(None, 1, None), (0, 1, 0), (0, 0, None), ("Head", 1, "Head")])
async def test_a_microphone_is_chosen_by_id_by_name_or_by_default(
    given: Any, listed: int, chosen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    class Microphone:
        def __init__(self, choice: Any) -> None:
            opened.append(choice)

        async def __aenter__(self) -> Any:
            async def sound() -> AsyncGenerator[bytes, None]:
                yield b"\1\0"

            return sound()

        async def __aexit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(sound_card, "microphones", lambda: (None,) * listed)
    monkeypatch.setattr(sound_card, "Microphone", Microphone)
    assert [pcm async for pcm in get_audio_stream(given)] == [b"\1\0"]
    assert opened == [chosen]


async def test_k60_without_a_sound_card_there_is_silence_and_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Missing:
        def __init__(self, *_: object) -> None:
            pass

        async def __aenter__(self) -> Any:
            raise DeviceError("there is no sound")

        async def __aexit__(self, *_: object) -> None:
            pass

    for name in ("Microphone", "Speaker"):
        monkeypatch.setattr(sound_card, name, Missing)
    monkeypatch.setattr(sound_card, "microphones", lambda: ())
    monkeypatch.setattr(sound_card, "SPEAKER", OneSpeaker())
    async with talking() as (ai, world):
        with pytest.warns(UserWarning, match="a silent one takes its place") as warned:
            task = asyncio.create_task(chat_in_terminal_audio_async(ai, ai_first=True))
            await until(lambda: ai.chat_history)
            await world.server.until_heard("input_audio_buffer.append")
        task.cancel()
        await task
        assert ["no sound" in str(each.message) or "no speakers" in str(each.message) for each in warned] == [
            True,
            True,
        ]
        assert "AI: hello" in capsys.readouterr().out
        assert ai.is_connected


@pytest.mark.parametrize("headphones", [False, True])
async def test_the_microphone_is_mute_while_the_assistant_is_heard_unless_there_are_headphones(
    headphones: bool, speaker: OneSpeaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    loud = b"\0\x40" * 480

    async def microphone(_: Any) -> AsyncGenerator[bytes, None]:
        for is_playing in (False, True, False):
            monkeypatch.setattr(Device, "playing", is_playing)
            yield loud

    monkeypatch.setattr(sound_card, "get_audio_stream", microphone)
    async with talking() as (ai, world):
        await chat_in_terminal_audio_async(ai, headphones=headphones)
        sent = [base64.b64decode(event["audio"]) for event in world.server.heard_of("input_audio_buffer.append")]
    assert sent == ([loud] * 3 if headphones else [loud, bytes(960), bytes(960)])


def test_k59_without_a_key_the_command_says_what_to_set() -> None:
    ((_, _, engine),) = CLI_PROVIDERS
    with pytest.raises(ValueError, match="set OPENAI_API_KEY"):
        engine("gpt-realtime-2.1")


async def test_k60_only_a_kani_that_can_talk_is_talked_to() -> None:
    async with talking(connected=False) as (ai, _):
        with pytest.raises(TypeError, match=r"not a Kani: mode is chat or stream"):
            await chat_in_terminal_audio_async(Kani(ai.engine))


def test_a_sound_file_becomes_base64() -> None:
    from realtime_sdk.audio.pcm import PcmFormat
    from realtime_sdk.audio.wav import Sound, wav_bytes

    assert audio_to_b64(wav_bytes(Sound(b"\1\0" * 3))) == "AQABAAEA"
    assert len(audio_to_b64(wav_bytes(Sound(b"\1\0" * 800, PcmFormat(8_000))))) == 6_400


def test_roles_have_names() -> None:
    from realtime_sdk.kani.screen import NAMES

    assert NAMES.keys() == set(ChatRole)
