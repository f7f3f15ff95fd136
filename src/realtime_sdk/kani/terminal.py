"""Chatting with a Kani in the terminal: typed, typed and spoken back, or by voice. For trying things out.

What a conversation by voice looks like is `screen`'s; here are the modes, the rounds and the way out.
"""

import asyncio
import io
import logging
import os
import sys
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any, Final, Literal

from kani import ChatRole, Kani
from kani.utils.cli import print_stream, print_width
from kani.utils.message_formatters import assistant_message_contents_thinking, assistant_message_thinking

from realtime_sdk.audio.devices import DeviceError
from realtime_sdk.audio.extras import MissingExtraError
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.kani.screen import Shown, talk_on_screen
from realtime_sdk.kani.sound_card import SPEAKER, play_audio, sound_here
from realtime_sdk.kani.terminal_input import typed_line
from realtime_sdk.protocol.seed.client_events import ResponseCreate

__all__ = ["chat_in_terminal_audio", "chat_in_terminal_audio_async"]

Mode = Literal["chat", "stream", "full_duplex"]
MODES: Final = ("chat", "stream", "full_duplex")

_TYPED_ONLY: Final = ("rounds", "stopword", "echo")
_VOICE_ONLY: Final = ("mic_id", "headphones")


def chat_in_terminal_audio(
    kani: Kani,
    *,
    rounds: int = 0,
    stopword: str | None = None,
    echo: bool = False,
    ai_first: bool = False,
    width: int | None = None,
    show_function_args: bool = False,
    show_function_returns: bool = False,
    verbose: bool = False,
    mode: Mode = "full_duplex",
    mic_id: int | None = None,
    headphones: bool = False,
) -> None:
    """Chat with a Kani in the terminal, until Ctrl-C, Ctrl-D, the stopword or so many rounds.

    `mode`: "chat" types and reads, "stream" types, reads and hears word by word, "full_duplex" talks. `verbose` is
    `echo` and both `show_…`. With KANI_DEBUG in the environment debug logging is on. Where an event loop runs already
    (a notebook) it says to await `chat_in_terminal_audio_async`. ValueError for another mode, TypeError for a Kani that
    cannot talk.

    When talking, the microphone is mute while the assistant is heard, so that it does not answer itself. With
    `headphones` (default False) it stays open, and you can speak over the assistant.
    """
    given = dict(locals())
    _check(given)
    if _loop_runs():
        print("An event loop is running here (as in a notebook): await chat_in_terminal_audio_async(...) instead.")
        return
    with suppress(KeyboardInterrupt):
        asyncio.run(_chat(**given))


def _loop_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def chat_in_terminal_audio_async(
    kani: Kani,
    *,
    rounds: int = 0,
    stopword: str | None = None,
    echo: bool = False,
    ai_first: bool = False,
    width: int | None = None,
    show_function_args: bool = False,
    show_function_returns: bool = False,
    verbose: bool = False,
    mode: Mode = "full_duplex",
    mic_id: int | None = 0,
    headphones: bool = False,
) -> None:
    """Chat with a Kani in the terminal; see `chat_in_terminal_audio`. For where an event loop runs already."""
    given = dict(locals())
    _check(given)
    await _chat(**given)


def _check(given: Mapping[str, Any]) -> None:
    """Refuse what cannot be done, and name what is of no use."""
    kani, mode = given["kani"], given["mode"]
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")
    if mode == "full_duplex" and not isinstance(kani, OpenAIRealtimeKani):
        raise TypeError(f"only an OpenAIRealtimeKani can talk, not a {type(kani).__name__}: mode is chat or stream")
    others = _TYPED_ONLY if mode == "full_duplex" else _VOICE_ONLY
    unused = [name for name in others if given[name]]
    if unused:
        warnings.warn(f"{', '.join(unused)}: of no use in mode {mode!r}", stacklevel=3)


async def _chat(kani: Kani, **given: Any) -> None:
    if os.environ.get("KANI_DEBUG") is not None:
        logging.basicConfig(level=logging.DEBUG, stream=_StderrNow())
    if isinstance(kani, OpenAIRealtimeKani) and not kani.is_connected:
        await kani.connect()
    try:
        if given["mode"] == "full_duplex" and isinstance(kani, OpenAIRealtimeKani):
            await _talk(kani, given)
        else:
            await _Typed(kani, given).chat()
    except EOFError:
        return
    except (KeyboardInterrupt, asyncio.CancelledError):
        SPEAKER.interrupt()


class _StderrNow(io.TextIOBase):
    """Whatever stderr is when something is written: a screen that is redrawn takes its place meanwhile."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)


def _shown(given: Mapping[str, Any]) -> Shown:
    args, returns = (given["verbose"] or given[f"show_function_{what}"] for what in ("args", "returns"))
    return Shown(given["width"], args=args, returns=returns)


async def _talk(kani: OpenAIRealtimeKani, given: Mapping[str, Any]) -> None:
    sound = await sound_here(given["mic_id"], headphones=given["headphones"])
    for complaint in sound.missing:
        warnings.warn(f"{complaint}; a silent one takes its place", stacklevel=3)
    if given["ai_first"]:
        sound = replace(sound, microphone=_asked_first(kani, sound.microphone))
    await talk_on_screen(kani, sound, _shown(given))


async def _asked_first(kani: OpenAIRealtimeKani, microphone: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The microphone, which is listened to once the conversation has begun: then the model is asked to speak."""
    await kani.session.send(ResponseCreate())
    async for pcm in microphone:
        yield pcm


class _Typed:
    """A chat whose questions are typed."""

    def __init__(self, kani: Kani, given: Mapping[str, Any]) -> None:
        self._kani = kani
        self._given = given
        self._shown = _shown(given)
        self._play: Callable[[bytes], Any] | None = play_audio
        self._complaint: str | None = None

    async def chat(self) -> None:
        """So many rounds, 0 without end; with `ai_first` the model begins."""
        rounds, ai_first, stopword = (self._given[name] for name in ("rounds", "ai_first", "stopword"))
        try:
            for done in range(rounds) if rounds else count():
                query = None if ai_first and not done else (await typed_line("USER: ")).strip()
                if stopword is not None and query == stopword:
                    return
                await self._round(query)
        except (EOFError, KeyboardInterrupt, asyncio.CancelledError):
            print()  # whatever comes next begins a line
            raise

    async def _round(self, query: str | None) -> None:
        if (self._given["echo"] or self._given["verbose"]) and query is not None:
            print_width(query, width=self._shown.width, prefix="USER: ")  # type: ignore[arg-type]
        await (self._stream(query) if self._given["mode"] == "stream" else self._whole(query))
        if self._complaint is not None:
            warnings.warn(self._complaint, stacklevel=2)
            self._complaint = None

    async def _whole(self, query: str | None) -> None:
        async for message in self._kani.full_round(query):
            if message.role is ChatRole.ASSISTANT:
                self._print("AI: ", assistant_message_contents_thinking(message, show_args=self._shown.args))
                for part in message.parts:
                    if isinstance(part, AudioPart) and part.pcm:
                        await self._sound(part.pcm)
            elif message.role is ChatRole.FUNCTION and self._shown.returns:
                self._print("FUNC: ", message.text)

    async def _stream(self, query: str | None) -> None:
        async for stream in self._kani.full_round_stream(query, audio_callback=self._sound):
            if stream.role is ChatRole.ASSISTANT:
                await print_stream(stream, width=self._shown.width, prefix="AI: ")  # type: ignore[arg-type]
                self._print("AI: ", assistant_message_thinking(await stream.message(), show_args=self._shown.args))
            elif stream.role is ChatRole.FUNCTION and self._shown.returns:
                self._print("FUNC: ", (await stream.message()).text)

    def _print(self, prefix: str, text: str | None) -> None:
        if text:
            print_width(text, width=self._shown.width, prefix=prefix)  # type: ignore[arg-type]

    async def _sound(self, pcm: bytes) -> None:
        """Play sound; where nothing can play it, say so once, after the round."""
        if self._play is not None:
            try:
                await self._play(pcm)
            except (DeviceError, MissingExtraError) as missing:
                self._play = None
                self._complaint = f"there is no sound: {missing}"
