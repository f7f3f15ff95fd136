"""Chatting in the terminal."""

from realtime_sdk.kani.terminal import *  # noqa: F403
from realtime_sdk.kani.terminal import __all__ as __all__
