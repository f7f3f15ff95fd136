"""What Kani's own command finds: `kani realtime:gpt-realtime-2.1` chats in writing, as that command has no ears."""

import asyncio
import os

from kani.utils import cli

from realtime_sdk.kani.engine import RealtimeEngine
from realtime_sdk.kani.terminal_input import typed_line
from realtime_sdk.session import OpenAI

__all__ = ["CLI_PROVIDERS"]


def _engine(model: str) -> RealtimeEngine:
    """An engine that answers in writing, from OPENAI_BASE_URL. ValueError, which is printed, without a key."""
    if not os.environ.get("OPENAI_API_KEY"):
        raise ValueError("there is no API key: set OPENAI_API_KEY")
    cli.ainput = _typed_until_left
    config = {"modalities": ["text"], "input_audio_transcription": None, "turn_detection": None}
    return RealtimeEngine(model=model, session_config=config, endpoint=OpenAI(model))


async def _typed_until_left(string: str) -> str:
    """The next line. The command ends quietly at Ctrl-C alone: Ctrl-D is made one, where it would print a traceback."""
    try:
        return await typed_line(string)
    except (EOFError, asyncio.CancelledError):
        print()
        raise asyncio.CancelledError from None


CLI_PROVIDERS = [("realtime", ("openai-realtime",), _engine)]
"""Name, other names, and what makes an engine for a model."""
