"""The words of the commands about a log's sound: `tracks`, `log pack`, `log unpack`. Their work is in `sound`."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from realtime_sdk.cli.ending import as_endings

__all__ = ["log", "tracks"]

log = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Make a log small, and whole again.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

LogArgument = Annotated[Path, typer.Argument(metavar="LOG", help="A log, or a capture of frames; gzip too.")]


def tracks(
    log: LogArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help=".wav, .flac or .opus. By default the log's name, .wav."),
    ] = None,
    layout: Annotated[
        Literal["stereo", "mixed", "user", "assistant"],
        typer.Option("--layout", help="stereo has the user left and the assistant right."),
    ] = "stereo",
    generated: Annotated[
        bool, typer.Option("--generated", help="All that the assistant said, also what was never heard.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite a file that is there.")] = False,
    dialect: Annotated[
        str | None,
        typer.Option("--dialect", metavar="NAME", help="How to read the frames; found from the first ones by default."),
    ] = None,
) -> None:
    """Write how a session sounded, as a sound file.

    The user is left and the assistant right, aligned in time, the assistant as it was heard.

    \b
    realtime-sdk tracks call.jsonl
    realtime-sdk tracks call.jsonl -o call.opus --layout mixed
    realtime-sdk tracks call.jsonl -o all.flac --generated
    """
    with as_endings():
        from realtime_sdk.cli.sound import write_tracks

        write_tracks(log, output, layout=layout, heard=not generated, force=force, dialect=dialect)
        sys.stdout.flush()


@log.command()
def pack(
    log: LogArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="By default call.packed.jsonl for call.jsonl."),
    ] = None,
) -> None:
    """Put the sound of a log beside it as FLAC.

    The log stays; what was packed is compared with it first.

    \b
    realtime-sdk log pack call.jsonl
    """
    with as_endings():
        from realtime_sdk.cli.sound import pack_log

        pack_log(log, output)
        sys.stdout.flush()


@log.command()
def unpack(
    log: LogArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="PATH", help="By default call.jsonl for call.packed.jsonl."),
    ] = None,
) -> None:
    """Make a packed log whole again: every frame, byte for byte.

    \b
    realtime-sdk log unpack call.packed.jsonl
    """
    with as_endings():
        from realtime_sdk.cli.sound import unpack_log

        unpack_log(log, output)
        sys.stdout.flush()
