"""The other side of the wire: a realtime server that needs no key, no network and no sound card."""
