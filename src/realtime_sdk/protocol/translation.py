"""The translation dialect in its own classes: `translation.server_events.SessionOutputAudioDelta`, read with
`registries.TRANSLATION`.
"""

from realtime_sdk.protocol._generated.translation import client_events, server_events, types as models

__all__ = ["client_events", "models", "server_events"]
