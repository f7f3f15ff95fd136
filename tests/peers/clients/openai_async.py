"""openai-python's `AsyncOpenAI().realtime`, through the five tasks."""

import asyncio
from typing import Any

import told
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from openai_tasks import KEYS, do_all
from pydantic import TypeAdapter

CHECKED: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


async def main() -> None:
    client = AsyncOpenAI(**KEYS)
    await do_all(lambda: client.realtime.connect(model=told.MODEL), CHECKED)


asyncio.run(main())
