"""The input audio buffer: sound comes in, turns are found in it, speech becomes an item of the user's."""

from dataclasses import replace

import pybase64

from realtime_sdk.audio.vad import SpeechStarted, SpeechStopped, VadEvent
from realtime_sdk.protocol.client_events import InputAudioBufferAppend, InputAudioBufferClear, InputAudioBufferCommit
from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.protocol.models import UserMessage, UserMessageContent
from realtime_sdk.protocol.server_events import (
    InputAudioBufferCleared,
    InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted,
    InputAudioBufferSpeechStopped,
)
from realtime_sdk.simulator.brain import complaints
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.happenings import Heard
from realtime_sdk.simulator.brain.items import announce, place
from realtime_sdk.simulator.brain.listening import listen
from realtime_sdk.simulator.brain.pausing import go_on, pause, weigh
from realtime_sdk.simulator.brain.responses import begin_unasked, interrupt
from realtime_sdk.simulator.brain.saying import last_item_id, mint, refuse, say
from realtime_sdk.simulator.brain.sounds import BYTES_PER_MS, from_wire, ms_of
from realtime_sdk.simulator.brain.tape import Tape
from realtime_sdk.simulator.brain.transcribing import hear, say_delta, transcription_of, want_words
from realtime_sdk.simulator.brain.values import Buffer, Held, Server, Speech, Uncommitted

__all__ = ["append", "clear", "commit", "commit_speech", "emptied", "restart_listening", "take_words"]

LONGEST_APPEND = 15 * 1024 * 1024
SHORTEST_COMMIT_MS = 100
_IDLE_KEPT = 30_000 * BYTES_PER_MS  # what is kept of a silence under turn detection
_IDLE_LIMIT = 2 * _IDLE_KEPT


def append(server: Server, event: InputAudioBufferAppend) -> Server:
    """Take sound in; under turn detection say what it proves."""
    if len(event.audio) > LONGEST_APPEND:
        return refuse(server, complaints.too_long("audio", len(event.audio), LONGEST_APPEND), event.event_id)
    try:
        sound = pybase64.b64decode(event.audio, validate=True)
    except ValueError:
        message = "Invalid 'audio'. Expected base64-encoded audio bytes, but got an invalid value."
        return refuse(server, Complaint("invalid_value", message, "audio"), event.event_id)
    return _heard(server, sound)


def _heard(server: Server, sound: bytes) -> Server:
    """The server with this sound in its buffer, and what it proves said. One copy: this comes fifty times a second."""
    buffer = server.buffer
    pcm, torn = _whole_samples(buffer.torn, sound, server.config.input_format)
    listening, found = (None, ()) if buffer.listening is None else buffer.listening.feed(pcm)
    buffer = Buffer(buffer.tape.append(pcm), buffer.base, torn, listening, buffer.speech)
    server = server.having(buffer=buffer)
    for event in found:
        server = _on_vad(server, event)
    if server.buffer.speech is not None and server.buffer.speech.pause is not None:
        server = _waited(server, server.buffer.speech, ms_of(server.buffer.position))
    return server if listening is None else _forget_silence(server)


def _whole_samples(torn: bytes, sound: bytes, kind: str) -> tuple[bytes, bytes]:
    """Inner sound; half a sample at the end waits for its other half."""
    if kind != "audio/pcm":
        return from_wire(sound, kind), b""
    joined = torn + sound if torn else sound
    whole = len(joined) & ~1
    return (joined, b"") if whole == len(joined) else (joined[:whole], joined[whole:])


def _on_vad(server: Server, event: VadEvent) -> Server:
    match event:
        case SpeechStarted():
            if (speech := server.buffer.speech) is not None:
                server = _waited(server, speech, event.at_ms)
            return _speech_started(server, event.audio_start_ms)
        case SpeechStopped():
            return _paused(server, event.audio_end_ms)


def _speech_started(server: Server, start_ms: int) -> Server:
    if server.buffer.speech is not None:
        return go_on(server)
    server, item_id = mint(server, "item")
    server = server.having(buffer=replace(server.buffer, speech=Speech(item_id, start_ms)), idling=None)
    server = say(server, InputAudioBufferSpeechStarted(audio_start_ms=start_ms, item_id=item_id))
    return interrupt(server) if _detection(server, "interrupt_response") else server


def _paused(server: Server, end_ms: int) -> Server:
    """A pause that is long enough: it ends the turn, unless its words say that the sentence goes on."""
    if server.config.longest_pause_ms is None or server.buffer.speech is None:
        return _speech_stopped(server, end_ms)
    return pause(server, server.buffer.speech, end_ms)


def _waited(server: Server, speech: Speech, now_ms: int) -> Server:
    """The turn ends where the pause has become too long, whatever was said."""
    if speech.pause is None or now_ms < speech.pause.latest_ms:
        return server
    return _speech_stopped(server, speech.pause.latest_ms, speech.pause.heard)


def _speech_stopped(server: Server, end_ms: int, heard: Heard | None = None) -> Server:
    """Commit the turn that ends here; `heard` if its words are known already."""
    speech, buffer = server.buffer.speech, server.buffer
    if speech is None:
        return server
    start, end = (ms * BYTES_PER_MS - buffer.base for ms in (speech.start_ms, end_ms))
    pcm, rest = buffer.tape.cut(start, end), buffer.tape.cut(end, buffer.tape.size)
    kept = replace(buffer, tape=Tape().append(rest), base=buffer.position - len(rest), speech=None)
    server = server.having(buffer=kept)
    server = say(server, InputAudioBufferSpeechStopped(audio_end_ms=end_ms, item_id=speech.item_id))
    if heard is not None:
        return _commit_heard(server, Uncommitted(speech.item_id, pcm), heard, server.config.transcription)
    if server.settings.early_transcripts and server.config.transcription is not None:
        return _commit_later(server, Uncommitted(speech.item_id, pcm), speech.number)
    return _answered(commit_speech(server, pcm, speech.item_id, number=speech.number))


def _answered(server: Server) -> Server:
    """The server that answers a turn it found, if the session has it so."""
    return begin_unasked(server) if _detection(server, "create_response") else server


def _commit_later(server: Server, speech: Uncommitted, number: int | None) -> Server:
    server = server.having(uncommitted=(*server.uncommitted, speech))
    held = _spoken(speech.item_id, speech.pcm)
    return want_words(server, held, transcription=server.config.transcription, number=number)


def take_words(server: Server, heard: Heard) -> Server:
    """The words of an utterance have come: in a pause of it, before its item if it waited for them, or later."""
    speech = server.buffer.speech
    if speech is not None and speech.item_id == heard.item_id:
        return _weighed(server, speech, heard)
    waiting = next((one for one in server.uncommitted if one.item_id == heard.item_id), None)
    if waiting is None:
        return hear(server, heard)
    server = server.having(uncommitted=tuple(one for one in server.uncommitted if one is not waiting))
    return _commit_heard(server, waiting, heard, server.unheard.get(heard.item_id))


def _weighed(server: Server, speech: Speech, heard: Heard) -> Server:
    """The words before a pause are known: the turn ends there, or is waited for."""
    server, ended = weigh(server, speech, heard)
    return server if ended is None else _speech_stopped(server, ended.end_ms, heard)


def _commit_heard(server: Server, speech: Uncommitted, heard: Heard, transcription: JsonObject | None) -> Server:
    """Commit speech whose words are known already, and answer it."""
    if not server.settings.early_transcripts or transcription is None:
        return _answered(hear(commit_speech(server, speech.pcm, speech.item_id, told=False), heard))
    for delta in transcription_of(server, speech.item_id, heard.text, transcription).deltas:
        server = say_delta(server, speech.item_id, delta)
    server = hear(commit_speech(server, speech.pcm, speech.item_id, told=False), heard)
    whole = tuple(
        replace(one, next_delta=len(one.deltas)) if one.item_id == speech.item_id else one
        for one in server.transcribing
    )
    return _answered(server.having(transcribing=whole))


def _detection(server: Server, name: str) -> bool:
    """A switch of turn detection; there is no response to make in a transcription session."""
    settings = server.config.turn_detection or {}
    return bool(settings.get(name)) and server.config.intent == "realtime"


def commit_speech(server: Server, pcm: bytes, item_id: str, *, told: bool = True, number: int | None = None) -> Server:
    """Make a user's item of this sound, and ask for its words; unless they are known (not `told`)."""
    held = _spoken(item_id, pcm)
    before = last_item_id(server)
    server = say(server, InputAudioBufferCommitted(previous_item_id=before, item_id=item_id))
    server = announce(place(server, held), held)
    transcription = server.config.transcription
    if told:
        return want_words(server, held, transcription=transcription, number=number)
    return server.having(unheard={**server.unheard, item_id: transcription})


def _spoken(item_id: str, pcm: bytes) -> Held:
    content = UserMessageContent(type="input_audio", transcript=None)
    return Held(item_id, UserMessage(id=item_id, status="completed", content=[content]), {0: pcm}, words=None)


def _forget_silence(server: Server) -> Server:
    buffer = server.buffer
    if buffer.speech is not None or buffer.tape.size < _IDLE_LIMIT:
        return server
    kept = buffer.tape.cut(buffer.tape.size - _IDLE_KEPT, buffer.tape.size)
    shorter = replace(buffer, tape=Tape().append(kept), base=buffer.position - len(kept))
    return server.having(buffer=shorter)


def commit(server: Server, event: InputAudioBufferCommit) -> Server:
    """Make an item of everything in the buffer."""
    buffered = server.buffer.tape.size
    if buffered < SHORTEST_COMMIT_MS * BYTES_PER_MS:
        return refuse(server, complaints.commit_empty(buffered / BYTES_PER_MS), event.event_id)
    speech, pcm = server.buffer.speech, server.buffer.tape.whole
    server = emptied(_stop_speaking(server))
    server, item_id = (server, speech.item_id) if speech else mint(server, "item")
    return commit_speech(server, pcm, item_id, number=speech.number if speech else None)


def clear(server: Server, event: InputAudioBufferClear) -> Server:
    """Throw away what is in the buffer."""
    return say(emptied(server), InputAudioBufferCleared())


def emptied(server: Server) -> Server:
    """The server with nothing in its buffer, and no speech in progress; positions go on counting."""
    buffer = server.buffer
    listening = buffer.listening.forget() if buffer.listening is not None else None
    return server.having(buffer=Buffer(base=buffer.position, listening=listening))


def _stop_speaking(server: Server) -> Server:
    """Say that speech has stopped where something else than silence ends it."""
    speech = server.buffer.speech
    if speech is None:
        return server
    server = server.having(buffer=replace(server.buffer, speech=None))
    end_ms = ms_of(server.buffer.position)
    return say(server, InputAudioBufferSpeechStopped(audio_end_ms=end_ms, item_id=speech.item_id))


def restart_listening(server: Server, *, format_changed: bool = False) -> Server:
    """Listen by the session's present rules; speech in progress ends, and half a sample of another format is gone."""
    server = _stop_speaking(server)
    rules, buffer = server.config.turn_rules, server.buffer
    listening = None if rules is None else listen(rules, position=buffer.position, make_vad=server.settings.make_vad)
    torn = b"" if format_changed else buffer.torn
    return server.having(buffer=replace(buffer, listening=listening, torn=torn))
