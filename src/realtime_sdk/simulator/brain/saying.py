"""How the server says something: events get their ids here, errors their shape. All are server → server."""

from collections.abc import Mapping

from realtime_sdk.protocol.models import ErrorDetails
from realtime_sdk.protocol.server_events import ErrorEvent
from realtime_sdk.protocol.wire import ServerEventBase
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.values import Held, Live, Server

__all__ = ["find_item", "find_live", "last_item_id", "mint", "refuse", "say", "with_item", "with_live"]


def say(server: Server, *events: ServerEventBase) -> Server:
    """The server that has said these events, each with an id of its own."""
    numbers = range(server.events, server.events + len(events))
    said = tuple(
        event.model_copy(update={"event_id": server.ids.of("event", number)})
        for event, number in zip(events, numbers, strict=True)
    )
    return server.having(out=server.out + said, events=server.events + len(events))


def mint(server: Server, kind: str) -> tuple[Server, str]:
    """A new id of a kind (`item`, `resp`, `call`)."""
    ids, made = server.ids.next(kind)
    return server.having(ids=ids), made


def refuse(server: Server, complaint: Complaint, event_id: str | None = None) -> Server:
    """The server that has answered a client event with an `error`; nothing else changes."""
    return say(
        server,
        ErrorEvent(
            error=ErrorDetails(
                type=complaint.type,
                code=complaint.code,
                message=complaint.message,
                param=complaint.param,
                event_id=event_id,
            )
        ),
    )


def find_item(server: Server, item_id: str) -> Held | None:
    """The item of the conversation with this id."""
    return next((held for held in server.items if held.id == item_id), None)


def with_item(server: Server, held: Held) -> Server:
    """The server with this item in the place of the one with its id; unchanged if that one is gone."""
    return server.having(items=tuple(held if other.id == held.id else other for other in server.items))


def last_item_id(server: Server) -> str | None:
    """The id of the conversation's last item."""
    return server.items[-1].id if server.items else None


def find_live(server: Server, response_id: str) -> Live | None:
    """The response in progress with this id."""
    return next((live for live in server.lives if live.id == response_id), None)


def with_live(server: Server, live: Live) -> Server:
    """The server with this response in the place of the one with its id."""
    return server.having(lives=tuple(live if other.id == live.id else other for other in server.lives))


def without(mapping: Mapping[str, object], name: str) -> dict[str, object]:
    """A mapping without a name."""
    return {key: value for key, value in mapping.items() if key != name}
