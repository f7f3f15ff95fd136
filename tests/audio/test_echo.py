from hypothesis import given, strategies as st

from realtime_sdk.audio.echo import EchoGate
from realtime_sdk.audio.formats import PCM, PCMU
from tests.audio.sounds import tone

LOUD = tone(20)
QUIET = PCM.silence(20)


def test_the_microphone_is_mute_while_the_assistant_is_heard_and_a_little_longer() -> None:
    gate = EchoGate(tail_ms=40)
    heard = [False, True, True, False, False, False]
    assert [gate.feed(LOUD, heard=now) for now in heard] == [LOUD, QUIET, QUIET, QUIET, QUIET, LOUD]


def test_with_headphones_the_user_can_speak_over_the_assistant() -> None:
    gate = EchoGate(headphones=True)
    assert [gate.feed(LOUD, heard=now) for now in (True, False)] == [LOUD, LOUD]


def test_telephony_is_muted_with_its_own_silence() -> None:
    assert EchoGate(PCMU).feed(b"\x01\x02\x03", heard=True) == b"\xff\xff\xff"


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans())))
def test_what_is_let_through_lasts_as_long_as_what_came_in(pieces: list[tuple[int, bool]]) -> None:
    gate = EchoGate()
    assert all(len(gate.feed(bytes(2 * samples), heard=heard)) == 2 * samples for samples, heard in pieces)
