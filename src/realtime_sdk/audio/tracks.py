"""How a session sounded: a fold of its log into a track of the user and one of the assistant, aligned in time.

Memory is flat in the length of the log: tracks lie in temporary files. The times are those of the log; where a capture
has none, sound follows sound. Stereo and single tracks as WAV need the core install only.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Literal, Self

from realtime_sdk.audio.formats import PCM
from realtime_sdk.audio.packed import open_log
from realtime_sdk.audio.pcm import PcmFormat
from realtime_sdk.audio.recording import Recording, record, stop
from realtime_sdk.audio.sink import AudioSink
from realtime_sdk.audio.tape import Tape
from realtime_sdk.fold import Fold, fold

__all__ = ["LAYOUTS", "Cut", "Export", "Layout", "Tracks", "export_tracks", "tracks"]

Layout = Literal["stereo", "mixed", "user", "assistant"]

_BLOCK_MS = 1_000


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of an item that was interrupted: of `placed_ms` that had come, `heard_ms` were heard."""

    item_id: str
    content_index: int
    heard_ms: int
    placed_ms: int


class Tracks:
    """Two tracks of one length, from the start of the log, mono PCM16 at 24 kHz. Close them when done.

    `cuts` says what was interrupted, oldest first; `left_out` how many records of the log are silence here, because
    it was kept without their sound.
    """

    def __init__(self, user: Tape, assistant: Tape, cuts: tuple[Cut, ...] = (), *, left_out: int = 0) -> None:
        self.user = user
        self.assistant = assistant
        self.cuts = cuts
        self.left_out = left_out

    @property
    def duration_ms(self) -> int:
        """To the end of the later track."""
        return max(self.user.duration_ms, self.assistant.duration_ms)

    def blocks(self, layout: Layout = "stereo") -> Iterator[bytes]:
        """The sound in blocks of a second, the last shorter; `stereo` has the user left and the assistant right."""
        end = max(self.user.samples, self.assistant.samples)
        size = PCM.pcm.samples_in_ms(_BLOCK_MS)
        both = zip(self.user.blocks(size, end=end), self.assistant.blocks(size, end=end), strict=True)
        return (LAYOUTS[layout][1](user, assistant) for user, assistant in both)

    def export(self, path: str | Path, *, layout: Layout = "stereo", overwrite: bool = False) -> None:
        """Write WAV, FLAC or Opus, by the suffix of `path`. Errors as for AudioSink.

        What is unfinished is removed; a file that is overwritten is whole until the new one is.
        """
        path = Path(path)
        part = path.with_name(f".part-{path.name}") if overwrite and path.is_file() else path
        with AudioSink(part, LAYOUTS[layout][0], overwrite=overwrite) as sink:
            try:
                for block in self.blocks(layout):
                    sink.write(block)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        if part != path:
            part.replace(path)

    def close(self) -> None:
        """Give back the temporary files."""
        self.user.close()
        self.assistant.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def tracks(*, heard: bool = True) -> Fold[Recording, Tracks]:
    """A fold that gives the Tracks of a log, live or afterwards.

    With `heard` the assistant is cut where the user interrupted it: where the item was truncated, else where the
    player last reported it. Else all that was generated is there.
    """
    return Fold(partial(Recording, as_heard=heard), record, _tracks)


@dataclass(frozen=True, slots=True)
class Export:
    """What `export_tracks` wrote. Of `left_out` records the log has no sound: they are silence."""

    path: Path
    duration_ms: int
    user_ms: int
    assistant_ms: int
    cuts: tuple[Cut, ...]
    left_out: int = 0


def export_tracks(
    log: str | PathLike[str],
    path: str | Path | None = None,
    *,
    layout: Layout = "stereo",
    heard: bool = True,
    dialect: str | None = None,
    overwrite: bool = False,
) -> Export:
    """Write the tracks of a log file, packed or not, to a sound file: `path`, or the log's name with `.wav`.

    What `realtime-sdk tracks LOG` does. Errors: LogFormatError, AudioFormatError, FileExistsError, OSError.
    """
    target = Path(path) if path is not None else _beside(Path(log))
    with open_log(log) as records, fold(records, tracks(heard=heard), dialect=dialect) as found:
        found.export(target, layout=layout, overwrite=overwrite)
        user_ms, assistant_ms = found.user.duration_ms, found.assistant.duration_ms
        return Export(target, found.duration_ms, user_ms, assistant_ms, found.cuts, found.left_out)


def _beside(log: Path) -> Path:
    bare = log.with_suffix("") if log.suffix == ".gz" else log
    return bare.with_suffix(".wav")


def _stereo(user: bytes, assistant: bytes) -> bytes:
    both = array("h", bytes(len(user) + len(assistant)))
    both[0::2], both[1::2] = array("h", user), array("h", assistant)
    return both.tobytes()


def _mixed(user: bytes, assistant: bytes) -> bytes:
    from realtime_sdk.audio.floats import mix

    return mix([user, assistant])


LAYOUTS: Mapping[Layout, tuple[PcmFormat, Callable[[bytes, bytes], bytes]]] = MappingProxyType(
    {
        "stereo": (PcmFormat(PCM.rate_hz, 2), _stereo),
        "mixed": (PCM.pcm, _mixed),
        "user": (PCM.pcm, lambda user, _: user),
        "assistant": (PCM.pcm, lambda _, assistant: assistant),
    }
)
"""How two tracks become one file: its format, and what is done with a block of each."""


def _tracks(recording: Recording) -> Tracks:
    user, assistant = stop(recording).user, recording.assistant
    cuts = [Cut(*key, heard_ms, placed_ms) for key, heard_ms, placed_ms in assistant.cuts]
    return Tracks(user.tape, assistant.tape, tuple(cuts), left_out=recording.left_out)
