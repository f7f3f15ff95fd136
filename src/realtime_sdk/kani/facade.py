"""What `kani.ext.realtime` itself gives: the names people import from there, and the provider for Kani's command."""

from realtime_sdk.kani.cli_provider import CLI_PROVIDERS
from realtime_sdk.kani.engine import RealtimeEngine
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.kani.replying import reply_with
from realtime_sdk.kani.sound_card import audio_to_b64, get_audio_stream, list_mics, play_audio
from realtime_sdk.kani.terminal import chat_in_terminal_audio, chat_in_terminal_audio_async
from realtime_sdk.protocol.seed.models import ResponseConfig, SessionConfig

__all__ = [
    "CLI_PROVIDERS",
    "AudioPart",
    "OpenAIRealtimeKani",
    "RealtimeEngine",
    "ResponseConfig",
    "SessionConfig",
    "audio_to_b64",
    "chat_in_terminal_audio",
    "chat_in_terminal_audio_async",
    "get_audio_stream",
    "list_mics",
    "play_audio",
    "reply_with",
]
