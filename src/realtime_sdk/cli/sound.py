"""`realtime-sdk tracks`, `log pack` and `log unpack`: what they do, and the lines that they print."""

from pathlib import Path

from realtime_sdk.audio.packed import pack, unpack
from realtime_sdk.audio.tracks import Cut, Layout, export_tracks
from realtime_sdk.cli.ending import MISUSED, Ending
from realtime_sdk.dialects import get
from realtime_sdk.errors import LocalProtocolError

__all__ = ["pack_log", "unpack_log", "write_tracks"]


def write_tracks(
    log: Path, output: Path | None, *, layout: Layout, heard: bool, force: bool, dialect: str | None
) -> None:
    """Write the tracks of a log, and print where, how long they are, and what was cut."""
    _check_dialect(dialect)
    try:
        export = export_tracks(log, output, layout=layout, heard=heard, dialect=dialect, overwrite=force)
    except FileExistsError as error:
        raise Ending(f"{error.filename} is there already; --force overwrites it", MISUSED) from None
    print(f"{export.path}: user {_seconds(export.user_ms)}, assistant {_seconds(export.assistant_ms)}")
    for cut in export.cuts:
        print(_cut_line(cut))
    if export.left_out:
        print(f"{export.left_out} records are silence: the log was kept without their sound")


def pack_log(log: Path, output: Path | None) -> None:
    """Pack a log, and print where it is and how small it became."""
    packing = pack(log, output)
    share = 100 * packing.bytes_after / max(packing.bytes_before, 1)
    print(f"{packing.path}: {packing.packed} of {packing.records} records packed, {share:.0f} % of the size")
    if packing.torn is not None:
        print(packing.torn)


def unpack_log(log: Path, output: Path | None) -> None:
    """Make a packed log whole, and print where it is."""
    print(unpack(log, output))


def _cut_line(cut: Cut) -> str:
    return f"cut {cut.item_id}: {_seconds(cut.heard_ms)} of {_seconds(cut.placed_ms)} were heard"


def _seconds(ms: int) -> str:
    return f"{ms / 1_000:.3f} s"


def _check_dialect(name: str | None) -> None:
    try:
        if name is not None:
            get(name)
    except LocalProtocolError as error:
        raise Ending(str(error), MISUSED) from None
