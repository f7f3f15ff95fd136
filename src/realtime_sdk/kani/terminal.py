"""Chatting with a Kani in the terminal: typed, typed and spoken back, or by voice. For trying things out.

What a conversation by voice looks like is `screen`'s; here are the modes, the rounds and the way out.
"""

import asyncio
import logging
import os
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Final, Literal

from kani import ChatRole, Kani
from kani.utils.cli import ainput, print_stream, print_width
from kani.utils.message_formatters import assistant_message_contents_thinking, assistant_message_thinking

from realtime_sdk.audio.devices import DeviceError
from realtime_sdk.audio.extras import MissingExtraError
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.kani.screen import Shown, talk_on_screen
from realtime_sdk.kani.sound_card import play_audio, sound_here
from realtime_sdk.protocol.seed.client_events import ResponseCreate

__all__ = ["chat_in_terminal_audio", "chat_in_terminal_audio_async"]

Mode = Literal["chat", "stream", "full_duplex"]
MODES: Final = ("chat", "stream", "full_duplex")

_TYPED_ONLY: Final[dict[str, Any]] = {"rounds": 0, "stopword": None, "echo": False}
_VOICE_ONLY: Final[dict[str, Any]] = {"mic_id": None}


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
) -> None:
    """Chat with a Kani in the terminal, until Ctrl-C, Ctrl-D, the stopword or so many rounds.

    `mode`: "chat" types and reads, "stream" types, reads and hears word by word, "full_duplex" talks. `verbose` is
    `echo` and both `show_…`. With KANI_DEBUG in the environment debug logging is on. Where an event loop runs already
    (a notebook) it says to await `chat_in_terminal_audio_async`. ValueError for another mode.
    """
    _check(mode)
    given = dict(locals())
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        try:
            asyncio.run(chat_in_terminal_audio_async(**given))
        except KeyboardInterrupt:
            return
    else:
        print("An event loop is running here (as in a notebook): await chat_in_terminal_audio_async(...) instead.")


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
) -> None:
    """Chat with a Kani in the terminal; see `chat_in_terminal_audio`. For where an event loop runs already."""
    _check(mode)
    if os.environ.get("KANI_DEBUG") is not None:
        logging.basicConfig(level=logging.DEBUG)
    _warn_of_unused(mode, rounds=rounds, stopword=stopword, echo=echo, mic_id=mic_id or None)
    shown = Shown(width, args=show_function_args or verbose, returns=show_function_returns or verbose)
    if isinstance(kani, OpenAIRealtimeKani) and not kani.is_connected:
        await kani.connect()
    try:
        if mode == "full_duplex":
            await _talk(kani, shown, ai_first=ai_first, mic_id=mic_id)
        else:
            typed = _Typed(kani, shown, echo=echo or verbose, stopword=stopword, is_heard=mode == "stream")
            await typed.chat(rounds, ai_first=ai_first)
    except (KeyboardInterrupt, asyncio.CancelledError, EOFError):
        return


def _check(mode: str) -> None:
    if mode not in MODES:
        raise ValueError(f"mode is one of {', '.join(MODES)}, not {mode!r}")


def _warn_of_unused(mode: Mode, **given: Any) -> None:
    others = _TYPED_ONLY if mode == "full_duplex" else _VOICE_ONLY
    unused = [name for name, default in others.items() if given[name] != default]
    if unused:
        warnings.warn(f"{', '.join(unused)}: of no use in mode {mode!r}", stacklevel=3)


async def _talk(kani: Kani, shown: Shown, *, ai_first: bool, mic_id: int | None) -> None:
    if not isinstance(kani, OpenAIRealtimeKani):
        raise TypeError(f"only an OpenAIRealtimeKani can talk, not a {type(kani).__name__}")
    microphone, speaker, missing = await sound_here(mic_id)
    for complaint in missing:
        warnings.warn(f"{complaint}; a silent one takes its place", stacklevel=2)
    await talk_on_screen(kani, _asked_first(kani, microphone) if ai_first else microphone, speaker, shown)


async def _asked_first(kani: OpenAIRealtimeKani, microphone: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """The microphone, which is listened to once the conversation has begun: then the model is asked to speak."""
    await kani.session.send(ResponseCreate())
    async for pcm in microphone:
        yield pcm


class _Typed:
    """A chat whose questions are typed."""

    def __init__(self, kani: Kani, shown: Shown, *, echo: bool, stopword: str | None, is_heard: bool) -> None:
        self._kani = kani
        self._shown = shown
        self._echo = echo
        self._stopword = stopword
        self._is_heard = is_heard
        self._play: Callable[[bytes], Any] | None = play_audio

    async def chat(self, rounds: int, *, ai_first: bool) -> None:
        """So many rounds, 0 without end; with `ai_first` the model begins."""
        done = 0
        while done < rounds or not rounds:
            query = None if ai_first and not done else (await ainput("USER: ")).strip()
            if self._stopword is not None and query == self._stopword:
                return
            if self._echo and query is not None:
                print_width(query, width=self._shown.width, prefix="USER: ")  # type: ignore[arg-type]
            await (self._stream(query) if self._is_heard else self._whole(query))
            done += 1

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
        """Play sound; where nothing can play it, say so once."""
        if self._play is not None:
            try:
                await self._play(pcm)
            except (DeviceError, MissingExtraError) as missing:
                self._play = None
                warnings.warn(f"there is no sound: {missing}", stacklevel=2)
