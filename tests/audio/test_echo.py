import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass

from hypothesis import given, strategies as st

from realtime_sdk.audio.devices import Microphone, Speaker
from realtime_sdk.audio.echo import EchoGate
from realtime_sdk.audio.formats import PCM, PCMU
from realtime_sdk.audio.pacing import pace
from realtime_sdk.audio.player import Player
from tests.audio.sounds import tone

LOUD = tone(20)
QUIET = PCM.silence(20)


@dataclass
class Delta:
    item_id: str
    pcm: bytes
    content_index: int = 0


def test_the_microphone_is_mute_while_the_assistant_is_heard_and_a_little_longer() -> None:
    gate = EchoGate(tail_ms=40)
    heard = [False, True, True, False, False, False]
    assert [gate.feed(LOUD, heard=now) for now in heard] == [LOUD, QUIET, QUIET, QUIET, QUIET, LOUD]


def test_with_headphones_the_user_can_speak_over_the_assistant() -> None:
    gate = EchoGate(headphones=True)
    assert [gate.feed(LOUD, heard=now) for now in (True, False)] == [LOUD, LOUD]


def test_telephony_is_muted_with_its_own_silence() -> None:
    assert EchoGate(PCMU).feed(b"\x01\x02\x03", heard=True) == b"\xff\xff\xff"


async def test_a_microphone_goes_through_the_gate_until_the_speaker_has_been_silent_for_a_while() -> None:
    async with Speaker(period_ms=5, null=True) as speaker:
        speaker.feed(Delta("a", tone(40)))

        async def microphone() -> AsyncIterator[bytes]:
            yield LOUD
            await speaker.drained(every_ms=1)
            for _ in range(3):
                yield LOUD

        gate = EchoGate(tail_ms=40)
        sent = [(sound, gate.closed) async for sound in gate.through(microphone(), speaker)]
    assert sent == [(QUIET, True), (QUIET, True), (QUIET, True), (LOUD, False)]


async def test_a_microphone_with_headphones_is_never_mute() -> None:
    player = Player()
    player.feed(Delta("a", tone(10_000)))
    gate = EchoGate(headphones=True)
    sent = [(sound, gate.closed) async for sound in gate.through(pace([LOUD] * 3, 20, speed=None), player)]
    assert sent == [(LOUD, False)] * 3


async def test_what_comes_through_the_gate_may_be_left_at_any_time() -> None:
    async with Microphone(piece_ms=5, null=True) as microphone:
        async for sound in EchoGate().through(microphone, Player()):
            assert sound == PCM.silence(5)
            break
    gc.collect()  # trio's complaint of a generator that was left would come now


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans())))
def test_what_is_let_through_lasts_as_long_as_what_came_in(pieces: list[tuple[int, bool]]) -> None:
    gate, fed, given = EchoGate(), 0, 0
    for size, heard in pieces:
        fed += size
        given += len(gate.feed(bytes(size), heard=heard))
        assert given == fed - fed % 2


def test_an_odd_byte_of_a_muted_piece_does_not_shift_the_samples_behind_it() -> None:
    gate = EchoGate(tail_ms=0)
    assert gate.feed(LOUD[:481], heard=True) + gate.feed(LOUD[481:], heard=False) == bytes(480) + LOUD[480:]


def test_the_tail_ends_however_small_the_pieces_are() -> None:
    gate = EchoGate(tail_ms=1)
    gate.feed(LOUD, heard=True)
    assert [gate.feed(b"\1\1" * 8, heard=False)[:1] for _ in range(4)] == [b"\0", b"\0", b"\0", b"\1"]
