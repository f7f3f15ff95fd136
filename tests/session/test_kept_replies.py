"""Replies that are kept after their end keep nothing of the session that goes on."""

import gc
from types import SimpleNamespace

from anyio import fail_after

from realtime_sdk.fold import Update
from tests.session.scripted import talking


def updates_alive() -> int:
    gc.collect()
    return sum(isinstance(found, Update) for found in gc.get_objects())


async def test_an_answer_that_is_kept_holds_no_later_update() -> None:
    with fail_after(5):
        async with talking() as (session, _):
            kept = SimpleNamespace(reply=session.respond("One"))
            assert (await kept.reply).text == "Paris."
            before = updates_alive()
            for _ in range(5):
                await session.respond("Two")
            assert updates_alive() - before < 5
            assert (await kept.reply).text == "Paris."
