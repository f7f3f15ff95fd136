"""openai-python's `AsyncOpenAI().beta.realtime`: the dialect of 2024, through the five tasks."""

import asyncio
from typing import Any

from openai import AsyncOpenAI
from openai.types.beta.realtime import RealtimeServerEvent
from openai_tasks import KEYS, Words, do_all
from pydantic import TypeAdapter

SPOKEN: dict[str, Any] = {"input_audio_transcription": {"model": "whisper-1"}}
BETA = Words(
    text={"modalities": ["text"]},
    spoken=SPOKEN,
    manual={**SPOKEN, "turn_detection": None},
    sound="response.audio.delta",
)
CHECKED: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


async def main() -> None:
    client = AsyncOpenAI(**KEYS)
    await do_all(lambda: client.beta.realtime.connect(model="gpt-4o-realtime-preview"), CHECKED, BETA)


asyncio.run(main())
