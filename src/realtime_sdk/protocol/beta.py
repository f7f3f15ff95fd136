"""The beta dialect in its own classes: `beta.server_events.ResponseAudioDelta`, read with `registries.BETA`."""

from realtime_sdk.protocol._generated.beta import client_events, server_events, types as models

__all__ = ["client_events", "models", "server_events"]
