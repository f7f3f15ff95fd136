"""What is measured on: the frames of made-up sessions, as OpenAI's servers write them. Pure: same seed, same bytes.

Modelled on recorded GA sessions: order of events, fields, ids of 21 characters, `obfuscation` beside each text delta,
audio deltas of 200 to 400 ms PCM16 (12.8 to 25.6 kB of base64). A session without sound is what a sideband socket
carries; with sound it is what a websocket carries. Chance comes from one seeded generator alone.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from random import Random
from string import ascii_letters, digits
from typing import Any, Literal, NamedTuple

import pybase64
from pydantic_core import to_json

__all__ = ["Said", "Script", "answer", "conversation", "deltas", "frames_of", "server_frames"]

SEED = 20_26
PCM_BYTES_PER_MS = 48
DELTA_MS = (200, 250, 300, 350, 400)
WORD_MS = 300
"""How long a token of a transcript is spoken."""
CALL_EVERY = 4
"""Each so-manieth turn calls a function first."""
SENTENCE = (
    "the is a to you of it in that we can your order about seven weather London really I’ll check please tomorrow"
    " morning and then call number street would like some more time good café naïve"
)
WORDS = tuple(f" {word}" for word in SENTENCE.split())
FORMAT = {"type": "audio/pcm", "rate": 24_000}
MODEL = "gpt-realtime-2.1"


class Said(NamedTuple):
    """One frame and who said it."""

    sender: Literal["client", "server"]
    frame: bytes


class Script:
    """A session as it goes on: `greeting` first, then turns. `sound` says whether audio deltas are in it."""

    def __init__(self, *, sound: bool, seed: int = SEED) -> None:
        self._random = Random(seed)
        self._sound = sound
        self._prefix = "".join(self._random.choices(ascii_letters + digits, k=6))
        self._ids = 0
        self._turns = 0
        self._now_ms = 0
        self._last_item: str | None = None
        self._pool = sounds(seed) if sound else ()
        self._conversation = self._id("conv")

    # --- what is said ---------------------------------------------------------------------------------------------

    def greeting(self) -> Iterator[Said]:
        """The session begins: created, asked for, updated."""
        session = self._session()
        yield self._server("session.created", session=session)
        wanted = {"type": "realtime", "instructions": "Reply in a few words.", "output_modalities": ["audio"]}
        yield _said("client", {"type": "session.update", "session": wanted})
        yield self._server("session.updated", session=session)

    def turn(self) -> Iterator[Said]:
        """The user speaks and is answered, at times with a function call before the answer."""
        self._turns += 1
        yield from self._question()
        if not self._turns % CALL_EVERY:
            yield from self._call()
        yield from self._answer(tokens=self._random.randint(12, 28))

    def long_answer(self, audio_ms: int) -> Iterator[Said]:
        """One response that speaks for so long."""
        yield from self._question()
        yield from self._answer(tokens=audio_ms // WORD_MS)

    def _question(self) -> Iterator[Said]:
        item_id = self._id("item")
        began_ms = self._now_ms + 900
        self._now_ms = began_ms + self._random.randrange(960, 4_000, 32)
        yield self._server("input_audio_buffer.speech_started", audio_start_ms=began_ms, item_id=item_id)
        yield self._server("input_audio_buffer.speech_stopped", audio_end_ms=self._now_ms, item_id=item_id)
        yield self._server("input_audio_buffer.committed", previous_item_id=self._last_item, item_id=item_id)
        content = [{"type": "input_audio", "transcript": None}]
        item = {"id": item_id, "type": "message", "status": "completed", "role": "user", "content": content}
        yield from self._placed(item)
        yield self._server("conversation.item.done", previous_item_id=self._before, item=item)
        words = self._words(self._random.randint(5, 10))
        place = {"item_id": item_id, "content_index": 0}
        kind = "conversation.item.input_audio_transcription"
        for word in words:
            yield self._delta(f"{kind}.delta", place, word)
        usage = {"type": "duration", "seconds": (self._now_ms - began_ms) // 1_000 + 1}
        yield self._server(f"{kind}.completed", **place, transcript="".join(words).strip(), usage=usage)

    def _answer(self, tokens: int) -> Iterator[Said]:
        response_id, item_id = self._id("resp"), self._id("item")
        yield self._server("response.created", response=self._response(response_id))
        said = {"type": "message", "status": "in_progress", "role": "assistant"}
        item: dict[str, Any] = {"id": item_id, **said, "content": []}
        yield self._server("response.output_item.added", response_id=response_id, output_index=0, item=item)
        yield from self._placed(item)
        place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "content_index": 0}
        part = {"type": "audio", "transcript": ""}
        yield self._server("response.content_part.added", **place, part=part)
        words = self._words(tokens)
        yield from self._speech(words, place)
        text = "".join(words).strip()
        part, spoken = part | {"transcript": text}, {"type": "output_audio", "transcript": text}
        item = item | {"status": "completed", "content": [spoken]}
        yield self._server("response.output_audio.done", **place)
        yield self._server("response.output_audio_transcript.done", **place, transcript=text)
        yield self._server("response.content_part.done", **place, part=part)
        yield from self._end_of_response(response_id, item, tokens)

    def _speech(self, words: list[str], place: dict[str, Any]) -> Iterator[Said]:
        """Transcript and sound, the sound a little behind, as it comes."""
        owed_ms = 0
        for index, word in enumerate(words):
            yield self._delta("response.output_audio_transcript.delta", place, word.strip() if not index else word)
            owed_ms += WORD_MS
            while self._sound and owed_ms > 0:
                sound = self._random.choice(self._pool)
                owed_ms -= len(sound) * 3 // 4 // PCM_BYTES_PER_MS
                yield self._server("response.output_audio.delta", **place, delta=sound)

    def _call(self) -> Iterator[Said]:
        response_id, item_id, call_id = self._id("resp"), self._id("item"), f"call_{self._number():016d}"
        yield self._server("response.created", response=self._response(response_id))
        named = {"name": "get_weather", "call_id": call_id}
        item = {"id": item_id, "type": "function_call", "status": "in_progress", **named, "arguments": ""}
        yield self._server("response.output_item.added", response_id=response_id, output_index=0, item=item)
        yield from self._placed(item)
        place = {"response_id": response_id, "item_id": item_id, "output_index": 0, "call_id": call_id}
        pieces = ['{"', "city", '":"', "London", '","', "day", '":', str(self._turns), "}"]
        kind = "response.function_call_arguments"
        for piece in pieces:
            yield self._delta(f"{kind}.delta", place, piece)
        arguments = "".join(pieces)
        yield self._server(f"{kind}.done", **place, name="get_weather", arguments=arguments)
        item = item | {"status": "completed", "arguments": arguments}
        yield from self._end_of_response(response_id, item, len(pieces))
        yield from self._call_output(call_id)

    def _call_output(self, call_id: str) -> Iterator[Said]:
        output = {"type": "function_call_output", "call_id": call_id, "output": "It is foggy and 12 degrees in London."}
        yield _said("client", {"type": "conversation.item.create", "item": output})
        yield _said("client", {"type": "response.create"})
        item = {"id": self._id("item"), **output}
        yield from self._placed(item)
        yield self._server("conversation.item.done", previous_item_id=self._before, item=item)

    def _end_of_response(self, response_id: str, item: dict[str, Any], tokens: int) -> Iterator[Said]:
        yield self._server("conversation.item.done", previous_item_id=None, item=item)
        yield self._server("response.output_item.done", response_id=response_id, output_index=0, item=item)
        ended = {"status": "completed", "output": [item], "usage": self._usage(tokens)}
        yield self._server("response.done", response=self._response(response_id) | ended)
        left = self._random.randrange(14_000_000, 15_000_000)
        limit = {"name": "tokens", "limit": 15_000_000, "remaining": left, "reset_seconds": 0.004}
        yield self._server("rate_limits.updated", rate_limits=[limit])

    # --- what it is made of ---------------------------------------------------------------------------------------

    def _placed(self, item: dict[str, Any]) -> Iterator[Said]:
        self._before, self._last_item = self._last_item, item["id"]
        yield self._server("conversation.item.added", previous_item_id=self._before, item=item)

    def _server(self, kind: str, **fields: Any) -> Said:
        return _said("server", {"type": kind, "event_id": self._id("event"), **fields})

    def _delta(self, kind: str, place: dict[str, Any], text: str) -> Said:
        noise = "".join(self._random.choices(ascii_letters, k=max(16 - len(text), 1)))
        return self._server(kind, **place, delta=text, obfuscation=noise)

    def _words(self, count: int) -> list[str]:
        return self._random.choices(WORDS, k=count)

    def _number(self) -> int:
        self._ids += 1
        return self._ids

    def _id(self, kind: str) -> str:
        return f"{kind}_{self._prefix}{self._number():015d}"

    def _response(self, response_id: str) -> dict[str, Any]:
        return {
            "object": "realtime.response",
            "id": response_id,
            "status": "in_progress",
            "status_details": None,
            "output": [],
            "conversation_id": self._conversation,
            "output_modalities": ["audio"],
            "max_output_tokens": "inf",
            "audio": {"output": {"format": FORMAT, "voice": "marin"}},
            "usage": None,
            "metadata": None,
        }

    def _usage(self, tokens: int) -> dict[str, Any]:
        text, heard, spoken = 40 + self._random.randrange(400), 20 + self._random.randrange(200), tokens * 6
        cached = {"text_tokens": text // 2, "audio_tokens": 0, "image_tokens": 0}
        given = {"text_tokens": text, "audio_tokens": heard, "image_tokens": 0, "cached_tokens": text // 2}
        return {
            "total_tokens": text + heard + tokens + spoken,
            "input_tokens": text + heard,
            "output_tokens": tokens + spoken,
            "input_token_details": given | {"cached_tokens_details": cached},
            "output_token_details": {"text_tokens": tokens, "audio_tokens": spoken},
        }

    def _session(self) -> dict[str, Any]:
        detection = {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": 200,
            "idle_timeout_ms": None,
            "create_response": True,
            "interrupt_response": True,
        }
        transcription = {"model": "gpt-realtime-whisper", "language": None, "prompt": None}
        heard = {"format": FORMAT, "transcription": transcription, "noise_reduction": None, "turn_detection": detection}
        return {
            "type": "realtime",
            "object": "realtime.session",
            "id": self._id("sess"),
            "model": MODEL,
            "output_modalities": ["audio"],
            "instructions": "Reply in a few words.",
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            "prompt": None,
            "expires_at": 1_784_601_511,
            "audio": {"input": heard, "output": {"format": FORMAT, "voice": "marin", "speed": 1.0}},
            "include": None,
        }


def _said(sender: Literal["client", "server"], event: dict[str, Any]) -> Said:
    return Said(sender, to_json(event))


@lru_cache(maxsize=1)
def sounds(seed: int = SEED) -> tuple[str, ...]:
    """A pool of pieces of noise as base64, three of each length: decoding noise costs what decoding speech costs."""
    random = Random(seed)
    pieces = [random.randbytes(ms * PCM_BYTES_PER_MS) for ms in DELTA_MS * 3]
    return tuple(pybase64.b64encode(piece).decode() for piece in pieces)


# ------------------------------------------------------------------------------------------------------------------
# Whole sessions


@lru_cache(maxsize=6)
def conversation(turns: int, *, sound: bool) -> tuple[Said, ...]:
    """A session of so many turns."""
    script = Script(sound=sound)
    return (*script.greeting(), *(said for _ in range(turns) for said in script.turn()))


@lru_cache(maxsize=2)
def answer(audio_ms: int) -> tuple[Said, ...]:
    """A session with one response that speaks for so long."""
    script = Script(sound=True)
    return (*script.greeting(), *script.long_answer(audio_ms))


@lru_cache(maxsize=2)
def sound_alone(count: int) -> tuple[bytes, ...]:
    """A response that sends so many audio deltas and no transcript: its opening, then the deltas."""
    opening = server_frames(tuple(Script(sound=True).long_answer(0)))
    place = next(index for index, frame in enumerate(opening) if b"response.content_part.added" in frame[:48])
    return (*opening[: place + 1], *deltas(count))


@lru_cache(maxsize=2)
def deltas(count: int) -> tuple[bytes, ...]:
    """So many audio deltas and nothing else."""
    spoken = Script(sound=True).long_answer(count * max(DELTA_MS))
    found = (said.frame for said in spoken if b"response.output_audio.delta" in said.frame[:40])
    return tuple(islice(found, count))


def server_frames(said: tuple[Said, ...]) -> tuple[bytes, ...]:
    """What the server said."""
    return tuple(one.frame for one in said if one.sender == "server")


def frames_of(kind: str, size: int) -> tuple[bytes, ...]:
    """The server's frames of a workload by name: `small` and `mix` of so many turns, `sound` of so many deltas."""
    if kind == "sound":
        return sound_alone(size)
    return server_frames(conversation(size, sound=kind == "mix"))
