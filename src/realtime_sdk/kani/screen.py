"""A conversation by voice on the screen: what is being said below, redrawn; what was said above, for good. Needs rich.

Several messages grow at once; each keeps its own place, in the order in which they began.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Final

from kani import ChatMessage, ChatRole
from kani.streaming import StreamManager
from kani.utils.message_formatters import assistant_message_thinking

from realtime_sdk.audio.extras import Extra
from realtime_sdk.audio.meters import level
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.kani.sound_card import SoundHere
from realtime_sdk.kani.translate.items import KEY

__all__ = ["Shown", "talk_on_screen"]

console = Extra("rich.console", extra="cli", package="rich")
live = Extra("rich.live", extra="cli", package="rich")
text = Extra("rich.text", extra="cli", package="rich")

NAMES: Final = {ChatRole.USER: "USER", ChatRole.ASSISTANT: "AI", ChatRole.FUNCTION: "FUNC", ChatRole.SYSTEM: "SYSTEM"}
_REDRAWN_A_SECOND: Final = 8
_METER_WIDTH: Final = 20


@dataclass(frozen=True)
class Shown:
    """What of a conversation is shown, and how wide."""

    width: int | None = None
    args: bool = False
    returns: bool = False


class _Line:
    """One message as it grows."""

    def __init__(self, role: ChatRole) -> None:
        self.role: Final = role
        self.text = ""
        self.message: ChatMessage | None = None

    def shown(self, how: Shown) -> str:
        """The line as it stands; empty if nothing of it is to be shown."""
        if self.role is ChatRole.FUNCTION and not how.returns:
            return ""
        said = [f"{NAMES[self.role]}: {self.text}"] if self.text else []
        message = self.message
        if message is not None and message.tool_calls:
            said.append(f"AI: {assistant_message_thinking(message, show_args=how.args)}")
        if said and message is not None and message.extra.get(KEY, {}).get("status") == "cancelled":
            said[-1] += " … (interrupted)"
        return "\n".join(said)


class _Screen:
    """The lines of a conversation and the loudness of the microphone."""

    def __init__(self, shown: Shown, sound: SoundHere) -> None:
        self._shown = shown
        self._sound = sound
        self._lines: list[_Line] = []
        self._loudness = 0.0
        self.console = console.Console(width=shown.width, highlight=False, markup=False, emoji=False)

    def __rich__(self) -> Any:
        bar = "█" * round(self._loudness * _METER_WIDTH)
        open_lines = [line for each in self._lines if (line := each.shown(self._shown))]
        mute = " mute while the assistant is heard" if self._sound.gate.closed else ""
        whole = text.Text("\n".join([*open_lines, f"[{bar:<{_METER_WIDTH}}]{mute}"]))
        return text.Text("\n").join(whole.wrap(self.console, self.console.width)[1 - self.console.height :])

    async def follow(self, stream: StreamManager) -> None:
        """Show a stream until it ends."""
        line = _Line(stream.role)
        self._lines.append(line)
        async for token in stream.__aiter__():
            line.text += token
        line.message = await stream.message()
        self._settle()

    def settle_all(self) -> None:
        """Put everything above, whether it has ended or not."""
        for line in self._lines:
            line.message = line.message or ChatMessage(role=line.role, content=line.text)
        self._settle()

    async def metered(self) -> AsyncGenerator[bytes, None]:
        """The microphone's sound, on its way past the meter."""
        async for pcm in self._sound.microphone:
            self._loudness = min(1.0, level(pcm).rms * 4)
            yield pcm

    def _settle(self) -> None:
        """Move the lines that have ended, from the first on, out of what is redrawn."""
        while self._lines and self._lines[0].message is not None:
            line = self._lines.pop(0).shown(self._shown)
            if line:
                self.console.print(line)


async def talk_on_screen(kani: OpenAIRealtimeKani, sound: SoundHere, shown: Shown) -> None:
    """Talk until the microphone ends, and show what is said. Raises what `full_duplex` raises."""
    screen = _Screen(shown, sound)
    following: set[asyncio.Task[None]] = set()
    with live.Live(screen, console=screen.console, refresh_per_second=_REDRAWN_A_SECOND, transient=True):
        conversation = kani.full_duplex(screen.metered(), sound.speaker)
        try:
            async for stream in conversation:
                task = asyncio.create_task(screen.follow(stream), name="showing a message")
                following.add(task)
        finally:
            await conversation.aclose()
            await asyncio.gather(*following, return_exceptions=True)
            screen.settle_all()
