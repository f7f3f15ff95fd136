"""The words of the command line: commands, options, help. Each command imports its work when it is called."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from realtime_sdk.cli import serve_words, sound_words
from realtime_sdk.cli.ending import INTERRUPTED, Ending, as_endings

__all__ = ["app", "run"]

NAME: Final = "realtime-sdk"
_MisuseError: Final[type[Exception]] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""Base of what is wrong with a command line. Typer keeps it in different places from release to release."""

app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]})


def run(arguments: Sequence[str]) -> int:
    """Run a command line, and give its exit code. What went wrong is one line on stderr."""
    _print_anything()
    try:
        code = typer.main.get_command(app).main(list(arguments), prog_name=NAME, standalone_mode=False)
    except Ending as ending:
        return _end(str(ending), ending.code)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except _MisuseError as error:
        return _misused(error)
    return code if isinstance(code, int) else 0


def _print_anything() -> None:
    """Let no character that a terminal's encoding lacks end a command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _misused(error: Any) -> int:
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", NAME)
    return _end(f"{' '.join(error.format_message().split())} ({command} --help tells more)", error.exit_code)


def _end(line: str, code: int) -> int:
    if line:
        print(f"{NAME}: {line}", file=sys.stderr)
    with suppress(OSError, ValueError):  # nothing that is still in the buffer may fail when the interpreter ends
        sys.stdout.flush()
        return code
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _version(asked: bool) -> None:  # noqa: FBT001 - Typer's shape of a callback
    if asked:
        from realtime_sdk import __version__

        typer.echo(f"{NAME} {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def realtime_sdk(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version, and end.")
    ] = False,
) -> None:
    """Talk, record, and look at what was said: tools for realtime voice sessions.

    \b
    realtime-sdk demo                begin here: a spoken conversation, without a key
    realtime-sdk show call.jsonl     what was said in a session
    realtime-sdk tracks call.jsonl   how it sounded
    realtime-sdk serve               a server for any client, without a key
    realtime-sdk record --to URL     a log of what any client says

    realtime-sdk COMMAND --help tells more of each.
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def demo(
    speed: Annotated[
        float, typer.Option("--speed", min=0, metavar="N", help="1 is real time, 2 twice as fast, 0 at once.")
    ] = 1.0,
    log: Annotated[
        Path | None,
        typer.Option("--log", metavar="PATH", help="Where the log goes: a new file. By default one in this folder."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the path of the log, and nothing else.")] = False,
) -> None:
    """Hold a spoken conversation: no key, no network, no sound card.

    A recorded question is spoken to a simulated server over a real websocket. The server hears it, has a tool called,
    and answers; all of it is shown while it happens, and left in a log. The log is then replayed and compared.

    \b
    realtime-sdk demo
    realtime-sdk demo --speed 0 --log call.jsonl
    realtime-sdk show $(realtime-sdk demo --quiet)
    """
    with as_endings():
        from realtime_sdk.cli.demo import demo as hold_demo

        hold_demo(speed=speed, log=log, quiet=quiet)
        sys.stdout.flush()


@app.command()
def show(
    log: Annotated[
        str, typer.Argument(metavar="LOG", help="A log, or a capture of frames; gzip too. `-` is standard input.")
    ],
    at: Annotated[
        int | None, typer.Option("--at", min=0, metavar="N", help="Stop after N records: what was true then.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    dialect: Annotated[
        str | None,
        typer.Option("--dialect", metavar="NAME", help="How to read the frames; found from the first ones by default."),
    ] = None,
) -> None:
    """Print the conversation that a log holds.

    \b
    realtime-sdk show call.jsonl
    realtime-sdk show call.jsonl --at 120
    realtime-sdk show call.jsonl.gz --json | jq '.items[].text'
    ssh server cat call.jsonl | realtime-sdk show -
    """
    with as_endings():
        from realtime_sdk.cli.show import show as show_log

        show_log(log, at=at, as_json=as_json, dialect=dialect)
        sys.stdout.flush()


app.command()(sound_words.tracks)
app.command()(serve_words.serve)
app.command()(serve_words.record)
app.add_typer(sound_words.log, name="log")
