"""A spoken session as a sound file: the user left, the assistant right, aligned in time; and its log made small."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

import anyio

import realtime_sdk as rt
from realtime_sdk.audio.files import stream_file
from realtime_sdk.audio.packed import open_log, pack
from realtime_sdk.audio.tracks import export_tracks

LOG = Path("listen_back", "spoken.jsonl")


async def speak() -> None:
    """Record a session in which a clip is spoken and answered."""
    with as_file(files("realtime_sdk") / "simulator" / "clips" / "weather.wav") as clip:
        async with rt.simulate() as server, rt.connect(server.endpoint, log=LOG) as session:
            await session.append_audio(stream_file(clip, then_silence_ms=800))
            await session.until(lambda state: any(not response.is_active for response in state.responses.values()))


def main() -> None:
    """Record, export, pack; in a folder of its own, anew each time."""
    shutil.rmtree(LOG.parent, ignore_errors=True)
    LOG.parent.mkdir()
    anyio.run(speak)
    export = export_tracks(LOG)
    print(f"{export.path}: {export.user_ms / 1_000:.1f} s of the user, {export.assistant_ms / 1_000:.1f} s to the end")
    packing = pack(LOG)
    assert list(open_log(packing.path)) == list(rt.EventLog.load(LOG))
    print(f"{packing.path}: {packing.packed} of {packing.records} records have their sound beside the log")


if __name__ == "__main__":
    main()
