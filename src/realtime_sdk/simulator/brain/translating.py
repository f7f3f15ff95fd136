"""Translation sessions: no turns, no items. Sound in; two transcripts and sound out, phrase by phrase (DOSSIER §1.4).

A phrase ends with a pause in the sound: where a client sends no silence it goes on, however much time passes. Its words
are asked for as those of a turn are, and so is the translation: as the reply to a turn with the instruction to say the
words after the target language's name. `elapsed_ms` counts frames of 200 ms.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import ceil
from typing import Any, Final

import pybase64

from realtime_sdk.audio.vad import SpeechStarted, SpeechStopped, TurnRules
from realtime_sdk.protocol import registries, translation
from realtime_sdk.protocol.codec import encode, parse
from realtime_sdk.protocol.json_values import JsonObject, is_object
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import ClientEventBase, ServerEventBase, WireModel
from realtime_sdk.simulator.brain import complaints
from realtime_sdk.simulator.brain.checks import complaint_about
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.config import Config
from realtime_sdk.simulator.brain.happenings import Answered, Heard, Turn, Utterance
from realtime_sdk.simulator.brain.listening import listen
from realtime_sdk.simulator.brain.planning import pieces
from realtime_sdk.simulator.brain.saying import refuse, say
from realtime_sdk.simulator.brain.sounds import BYTES_PER_MS, ms_of
from realtime_sdk.simulator.brain.values import Buffer, Due, Server, Settings, Translating
from realtime_sdk.simulator.reply import Say
from realtime_sdk.simulator.voice import speech

__all__ = [
    "begin_translation",
    "merged_translation",
    "opening_translation",
    "perform_translation",
    "translate",
    "translation_due_ms",
]

FRAME_MS: Final = 200
_DELTA_MS: Final = 30
_RULES: Final = TurnRules(silence_duration_ms=400)
_SILENT: Final = "cannot be translated: a session is closing"
_client, _server, _models = translation.client_events, translation.server_events, translation.models


def opening_translation(session_id: str, *, model: str, expires_at: int) -> Config:
    """The settings of a fresh translation session."""
    return Config(
        {
            "id": session_id,
            "type": "translation",
            "expires_at": expires_at,
            "model": model,
            "audio": {"input": {"transcription": None, "noise_reduction": None}, "output": {"language": "en"}},
        }
    )


def begin_translation(server: Server) -> Server:
    """The server that has said session.created and listens."""
    listening = listen(_RULES, position=0, make_vad=server.settings.make_vad)
    server = server.having(buffer=Buffer(listening=listening), translating=Translating())
    return say(server, _server.SessionCreated(session=_shown(server)))


def translate(server: Server, now: Translating, happening: object) -> Server:
    """The server after what happened in a translation session: sound, words, a translation, or a client event."""
    match happening:
        case Heard():
            return _take_words(server, now, happening)
        case Answered():
            return _take_translation(server, now, happening)
        case ClientEventBase() | UnknownEvent():
            return _told(server, happening)
        case _:
            return server


def translation_due_ms(server: Server) -> int | None:
    """When something is to be said next, None if nothing is."""
    now = server.translating
    return None if now is None or not now.due else now.due[0].at_ms


def perform_translation(server: Server, now: Translating) -> Server:
    """Say what is due; say that the session is closed, once it shall be and all is said."""
    ready = tuple(due for due in now.due if due.at_ms <= server.now_ms)
    if ready:
        now = replace(now, due=now.due[len(ready) :])
        server = say(server.having(translating=now), *(due.event for due in ready))
    if now.closing and not now.closed and not (now.due or now.waiting):
        server = say(server, _server.SessionClosed())
        server = server.having(translating=replace(now, closed=True))
    return server


# --- client events ------------------------------------------------------------------------------------------------


def _told(server: Server, event: ClientEventBase | UnknownEvent) -> Server:
    raw = event.raw if isinstance(event, UnknownEvent) else parse(encode(event))
    event_id = raw.get("event_id") if isinstance(raw.get("event_id"), str) else None
    kind = raw.get("type")
    cls = registries.TRANSLATION.client.get(kind) if isinstance(kind, str) else None
    if cls is None:
        found = complaints.missing("type") if kind is None else _no_such(kind)
        return refuse(server, found, event_id)
    complaint = complaint_about(raw, cls)
    if complaint is not None:
        return refuse(server, complaint, event_id)
    if isinstance(event, UnknownEvent):
        return refuse(server, Complaint("invalid_value", f"Invalid event: {event.why}"), event_id)
    return _CLIENT[type(event)](server, event)


def _no_such(kind: object) -> Complaint:
    return complaints.invalid_value("type", str(kind), sorted(registries.TRANSLATION.client))


def _update(server: Server, event: Any) -> Server:
    patch: JsonObject = event.session.model_dump(exclude_unset=True)
    server = server.having(config=merged_translation(server.config, patch))
    return say(server, _server.SessionUpdated(session=_shown(server)))


def merged_translation(config: Config, patch: Mapping[str, Any]) -> Config:
    """The settings after a session.update that was found to be sound."""
    return Config(_merged(config.wire, patch))


def _merged(before: JsonObject, patch: Mapping[str, Any]) -> JsonObject:
    """Given fields replace, object by object; null turns off."""
    return {
        **before,
        **{
            name: _merged(before[name], value) if is_object(value) and is_object(before.get(name)) else value
            for name, value in patch.items()
        },
    }


def _shown(server: Server) -> Any:
    return _models.TranslationSession.model_validate(server.config.wire)


def _append(server: Server, event: Any) -> Server:
    now = server.translating
    if now is None or now.closing:
        return refuse(server, Complaint("invalid_state", f"Audio {_SILENT}.", "audio"), event.event_id)
    try:
        sound = pybase64.b64decode(event.audio, validate=True)
    except ValueError:
        message = "Invalid 'audio'. Expected base64-encoded audio bytes, but got an invalid value."
        return refuse(server, Complaint("invalid_value", message, "audio"), event.event_id)
    return _listen(server, now, sound)


def _listen(server: Server, now: Translating, sound: bytes) -> Server:
    buffer = server.buffer
    joined = buffer.torn + sound
    whole = len(joined) & ~1
    assert buffer.listening is not None
    listening, found = buffer.listening.feed(joined[:whole])
    buffer = replace(buffer, tape=buffer.tape.append(joined[:whole]), torn=joined[whole:], listening=listening)
    server = server.having(buffer=buffer)
    for event in found:
        match event:
            case SpeechStarted():
                now = replace(now, phrase_start_ms=event.audio_start_ms)
                server = server.having(translating=now)
            case SpeechStopped():
                server = _phrase(server, now, event.audio_end_ms)
                now = server.translating or now
    return server


def _close(server: Server, event: Any) -> Server:
    now = server.translating
    if now is None or now.closing:
        return server
    server = _phrase(server, now, ms_of(server.buffer.position))
    return server.having(translating=replace(server.translating or now, closing=True))


def _phrase(server: Server, now: Translating, end_ms: int) -> Server:
    """Ask for the words of the phrase that ends here, if one has begun."""
    if now.phrase_start_ms is None:
        return server
    buffer, base_ms = server.buffer, ms_of(server.buffer.base)
    start, end = ((ms - base_ms) * BYTES_PER_MS for ms in (now.phrase_start_ms, end_ms))
    pcm = buffer.tape.cut(start, end)
    number = server.utterances + 1
    phrase = f"phrase_{number}"
    spoken = Utterance(item_id=phrase, number=number, pcm=pcm, duration_ms=ms_of(len(pcm)))
    now = replace(now, phrase_start_ms=None, waiting={**now.waiting, phrase: _in_frames(end_ms)})
    return server.having(utterances=number, translating=now, wanted=(*server.wanted, spoken))


_CLIENT: Final[Mapping[type[WireModel], Callable[[Server, Any], Server]]] = {
    _client.SessionUpdate: _update,
    _client.SessionInputAudioBufferAppend: _append,
    _client.SessionClose: _close,
}


# --- words and translations ---------------------------------------------------------------------------------------


def _take_words(server: Server, now: Translating, heard: Heard) -> Server:
    """Tell the words where the session transcribes, and ask for their translation."""
    if heard.item_id not in now.waiting:
        return server
    end_ms, words = now.waiting[heard.item_id], heard.text
    language = server.config.wire["audio"]["output"].get("language")
    told = pieces(f"{words} ") if server.config.transcription is not None else ()
    said = [_server.SessionInputTranscriptDelta(delta=delta, elapsed_ms=end_ms) for delta in told]
    begin_ms = max(server.now_ms, now.tells_until_ms)
    due = tuple(_due(server, begin_ms, place * _DELTA_MS, event) for place, event in enumerate(said))
    turn = Turn(
        response_id=heard.item_id,
        number=server.turns + 1,
        text=words,
        instructions=f"Translate to {language}.",
        own_instructions=f"Say exactly: [{language}] {words}",
        metadata={"language": str(language)},
    )
    until_ms = begin_ms + _scaled(server.settings, len(said) * _DELTA_MS)
    now = replace(now, due=_sorted(now.due, due), tells_until_ms=until_ms)
    return server.having(turns=turn.number, translating=now, wanted=(*server.wanted, turn))


def _take_translation(server: Server, now: Translating, answered: Answered) -> Server:
    """Speak a translation after what is still to be spoken."""
    if answered.response_id not in now.waiting:
        return server
    end_ms = now.waiting[answered.response_id]
    begin_ms = max(server.now_ms, now.speaks_until_ms)
    due: list[Due] = []
    lasts_ms = 0
    for step in answered.reply:
        if isinstance(step, Say):
            pcm = step.sound or speech(step.text)
            spoken = _spoken(step.text, pcm, end_ms + lasts_ms)
            due += [_due(server, begin_ms, lasts_ms + offset_ms, event) for offset_ms, event in spoken]
            lasts_ms += _in_frames(ms_of(len(pcm)))
    left = {phrase: at for phrase, at in now.waiting.items() if phrase != answered.response_id}
    until_ms = begin_ms + _scaled(server.settings, lasts_ms)
    now = replace(now, due=_sorted(now.due, tuple(due)), waiting=left, speaks_until_ms=until_ms)
    return server.having(translating=now)


def _spoken(text: str, pcm: bytes, elapsed_ms: int) -> list[tuple[int, ServerEventBase]]:
    """A text as sound in frames and as deltas, each as many ms after the beginning as it is spoken."""
    size = FRAME_MS * BYTES_PER_MS
    said: list[tuple[int, ServerEventBase]] = []
    for start in range(0, len(pcm), size):
        offset_ms = ms_of(start)
        delta = pybase64.b64encode_as_string(pcm[start : start + size].ljust(size, b"\0"))
        frame = _server.SessionOutputAudioDelta(
            delta=delta, sample_rate=24_000, channels=1, format="pcm16", elapsed_ms=elapsed_ms + offset_ms
        )
        said.append((offset_ms, frame))
    deltas, lasts_ms = pieces(f"{text} "), ms_of(len(pcm))
    for place, delta in enumerate(deltas):
        offset_ms = place * lasts_ms // len(deltas)
        frame_ms = elapsed_ms + offset_ms // FRAME_MS * FRAME_MS
        said.append((offset_ms, _server.SessionOutputTranscriptDelta(delta=delta, elapsed_ms=frame_ms)))
    return sorted(said, key=lambda one: one[0])


def _in_frames(ms: int) -> int:
    """The end of the frame in which this ends."""
    return ceil(ms / FRAME_MS) * FRAME_MS


def _due(server: Server, begin_ms: int, offset_ms: int, event: ServerEventBase) -> Due:
    return Due(begin_ms + _scaled(server.settings, offset_ms), event)


def _scaled(settings: Settings, ms: int) -> int:
    return ceil(ms / settings.speed) if settings.speed else 0


def _sorted(before: tuple[Due, ...], more: tuple[Due, ...]) -> tuple[Due, ...]:
    return tuple(sorted((*before, *more), key=lambda due: due.at_ms))
