"""openai-python's `OpenAI().realtime`, through the five tasks: each call of the sync client blocks where it stands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import told
from openai import OpenAI
from openai.types.realtime import RealtimeServerEvent
from openai_tasks import KEYS, do_all
from pydantic import TypeAdapter

CHECKED: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


class Blocking:
    """A thing of the sync client, with calls that can be awaited and are done at once."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __getattr__(self, name: str) -> "Blocking":
        return Blocking(getattr(self._thing, name))

    async def __call__(self, **arguments: Any) -> Any:
        return self._thing(**arguments)


@asynccontextmanager
async def connect() -> AsyncIterator[Blocking]:
    with OpenAI(**KEYS).realtime.connect(model=told.MODEL) as connection:
        yield Blocking(connection)


asyncio.run(do_all(connect, CHECKED))
