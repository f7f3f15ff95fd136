"""All that the simulator can say, in every dialect: valid against the captured schema, in order, and nothing left out.

`NEVER` are the events of the protocol that it does not send, each with its reason; a type is either said here or there.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from realtime_sdk.dialects import BETA, TRANSLATION
from realtime_sdk.protocol import registries
from realtime_sdk.protocol.codec import decode, parse
from realtime_sdk.protocol.models import McpListedTool
from realtime_sdk.simulator.brain import Fault, McpServer, Settings, Turn, Unheard, Words
from realtime_sdk.simulator.reply import Call, CallMcp, Fail, Say
from tests.conformance.schema import schemas_of
from tests.simulator.order import violations
from tests.simulator.talk import QUIET, Talk, clip, of_kind
from tests.simulator.test_translating import CLOSE, PHRASE, SPANISH, TRANSCRIBE, append

Event = dict[str, Any]
SPOKEN = clip("weather") + QUIET * 800
DOCS = McpServer("docs", (McpListedTool(name="search", input_schema={}),), {"search": "page three"})
SERVERS = [
    {"type": "mcp", "server_label": label, "server_url": "https://x", "require_approval": rule}
    for label, rule in (("docs", "never"), ("asked", "always"), ("gone", "never"))
]
NEVER = {
    "ga": {
        "conversation.created": "no recorded session of OpenAI or Azure has it",
        "conversation.item.created": "the same; beta clients are told so, in place of added and done",
        "conversation.item.input_audio_transcription.segment": "who speaks is not told apart: there is one user",
        "input_audio_buffer.dtmf_event_received": "only telephones have keys, and there are no calls",
    },
    "beta": {
        "conversation.created": "begins no beta session that was recorded",
    },
    "translation": {},
}
UNWRITTEN = ("transcription_session.",)
"""Events of beta whose schema asks for a client secret, which no websocket says (openai/openai-openapi#568)."""
OLD = "gpt-4o-realtime-preview"


def spoken_turns(model: str) -> Talk:
    """Speech with a transcription, one that fails, manual turns, an interruption, and what can be done to items."""
    heard = iter(["first", Unheard(), Words("third", 500), "fourth", "fifth", "sixth"])
    talk = Talk(
        reply=lambda _: "a few words to say", hear=lambda _: next(heard, ""), settings=Settings(speed=1, model=model)
    )
    audio = {"input": {"transcription": {"model": "gpt-4o-transcribe"}}}
    talk.update(audio=audio, instructions="x", include=["item.input_audio_transcription.logprobs"])
    for _ in range(3):
        talk.speak(SPOKEN)
        talk.wait(4_000)
    talk.speak(SPOKEN)
    talk.wait(500)
    talk.speak(SPOKEN)  # over the answer
    talk.wait(10_000)
    answers = [event["item"]["id"] for event in of_kind(talk.said, "response.output_item.done")]
    talk.send({"type": "conversation.item.truncate", "item_id": answers[0], "content_index": 0, "audio_end_ms": 100})
    talk.send({"type": "conversation.item.retrieve", "item_id": answers[1]})
    talk.send({"type": "conversation.item.delete", "item_id": answers[0]})
    talk.speak(clip("goodbye"))
    talk.send({"type": "input_audio_buffer.clear"})
    talk.update(audio={"input": {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 5_000}}})
    talk.ask("hello", metadata={"a": "b"})
    talk.wait(30_000)
    talk.send({"type": "response.cancel"}, {"type": "nonsense"})
    talk.happen(Fault("expire"))
    return talk


def written_turns(model: str) -> Talk:
    """Texts, calls side by side, a failure, too many tokens, out of band, and G.711."""
    replies: list[Any] = [
        "one",
        [Say("Let me look."), Call("f", {"a": 1}), Call("g", "{broken")],
        Fail("server_error", "no"),
        "more words than that",
        "aside",
        "spoken",
    ]
    talk = Talk(reply=lambda _: replies.pop(0), settings=Settings(speed=0, model=model))
    talk.update(output_modalities=["text"], tools=[{"type": "function", "name": "f", "parameters": {}}])
    for params in ({}, {}, {}, {"max_output_tokens": 2}, {"conversation": "none", "input": []}):
        talk.ask("go", **params)
    calls = of_kind(talk.said, "response.function_call_arguments.done")
    output = {"type": "function_call_output", "call_id": calls[0]["call_id"], "output": "x"}
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"}
    for item in (
        output,
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "x"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}, picture]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]},
    ):
        talk.send({"type": "conversation.item.create", "item": item})
    formats = {
        "input": {"format": {"type": "audio/pcmu"}},
        "output": {"format": {"type": "audio/pcma"}, "voice": "ash"},
    }
    talk.update(output_modalities=["audio"], audio=formats, tracing="auto")
    talk.ask("speak")
    return talk


def mcp_turns(model: str) -> Talk:
    """Tools of MCP servers: listed, not listed, called, called after a question, and failing."""
    replies: list[Any] = [
        [CallMcp("docs", "search", '{"q": 1}')],
        [CallMcp("docs", "search", "{}", error="broken")],
        [CallMcp("asked", "search", "{}")],
    ]
    settings = Settings(speed=0, model=model, mcp=(DOCS, McpServer("asked", (McpListedTool(name="search"),))))
    talk = Talk(reply=lambda turn: replies.pop(0) if replies else approved(turn), settings=settings)
    talk.update(tools=SERVERS, output_modalities=["text"], reasoning={"effort": "low"})
    for _ in range(3):
        talk.send({"type": "response.create"})
    asked = of_kind(talk.said, "response.output_item.done")[-1]["item"]
    answer = {"type": "mcp_approval_response", "approval_request_id": asked["id"], "approve": True}
    talk.send({"type": "conversation.item.create", "item": answer}, {"type": "response.create"})
    return talk


def approved(turn: Turn) -> Any:
    """Return the calls that the client has approved."""
    return [CallMcp(a.server_label, a.name, a.arguments, approval_request_id=a.request_id) for a in turn.approvals]


def sideband(model: str) -> Talk:
    """A session whose sound goes elsewhere, played to its end and cut off."""
    talk = Talk(reply=lambda _: "a few words to say", settings=Settings(speed=1, model=model, sideband=True))
    talk.update(instructions="x")
    talk.send({"type": "response.create"})
    talk.wait(10_000)
    talk.send({"type": "response.create"})
    talk.wait(700)
    talk.send({"type": "response.cancel"}, {"type": "output_audio_buffer.clear"})
    return talk


def transcription(model: str) -> Talk:
    """A session that only transcribes."""
    talk = Talk(settings=Settings(speed=0, intent="transcription"), hear=lambda _: "words")
    audio = {
        "input": {"transcription": {"model": "whisper-1", "language": "en"}, "noise_reduction": {"type": "far_field"}}
    }
    talk.send({"type": "session.update", "session": {"type": "transcription", "audio": audio}})
    talk.speak(SPOKEN)
    return talk


def translated() -> Talk:
    """A translation session, from its settings to its end."""
    talk = Talk(settings=Settings(speed=0, intent="translation"), hear=lambda _: "hello there", dialect=TRANSLATION)
    talk.send(TRANSCRIBE, SPANISH, *PHRASE, {"type": "nonsense"}, append(QUIET), CLOSE)
    return talk


BETA_TALKS: tuple[Callable[[str], Talk], ...] = (spoken_turns, written_turns, sideband, transcription)
GA_TALKS = (*BETA_TALKS, mcp_turns)


@cache
def said(dialect: str) -> tuple[Event, ...]:
    """Return all that is said in a dialect."""
    match dialect:
        case "translation":
            return tuple(translated().said)
        case "ga":
            return tuple(event for talk in GA_TALKS for event in talk("gpt-realtime-2.1").said)
        case _:
            frames = [frame for talk in BETA_TALKS for frame in talk(OLD).frames]
            told = [parse(again) for frame in frames for again in BETA.write(decode(frame), sender="server")]
            return tuple(event for event in told if not event["type"].startswith(UNWRITTEN))


@pytest.mark.parametrize("dialect", NEVER)
def test_every_event_of_the_protocol_is_said_or_stands_in_the_list_with_its_reason(dialect: str) -> None:
    kinds = {event["type"] for event in said(dialect)}
    registry = getattr(registries, dialect.upper())
    written = {kind for kind in registry.server if not kind.startswith(UNWRITTEN)}
    assert kinds | NEVER[dialect].keys() == written
    assert not kinds & NEVER[dialect].keys()


@pytest.mark.parametrize("dialect", NEVER)
def test_what_is_said_is_valid_against_the_schema(dialect: str) -> None:
    assert [breach for event in said(dialect) for breach in schemas_of(dialect).breaches(event)] == []


@pytest.mark.parametrize("model", ["gpt-realtime-2.1", OLD])
@pytest.mark.parametrize("talk", GA_TALKS)
def test_what_is_said_keeps_the_rules_of_order(talk: Callable[[str], Talk], model: str) -> None:
    assert violations(talk(model).said, fresh=talk is not sideband) == []


def test_a_breach_of_the_schema_is_found() -> None:
    schemas = schemas_of("ga")
    sound = {"type": "conversation.item.deleted", "event_id": "e", "item_id": "i"}
    assert schemas.breaches(sound) == []
    assert schemas.breaches({"type": "x"}) == ["x is no event of this dialect"]
    assert schemas.breaches({**sound, "item_id": None, "more": 1}) == [
        "conversation.item.deleted: .item_id is None, and no string",
        "conversation.item.deleted: .more is no field",
    ]
    assert schemas.breaches({"type": "conversation.item.deleted", "event_id": "e"}) == [
        "conversation.item.deleted: .item_id is missing"
    ]
    limits = [{"name": "words", "limit": True}]
    assert schemas.breaches({"type": "rate_limits.updated", "event_id": "e", "rate_limits": limits}) == [
        "rate_limits.updated: .rate_limits[0].name is 'words', which is no value of it",
        "rate_limits.updated: .rate_limits[0].limit is True, and no integer",
    ]
