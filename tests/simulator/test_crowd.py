"""Many paced sessions at once, on one core: in CI a few that speak fast, in `nox -s soak` a hundred in real time."""

import os

import pytest

from tests.simulator.crowd import ANSWER, Crowd, server, speak

SESSIONS = int(os.environ.get("CROWD_SESSIONS", "0"))
CROWD = Crowd(SESSIONS, turns=6) if SESSIONS else Crowd(3, speed=8)
LOOPS = os.environ.get("TEST_LOOPS", "asyncio,trio").split(",")
LATE_MS = 200
"""A piece of sound is 200 ms long: a player that holds one of them in hand never runs dry."""


@pytest.mark.parametrize("anyio_backend", LOOPS if SESSIONS else LOOPS[:1])
@pytest.mark.time_limit(300)
async def test_everybody_is_heard_and_answered_in_time(anyio_backend: str) -> None:
    with server(anyio_backend, speed=CROWD.speed) as far:
        heard = await speak(far.url, CROWD)
    turns = CROWD.sessions * CROWD.turns
    shown = ", ".join(f"p{share} {heard.percentile(share / 100):.0f} ms" for share in (50, 90, 99, 100))
    print(f"{CROWD.sessions} sessions, {turns} turns, {len(heard.late_ms)} pieces of sound late by {shown};")
    print(f"the simulator took {far.cpu_s:.1f} s CPU")
    assert (heard.turns, heard.spoken) == (turns, [ANSWER] * turns)
    assert not SESSIONS or heard.percentile(0.99) < LATE_MS
