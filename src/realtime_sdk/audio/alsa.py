"""Linux's sound library prints whatever it misses to stderr, over what a program shows. Here it is told not to."""

import ctypes
import sys
from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

__all__ = ["quiet"]

_ONE_AT_A_TIME = Lock()
_SHAPE = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
_NOTHING_SAID = _SHAPE(lambda *_: None)
"""What went wrong is raised by who opens the device."""


@contextmanager
def quiet() -> Generator[None, None, None]:
    """Look for a device, or open one, without ALSA's lines on stderr. Does nothing where there is no ALSA."""
    library = _library()
    if library is None:
        yield
        return
    with _ONE_AT_A_TIME:
        library.snd_lib_error_set_handler(_NOTHING_SAID)
        try:
            yield
        finally:
            library.snd_lib_error_set_handler(None)


def _library() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL("libasound.so.2")
    except OSError:
        return None
