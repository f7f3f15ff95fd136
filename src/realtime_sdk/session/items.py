"""A conversation item by item: each as a stream of its words, with its role known before the first of them.

It owns no task: whoever waits, for the next item or for the next word, reads on for all.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final

import anyio

from realtime_sdk.errors import RealtimeError
from realtime_sdk.session.item_steps import Began, Ended, ItemSteps, Said, Step
from realtime_sdk.session.session import RealtimeSession
from realtime_sdk.session.subscribers import Subscriber
from realtime_sdk.state import Item, RealtimeState

__all__ = ["ItemStream", "ItemStreams", "follow_items"]


class ItemStream:
    """One item of a conversation: iterated for its words as they come, awaited for the item as it was when it ended.

    Always ends: with its response, its transcript (or the news that there is none), its deletion, or the session.
    """

    def __init__(self, item: Item, read_on: Callable[[], Awaitable[None]]) -> None:
        self.id: Final = item.id
        self.type: Final = item.type
        """`message`, `function_call`, `function_call_output`, …"""
        self.role: Final = item.role
        """`user`, `assistant`, `system`; None for what is no message."""
        self._read_on = read_on
        self._words: deque[str] = deque()
        self._item: Item | None = None

    def __aiter__(self) -> "ItemStream":
        return self

    async def __anext__(self) -> str:
        while not self._words and self._item is None:
            await self._read_on()
        if self._words:
            return self._words.popleft()
        raise StopAsyncIteration

    def __await__(self) -> Generator[Any, Any, Item]:
        return self.result().__await__()

    async def result(self) -> Item:
        """The item, as `await stream` gives it; a coroutine function, for task groups."""
        while self._item is None:
            await self._read_on()
        return self._item

    def say(self, text: str) -> None:
        """A piece of its text."""
        self._words.append(text)

    def end(self, item: Item) -> None:
        """It is over."""
        self._item = item


class ItemStreams:
    """The items that begin from now on, in their order; those of out-of-band responses are left out."""

    def __init__(self, updates: Subscriber, state: RealtimeState) -> None:
        self._updates = updates
        self._state = state
        self._steps = ItemSteps(state)
        self._open: dict[str, ItemStream] = {}
        self._begun: deque[ItemStream] = deque()
        self._is_over = False
        self._failure: RealtimeError | None = None
        self._moved: anyio.Event | None = None

    def __aiter__(self) -> "ItemStreams":
        return self

    async def __anext__(self) -> ItemStream:
        while not self._begun and not self._is_over:
            await self._read_on()
        if self._begun:
            return self._begun.popleft()
        if self._failure is not None:
            raise self._failure
        raise StopAsyncIteration

    async def _read_on(self) -> None:
        """Take the next update, or wait until whoever does that has done it."""
        if self._moved is not None:
            await self._moved.wait()
            return
        self._moved = moved = anyio.Event()
        try:
            update = await anext(self._updates)
        except StopAsyncIteration:
            self._end(None)
        except RealtimeError as error:
            self._end(error)
        else:
            self._state = update.after
            self._take(self._steps.take(update))
        finally:
            self._moved = None
            moved.set()

    def _end(self, failure: RealtimeError | None) -> None:
        self._is_over, self._failure = True, failure
        self._take(self._steps.rest(self._state, "unfinished" if failure is None else "disconnected"))

    def _take(self, steps: list[Step]) -> None:
        for step in steps:
            match step:
                case Began(item):
                    stream = self._open[item.id] = ItemStream(item, self._read_on)
                    self._begun.append(stream)
                case Said(item_id, text):
                    self._open[item_id].say(text)
                case Ended(items):
                    for item in items:
                        if (ended := self._open.pop(item.id, None)) is not None:
                            ended.end(item)
                case _:
                    pass


def follow_items(session: RealtimeSession) -> ItemStreams:
    """The items of a conversation as they begin, each a stream of its words.

        async for item in follow_items(session):
            print(item.role, end=": ")
            async for words in item:
                print(words, end="")

    Items come in the order in which they begin; one may be read to its end before the next is taken, or several at
    once. Iteration ends with the session, and raises as `session.updates` does, when all streams have ended.
    """
    return ItemStreams(session.updates(limit=None, sent_audio=False), session.state)
