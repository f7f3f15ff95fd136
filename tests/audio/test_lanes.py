from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.audio.formats import PCM, PCMU
from realtime_sdk.audio.lanes import Lane
from tests.audio.sounds import tone

A, B = ("a", 0), ("b", 0)


@pytest.fixture
def lane() -> Iterator[Lane]:
    lane = Lane()
    yield lane
    lane.tape.close()


def sounding(lane: Lane) -> list[tuple[int, int]]:
    """Where the tape is not silent, in ms: (from, to)."""
    lane.finish()
    loud = [any(block) for block in lane.tape.blocks(24)]
    edges = [at for at in range(len(loud) + 1) if (at > 0 and loud[at - 1]) != (at < len(loud) and loud[at])]
    return list(zip(edges[0::2], edges[1::2], strict=True))


def ms(samples_ms: int) -> int:
    return 24 * samples_ms


def test_pieces_lie_where_their_time_says_or_behind_the_one_before(lane: Lane) -> None:
    lane.place(A, tone(100), PCM, ms(50))
    lane.place(A, tone(100), PCM, ms(60))
    lane.place(B, tone(50), PCM, ms(400))
    assert sounding(lane) == [(50, 250), (400, 450)]


def test_a_piece_within_the_slack_follows_without_a_gap() -> None:
    lane = Lane(slack_ms=100)
    for at_ms in (0, 150, 400):
        lane.place(A, tone(100), PCM, ms(at_ms))
    assert sounding(lane) == [(0, 200), (400, 500)]
    lane.tape.close()


def test_a_part_is_cut_at_the_millisecond_and_later_pieces_of_it_are_left_out(lane: Lane) -> None:
    lane.place(A, tone(500), PCM, 0)
    lane.cut(A, 123)
    lane.place(A, tone(500), PCM, ms(200))
    lane.place(B, tone(100), PCM, ms(200))
    assert sounding(lane) == [(0, 123), (200, 300)]
    assert lane.cuts == [(A, 123, 500)]


def test_after_a_cut_the_next_part_does_not_wait_for_what_was_cut(lane: Lane) -> None:
    lane.place(A, tone(500), PCM, 0)
    lane.place(B, tone(500), PCM, ms(10))
    lane.cut(A, 300)
    lane.cut(B, 0)
    lane.place(("c", 0), tone(100), PCM, ms(310))
    assert sounding(lane) == [(0, 300), (310, 410)]


def test_a_cut_goes_over_the_gaps_of_a_part(lane: Lane) -> None:
    lane.place(A, tone(100), PCM, 0)
    lane.place(A, tone(100), PCM, ms(300))
    lane.cut(A, 150)
    assert sounding(lane) == [(0, 100), (300, 350)]


def test_what_was_reported_heard_decides_in_the_end_unless_all_was(lane: Lane) -> None:
    lane.place(A, tone(100), PCM, 0)
    lane.place(B, tone(100), PCM, 0)
    lane.heard(A, 100)
    lane.heard(B, 20)
    lane.heard(B, 40)
    assert sounding(lane) == [(0, 140)]
    assert lane.cuts == [(B, 40, 100)]


def test_a_part_nobody_knows_cannot_be_cut(lane: Lane) -> None:
    lane.cut(A, 0)
    lane.heard(A, 0)
    assert (lane.placed_ms(A), lane.elapsed_ms(A, 10), lane.keys_of("a")) == (None, 0, [])


def test_telephony_is_resampled_and_keeps_its_place(lane: Lane) -> None:
    sound = PCMU.from_pcm16(tone(300, PCMU.pcm))
    for start in range(0, len(sound), 333):
        lane.place(A, sound[start : start + 333], PCMU, ms(50))
    lane.place(B, tone(100), PCM, ms(500))
    lane.finish()
    assert lane.tape.duration_ms == 600
    assert lane.placed_ms(A) == 300


def test_only_the_last_parts_are_remembered(lane: Lane) -> None:
    for number in range(300):
        lane.place((str(number), 0), tone(1), PCM, 0)
    assert lane.placed_ms(("0", 0)) is None
    lane.cut(("0", 0), 0)
    lane.cut(("299", 0), 0)
    assert sounding(lane)[-1][1] == 299


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.integers(0, 200), st.integers(-1, 40))))
def test_sound_is_never_laid_over_sound(steps: list[tuple[str, int, int, int]]) -> None:
    lane = Lane()
    kept: dict[str, int] = {}
    cut: set[str] = set()
    for item, length_ms, at_ms, cut_ms in steps:
        if item not in cut:
            lane.place((item, 0), b"\1\0" * ms(length_ms), PCM, ms(at_ms))
            kept[item] = kept.get(item, 0) + length_ms
        if cut_ms >= 0:
            lane.cut((item, 0), cut_ms)
            if length_ms or item in kept:
                cut.add(item)
                kept[item] = min(kept[item], cut_ms)
    lane.finish()
    sound = b"".join(lane.tape.blocks(1_000))
    assert sound.count(1) == sum(ms(length) for length in kept.values())
    assert lane.tape.samples == lane.end
    lane.tape.close()
