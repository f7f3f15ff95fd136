from dataclasses import dataclass, field

import anyio

from realtime_sdk.audio.formats import PCM, PCMA
from realtime_sdk.audio.playback import Position
from realtime_sdk.audio.player import Player
from realtime_sdk.protocol.local import PlaybackHeard
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from tests.audio.sounds import tone


@dataclass
class Delta:
    item_id: str
    pcm: bytes
    content_index: int = 0


@dataclass
class Virtual:
    """Time that passes when it is slept, or by hand."""

    at_ns: int = 5_000
    player: Player = field(init=False)

    def __post_init__(self) -> None:
        self.player = Player(now_ns=lambda: self.at_ns, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.at_ns += round(seconds * 1e9)
        await anyio.lowlevel.checkpoint()

    def passes(self, ms: int) -> None:
        self.at_ns += ms * 1_000_000


def test_a_player_without_a_device_knows_what_would_have_been_heard() -> None:
    time = Virtual()
    assert not time.player.playing
    assert time.player.feed(Delta("a", tone(500)))
    time.passes(120)
    assert time.player.playing
    assert time.player.position("a") == Position("a", 0, 500, 500, 120)
    assert time.player.unheard_ms == 380
    time.passes(1_000)
    assert (time.player.playing, time.player.positions()) == (False, (Position("a", 0, 500, 500, 500),))


def test_it_takes_the_protocols_own_deltas() -> None:
    player = Player(PCMA)
    delta = ResponseOutputAudioDelta(
        event_id="e", response_id="r", item_id="a", output_index=0, content_index=1, delta="1dXV1Q=="
    )
    assert player.feed(delta)
    assert player.wire is PCMA
    assert player.position("a", 1) is not None
    assert player.position("a") is None


def test_an_interruption_says_what_was_cut_and_late_deltas_are_left_out() -> None:
    time = Virtual()
    time.player.feed(Delta("a", tone(500)))
    time.player.feed(Delta("b", tone(500)))
    time.passes(620)
    assert time.player.interrupt() == (Position("b", 0, 500, 120, 120, cut=True),)
    assert not time.player.feed(Delta("b", tone(500)))
    assert time.player.feed(Delta("c", tone(20)))
    assert time.player.unheard_ms == 20


def test_what_was_heard_becomes_local_events() -> None:
    time = Virtual()
    time.player.feed(Delta("a", tone(500)))
    time.passes(200)
    assert time.player.heard(step_ms=100) == (PlaybackHeard(item_id="a", content_index=0, heard_ms=200),)
    time.passes(50)
    assert time.player.heard(step_ms=100) == ()
    time.player.interrupt()
    assert time.player.heard(step_ms=100) == (PlaybackHeard(item_id="a", content_index=0, heard_ms=250),)


async def test_a_listener_is_told_step_by_step() -> None:
    time, told = Virtual(), list[PlaybackHeard]()
    time.player.feed(Delta("a", tone(250)))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(time.player.tell, told.append)
        while len(told) < 3:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert [event.heard_ms for event in told] == [100, 200, 250]


async def test_a_listener_that_is_sent_away_is_told_the_rest() -> None:
    time, told = Virtual(), list[PlaybackHeard]()
    time.player.feed(Delta("a", PCM.silence(10_000)))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(time.player.tell, told.append)
        while not told:
            await anyio.lowlevel.checkpoint()
        time.passes(30)
        tasks.cancel_scope.cancel()
    assert told[-1].heard_ms % 100 == 30
    assert time.player.position("a") == Position("a", 0, 10_000, 10_000, told[-1].heard_ms)


async def test_one_can_wait_until_all_was_heard() -> None:
    time = Virtual()
    time.player.feed(Delta("a", tone(250)))
    await time.player.drained()
    assert time.at_ns >= 250_000_000
    assert time.player.position("a") == Position("a", 0, 250, 250, 250)


async def test_in_real_time_a_player_keeps_the_loops_pace() -> None:
    player = Player()
    player.feed(Delta("a", PCM.silence(30)))
    started = anyio.current_time()
    await player.drained(every_ms=1)
    assert anyio.current_time() - started >= 0.029
