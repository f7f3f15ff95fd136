import tomllib
from hashlib import sha256
from importlib.resources import as_file, files

from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.vad import EnergyVad, SpeechStarted, SpeechStopped
from realtime_sdk.audio.wav import read_wav

CLIPS = files("realtime_sdk") / "simulator" / "clips"
TABLE = tomllib.loads((CLIPS / "clips.toml").read_text(encoding="utf-8"))


def test_every_clip_is_what_the_table_says() -> None:
    for clip in TABLE.values():
        content = (CLIPS / clip["file"]).read_bytes()
        with as_file(CLIPS / clip["file"]) as path:
            sound = read_wav(path)
        assert sha256(content).hexdigest() == clip["sha256"]
        assert (len(sound.pcm), sound.pcm_format) == (2 * clip["samples"], PCM16_24K)


def test_every_file_is_in_the_table_and_all_are_small() -> None:
    waves = [entry for entry in CLIPS.iterdir() if entry.name.endswith(".wav")]
    assert sorted(entry.name for entry in waves) == sorted(clip["file"] for clip in TABLE.values())
    assert sum(len(entry.read_bytes()) for entry in waves) < 300_000


def test_the_energy_gate_hears_one_turn_in_every_clip() -> None:
    for clip in TABLE.values():
        with as_file(CLIPS / clip["file"]) as path:
            spoken = read_wav(path).pcm
        found = EnergyVad().feed(PCM16_24K.silence(480) + spoken + PCM16_24K.silence(640))
        assert [type(event) for event in found] == [SpeechStarted, SpeechStopped]
