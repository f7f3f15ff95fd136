"""From speech to words: what was said is asked for, comes as deltas, then whole; or it fails."""

from dataclasses import replace
from math import ceil

from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.protocol.models import TranscriptionError, UserMessage
from realtime_sdk.protocol.server_events import (
    ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta,
    ConversationItemInputAudioTranscriptionFailed,
)
from realtime_sdk.simulator.brain.happenings import Heard, Unheard, Utterance, Words
from realtime_sdk.simulator.brain.ids import filler
from realtime_sdk.simulator.brain.planning import pieces
from realtime_sdk.simulator.brain.saying import find_item, say, with_item
from realtime_sdk.simulator.brain.sounds import ms_of
from realtime_sdk.simulator.brain.usage import transcription_usage
from realtime_sdk.simulator.brain.values import Held, Server, Transcribing

__all__ = ["DELTA_MS", "ask_words", "hear", "say_delta", "transcribe_one", "transcription_of", "want_words"]

DELTA_MS = 30
"""How long the service takes for a delta, at speed 1."""


def want_words(server: Server, held: Held, *, transcription: JsonObject | None, number: int | None = None) -> Server:
    """Ask for the words of an item's sound; with `transcription` the client is told them.

    `number` is that of an utterance which was asked for already.
    """
    pcm = b"".join(sound for _, sound in sorted(held.sounds.items()))
    server = server.having(unheard={**server.unheard, held.id: transcription})
    return ask_words(server, held.id, pcm, number=number, transcription=transcription)


def ask_words(
    server: Server, item_id: str, pcm: bytes, *, number: int | None, transcription: JsonObject | None
) -> Server:
    """Ask what is said in a sound, for the item with this id; a new utterance has no number yet."""
    utterance = Utterance(
        item_id=item_id,
        number=number or server.utterances + 1,
        pcm=pcm,
        duration_ms=ms_of(len(pcm)),
        language=(transcription or {}).get("language"),
        prompt=(transcription or {}).get("prompt"),
    )
    utterances = max(server.utterances, utterance.number)
    return server.having(utterances=utterances, wanted=(*server.wanted, utterance))


def hear(server: Server, heard: Heard) -> Server:
    """The words have come; they are told to the client if it asked for that when the speech was committed."""
    if heard.item_id not in server.unheard:
        return server
    transcription = server.unheard[heard.item_id]
    left = {item_id: settings for item_id, settings in server.unheard.items() if item_id != heard.item_id}
    server = _note(server.having(unheard=left), heard)
    if transcription is None or find_item(server, heard.item_id) is None:
        return server
    if isinstance(heard.words, Unheard):
        return _fail(server, heard.item_id, heard.words)
    after_ms = heard.words.after_ms if isinstance(heard.words, Words) else 0
    begun = transcription_of(server, heard.item_id, heard.text, transcription)
    speed = server.settings.speed
    begun = replace(begun, begun_ms=server.now_ms + (ceil(after_ms / speed) if speed else 0), late=after_ms > 0)
    return server.having(transcribing=(*server.transcribing, begun))


def _note(server: Server, heard: Heard) -> Server:
    """Remember the words, in the conversation and where a response has the item as its own input."""
    words = heard.text
    held = find_item(server, heard.item_id)
    if held is not None:
        server = with_item(server, replace(held, words=words))
    lives = tuple(
        live
        if live.context is None
        else replace(
            live,
            context=tuple(replace(one, words=words) if one.id == heard.item_id else one for one in live.context),
        )
        for live in server.lives
    )
    return server.having(lives=lives)


def _fail(server: Server, item_id: str, why: Unheard) -> Server:
    return say(
        server,
        ConversationItemInputAudioTranscriptionFailed(
            item_id=item_id,
            content_index=0,
            error=TranscriptionError(type=why.type, code=why.code, message=why.message, param=None),
        ),
    )


def transcription_of(server: Server, item_id: str, words: str, transcription: JsonObject) -> Transcribing:
    """How words are told by the model that the session transcribes with."""
    held, model = find_item(server, item_id), str(transcription.get("model") or "")
    duration_ms = sum(ms_of(len(sound)) for sound in held.sounds.values()) if held else 0
    deltas = pieces(words)
    if model == "whisper-1":
        deltas = (words,) if words else ()
    elif model == "gpt-realtime-whisper" and words:
        deltas = (f" {deltas[0]}", *deltas[1:])  # as recorded: the deltas begin with a blank, the whole does not
    return Transcribing(
        item_id=item_id,
        begun_ms=server.now_ms,
        deltas=deltas,
        transcript=words.strip(),
        usage=transcription_usage(model, words, duration_ms),
    )


def transcribe_one(server: Server, one: Transcribing) -> Server:
    """Say the next delta of a transcription, or its end."""
    if one.next_delta < len(one.deltas):
        later = replace(one, next_delta=one.next_delta + 1)
        server = server.having(transcribing=tuple(later if other is one else other for other in server.transcribing))
        return say_delta(server, one.item_id, one.deltas[one.next_delta])
    server = _completed(server.having(transcribing=tuple(o for o in server.transcribing if o is not one)), one)
    return say(
        server,
        ConversationItemInputAudioTranscriptionCompleted.model_validate(
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "event_id": "",
                "item_id": one.item_id,
                "content_index": 0,
                "transcript": one.transcript,
                "usage": one.usage,
            }
        ),
    )


def say_delta(server: Server, item_id: str, delta: str) -> Server:
    """Say a piece of what was heard."""
    return say(
        server,
        ConversationItemInputAudioTranscriptionDelta(
            item_id=item_id, content_index=0, delta=delta, obfuscation=filler(delta, server.events)
        ),
    )


def _completed(server: Server, one: Transcribing) -> Server:
    """Show the transcript in the item from now on."""
    held = find_item(server, one.item_id)
    if held is None or not isinstance(held.item, UserMessage):
        return server
    shown: JsonObject = held.item.model_dump(exclude_unset=True)
    shown["content"][0]["transcript"] = one.transcript
    return with_item(server, replace(held, item=UserMessage.model_validate(shown)))
