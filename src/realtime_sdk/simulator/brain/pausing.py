"""Whether a pause ends the turn under `semantic_vad`: what was said before it decides, and how long it lasts.

A sentence that is finished ends the turn after a short pause; one that trails off is waited for, as long as the
session's eagerness allows. The words are asked for in the pause. Words alone decide here: no tone of voice.
"""

import re
from dataclasses import replace
from typing import Final

from realtime_sdk.simulator.brain.happenings import Heard
from realtime_sdk.simulator.brain.sounds import BYTES_PER_MS
from realtime_sdk.simulator.brain.transcribing import ask_words
from realtime_sdk.simulator.brain.values import Pause, Server, Speech

__all__ = ["go_on", "pause", "trails_off", "weigh"]

_OPEN_SIGNS: Final = ("...", "…", ",", ";", ":", "-", "–", "—", "、", "，")
_OPEN_WORDS: Final = frozenset(
    re.findall(
        r"\w+",
        "a an and as because but er erm from hm if into my of or our than the their to uh uhm um while with your",
    )
)
_LAST_WORD = re.compile(r"([^\W\d_]+)\W*$")


def trails_off(words: str) -> bool:
    """Whether a sentence is not at its end: it stops at a comma, a dash or dots, or with a word that wants another."""
    said = words.rstrip()
    if said.endswith(_OPEN_SIGNS):
        return True
    last = _LAST_WORD.search(said)
    return last is not None and said[-1:] not in ".!?。！？" and last[1].lower() in _OPEN_WORDS


def pause(server: Server, speech: Speech, end_ms: int) -> Server:
    """The server that asks what was said before the pause which is noticed at `end_ms`."""
    config = server.config
    quiet_ms = 0 if config.turn_rules is None else config.turn_rules.silence_duration_ms
    latest_ms = end_ms - quiet_ms + (config.longest_pause_ms or quiet_ms)
    start, end = (ms * BYTES_PER_MS - server.buffer.base for ms in (speech.start_ms, end_ms))
    sound = server.buffer.tape.cut(start, end)
    number = speech.number or server.utterances + 1
    speech = replace(speech, pause=Pause(end_ms, latest_ms), number=number, asked=speech.asked + 1)
    server = server.having(buffer=replace(server.buffer, speech=speech))
    return ask_words(server, speech.item_id, sound, number=number, transcription=config.transcription)


def go_on(server: Server) -> Server:
    """The server that hears the user go on after a pause."""
    speech = server.buffer.speech
    if speech is None or speech.pause is None:
        return server
    return server.having(buffer=replace(server.buffer, speech=replace(speech, pause=None)))


def weigh(server: Server, speech: Speech, heard: Heard) -> tuple[Server, Pause | None]:
    """The server that knows what was said, and the pause that this ends the turn with; None if it does not.

    Words of an earlier pause, after which the user went on, are passed over.
    """
    asked = speech.asked - 1
    is_newest = speech.pause is not None and not asked
    if speech.pause is not None and is_newest and not trails_off(heard.text):
        return server, speech.pause
    waits = replace(speech.pause, heard=heard) if speech.pause is not None and is_newest else speech.pause
    speech = replace(speech, asked=asked, pause=waits)
    return server.having(buffer=replace(server.buffer, speech=speech)), None
