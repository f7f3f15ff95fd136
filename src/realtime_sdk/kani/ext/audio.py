"""Microphone and speaker."""

from realtime_sdk.kani.sound_card import *  # noqa: F403
from realtime_sdk.kani.sound_card import __all__ as __all__
