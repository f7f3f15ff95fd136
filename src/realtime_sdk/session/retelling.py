"""Telling a new server what a conversation was: all of it at once, and what it did not take."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import anyio

from realtime_sdk.errors import LocalProtocolError, ServerError
from realtime_sdk.protocol import client_events as c
from realtime_sdk.protocol.local import EpochStarted
from realtime_sdk.session.engine import Engine
from realtime_sdk.session.requests import Ticket
from realtime_sdk.session.restoring import Restoration, restoration
from realtime_sdk.state import RealtimeState

__all__ = ["Send", "carry_over", "carry_on", "note_epoch", "seed"]

Send: TypeAlias = Callable[[tuple[bytes, ...]], Awaitable[None]]


async def carry_over(engine: Engine, send: Send, *, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The conversation of the state goes on in a new session, under new ids. What of it is lost.

    Raises the ConnectionClosed family if the connection breaks; then the state has everything still.
    """
    plan = restoration(engine.core.state, new_id=engine.ids.item)
    note_epoch(engine, replayed=dict(plan.replayed), lost=plan.lost)
    refused = await _tell(engine, send, plan, settings)
    return (*plan.lost, *refused)


def carry_on(engine: Engine) -> tuple[str, ...]:
    """The same conversation goes on at the server too: a call that we attach to again."""
    note_epoch(engine, replayed={item_id: item_id for item_id in engine.core.state.conversation.order})
    return ()


async def seed(engine: Engine, send: Send, history: RealtimeState) -> tuple[str, ...]:
    """Another conversation is told to a new session, as its own. What of it is lost, by the other's ids."""
    plan = restoration(history, new_id=engine.ids.item)
    refused = await _tell(engine, send, plan, {})
    old_ids = {new: old for old, new in plan.replayed.items()}
    return (*plan.lost, *(old_ids.get(name, name) for name in refused))


def note_epoch(engine: Engine, *, replayed: dict[str, str] | None = None, lost: tuple[str, ...] = ()) -> None:
    """Record what was carried over into the present epoch, and what was lost."""
    number = len(engine.core.state.epochs) - 1
    event = EpochStarted(epoch=number, replayed=replayed, lost=list(lost))
    engine.core.note(event, at_ns=engine.wire.now_ns())


async def _tell(engine: Engine, send: Send, plan: Restoration, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Send it all, then wait for all answers; the names of what was refused, or cannot be said here at all."""
    asked: list[tuple[str, Ticket, anyio.Event]] = []
    refused: list[str] = []
    for name, event in _events(engine, plan, settings):
        try:
            frames = engine.core.write(event)
        except LocalProtocolError:
            refused.append(name)
            continue
        answered = anyio.Event()
        ticket = engine.outstanding.expect(event, _setter(answered))
        asked.append((name, ticket, answered))
        try:
            await send(frames)
        except BaseException:
            engine.outstanding.forget(ticket)
            raise
    for name, ticket, answered in asked:
        await answered.wait()
        if isinstance(ticket.failure, ServerError):
            refused.append(name)
        elif ticket.failure is not None:
            raise ticket.failure
    return tuple(refused)


def _setter(event: anyio.Event) -> Callable[[Ticket], object]:
    return lambda _: event.set()


def _events(engine: Engine, plan: Restoration, settings: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What to send, each with the name of what is lost if it is refused."""
    ids = engine.ids
    events: list[tuple[str, Any]] = []
    if settings:
        update: Any = engine.core.dialect.understood().client["session.update"]
        said = {"type": "session.update", "event_id": ids.event(), "session": dict(settings)}
        events.append(("session.update", update.model_validate(said)))
    creates = ((item.id, c.ConversationItemCreate(event_id=ids.event(), item=item)) for item in plan.items)
    return [*events, *creates]
