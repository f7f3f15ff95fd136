"""A dialect: how one kind of server says what GA says, as a value of functions.

The casts work on parsed objects and know no classes; reading and writing put the classes around
them. A frame is read as: bytes, object, GA objects, GA events; written as: GA event, GA object,
the dialect's objects, bytes. No I/O in here, and a dialect holds no state.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Literal

from pydantic_core import to_json

from realtime_sdk.dialects.addresses import Headers, Url
from realtime_sdk.dialects.gaps import Gaps, cannot_say
from realtime_sdk.dialects.limits import Limits
from realtime_sdk.dialects.objects import Cast, JsonObject, same
from realtime_sdk.protocol import registries
from realtime_sdk.protocol.codec import Event, Sender, decode, encode, name, parse
from realtime_sdk.protocol.registries import Registry
from realtime_sdk.protocol.sound_apart import LONG_BYTES

__all__ = ["Dialect", "ga"]


def ga() -> Registry:
    """Return the GA classes, loaded at the first call."""
    return registries.GA


@dataclass(frozen=True)
class Dialect:
    """How one kind of server says what GA says.

    The four casts are pure and total: they take a parsed object, never change it, and return zero or
    more objects; what they do not understand passes as it is. Upcasts lead to GA, downcasts from it.
    """

    name: str
    url: Url = field(repr=False)
    headers: Headers = field(repr=False)
    own: Callable[[], Registry] = field(default=ga, repr=False)
    """Gives the classes of this dialect's own events, which `read_own` returns."""
    understood: Callable[[], Registry] = field(default=ga, repr=False)
    """Gives the classes of the events that `read` returns, and `write` takes."""
    upcast_server: Cast = field(default=same, repr=False)
    upcast_client: Cast = field(default=same, repr=False)
    downcast_server: Cast = field(default=same, repr=False)
    downcast_client: Cast = field(default=same, repr=False)
    gaps: Gaps = field(default_factory=Gaps, repr=False, hash=False)
    limits: Limits = field(default_factory=Limits, repr=False)

    @property
    def registry(self) -> Registry:
        """The classes of this dialect's own events."""
        return self.own()

    def read(self, frame: bytes, sender: Sender) -> tuple[Event, ...]:
        """Return what a frame says, in GA's classes; what has no class is an UnknownEvent.

        Raises RemoteProtocolError if the frame is no JSON object.
        """
        return self.readers[sender](frame)

    def read_own(self, frame: bytes, sender: Sender) -> Event:
        """Return what a frame says, in the dialect's own class, or as an UnknownEvent.

        Raises RemoteProtocolError if the frame is no JSON object.
        """
        return decode(frame, registry=self.own(), sender=sender)

    def write(self, event: Event, *, sender: Literal["client", "server"] = "client") -> tuple[bytes, ...]:
        """Return the frames that say a GA event; none if this dialect cannot say it, and `cannot_say` tells why."""
        cast = self.downcast_client if sender == "client" else self.downcast_server
        if cast is same:
            return (encode(event),)
        return tuple(to_json(obj) for obj in cast(parse(encode(event))))

    def cannot_say(self, said: Event | JsonObject) -> str | None:
        """Return the reason why this dialect has no words for a GA event or object, None if it has."""
        return cannot_say(self.gaps, said if isinstance(said, dict) else parse(encode(said)))

    @cached_property
    def readers(self) -> Mapping[Sender, Callable[[bytes], tuple[Event, ...]]]:
        """`read`, for each sender a function of its own: for loops over many frames."""
        registry = self.understood()
        return {
            "server": _reader(self.upcast_server, registry, "server"),
            "client": _reader(self.upcast_client, registry, "client"),
            "local": _reader(same, registry, "local"),
        }

    def __getstate__(self) -> dict[str, object]:
        """Leave the prepared readers at home, so that a dialect can travel to another process."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def _reader(cast: Cast, registry: Registry, sender: Sender) -> Callable[[bytes], tuple[Event, ...]]:
    """The way from a frame to events. Where nothing is cast, the frame is read in one pass if it is as usual."""
    classes = registry.classes[sender]
    short, long = registry.passes[sender], registry.long_passes[sender]

    def cast_and_name(frame: bytes) -> tuple[Event, ...]:
        return tuple([name(obj, classes) for obj in cast(parse(frame))])

    def read(frame: bytes) -> tuple[Event, ...]:
        try:
            return (short(frame) if len(frame) < LONG_BYTES else long(frame),)
        except ValueError:
            return (name(parse(frame), classes),)

    return read if cast is same else cast_and_name
