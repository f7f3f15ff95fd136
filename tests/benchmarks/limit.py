"""The limit: what a session costs in bare Python. orjson, dictionaries changed in place, a list for a log; no more.

It keeps the facts that our state keeps (`facts` says which, a test holds the two against each other), or the
comparison would be worth nothing. It is written for speed: one lookup an event, deltas gathered in lists.
"""

from collections.abc import Callable
from typing import Any

import orjson
import pybase64

__all__ = ["BareSession", "bare_append"]

Event = dict[str, Any]

_PREFIX = b'{"type":"input_audio_buffer.append","audio":"'


class BareSession:
    """A session as dictionaries. `items` are in the order of the conversation; their texts are lists of pieces."""

    __slots__ = (
        "active",
        "items",
        "log",
        "order",
        "rate_limits",
        "responses",
        "session",
        "speech",
        "speeches",
        "usage",
    )

    def __init__(self) -> None:
        self.log: list[tuple[int, str, bytes]] = []
        self.session: Event | None = None
        self.items: dict[str, Event] = {}
        self.order: list[str] = []
        self.responses: dict[str, Event] = {}
        self.active: str | None = None
        self.usage = dict.fromkeys(USAGE, 0)
        self.rate_limits: dict[str, Event] = {}
        self.speech: Event = {}
        self.speeches: list[Event] = []

    def receive(self, frame: bytes, at_ns: int) -> bytes | None:
        """Take in a frame of the server; its audio, if it has some."""
        self.log.append((at_ns, "server", frame))
        event = orjson.loads(frame)
        update = UPDATES.get(event["type"])
        return None if update is None else update(self, event)

    def send(self, frame: bytes, at_ns: int) -> None:
        """Take note of a frame of ours. As ours does, it looks at what was said."""
        self.log.append((at_ns, "client", frame))
        orjson.loads(frame)


def bare_append(pcm: bytes) -> bytes:
    """The frame that appends audio, glued together."""
    return _PREFIX + pybase64.b64encode(pcm) + b'"}'


# ------------------------------------------------------------------------------------------------------------------
# What an event changes


def _session(state: BareSession, event: Event) -> None:
    state.session = event["session"]


def _placed(state: BareSession, event: Event) -> None:
    found, before, order = event["item"], event["previous_item_id"], state.order
    item_id = found["id"]
    if item_id not in state.items:
        state.items[item_id] = _item(found)
    elif order[-1] == item_id and (len(order) == 1 or order[-2] == before):
        return  # response.output_item.added put it there already
    else:
        order.remove(item_id)
    if not order or order[-1] == before:
        order.append(item_id)
    else:
        order.insert(0 if before is None else order.index(before) + 1, item_id)


def _item(found: Event) -> Event:
    return {
        "type": found["type"],
        "role": found.get("role"),
        "status": found.get("status"),
        "text": [],
        "heard": [],
        "audio_bytes": 0,
        "call_id": found.get("call_id"),
        "name": found.get("name"),
        "arguments": [found.get("arguments", "")],
        "output": found.get("output"),
    }


def _known(state: BareSession, event: Event) -> None:
    found = event["item"]
    if found["id"] not in state.items:
        state.items[found["id"]] = _item(found)
        state.order.append(found["id"])
    response = state.responses[event["response_id"]]
    if found["id"] not in response["item_ids"]:
        response["item_ids"].append(found["id"])


def _ended(state: BareSession, event: Event) -> None:
    found = event["item"]
    state.items[found["id"]]["status"] = found.get("status")


def _spoken(state: BareSession, event: Event) -> None:
    state.items[event["item_id"]]["text"].append(event["delta"])


def _spoken_whole(state: BareSession, event: Event) -> None:
    state.items[event["item_id"]]["text"] = [event["transcript"]]


def _heard(state: BareSession, event: Event) -> None:
    state.items[event["item_id"]]["heard"].append(event["delta"])


def _heard_whole(state: BareSession, event: Event) -> None:
    state.items[event["item_id"]]["heard"] = [event["transcript"]]


def _argued(state: BareSession, event: Event) -> None:
    state.items[event["item_id"]]["arguments"].append(event["delta"])


def _argued_whole(state: BareSession, event: Event) -> None:
    state.items[event["item_id"]]["arguments"] = [event["arguments"]]


def _sound(state: BareSession, event: Event) -> bytes:
    pcm = pybase64.b64decode(event["delta"], validate=True)
    state.items[event["item_id"]]["audio_bytes"] += len(pcm)
    return pcm


def _responding(state: BareSession, event: Event) -> None:
    response_id = event["response"]["id"]
    state.responses[response_id] = {"status": "in_progress", "item_ids": [], "usage": None}
    state.active = response_id


def _responded(state: BareSession, event: Event) -> None:
    found = event["response"]
    response = state.responses[found["id"]]
    response["status"] = found["status"]
    response["usage"] = usage = counted(found["usage"])
    totals = state.usage
    for name, tokens in usage.items():
        totals[name] += tokens
    if state.active == found["id"]:
        state.active = None


def _limits(state: BareSession, event: Event) -> None:
    for limit in event["rate_limits"]:
        state.rate_limits[limit["name"]] = limit


def _speaks(state: BareSession, event: Event) -> None:
    state.speech = {"item_id": event["item_id"], "start_ms": event["audio_start_ms"]}


def _stops(state: BareSession, event: Event) -> None:
    state.speeches.append({**state.speech, "end_ms": event["audio_end_ms"]})


USAGE = (
    "input",
    "input_text",
    "input_audio",
    "input_cached",
    "output",
    "output_text",
    "output_audio",
)


def counted(usage: Event) -> dict[str, int]:
    """The tokens of one response, by direction and modality."""
    given, made = usage["input_token_details"], usage["output_token_details"]
    return {
        "input": usage["input_tokens"],
        "input_text": given["text_tokens"],
        "input_audio": given["audio_tokens"],
        "input_cached": given["cached_tokens"],
        "output": usage["output_tokens"],
        "output_text": made["text_tokens"],
        "output_audio": made["audio_tokens"],
    }


UPDATES: dict[str, Callable[[BareSession, Event], bytes | None]] = {
    "session.created": _session,
    "session.updated": _session,
    "input_audio_buffer.speech_started": _speaks,
    "input_audio_buffer.speech_stopped": _stops,
    "conversation.item.added": _placed,
    "conversation.item.done": _ended,
    "conversation.item.input_audio_transcription.delta": _heard,
    "conversation.item.input_audio_transcription.completed": _heard_whole,
    "response.created": _responding,
    "response.output_item.added": _known,
    "response.output_item.done": _ended,
    "response.output_audio_transcript.delta": _spoken,
    "response.output_audio_transcript.done": _spoken_whole,
    "response.output_audio.delta": _sound,
    "response.function_call_arguments.delta": _argued,
    "response.function_call_arguments.done": _argued_whole,
    "response.done": _responded,
    "rate_limits.updated": _limits,
}
