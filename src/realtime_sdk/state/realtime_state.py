"""The state of a session: everything its log has said so far, as one immutable value.

Two halves and two numbers: what is settled, the deltas of items still being said, the bytes of audio sent, and how
many of the deltas had been said when it was true. The split is for speed only; nobody outside this room sees it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias, cast

from realtime_sdk.protocol.models import Session, TranscriptionSession
from realtime_sdk.state.live import Entry, Live
from realtime_sdk.state.persistent import PMap, PSeq
from realtime_sdk.state.usage import TranscriptionUsage, Usage
from realtime_sdk.state.values import (
    Anomaly,
    Epoch,
    InputAudio,
    Item,
    OutputAudio,
    RateLimit,
    Reported,
    Response,
    Translation,
    evolve,
)

__all__ = ["Conversation", "Edit", "Items", "RealtimeState", "SessionConfig", "Settled", "new_state"]

_new: Final = object.__new__
_set: Final = object.__setattr__
_Halves: TypeAlias = "tuple[Settled, Live, int, int]"
new_state: Final = cast("Callable[[type[RealtimeState], _Halves], RealtimeState]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType]
"""Makes a state of its parts without the detour over its class; for the path of the deltas."""

SessionConfig: TypeAlias = Session | TranscriptionSession | Any


@dataclass
class Facts:
    """All of a state that is not in the middle of being said."""

    session: SessionConfig | None = None
    conversation_id: str | None = None
    items: PMap[str, Item] = PMap()
    order: PSeq[str] = PSeq()
    early: PMap[str, tuple[Entry, ...]] = PMap()
    deleted: PMap[str, bool] = PMap()
    """Ids of deleted items; False once we asked for another item under the same id."""
    responses: PMap[str, Response] = PMap()
    active: tuple[str, ...] = ()
    """Ids of the unfinished responses of the conversation; servers keep it to one."""
    input_audio: InputAudio = InputAudio()
    output_audio: OutputAudio = OutputAudio()
    translation: Translation = Translation()
    rate_limits: PMap[str, RateLimit] = PMap()
    usage: Usage = Usage()
    transcription_usage: TranscriptionUsage = TranscriptionUsage()
    errors: PSeq[Reported] = PSeq()
    anomalies: PSeq[Anomaly] = PSeq()
    epochs: tuple[Epoch, ...] = ()


class Edit(Facts):
    """The facts while one event is being reduced: changed in place, then made a state again by `done`.

    It never leaves the reducer that began it, and ends with `done`: the state takes its fields over as they are.
    `live`, `said` and `sent_audio_bytes` are those of the state.
    """

    __slots__ = ("live", "said", "sent_audio_bytes")
    live: Live
    sent_audio_bytes: int
    said: int

    @staticmethod
    def of(state: "RealtimeState") -> "Edit":
        """An edit that begins with `state`."""
        edit = _new(Edit)
        settled, edit.live, edit.sent_audio_bytes, edit.said = state
        edit.__dict__ = settled.__dict__.copy()
        return edit

    def done(self) -> "RealtimeState":
        """The state after the edit."""
        settled = _new(Settled)
        _set(settled, "__dict__", self.__dict__)
        return new_state(RealtimeState, (settled, self.live, self.sent_audio_bytes, self.said))


class Settled(Facts):
    """The facts of a state. Nobody changes them."""

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"{name} of a state cannot be set")


class RealtimeState(tuple[Settled, Live, int, int]):
    """The state of a session. Make a new one with `RealtimeState.empty()`, go on with `reduce`."""

    __slots__ = ()

    settled: Settled = property(itemgetter(0))  # type: ignore[assignment]
    sent_audio_bytes: int = property(itemgetter(2))  # type: ignore[assignment]

    @property
    def live(self) -> Collection[str]:
        """Ids of the items that are still being said."""
        return self[1].drafts.keys()

    @classmethod
    def empty(cls) -> "RealtimeState":
        """The state before anything was said."""
        return cls((_new(Settled), Live({}, 0), 0, 0))

    def having(self, **changes: Any) -> "RealtimeState":
        """The same state with some settled fields changed."""
        settled = _new(Settled)
        _set(settled, "__dict__", {**self[0].__dict__, **changes})
        return new_state(RealtimeState, (settled, self[1], self[2], self[3]))

    @property
    def session(self) -> SessionConfig | None:
        """The effective session as the server last stated it: `models.Session`, `TranscriptionSession`, … or None."""
        return self[0].session

    @property
    def conversation(self) -> "Conversation":
        """The default conversation: its items in order."""
        return Conversation(self)

    @property
    def items(self) -> "Items":
        """Every item known, those of out-of-band responses too, in the order they became known."""
        return Items(self, self[0].items)

    @property
    def responses(self) -> Mapping[str, Response]:
        """Every response by id, in order of creation."""
        return self[0].responses

    @property
    def active_response_id(self) -> str | None:
        """Id of the response that the default conversation is waiting for, None when it is idle."""
        return self[0].active[-1] if self[0].active else None

    @property
    def input_audio(self) -> InputAudio:
        """The server's input buffer: speech, commits, timeouts, keys."""
        return self[0].input_audio

    @property
    def output_audio(self) -> OutputAudio:
        """The server's output buffer (WebRTC and SIP)."""
        return self[0].output_audio

    @property
    def translation(self) -> Translation:
        """What a translation session said."""
        return self[0].translation

    @property
    def rate_limits(self) -> Mapping[str, RateLimit]:
        """Rate limits by name, as last stated."""
        return self[0].rate_limits

    @property
    def usage(self) -> Usage:
        """Tokens of all responses that stated their usage."""
        return self[0].usage

    @property
    def transcription_usage(self) -> TranscriptionUsage:
        """What input transcription took."""
        return self[0].transcription_usage

    @property
    def errors(self) -> PSeq[Reported]:
        """The server's `error` events in order."""
        return self[0].errors

    @property
    def anomalies(self) -> PSeq[Anomaly]:
        """What the server did against the rules, or what we do not know, in order."""
        return self[0].anomalies

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """The connections of this session's life."""
        return self[0].epochs

    def whole(self) -> "RealtimeState":
        """The same state with the deltas of live items folded in."""
        settled, live, sent, said = self
        items = settled.items
        for item_id, draft in live.drafts.items():
            items = items.set(item_id, draft.read(items[item_id], said))
        return RealtimeState((evolve(settled, items=items), Live({}, 0), sent, 0))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RealtimeState):
            return NotImplemented
        if self is other:
            return True
        a, b = self.whole(), other.whole()
        return a[0] == b[0] and a[2] == b[2]

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]  # sessions hold dictionaries

    def __repr__(self) -> str:
        session = getattr(self.session, "id", None)
        return (
            f"<RealtimeState session={session!r} items={len(self[0].order)} responses={len(self[0].responses)}"
            f" errors={len(self[0].errors)} anomalies={len(self[0].anomalies)}>"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        settled, _, sent, _ = self.whole()
        return (_restored, (settled, sent))


def _restored(settled: Settled, sent_audio_bytes: int) -> RealtimeState:
    return RealtimeState((settled, Live({}, 0), sent_audio_bytes, 0))


class Items(Mapping[str, Item]):
    """Items by id; live ones are read with what was said so far."""

    __slots__ = ("_ids", "_state")

    def __init__(self, state: RealtimeState, ids: "PMap[str, Item] | PSeq[str]") -> None:
        self._state = state
        self._ids = ids

    def __getitem__(self, item_id: str) -> Item:
        item = self._state[0].items[item_id]
        if isinstance(self._ids, PSeq) and not item.in_conversation:
            raise KeyError(item_id)
        draft = self._state[1].drafts.get(item_id)
        return item if draft is None else draft.read(item, self._state[3])

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __repr__(self) -> str:
        return f"Items({dict(self)!r})"


class Conversation:
    """The default conversation of a session."""

    __slots__ = ("_state",)

    def __init__(self, state: RealtimeState) -> None:
        self._state = state

    @property
    def id(self) -> str | None:
        """The server's id of the conversation, None while unknown."""
        return self._state[0].conversation_id

    @property
    def order(self) -> tuple[str, ...]:
        """Ids of the items, in order."""
        return tuple(self._state[0].order)

    @property
    def items(self) -> Items:
        """The items by id, in order."""
        return Items(self._state, self._state[0].order)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Conversation):
            return NotImplemented
        return self.id == other.id and list(self.items.items()) == list(other.items.items())

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Conversation(id={self.id!r}, items={self.order!r})"
