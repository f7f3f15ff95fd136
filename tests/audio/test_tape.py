from hypothesis import given, strategies as st

from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.tape import Tape

writes = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 40), st.booleans()), max_size=20)


@given(writes, st.integers(1, 50), st.sampled_from([16, 1 << 20]))
def test_a_tape_is_an_array_that_starts_silent(steps: list[tuple[int, int, bool]], block: int, in_memory: int) -> None:
    model = bytearray()
    with Tape(in_memory=in_memory) as tape:
        for index, (at, count, is_sound) in enumerate(steps, 1):
            if is_sound:
                sound = bytes([index, 0]) * count
                model.extend(bytes(max(0, 2 * (at + count) - len(model)) if count else 0))
                model[2 * at : 2 * (at + count)] = sound
                tape.write(at, sound)
            else:
                model[2 * at : 2 * (at + count)] = bytes(len(model[2 * at : 2 * (at + count)]))
                tape.silence(at, at + count)
        assert tape.samples == len(model) // 2
        assert b"".join(tape.blocks(block)) == bytes(model)
        assert b"".join(tape.blocks(block, end=300)) == bytes(model).ljust(600, b"\0")


def test_a_tape_can_be_shortened_and_tells_its_length() -> None:
    with Tape() as tape:
        tape.write(0, PCM16_24K.silence(100))
        tape.trim(24 * 60)
        tape.trim(24 * 80)
        assert tape.duration_ms == 60
    tape.close()
