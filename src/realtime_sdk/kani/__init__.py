"""The adapter for Kani: a realtime model as a Kani engine, and a Kani that talks while it listens. Asyncio only.

Here things are translated and mirrored; routing, interruption and sound belong to session and audio. The names under
which Kani's users know this are `kani.ext.realtime`, one re-export each (folder `ext`, placed by the build).
"""

from importlib.util import find_spec

if find_spec("kani") is None or find_spec("kani.kani") is None:  # our own kani/ext is a `kani` without Kani
    raise ModuleNotFoundError('Kani is not installed: pip install "realtime-sdk[kani]"', name="kani")
