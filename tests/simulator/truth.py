"""How near the simulator is to the real servers: a recording's client frames are fed to it, its answers compared.

The model's part (what it said and called, what was heard) is taken from the recording, so that what is compared is the
server's: which events come, in which order, with which fields.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import ndiff
from pathlib import Path
from typing import Any

from realtime_sdk.dialects import BETA, OPENAI, Dialect
from realtime_sdk.simulator.brain import Settings, Turn, Unheard, Utterance
from realtime_sdk.simulator.reply import Call, ReplyStep, Say
from tests.simulator.talk import Talk

Event = dict[str, Any]
ARGUMENTS_DONE = "response.function_call_arguments.done"
APPEND = "input_audio_buffer.append"
WHOLE_SOUND = "ga-spoken-turn-full-audio"
ADDED = ("conversation.item.added", "conversation.item.created")
SOON_MS, LONG_MS, STEP_MS = 400, 600_000, 100
TRANSCRIPTION = "conversation.item.input_audio_transcription"


@dataclass(frozen=True)
class Agreement:
    """The recorded and the simulated side of a session, reduced to what can be compared."""

    recorded: tuple[str, ...]
    simulated: tuple[str, ...]
    fields: tuple[str, ...]
    """Differences in the fields of events: `+path` is recorded and not simulated, `-path` the other way round."""


def read(path: Path) -> list[tuple[str, Event]]:
    """Return who said what in a recording."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [(line["sender"], line["event"]) for line in lines]


def compared(path: Path) -> Agreement:
    """Feed a recording to the simulator and compare."""
    said = _with_whole_sound(read(path), path.with_name(f"{WHOLE_SOUND}.jsonl"))
    return agreement(said, dialect=BETA if path.stem.startswith("beta-") else OPENAI)


def agreement(said: Sequence[tuple[str, Event]], *, dialect: Dialect = OPENAI, in_time: bool = False) -> Agreement:
    """Let the client of a session say the same to the simulator, and compare what the two servers said.

    With `in_time` the simulator speaks as fast as people do, in virtual time: what the client said while a response was
    running it says soon after that response has begun, all else when nothing goes on any more. Else all comes at once.
    """
    recorded = [event for sender, event in said if sender == "server"]
    talk = _talk(recorded, dialect=dialect, speed=1.0 if in_time else 0.0)
    running = 0
    for sender, event in said:
        running += (event["type"] == "response.created") - (event["type"] == "response.done")
        if sender == "client":
            if in_time and event["type"] != APPEND:
                _wait(talk, SOON_MS if running else LONG_MS)
            talk.send(_renamed(event, _known_ids(recorded, talk.said)))
    if in_time:
        _wait(talk, LONG_MS)
    return Agreement(_steps(recorded), _steps(talk.said), tuple(_field_differences(recorded, talk.said)))


def _wait(talk: Talk, longest_ms: int) -> None:
    """Let time pass until nothing goes on any more, or for so long."""
    until_ms = talk.server.now_ms + longest_ms
    while talk.server.now_ms < until_ms and (talk.server.lives or talk.server.transcribing):
        talk.wait(STEP_MS)


def _with_whole_sound(said: list[tuple[str, Event]], whole: Path) -> list[tuple[str, Event]]:
    """A recording with the sound that was sent, where it was cut: all recordings speak the same file."""
    pieces = iter([event["audio"] for _, event in read(whole) if event["type"] == APPEND])
    return [(sender, {**event, "audio": next(pieces)} if event["type"] == APPEND else event) for sender, event in said]


def _talk(recorded: list[Event], *, dialect: Dialect, speed: float) -> Talk:
    """A simulator whose model says what was recorded."""
    opening = next((event["session"] for event in recorded if event["type"].startswith("session.")), {})
    replies = iter(
        [_said_in(recorded, event["response"]["id"]) for event in recorded if event["type"] == "response.created"]
    )
    heard = iter(
        [event for event in recorded if event["type"].startswith(f"{TRANSCRIPTION}.") and "delta" not in event]
    )

    def reply(turn: Turn) -> tuple[ReplyStep, ...]:
        return tuple(_step(item) for item in next(replies, []))

    def hear(utterance: Utterance) -> str | Unheard:
        event = next(heard, {"transcript": ""})
        return (
            event["transcript"] if "transcript" in event else Unheard(event["error"]["code"], event["error"]["message"])
        )

    settings = Settings(
        speed=speed,
        model=opening.get("model", "gpt-realtime"),
        sideband=recorded[0]["type"] != "session.created",
        rate_limits=any(event["type"] == "rate_limits.updated" for event in recorded),
    )
    return Talk(reply=reply, settings=settings, hear=hear, dialect=dialect)


def _said_in(recorded: list[Event], response_id: str) -> list[Event]:
    """The items of a response; of one that the recording does not see the end of, the calls that were complete."""
    for event in recorded:
        if event["type"] == "response.done" and event["response"]["id"] == response_id:
            return list(event["response"]["output"])
    own = [event for event in recorded if event.get("response_id") == response_id]
    return [{**event, "type": "function_call"} for event in own if event["type"] == ARGUMENTS_DONE]


def _step(item: Event) -> ReplyStep:
    if item["type"] == "function_call":
        return Call(item["name"], item["arguments"])
    (part,) = item["content"]
    return Say(part.get("transcript") or part.get("text") or "")


def _known_ids(recorded: list[Event], simulated: list[Event]) -> dict[str, str]:
    """The recorded server's ids of calls, items and responses, and the simulator's in their place."""
    return dict(pair for find in _IDS for pair in zip(find(recorded), find(simulated), strict=False))


def _calls(events: Iterable[Event]) -> list[str]:
    return [event["call_id"] for event in events if event["type"] == ARGUMENTS_DONE]


def _items(events: Iterable[Event]) -> list[str]:
    return [event["item"]["id"] for event in events if event["type"] in ADDED]


def _responses(events: Iterable[Event]) -> list[str]:
    return [event["response"]["id"] for event in events if event["type"] == "response.created"]


_IDS = (_calls, _items, _responses)


def _renamed(value: Any, ids: dict[str, str]) -> Any:
    """What a client said, about the simulator's calls, items and responses."""
    if isinstance(value, dict):
        return {name: _renamed(member, ids) for name, member in value.items()}
    if isinstance(value, list):
        return [_renamed(member, ids) for member in value]
    return ids.get(value, value) if isinstance(value, str) else value


def differences(agreement: Agreement) -> list[str]:
    """What differs: `- type` was recorded and is not simulated at that place, `+ type` the other way round."""
    lines = ndiff(agreement.recorded, agreement.simulated)
    return [line for line in lines if line.startswith(("- ", "+ "))] + list(agreement.fields)


def _steps(events: list[Event]) -> tuple[str, ...]:
    """The types of events in order: runs of deltas as one, the transcription apart (its order is not guaranteed)."""
    main = [event["type"] for event in events if not event["type"].startswith(TRANSCRIPTION)]
    aside = [event["type"] for event in events if event["type"].startswith(TRANSCRIPTION)]
    return (*_runs(main), *_runs(aside))


def _runs(kinds: list[str]) -> list[str]:
    found: list[str] = []
    for kind in kinds:
        if kind.endswith("audio.delta") and found and found[-1].endswith("audio_transcript.delta"):
            kind = found[-1]
        if not found or found[-1] != kind:
            found.append(kind)
    return found


def _field_differences(recorded: list[Event], simulated: list[Event]) -> list[str]:
    one, other = _fields(recorded), _fields(simulated)
    both = {kind for kind, *_ in one} & {kind for kind, *_ in other}
    left = [f"+{kind}: {path}" for kind, path in sorted(one - other) if kind in both]
    return left + [f"-{kind}: {path}" for kind, path in sorted(other - one) if kind in both]


def _fields(events: list[Event]) -> set[tuple[str, str]]:
    return {(event["type"], path) for event in events for path in _paths(event, "")}


def _paths(value: Any, path: str) -> Iterable[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name in ("parameters", "metadata"):
                yield f"{path}.{name}"
            else:
                yield from _paths(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for member in value:
            yield from _paths(member, f"{path}[]")
    else:
        yield f"{path}: {type(value).__name__}"
