"""Known limits of a server, as numbers to check against before it refuses."""

from dataclasses import dataclass

__all__ = ["Limits"]

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server accepts, None where it is not known to have a limit.

    The defaults are those of OpenAI's Realtime API in 2026.
    """

    session_ms: int | None = 3_600_000
    append_bytes: int | None = 15 * MIB
    """Longest audio of one input_audio_buffer.append, counted in its base64 text to be safe."""
    commit_ms: int | None = 100
    """Least audio that has to be in the buffer for a commit."""
    event_id_chars: int | None = 512
    item_id_chars: int | None = 32
    call_id_chars: int | None = 32
    metadata_pairs: int | None = 16
    metadata_key_chars: int | None = 64
    metadata_value_chars: int | None = 512
    output_tokens: int | None = 4_096
    idle_timeout_ms: tuple[int, int] | None = (5_000, 30_000)
    speed: tuple[float, float] | None = (0.25, 1.5)
