"""The sound of items as it is kept: whatever the wire speaks, 24 kHz PCM16 comes out, and no more than five minutes."""

import pytest

from realtime_sdk.audio.formats import PCM, PCMU, WireFormat, wire_format
from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.spoken import MicrophoneTape, Voices
from realtime_sdk.audio.wires import input_wire, output_wire
from realtime_sdk.state import RealtimeState
from tests import said

SECOND = PCM16_24K.bytes_per_second


def speaking(wire: str) -> RealtimeState:
    direction = {"format": {"type": wire}}
    session = {"type": "realtime", "id": "sess_1", "audio": {"input": direction, "output": direction}}
    return said.after(said.server("session.created", session=session))


@pytest.mark.parametrize("name", ["audio/pcm", "audio/pcmu", "audio/pcma"])
def test_a_session_has_the_formats_that_it_says(name: str) -> None:
    state = speaking(name)
    assert (input_wire(state), output_wire(state)) == (wire_format(name), wire_format(name))


def test_a_session_that_says_nothing_speaks_pcm() -> None:
    assert (input_wire(RealtimeState.empty()), output_wire(speaking("audio/opus"))) == (PCM, PCM)


@pytest.mark.parametrize("wire", [PCM, PCMU])
def test_the_sound_of_an_item_is_what_its_deltas_were_and_is_given_once(wire: WireFormat) -> None:
    voices, state = Voices(), speaking(wire.name)
    pieces = [voices.take(said.sound("a", 100), state) for _ in range(4)]
    voices.take(said.sound("b", 20), state)
    whole = voices.of("a")
    assert (whole.startswith(b"".join(pieces)), voices.of("a")) == (True, b"")
    assert len(whole) == (4 * len(said.sound("a", 100).pcm) if wire is PCM else len(whole))


def test_sound_that_is_not_kept_is_handed_on_all_the_same() -> None:
    voices, delta = Voices(keep=False), said.sound("a", 100)
    assert (voices.take(delta, RealtimeState.empty()), voices.of("a")) == (delta.pcm, b"")


def test_five_minutes_of_a_voice_are_kept() -> None:
    voices, delta = Voices(), said.sound("a", 60_000)
    for _ in range(7):
        voices.take(delta, RealtimeState.empty())
    assert len(voices.of("a")) == 300 * SECOND


def heard(start_ms: int, end_ms: int) -> RealtimeState:
    return said.after(
        said.server("input_audio_buffer.speech_started", item_id="u", audio_start_ms=start_ms),
        said.server("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=end_ms),
    )


def test_the_microphone_gives_the_sound_of_a_turn_of_the_last_five_minutes() -> None:
    tape = MicrophoneTape(RealtimeState.empty())
    for second in range(310):
        tape.add(bytes([second % 200]) * SECOND)
    of = [tape.of("u", heard(start_ms, end_ms)) for start_ms, end_ms in ((305_500, 306_500), (2_000, 3_000))]
    assert of == [bytes([105]) * (SECOND // 2) + bytes([106]) * (SECOND // 2), b""]


def test_the_microphone_knows_nothing_of_other_items() -> None:
    tape = MicrophoneTape(RealtimeState.empty())
    tape.add(bytes(SECOND))
    assert tape.of("typed", heard(0, 500)) == b""
