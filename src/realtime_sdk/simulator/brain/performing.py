"""What is due is said: the beats of responses and the deltas of transcriptions, in order of their time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil
from typing import Any, Final

import pybase64

from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.protocol.models import AssistantMessage, ContentPart, FunctionCall, McpApprovalRequest, McpCall
from realtime_sdk.protocol.server_events import (
    ConversationItemAdded,
    ResponseContentPartAdded,
    ResponseFunctionCallArgumentsDelta,
    ResponseMcpCallArgumentsDelta,
    ResponseMcpCallInProgress,
    ResponseOutputAudioDelta,
    ResponseOutputAudioTranscriptDelta,
    ResponseOutputItemAdded,
    ResponseOutputTextDelta,
)
from realtime_sdk.simulator.brain.closing import asked, close_output, end_mcp_arguments
from realtime_sdk.simulator.brain.ids import filler
from realtime_sdk.simulator.brain.items import place
from realtime_sdk.simulator.brain.mcp import find_server, made_call
from realtime_sdk.simulator.brain.planning import Act, Arguments, Closes, Ends, Opens, Runs, Sound, Thinks, Words
from realtime_sdk.simulator.brain.playing import play, stop_playing
from realtime_sdk.simulator.brain.responses import finish
from realtime_sdk.simulator.brain.saying import last_item_id, mint, say, with_live
from realtime_sdk.simulator.brain.sounds import ms_of, to_wire
from realtime_sdk.simulator.brain.transcribing import DELTA_MS, transcribe_one
from realtime_sdk.simulator.brain.values import (
    Held,
    Live,
    Output,
    Playing,
    Server,
    Transcribing,
)
from realtime_sdk.simulator.reply import CallMcp

__all__ = ["due_ms", "perform"]

CONTENT_FILTER: Final = "content_filter"
"""The failure that is none: the response is incomplete."""


def due_ms(server: Server) -> int | None:
    """When the next beat or delta is due; None if nothing waits."""
    return min((at_ms for at_ms, _, _ in _waiting(server)), default=None)


def perform(server: Server) -> Server:
    """Say everything that is due by now, earliest first; what is due at once keeps its order."""
    if not (server.lives or server.transcribing or server.playing):  # most frames of sound come while nothing is said
        return server
    while (first := min(_waiting(server), key=lambda one: one[:2], default=None)) is not None:
        at_ms, _, todo = first
        if at_ms > server.now_ms:
            break
        server = _done(server, todo)
    return server


def _done(server: Server, todo: Transcribing | Live | Playing) -> Server:
    match todo:
        case Transcribing():
            return transcribe_one(server, todo)
        case Live():
            return _next_beat(server, todo)
        case Playing():
            return stop_playing(server)


def _waiting(server: Server) -> Iterator[tuple[int, int, Transcribing | Live | Playing]]:
    """What waits: when it is due, its rank among equals, and the thing itself."""
    for rank, one in enumerate(server.transcribing):
        if one.late and server.lives and not server.settings.speed:
            continue  # where all comes at once, late is after the answer
        yield _at(server, one.begun_ms, DELTA_MS * (one.next_delta + 1)), rank, one
    for rank, live in enumerate(server.lives, len(server.transcribing)):
        if live.next_beat < len(live.beats):
            yield _at(server, live.begun_ms, live.beats[live.next_beat].at_ms), rank, live
    if server.playing is not None and not _sounds_still(server, server.playing):
        yield server.playing.until_ms, len(server.transcribing) + len(server.lives), server.playing


def _sounds_still(server: Server, playing: Playing) -> bool:
    """Whether the response that plays is not done: then more sound may come."""
    return any(live.id == playing.response_id for live in server.lives)


def _at(server: Server, begun_ms: int, after_ms: float) -> int:
    speed = server.settings.speed
    return begun_ms + ceil(after_ms / speed) if speed else begun_ms


def _next_beat(server: Server, live: Live) -> Server:
    act = live.beats[live.next_beat].act
    live = replace(live, next_beat=live.next_beat + 1)
    return _ACTS[type(act)](with_live(server, live), live, act)


def _opens(server: Server, live: Live, act: Opens) -> Server:
    server, item_id = mint(server, "item")
    output = Output(id=item_id, kind=act.kind, phase=act.phase, name=act.name)
    if act.kind == "function_call":
        server, call_id = _call_id(server)
        output = replace(output, call_id=call_id)
    elif act.mcp is not None:
        output = _of_mcp(server, output, act.mcp)
    index, live = len(live.outputs), replace(live, outputs=(*live.outputs, output))
    item = _fresh(output)
    server = with_live(server, live)
    server = say(server, ResponseOutputItemAdded(response_id=live.id, output_index=index, item=item))
    if not live.out_of_band:
        before = last_item_id(server)
        server = place(server, Held(item_id, item))
        server = say(server, ConversationItemAdded(previous_item_id=before, item=item))
    return _part_added(server, live, index) if act.kind == "message" else server


def _of_mcp(server: Server, output: Output, call: CallMcp) -> Output:
    """The item of an MCP call with what it will give, or of the question whether it may be made."""
    known = find_server(server, call.server_label)
    result = call.output if call.output is not None or known is None else known.output(call.name)
    return replace(
        output,
        server_label=call.server_label,
        approval_request_id=call.approval_request_id,
        text=call.json if output.kind == "mcp_approval_request" else "",
        result=result,
        error=call.error,
    )


def _call_id(server: Server) -> tuple[Server, str]:
    """Call ids are shorter than others: `call_` and 16 characters."""
    server, made = mint(server, "call")
    return server, f"call_{made[-16:]}"


def _fresh(output: Output) -> AssistantMessage | FunctionCall | McpCall | McpApprovalRequest:
    if output.kind == "mcp_approval_request":
        return asked(output)
    if output.kind == "mcp_call":
        return made_call(output, ended=False)
    if output.kind == "function_call":
        return FunctionCall(id=output.id, status="in_progress", name=output.name, call_id=output.call_id, arguments="")
    if output.phase is None:
        return AssistantMessage(id=output.id, status="in_progress", content=[])
    return AssistantMessage(id=output.id, status="in_progress", content=[], phase=output.phase)


def _part_added(server: Server, live: Live, index: int) -> Server:
    spoken = live.terms.modality == "audio"
    part = ContentPart(type="audio", transcript="") if spoken else ContentPart(type="text", text="")
    return say(
        server,
        ResponseContentPartAdded(
            response_id=live.id,
            item_id=live.outputs[index].id,
            output_index=index,
            content_index=0,
            part=part,
        ),
    )


def _words(server: Server, live: Live, act: Words) -> Server:
    delta = ResponseOutputAudioTranscriptDelta if live.terms.modality == "audio" else ResponseOutputTextDelta
    server = say(
        server,
        delta(
            response_id=live.id,
            item_id=live.outputs[act.output].id,
            output_index=act.output,
            content_index=0,
            delta=act.delta,
            obfuscation=filler(act.delta, server.events),
        ),
    )
    return _grown(server, live, act.output, text=act.delta)


def _sound(server: Server, live: Live, act: Sound) -> Server:
    if server.settings.sideband:
        server = play(server, live, ms_of(len(act.pcm)))
        return _grown(server.having(has_spoken=True), live, act.output, pcm=act.pcm)
    wire: JsonObject = live.terms.output_format
    audio = pybase64.b64encode(to_wire(act.pcm, str(wire.get("type", "audio/pcm")))).decode()
    server = say(
        server,
        ResponseOutputAudioDelta(
            response_id=live.id,
            item_id=live.outputs[act.output].id,
            output_index=act.output,
            content_index=0,
            delta=audio,
        ),
    )
    return _grown(server.having(has_spoken=True), live, act.output, pcm=act.pcm)


def _arguments(server: Server, live: Live, act: Arguments) -> Server:
    output = live.outputs[act.output]
    if output.kind == "mcp_call":
        return _grown(_mcp_arguments(server, live, act), live, act.output, text=act.delta)
    server = say(
        server,
        ResponseFunctionCallArgumentsDelta(
            response_id=live.id,
            item_id=output.id,
            output_index=act.output,
            call_id=output.call_id,
            delta=act.delta,
            obfuscation=filler(act.delta, server.events),
        ),
    )
    return _grown(server, live, act.output, text=act.delta)


def _mcp_arguments(server: Server, live: Live, act: Arguments) -> Server:
    return say(
        server,
        ResponseMcpCallArgumentsDelta(
            response_id=live.id,
            item_id=live.outputs[act.output].id,
            output_index=act.output,
            delta=act.delta,
            obfuscation=filler(act.delta, server.events),
        ),
    )


def _runs(server: Server, live: Live, act: Runs) -> Server:
    output = replace(live.outputs[act.output], running=True)
    server = end_mcp_arguments(server, live, act.output)
    outputs = (*live.outputs[: act.output], output, *live.outputs[act.output + 1 :])
    server = with_live(server, replace(live, outputs=outputs))
    return say(server, ResponseMcpCallInProgress(item_id=output.id, output_index=act.output))


def _grown(server: Server, live: Live, index: int, *, text: str = "", pcm: bytes = b"") -> Server:
    output = live.outputs[index]
    if pcm and live.sounded_ms is None:
        live = replace(live, sounded_ms=server.now_ms)
    output = replace(output, text=output.text + text, tape=output.tape.append(pcm) if pcm else output.tape)
    return with_live(server, replace(live, outputs=(*live.outputs[:index], output, *live.outputs[index + 1 :])))


def _closes(server: Server, live: Live, act: Closes) -> Server:
    server, _ = close_output(server, live, act.output, "completed")
    return server


def _thinks(server: Server, live: Live, act: Thinks) -> Server:
    return with_live(server, replace(live, reasoning_tokens=live.reasoning_tokens + act.tokens))


def _ends(server: Server, live: Live, act: Ends) -> Server:
    if act.failure is not None and act.failure.code == CONTENT_FILTER:
        return finish(server, live, "incomplete", {"type": "incomplete", "reason": CONTENT_FILTER})
    if act.failure is not None:
        error = {"type": act.failure.type, "code": act.failure.code, "message": act.failure.message}
        return finish(server, live, "failed", {"type": "failed", "error": error})
    if act.status == "incomplete":
        return finish(server, live, "incomplete", {"type": "incomplete", "reason": "max_output_tokens"})
    return finish(server, live, "completed")


_ACTS: Final[dict[type[Act], Callable[[Server, Live, Any], Server]]] = {
    Opens: _opens,
    Words: _words,
    Sound: _sound,
    Arguments: _arguments,
    Runs: _runs,
    Closes: _closes,
    Thinks: _thinks,
    Ends: _ends,
}
