"""A reply as a plan: what happens when. Pure, without ids; `performing` carries it out, and may be cut off anywhere.

Times are milliseconds since the response began to answer, at the speed of the real service's speech. A spoken word is
written a little before it is heard, sound comes as fast as it is played, and an item closes with its last piece.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, TypeAlias

from realtime_sdk.audio.pcm import chunks
from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.simulator.brain.config import needs_approval
from realtime_sdk.simulator.brain.sounds import BYTES_PER_MS, ms_of
from realtime_sdk.simulator.reply import Call, CallMcp, Fail, Reply, ReplyStep, Say, Think, Wait
from realtime_sdk.simulator.voice import speech

__all__ = [
    "Act",
    "Arguments",
    "Beat",
    "Closes",
    "Ends",
    "Opens",
    "OutputKind",
    "Runs",
    "Sound",
    "Thinks",
    "Words",
    "audio_out_tokens",
    "pieces",
    "plan",
    "text_tokens",
]

CHUNK_MS = 200
_FIRST_MS = 250.0  # from response.created to the first item (RULES: about 300 ms)
_WORD_MS = 10.0  # from the item to its first word
_SOUND_MS = 130.0  # from the item to its first sound
_TEXT_STEP_MS = 20.0
_ARGUMENT_STEP_MS = 10.0
_MCP_MS = 100.0
_PIECE = re.compile(r"\s*\w+(?:['’]\w+)*|\s*[^\w\s]|\s+")


OutputKind: TypeAlias = Literal["message", "function_call", "mcp_call", "mcp_approval_request"]


@dataclass(frozen=True, slots=True)
class Opens:
    """An output item begins; a message with its one part."""

    kind: OutputKind
    name: str = ""
    phase: str | None = None
    mcp: CallMcp | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Text of a message, or of what is being said."""

    output: int
    delta: str


@dataclass(frozen=True, slots=True)
class Sound:
    """Sound of a message: inner PCM16."""

    output: int
    pcm: bytes


@dataclass(frozen=True, slots=True)
class Arguments:
    """Arguments of a function call."""

    output: int
    delta: str


@dataclass(frozen=True, slots=True)
class Runs:
    """An MCP call has its arguments, and is made."""

    output: int


@dataclass(frozen=True, slots=True)
class Closes:
    """An output item is complete."""

    output: int


@dataclass(frozen=True, slots=True)
class Thinks:
    """Tokens of reasoning that nobody sees."""

    tokens: int


@dataclass(frozen=True, slots=True)
class Ends:
    """The response ends."""

    status: Literal["completed", "incomplete", "failed"] = "completed"
    failure: Fail | None = None


Act: TypeAlias = Opens | Words | Sound | Arguments | Runs | Closes | Thinks | Ends


@dataclass(frozen=True, slots=True)
class Beat:
    """An act and its time."""

    at_ms: float
    act: Act


def text_tokens(characters: int) -> int:
    """Tokens of so many characters: four to a token."""
    return -(-characters // 4)


def audio_out_tokens(ms: int) -> int:
    """Tokens of so much spoken output: one for 50 ms."""
    return -(-ms // 50)


def pieces(text: str) -> tuple[str, ...]:
    """A text in the pieces that a model streams: words and signs, blanks at their beginning."""
    return tuple(_PIECE.findall(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a reply is carried out."""

    spoken: bool
    voice: str = "alloy"
    speed: float = 1.0
    interleaves: bool = False
    max_tokens: int | None = None
    mcp: tuple[JsonObject, ...] = ()


def plan(reply: Reply, delivery: Delivery) -> tuple[Beat, ...]:
    """The beats of a reply, in order of time; the last one is `Ends`."""
    beats: list[Beat] = []
    now_ms, outputs = _FIRST_MS, 0
    for place, step in enumerate(reply):
        made, now_ms = _beats_of(step, outputs, now_ms, delivery, reply[place + 1 :])
        beats += made
        outputs += isinstance(step, Say | Call | CallMcp)
        if isinstance(step, Fail):
            break
    else:
        beats.append(Beat(now_ms, Ends()))
    if delivery.interleaves:
        beats = _interleaved(beats)
    return _within(beats, delivery.max_tokens)


def _beats_of(step: ReplyStep, output: int, now_ms: float, delivery: Delivery, rest: Reply) -> tuple[list[Beat], float]:
    """The beats of a step that begins now, and when the next one begins."""
    match step:
        case Say():
            return _message(step, output, now_ms, delivery, _phase(rest) if delivery.interleaves else None)
        case Call():
            return _call(step, output, now_ms)
        case CallMcp():
            return _call_mcp(step, output, now_ms, delivery)
        case Fail():
            return [Beat(now_ms, Ends("failed", step))], now_ms
        case Wait(ms):
            return [], now_ms + ms
        case Think(tokens, ms):
            return [Beat(now_ms, Thinks(tokens))], now_ms + ms


def _phase(rest: Reply) -> str:
    return "commentary" if any(isinstance(step, Call) for step in rest) else "final_answer"


def _message(say: Say, output: int, now_ms: float, delivery: Delivery, phase: str | None) -> tuple[list[Beat], float]:
    opens = Beat(now_ms, Opens("message", phase=phase))
    words = pieces(say.text)
    if not delivery.spoken:
        written = [Beat(now_ms + _TEXT_STEP_MS * place, Words(output, word)) for place, word in enumerate(words, 1)]
        end_ms = now_ms + _TEXT_STEP_MS * (len(words) + 1)
        return [opens, *written, Beat(end_ms, Closes(output))], end_ms
    pcm = say.sound if say.sound is not None else speech(say.text, voice=delivery.voice, speed=delivery.speed)
    heard = [
        Beat(now_ms + _SOUND_MS + CHUNK_MS * place, Sound(output, piece))
        for place, piece in enumerate(chunks(pcm, CHUNK_MS * BYTES_PER_MS))
    ]
    written = list(_subtitles(words, output, now_ms + _WORD_MS, ms_of(len(pcm))))
    body = sorted([*written, *heard], key=lambda beat: beat.at_ms)
    end_ms = body[-1].at_ms if body else now_ms
    return [opens, *body, Beat(end_ms, Closes(output))], end_ms


def _subtitles(words: Sequence[str], output: int, from_ms: float, sound_ms: int) -> Iterable[Beat]:
    """The words of a spoken message, each when its turn in the sound begins, and that much ahead of it."""
    characters = sum(map(len, words)) or 1
    before = accumulate(map(len, words), initial=0)
    for word, place in zip(words, before, strict=False):
        yield Beat(from_ms + sound_ms * place / characters, Words(output, word))


def _call(call: Call, output: int, now_ms: float) -> tuple[list[Beat], float]:
    deltas = pieces(call.json)
    end_ms = now_ms + _ARGUMENT_STEP_MS * (len(deltas) + 1)
    given = [
        Beat(now_ms + _ARGUMENT_STEP_MS * place, Arguments(output, delta)) for place, delta in enumerate(deltas, 1)
    ]
    return [Beat(now_ms, Opens("function_call", name=call.name)), *given, Beat(end_ms, Closes(output))], end_ms


def _call_mcp(call: CallMcp, output: int, now_ms: float, delivery: Delivery) -> tuple[list[Beat], float]:
    """The call, or the question whether it may be made."""
    asks = needs_approval(delivery.mcp, call.server_label, call.name)
    if asks and call.approval_request_id is None:
        opens = Beat(now_ms, Opens("mcp_approval_request", name=call.name, mcp=call))
        return [opens, Beat(now_ms, Closes(output))], now_ms
    body, given_ms = _call(Call(call.name, call.json), output, now_ms)
    opens = Beat(now_ms, Opens("mcp_call", name=call.name, mcp=call))
    end_ms = given_ms + _MCP_MS
    return [opens, *body[1:-1], Beat(given_ms, Runs(output)), Beat(end_ms, Closes(output))], end_ms


def _interleaved(beats: list[Beat]) -> list[Beat]:
    """A message that a call follows closes only when the call's arguments are all there, as gpt-realtime-2 does it."""
    mixed: list[Beat] = []
    waiting: list[Beat] = []
    for place, beat in enumerate(beats):
        following = beats[place + 1].act if place + 1 < len(beats) else None
        if isinstance(beat.act, Closes) and isinstance(following, Opens) and following.kind == "function_call":
            waiting.append(beat)
            continue
        if isinstance(beat.act, Closes | Ends):
            mixed += [Beat(beat.at_ms, late.act) for late in waiting]
            waiting = []
        mixed.append(beat)
    return mixed


def _within(beats: list[Beat], limit: int | None) -> tuple[Beat, ...]:
    """The beats up to the token that would be too many, and the end that comes of it."""
    if limit is None:
        return tuple(beats)
    kept: list[Beat] = []
    spent = 0
    for beat in beats:
        spent += _tokens(beat.act)
        if spent > limit:
            return (*kept, Beat(beat.at_ms, Ends("incomplete")))
        kept.append(beat)
    return tuple(kept)


def _tokens(act: Act) -> int:
    match act:
        case Words(_, delta) | Arguments(_, delta):
            return text_tokens(len(delta))
        case Sound(_, pcm):
            return audio_out_tokens(ms_of(len(pcm)))
        case Thinks(tokens):
            return tokens
        case _:
            return 0
