"""ALSA's own lines, on machines that have it; elsewhere nothing is there to be quiet."""

import ctypes

import pytest

from realtime_sdk.audio import alsa


class Library:
    def __init__(self) -> None:
        self.handlers: list[object] = []

    def snd_lib_error_set_handler(self, handler: object) -> None:
        self.handlers.append(handler)


def test_alsa_says_nothing_for_a_while_and_then_what_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setattr(alsa.sys, "platform", "linux")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    with alsa.quiet():
        (silent,) = library.handlers
        assert silent(b"file.c", 1, b"open", -2, b"no card") is None  # type: ignore[operator]
    assert library.handlers == [silent, None]


def test_where_there_is_no_alsa_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    for platform in ("linux", "darwin"):
        monkeypatch.setattr(alsa.sys, "platform", platform)
        with alsa.quiet():
            pass
