"""Every event of the protocol is reduced, or ignored for a stated reason; nothing is both."""

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol.local import LOCAL_EVENTS
from realtime_sdk.protocol.registries import GA, TRANSLATION
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.state import IGNORED, REDUCERS


def test_reducers_and_ignored_cover_the_protocol_and_nothing_else() -> None:
    said = {
        cls
        for table in (GA.server, GA.client, TRANSLATION.server, TRANSLATION.client, LOCAL_EVENTS)
        for cls in table.values()
    }
    assert REDUCERS.keys() | IGNORED.keys() == said | {UnknownEvent, RemoteProtocolError}
    assert REDUCERS.keys() & IGNORED.keys() == set()


def test_every_ignored_event_has_a_reason() -> None:
    assert all(len(reason) > 10 for reason in IGNORED.values())
