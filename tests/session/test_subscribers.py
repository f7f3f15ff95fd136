"""Updates reach every subscriber once and in order; who is slow is told, and nobody waits for anybody."""

import gc
import weakref
from contextlib import suppress
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import example, given, strategies as st

from realtime_sdk.errors import ConnectionLost, SubscriberTooSlow
from realtime_sdk.session.subscribers import Feed
from tests.conftest import LOOPS


class Said:
    """Stands for an update: of its fields subscribers ask only whether it is audio that was sent."""

    def __init__(self, number: int, *, is_unread: bool = False) -> None:
        self.number = number
        self.is_unread = is_unread


def said(feed: Any, *numbers: int) -> None:
    for number in numbers:
        feed.publish(Said(number))


async def idle() -> None:
    for _ in range(10):
        await checkpoint()


async def test_everybody_gets_everything_from_the_moment_of_subscribing() -> None:
    feed = Feed()
    first = feed.subscribe()
    said(feed, 1, 2)
    second = feed.subscribe()
    said(feed, 3)
    feed.close(None)
    assert [update.number async for update in first] == [1, 2, 3]  # type: ignore[attr-defined]
    assert [update.number async for update in second] == [3]  # type: ignore[attr-defined]
    assert [update async for update in feed.subscribe()] == []


async def test_whoever_waits_is_woken_once_for_all_that_came() -> None:
    feed, got, runs = Feed(), [], []

    async def listen() -> None:
        updates: Any = feed.subscribe()
        while True:
            got.append((await anext(updates)).number)
            if updates.behind == 0:
                runs.append(len(got))
            if got[-1] == 99:
                return

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        await idle()
        said(feed, *range(50))
        await idle()
        said(feed, *range(50, 100))
    assert got == list(range(100))
    assert runs == [50, 100]


_MOST = 70
BURSTS = st.lists(st.tuples(st.lists(st.booleans(), max_size=_MOST), st.booleans(), st.booleans()), max_size=12)


@pytest.mark.parametrize("loop", LOOPS)
@given(bursts=BURSTS)
@example(bursts=[([], True, False), ([], False, True), ([True] * 70, True, True), ([False], True, False)])
def test_everybody_is_woken_for_all_that_it_wants_also_when_another_stops_waiting(
    loop: str, bursts: list[tuple[list[bool], bool, bool]]
) -> None:
    """A burst: which updates are audio that was sent, what the next subscriber wants, who then stops waiting."""
    anyio.run(_all_are_woken, bursts, backend=loop)


async def _all_are_woken(bursts: list[tuple[list[bool], bool, bool]]) -> None:
    feed: Any = Feed()
    told: list[Said] = []
    listening: list[tuple[bool, int, list[int], anyio.CancelScope]] = []

    async def listen(updates: Any, got: list[int], scope: anyio.CancelScope) -> None:
        with scope, suppress(StopAsyncIteration):
            while True:
                got.append((await anext(updates)).number)

    async with anyio.create_task_group() as group:
        for sent, wants, gives_up in bursts:
            for is_unread in sent:
                told.append(Said(len(told), is_unread=is_unread))
                feed.publish(told[-1])
            await anyio.wait_all_tasks_blocked()
            for wanted, since, got, _ in listening:
                assert got == [one.number for one in told[since:] if wanted or not one.is_unread]
            if gives_up and listening:
                listening.pop(0)[3].cancel()
            scope, got = anyio.CancelScope(), list[int]()
            listening.append((wants, len(told), got, scope))
            group.start_soon(listen, feed.subscribe(limit=_MOST, sent_audio=wants), got, scope)
        feed.close(None)


async def test_the_end_comes_after_what_was_not_read_and_is_told_to_everybody_anew() -> None:
    feed = Feed()
    one, other = feed.subscribe(), feed.subscribe()
    said(feed, 1)
    feed.close(ConnectionLost("gone", code=1006))
    raised = []
    for updates in (one, other, one):
        with pytest.raises(ConnectionLost) as caught:
            [update async for update in updates]
        raised.append(caught.value)
    assert raised[0] is not raised[1]
    assert (raised[0].code, str(raised[0])) == (1006, "gone")


async def test_who_falls_behind_its_limit_is_told_how_much_it_missed_once() -> None:
    feed = Feed()
    updates = feed.subscribe(limit=10)
    said(feed, *range(128))
    with pytest.raises(SubscriberTooSlow, match="limit of 10") as caught:
        await anext(updates)
    assert caught.value.missed >= 11
    with pytest.raises(StopAsyncIteration):
        await anext(updates)


async def test_who_has_no_limit_may_be_as_slow_as_it_likes() -> None:
    feed = Feed()
    updates = feed.subscribe(limit=None)
    said(feed, *range(10_000))
    feed.close(None)
    assert len([update async for update in updates]) == 10_000


def test_what_everybody_has_read_is_let_go_and_so_is_what_nobody_wants() -> None:
    feed: Any = Feed()
    kept = feed.subscribe(limit=None)
    dropped = feed.subscribe(limit=None)
    first = Said(1)
    feed.publish(first)
    seen = weakref.ref(first)
    del first
    gc.collect()
    assert seen() is not None
    del kept, dropped
    gc.collect()
    assert seen() is None


def test_a_subscriber_that_never_reads_holds_no_more_than_its_limit_and_a_little() -> None:
    feed: Any = Feed()
    stuck = feed.subscribe(limit=10)
    updates = [Said(number) for number in range(1_000)]
    alive = [weakref.ref(update) for update in updates]
    for update in updates:
        feed.publish(update)
    del update
    updates.clear()
    gc.collect()
    assert sum(ref() is not None for ref in alive) <= 10 + 64
    assert stuck.behind >= 10


def test_dropping_a_long_chain_does_not_overflow_the_stack() -> None:
    feed: Any = Feed()
    updates = feed.subscribe(limit=None)
    said(feed, *range(200_000))
    del updates


async def test_whoever_wants_no_audio_that_was_sent_is_neither_given_it_nor_woken_for_it() -> None:
    feed, got = Feed(), []

    async def listen(*, sent_audio: bool) -> None:
        updates: Any = feed.subscribe(sent_audio=sent_audio)
        with suppress(StopAsyncIteration):
            while True:
                got.append((sent_audio, (await anext(updates)).number))

    def sent(*numbers: int) -> None:
        for number in numbers:
            publish(Said(number, is_unread=True))

    publish: Any = feed.publish
    async with anyio.create_task_group() as group:
        group.start_soon(partial(listen, sent_audio=True))
        group.start_soon(partial(listen, sent_audio=False))
        await idle()
        sent(1, 2)
        await idle()
        assert got == [(True, 1), (True, 2)]
        said(feed, 3)
        sent(4)
        feed.close(None)
    assert sorted(got) == [(False, 3), (True, 1), (True, 2), (True, 3), (True, 4)]


@pytest.mark.parametrize("limit", [1, 100])
async def test_whoever_wants_no_audio_that_was_sent_does_not_fall_behind_by_it(limit: int) -> None:
    feed = Feed()
    updates: Any = feed.subscribe(limit=limit, sent_audio=False)
    publish: Any = feed.publish
    got: list[int] = []

    async def listen() -> None:
        got.extend([update.number async for update in updates])

    async with anyio.create_task_group() as group:
        group.start_soon(listen)
        for number in range(1_000):
            await checkpoint()
            publish(Said(number, is_unread=True))
        said(feed, 1_000)
        feed.close(None)
    assert got == [1_000]
