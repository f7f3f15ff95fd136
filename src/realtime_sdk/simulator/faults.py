"""Faults on the wire: what becomes of a frame, decided by rules. Pure: no loop, no clock; chance follows from a seed.

The session's shell asks for every frame, in both directions, and does what was decided.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Final, Literal, TypeAlias, get_args

from realtime_sdk.errors import RemoteProtocolError, ScenarioError
from realtime_sdk.protocol.codec import parse
from realtime_sdk.simulator.brain.happenings import Fault

__all__ = ["Passing", "Side", "Trouble", "Wire", "WireFault", "let_pass", "with_trouble"]

Side: TypeAlias = Literal["server", "client"]
WireKind: TypeAlias = Literal[
    "delay",
    "stall",
    "slow_read",
    "drop",
    "duplicate",
    "reorder",
    "unknown",
    "malformed",
    "oversize",
    "close",
    "expire",
    "error",
    "rate_limit",
    "fail",
]
_CLIENTS: Final = ("slow_read", "error", "rate_limit", "fail")
_NEEDS_DELAY: Final = ("delay", "stall", "slow_read")


@dataclass(frozen=True, slots=True)
class WireFault:
    """A rule of trouble: what goes wrong whenever a frame fits it.

    | kind | what becomes of the frame |
    |---|---|
    | `delay` | comes `delay_ms` later, and up to `jitter_ms` more; the order stays |
    | `stall` | nothing more goes this way for `delay_ms` |
    | `slow_read` | the server reads on only after `delay_ms` |
    | `drop`, `duplicate`, `reorder` | is lost; comes `copies` times more; changes places with the next |
    | `unknown` | an event that nobody knows comes before it (`text`, if given) |
    | `malformed` | is cut somewhere (or is `text`), so that it is no JSON |
    | `oversize` | is filled up to `size` bytes |
    | `close` | is the last: the connection closes with `close_code` and `message` (1006 cuts the cable) |
    | `error` | of the client's: is refused with an `error` event of this `code`, and does nothing |
    | `expire`, `rate_limit`, `fail` | lets the `Fault` of this name happen |

    Delays are counted by the simulation's clock, whatever its speed. ScenarioError for a rule that cannot be.
    """

    kind: WireKind
    _: KW_ONLY
    on: str = "*"
    """The wire type of the frames that fit, with `*` for anything: `response.*`."""
    sender: Side | None = None
    """Whose frames; None: the client's for `slow_read`, `error`, `rate_limit`, `fail`, else the server's."""
    nth: int | None = None
    """Only the nth of the frames that fit, from 1."""
    times: int | None = None
    """At most so often."""
    chance: float = 1.0
    """How likely it is for each frame that fits, 0 to 1."""
    delay_ms: int = 0
    jitter_ms: int = 0
    copies: int = 1
    size: int = 1_000_000
    text: str | None = None
    code: str = "server_error"
    message: str = ""
    close_code: int = 1011

    def __post_init__(self) -> None:
        complaint = _complaint(self)
        if complaint is not None:
            raise ScenarioError(f"fault {self.kind!r}: {complaint}")

    @property
    def side(self) -> Side:
        """Whose frames it strikes."""
        return self.sender or ("client" if self.kind in _CLIENTS else "server")


Trouble: TypeAlias = Fault | WireFault
"""What can be asked to go wrong: a `Fault` does so at once, a `WireFault` whenever a frame fits it."""


def _complaint(rule: WireFault) -> str | None:
    """What is wrong with a rule, None if nothing is."""
    if rule.kind not in get_args(WireKind):
        return f"there is no such kind; there are {', '.join(get_args(WireKind))}"
    if not 0 <= rule.chance <= 1:
        return f"chance is 0 to 1, not {rule.chance}"
    if min(1 if count is None else count for count in (rule.nth, rule.times, rule.copies)) < 1:
        return "nth, times and copies are counted from 1"
    if rule.delay_ms < 0 or rule.jitter_ms < 0 or (rule.kind in _NEEDS_DELAY and not rule.delay_ms + rule.jitter_ms):
        return "delay_ms (or jitter_ms) must be above 0"
    if rule.kind == "reorder" and rule.side == "client":
        return "only what the server sends is reordered"
    if rule.kind == "error" and rule.side == "server":
        return "only what the client sends is refused; use fault(Fault('error')) for an error out of the blue"
    return None


# --- a wire -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wire:
    """A connection's trouble: the rules, how often each fitted and struck, and the frame that is held back."""

    seed: str = "0"
    rules: tuple[WireFault, ...] = ()
    fitted: tuple[int, ...] = ()
    struck: tuple[int, ...] = ()
    held: bytes | None = None


@dataclass(frozen=True, slots=True)
class Passing:
    """What becomes of a frame: what goes on in its place, in order, how late, and what happens before it."""

    frames: tuple[bytes, ...]
    delay_ms: int = 0
    """How much later the frames come than they were sent."""
    stall_ms: int = 0
    """How long nothing goes this way from then on."""
    faults: tuple[Fault, ...] = ()
    cut: bool = False
    """Whether nothing goes this way any more."""
    holds: bytes | None = None


def with_trouble(wire: Wire, *rules: WireFault) -> Wire:
    """The wire with these rules too; they count from here."""
    none = (0,) * len(rules)
    return replace(wire, rules=(*wire.rules, *rules), fitted=(*wire.fitted, *none), struck=(*wire.struck, *none))


def let_pass(wire: Wire, frame: bytes, *, sender: Side) -> tuple[Wire, Passing]:
    """The wire after a frame, and what becomes of it. Every rule that fits strikes, one after the other."""
    passing, kind = Passing((frame,)), _type_of(frame)
    fitted, struck = list(wire.fitted), list(wire.struck)
    for place, rule in enumerate(wire.rules):
        if rule.side != sender or passing.cut or not fnmatchcase(kind, rule.on):
            continue
        fitted[place] += 1
        draw = _Draw(f"{wire.seed}/{place}/{fitted[place]}")
        if _strikes(rule, fitted[place], struck[place], draw):
            struck[place] += 1
            passing = _ACTS[rule.kind](rule, passing, draw)
    wire = replace(wire, fitted=tuple(fitted), struck=tuple(struck))
    return _swapped(wire, passing) if sender == "server" else (wire, passing)


def _strikes(rule: WireFault, fitted: int, struck: int, draw: "_Draw") -> bool:
    if rule.nth is not None and fitted != rule.nth:
        return False
    if rule.times is not None and struck >= rule.times:
        return False
    return rule.chance >= 1 or draw.share("strikes") < rule.chance


def _swapped(wire: Wire, passing: Passing) -> tuple[Wire, Passing]:
    """Hold a frame back, or let the one that was held go after this."""
    if wire.held is not None and not passing.cut:
        frames = (*((passing.holds,) if passing.holds is not None else passing.frames), wire.held)
        return replace(wire, held=None), replace(passing, frames=frames, holds=None)
    return replace(wire, held=passing.holds), passing


@dataclass(frozen=True, slots=True)
class _Draw:
    """Chance that is the same every time: it follows from a text."""

    seed: str

    def share(self, what: str) -> float:
        """A number from 0 up to 1."""
        return int.from_bytes(sha256(f"{self.seed}/{what}".encode()).digest()[:6]) / 2**48


def _type_of(frame: bytes) -> str:
    """The wire type of a frame, empty if it has none."""
    try:
        kind = parse(frame).get("type")
    except RemoteProtocolError:
        return ""
    return kind if isinstance(kind, str) else ""


# --- what each kind does ------------------------------------------------------------------------------------------


def _wait(rule: WireFault, draw: _Draw) -> int:
    return rule.delay_ms + int(draw.share("jitter") * (rule.jitter_ms + 1))


def _delay(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    return replace(passing, delay_ms=passing.delay_ms + _wait(rule, draw))


def _stall(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    return replace(passing, stall_ms=passing.stall_ms + _wait(rule, draw))


def _drop(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    return replace(passing, frames=())


def _duplicate(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    return replace(passing, frames=passing.frames + passing.frames[-1:] * rule.copies)


def _reorder(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    if not passing.frames:
        return passing
    return replace(passing, frames=passing.frames[:-1], holds=passing.frames[-1])


def _unknown(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    made_up = {"type": "simulator.unknown", "event_id": f"event_{draw.seed}", "news": {"nobody": "knows"}}
    text = json.dumps(made_up) if rule.text is None else rule.text
    return replace(passing, frames=(text.encode(), *passing.frames))


def _malformed(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    if not passing.frames:
        return passing
    frame = passing.frames[-1]
    cut = frame[: max(1, int(draw.share("cut") * (len(frame) - 1)))].decode("utf-8", "ignore")
    text = cut if rule.text is None else rule.text
    return replace(passing, frames=(*passing.frames[:-1], text.encode()))


def _oversize(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    """A field `padding` makes the frame as large as it shall be; what is no object stays as it is."""
    if not passing.frames or not passing.frames[-1].endswith(b"}"):
        return passing
    body = passing.frames[-1][:-1]
    room = rule.size - len(body) - len(b',"padding":""}')
    padded = body + b',"padding":"' + b"x" * max(room, 0) + b'"}'
    return replace(passing, frames=(*passing.frames[:-1], padded))


def _close(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    return replace(_happen(rule, passing, draw), cut=True)


def _refuse(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    refused = tuple(
        Fault("error", code=rule.code, message=rule.message, event_id=_event_id_of(frame)) for frame in passing.frames
    )
    return replace(passing, frames=(), faults=(*passing.faults, *refused))


def _event_id_of(frame: bytes) -> str | None:
    try:
        event_id = parse(frame).get("event_id")
    except RemoteProtocolError:
        return None
    return event_id if isinstance(event_id, str) else None


def _happen(rule: WireFault, passing: Passing, draw: _Draw) -> Passing:
    kinds: Mapping[str, Literal["close", "expire", "rate_limit", "fail"]] = {
        "close": "close",
        "expire": "expire",
        "rate_limit": "rate_limit",
        "fail": "fail",
    }
    fault = Fault(kinds[rule.kind], code=rule.code, message=rule.message, close_code=rule.close_code)
    return replace(passing, faults=(*passing.faults, fault))


_ACTS: Final[Mapping[WireKind, Callable[[WireFault, Passing, _Draw], Passing]]] = {
    "delay": _delay,
    "stall": _stall,
    "slow_read": _stall,
    "drop": _drop,
    "duplicate": _duplicate,
    "reorder": _reorder,
    "unknown": _unknown,
    "malformed": _malformed,
    "oversize": _oversize,
    "close": _close,
    "expire": _happen,
    "error": _refuse,
    "rate_limit": _happen,
    "fail": _happen,
}
