from collections.abc import Callable

from hypothesis import given, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from realtime_sdk.audio.formats import PCM, PCMU
from realtime_sdk.audio.playback import PlaybackBuffer, Position

MS = 1_000_000


def sound(ms: int, value: int = 1) -> bytes:
    return bytes([value, 0]) * (24 * ms)


def heard(buffer: PlaybackBuffer, item_id: str = "a") -> int:
    position = buffer.position(item_id)
    assert position is not None
    return position.heard_ms


def test_without_an_outlet_sound_is_heard_in_real_time() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(1_000), at_ns=0)
    buffer.tick(250 * MS)
    assert buffer.positions() == (Position("a", 0, received_ms=1_000, queued_ms=1_000, heard_ms=250),)
    assert (buffer.waiting_ms, buffer.unheard_ms, buffer.playing) == (0, 750, True)


def test_a_pause_between_deltas_is_not_heard_sound() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(100), at_ns=0)
    buffer.feed("a", 0, sound(100), at_ns=500 * MS)
    buffer.tick(550 * MS)
    assert heard(buffer) == 150


def test_the_clock_starts_with_the_first_tick_and_never_goes_back() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(1_000))
    buffer.tick(10_000 * MS)
    assert heard(buffer) == 0
    buffer.tick(10_100 * MS)
    buffer.tick(9_000 * MS)
    buffer.tick(10_050 * MS)
    assert heard(buffer) == 100


def test_latency_is_waited_for_once_a_dry_line_is_filled() -> None:
    buffer = PlaybackBuffer(direct=True, latency_ms=40)
    buffer.feed("a", 0, sound(100), at_ns=0)
    buffer.feed("a", 0, sound(100), at_ns=20 * MS)
    buffer.tick(40 * MS)
    assert heard(buffer) == 0
    buffer.tick(190 * MS)
    assert heard(buffer) == 150


def test_many_small_ticks_lose_no_time() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(1_000), at_ns=0)
    for at_ns in range(0, 500 * MS + 1, 7_777):
        buffer.tick(at_ns)
    buffer.tick(500 * MS)
    assert heard(buffer) == 500


def test_an_outlet_takes_in_order_and_items_follow_each_other() -> None:
    buffer = PlaybackBuffer()
    buffer.feed("a", 0, sound(20, 1))
    buffer.feed("b", 0, sound(20, 2))
    buffer.feed("a", 0, sound(20, 3))
    assert buffer.take(10**6) == sound(20, 1) + sound(20, 3) + sound(20, 2)
    assert buffer.take(10**6) == b""


def test_an_outlet_that_reports_bytes_moves_the_position() -> None:
    buffer = PlaybackBuffer()
    buffer.feed("a", 0, sound(100))
    buffer.feed("b", 0, sound(100))
    buffer.take(150 * 48)
    buffer.played(120 * 48)
    assert buffer.positions() == (Position("a", 0, 100, 100, 100), Position("b", 0, 100, 50, 20))
    buffer.played(10**9)
    assert heard(buffer, "b") == 50


def test_a_bridge_that_gets_marks_back_moves_the_position() -> None:
    buffer = PlaybackBuffer(PCMU)
    buffer.feed("a", 0, bytes(8 * 300))
    buffer.take(8 * 100)
    first = buffer.mark()
    buffer.take(8 * 100)
    second = buffer.mark()
    buffer.reached(first)
    assert heard(buffer) == 100
    buffer.reached(second)
    buffer.reached(first)
    assert heard(buffer) == 200


def test_marks_that_come_back_after_an_interruption_say_nothing() -> None:
    buffer = PlaybackBuffer()
    buffer.feed("a", 0, sound(100))
    buffer.take(4_800)
    mark = buffer.mark()
    buffer.clear()
    buffer.feed("b", 0, sound(100))
    buffer.take(4_800)
    buffer.reached(mark)
    assert (heard(buffer, "a"), heard(buffer, "b")) == (0, 0)


def test_an_interruption_stops_at_once_and_says_what_was_cut() -> None:
    buffer = PlaybackBuffer()
    for item_id in "abc":
        buffer.feed(item_id, 0, sound(100))
    buffer.take(250 * 48)
    buffer.played(150 * 48)
    assert buffer.clear() == (Position("b", 0, 100, 50, 50, cut=True), Position("c", 0, 100, 0, 0, cut=True))
    assert buffer.take(48) == b""
    assert buffer.clear() == ()


def test_deltas_of_an_interrupted_item_are_not_played_and_others_are() -> None:
    buffer = PlaybackBuffer()
    buffer.feed("a", 0, sound(100))
    buffer.clear()
    assert not buffer.feed("a", 0, sound(100))
    assert buffer.feed("b", 0, sound(20))
    assert buffer.take(10**6) == sound(20)
    assert buffer.position("a") == Position("a", 0, 200, 0, 0, cut=True)


def test_an_item_that_was_heard_as_far_as_it_had_come_does_not_go_on_after_an_interruption() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(100), at_ns=0)
    buffer.feed("b", 0, sound(100), at_ns=0)
    assert buffer.clear(at_ns=100 * MS) == (Position("b", 0, 100, 0, 0, cut=True),)
    assert buffer.position("a") == Position("a", 0, 100, 100, 100)
    assert not buffer.feed("a", 0, sound(50))
    assert not buffer.feed("b", 1, sound(50))
    assert (buffer.playing, buffer.position("a")) == (False, Position("a", 0, 150, 100, 100, cut=True))


def test_an_odd_byte_waits_for_its_other_half_in_its_own_item() -> None:
    buffer = PlaybackBuffer()
    buffer.feed("a", 0, b"\x01\x00\x02")
    buffer.feed("b", 0, b"\x05\x00")
    buffer.feed("a", 0, b"\x00")
    assert buffer.take(5) == b"\x01\x00\x02\x00"
    assert buffer.take(5) == b"\x05\x00"


def test_parts_of_an_item_have_positions_of_their_own() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(100), at_ns=0)
    buffer.feed("a", 1, sound(100), at_ns=0)
    buffer.tick(130 * MS)
    assert [(part.content_index, part.heard_ms) for part in buffer.positions()] == [(0, 100), (1, 30)]
    assert buffer.position("a", 2) is None


def test_reports_tell_each_step_the_end_and_the_cut_once() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(130), at_ns=0)
    buffer.feed("b", 0, sound(100), at_ns=0)
    told = []
    for now_ms in (60, 110, 120, 140, 150):
        buffer.tick(now_ms * MS)
        told.append([(part.item_id, part.heard_ms) for part in buffer.reports(step_ms=50)])
    assert told == [[("a", 60)], [("a", 110)], [], [("a", 130)], []]
    buffer.clear()
    assert [(part.item_id, part.heard_ms, part.cut) for part in buffer.reports(step_ms=50)] == [("b", 20, True)]
    assert buffer.reports() == ()


def test_what_was_cut_unheard_is_no_news() -> None:
    buffer = PlaybackBuffer(direct=True)
    buffer.feed("a", 0, sound(100), at_ns=0)
    buffer.clear()
    assert buffer.reports() == ()


class Playing(RuleBasedStateMachine):
    """Any order of calls."""

    def __init__(self) -> None:
        super().__init__()
        self.buffer = PlaybackBuffer(latency_ms=5)
        self.marks = [self.buffer.mark()]
        self.fed: dict[str, bytes] = {}
        self.taken = b""
        self.before: dict[str, Position] = {}

    @rule(item=st.sampled_from("abc"), piece=st.binary(max_size=200), at_ns=st.none() | st.integers(0, 10**8))
    def feed(self, item: str, piece: bytes, at_ns: int | None) -> None:
        if self.buffer.feed(item, 0, piece, at_ns=at_ns):
            self.fed[item] = self.fed.get(item, b"") + piece

    @rule(size=st.integers(0, 300), at_ns=st.none() | st.integers(0, 10**8))
    def take(self, size: int, at_ns: int | None) -> None:
        taken = self.buffer.take(size, at_ns=at_ns)
        assert len(taken) <= size
        assert len(taken) % 2 == 0
        self.taken += taken
        self.marks.append(self.buffer.mark())

    @rule(size=st.integers(0, 300))
    def played(self, size: int) -> None:
        self.buffer.played(size)

    @rule(at_ns=st.integers(0, 10**8))
    def tick(self, at_ns: int) -> None:
        self.buffer.tick(at_ns)

    @rule(pick=st.integers(0, 100))
    def reached(self, pick: int) -> None:
        self.buffer.reached(self.marks[pick % len(self.marks)])

    @rule()
    def clear(self) -> None:
        cut = self.buffer.clear()
        assert all(part.heard_ms <= part.received_ms and part.cut for part in cut)
        assert self.buffer.unheard_ms == self.buffer.waiting_ms == 0
        assert not self.buffer.playing
        assert self.buffer.take(100) == b""

    @invariant()
    def heard_never_passes_queued_nor_queued_received(self) -> None:
        for part in self.buffer.positions():
            assert 0 <= part.heard_ms <= part.queued_ms <= part.received_ms

    @invariant()
    def heard_and_received_never_go_back(self) -> None:
        now = {part.item_id: part for part in self.buffer.positions()}
        for item_id, was in self.before.items():
            assert now[item_id].heard_ms >= was.heard_ms
            assert now[item_id].received_ms >= was.received_ms
        self.before = now


Playing.TestCase.settings = settings(stateful_step_count=25)
TestPlaying: Callable[[], None] = Playing.TestCase


@given(st.lists(st.binary(min_size=1, max_size=100)), st.integers(1, 50))
def test_what_is_taken_is_what_was_fed(pieces: list[bytes], size: int) -> None:
    buffer = PlaybackBuffer(PCM)
    for piece in pieces:
        buffer.feed("a", 0, piece)
    taken = b"".join(iter(lambda: buffer.take(2 * size), b""))
    joined = b"".join(pieces)
    assert taken == joined[: len(joined) - len(joined) % 2]
