"""What was heard of a text that was cut."""

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.state.heard import heard_text

WORDS = (("Hello", 0), (" there,", 0), (" how", 4800), (" are", 4800), (" you?", 9600))
TEXT = "Hello there, how are you?"


@pytest.mark.parametrize(
    ("heard_bytes", "heard"),
    [
        (0, ""),
        (-48, ""),
        (2400, "Hello"),
        (4800, "Hello there,"),
        (4801, "Hello there,"),
        (9600, "Hello there, how are"),
        (14399, "Hello there, how are"),
        (14400, TEXT),
        (99999, TEXT),
    ],
)
def test_the_text_of_each_delta_is_spread_over_the_audio_until_the_next(heard_bytes: int, heard: str) -> None:
    assert heard_text(TEXT, WORDS, 14400, heard_bytes) == heard


def test_a_text_that_came_without_deltas_is_spread_over_all_audio() -> None:
    assert heard_text("one two three four", (), 1800, 1000) == "one two"


def test_a_text_without_blanks_is_cut_at_the_character() -> None:
    assert heard_text("今日はとても良い天気です", (), 1200, 600) == "今日はとても"


texts = st.lists(st.tuples(st.text(max_size=8), st.integers(0, 500)), max_size=8)


@given(texts, st.integers(0, 500), st.integers(-10, 1100), st.integers(0, 200))
def test_what_was_heard_is_a_beginning_and_grows_with_the_position(
    chunks: list[tuple[str, int]], tail: int, heard_bytes: int, more: int
) -> None:
    at, spoken = 0, []
    for text, step in chunks:
        spoken.append((text, at))
        at += step
    text = "".join(text for text, _ in spoken)
    first = heard_text(text, tuple(spoken), at + tail, heard_bytes)
    later = heard_text(text, tuple(spoken), at + tail, heard_bytes + more)
    assert text.startswith(first)
    assert later.startswith(first)
