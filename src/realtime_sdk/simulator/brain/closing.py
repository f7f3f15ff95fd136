"""How an output item ends: its parts before it, and it before the response. Also when the response is cut off."""

from dataclasses import replace
from typing import Literal

from realtime_sdk.protocol.models import (
    AssistantMessage,
    AssistantMessageContent,
    ContentPart,
    FunctionCall,
    McpApprovalRequest,
)
from realtime_sdk.protocol.server_events import (
    ConversationItemDone,
    ResponseContentPartDone,
    ResponseFunctionCallArgumentsDone,
    ResponseMcpCallArgumentsDone,
    ResponseMcpCallCompleted,
    ResponseMcpCallFailed,
    ResponseOutputAudioDone,
    ResponseOutputAudioTranscriptDone,
    ResponseOutputItemDone,
    ResponseOutputTextDone,
)
from realtime_sdk.simulator.brain.items import previous
from realtime_sdk.simulator.brain.mcp import made_call
from realtime_sdk.simulator.brain.saying import find_item, say, with_item, with_live
from realtime_sdk.simulator.brain.values import Held, Live, Output, Server

__all__ = ["asked", "close_output", "end_mcp_arguments"]

Status = Literal["completed", "incomplete"]


def close_output(server: Server, live: Live, place: int, status: Status) -> tuple[Server, Live]:
    """The server that has said the end of an output item, and the response that knows it."""
    output = live.outputs[place]
    if output.kind == "mcp_approval_request":
        return _item_done(server, live, place, replace(output, item=asked(output)))
    if output.kind == "mcp_call":
        server = _end_mcp_call(server, live, place)
        return _item_done(server, live, place, replace(output, item=made_call(output, ended=status == "completed")))
    if output.kind == "function_call":
        server = _end_call(server, live, place)
        done = FunctionCall(
            id=output.id, status=status, name=output.name, call_id=output.call_id, arguments=output.text
        )
        return _item_done(server, live, place, replace(output, item=done))
    spoken = live.terms.modality == "audio"
    server = _end_speech(server, live, place) if spoken else _end_text(server, live, place)
    return _item_done(server, live, place, replace(output, item=_message(output, status, spoken=spoken)))


def _message(output: Output, status: Status, *, spoken: bool) -> AssistantMessage:
    part = (
        AssistantMessageContent(type="output_audio", transcript=output.text)
        if spoken
        else AssistantMessageContent(type="output_text", text=output.text)
    )
    if output.phase is None:
        return AssistantMessage(id=output.id, status=status, content=[part])
    return AssistantMessage(id=output.id, status=status, content=[part], phase=output.phase)


def _end_call(server: Server, live: Live, place: int) -> Server:
    output = live.outputs[place]
    return say(
        server,
        ResponseFunctionCallArgumentsDone(
            response_id=live.id,
            item_id=output.id,
            output_index=place,
            call_id=output.call_id,
            name=output.name,
            arguments=output.text,
        ),
    )


def asked(output: Output) -> McpApprovalRequest:
    """The item that asks whether an MCP call may be made."""
    return McpApprovalRequest(id=output.id, server_label=output.server_label, name=output.name, arguments=output.text)


def end_mcp_arguments(server: Server, live: Live, place: int) -> Server:
    """Say that the arguments of an MCP call are complete."""
    output = live.outputs[place]
    return say(
        server,
        ResponseMcpCallArgumentsDone(response_id=live.id, item_id=output.id, output_index=place, arguments=output.text),
    )


def _end_mcp_call(server: Server, live: Live, place: int) -> Server:
    output = live.outputs[place]
    if not output.running:  # cut off before it was made
        return end_mcp_arguments(server, live, place)
    ending = ResponseMcpCallCompleted if output.error is None else ResponseMcpCallFailed
    return say(server, ending(item_id=output.id, output_index=place))


def _end_text(server: Server, live: Live, place: int) -> Server:
    output = live.outputs[place]
    return say(
        server,
        ResponseOutputTextDone(
            response_id=live.id, item_id=output.id, output_index=place, content_index=0, text=output.text
        ),
        ResponseContentPartDone(
            response_id=live.id,
            item_id=output.id,
            output_index=place,
            content_index=0,
            part=ContentPart(type="text", text=output.text),
        ),
    )


def _end_speech(server: Server, live: Live, place: int) -> Server:
    output = live.outputs[place]
    return say(
        server,
        ResponseOutputAudioDone(response_id=live.id, item_id=output.id, output_index=place, content_index=0),
        ResponseOutputAudioTranscriptDone(
            response_id=live.id, item_id=output.id, output_index=place, content_index=0, transcript=output.text
        ),
        ResponseContentPartDone(
            response_id=live.id,
            item_id=output.id,
            output_index=place,
            content_index=0,
            part=ContentPart(type="audio", transcript=output.text),
        ),
    )


def _item_done(server: Server, live: Live, place: int, output: Output) -> tuple[Server, Live]:
    item = output.item
    assert item is not None
    outputs = (*live.outputs[:place], output, *live.outputs[place + 1 :])
    live = replace(live, outputs=outputs)
    server = with_live(server, live)
    if not live.out_of_band and find_item(server, output.id) is not None:
        sounds = {0: output.tape.whole} if output.tape.size else {}
        server = with_item(server, Held(output.id, item, sounds, output.text))
        server = say(server, ConversationItemDone(previous_item_id=_told_previous(server, output.id), item=item))
    return say(server, ResponseOutputItemDone(response_id=live.id, output_index=place, item=item)), live


def _told_previous(server: Server, item_id: str) -> str | None:
    """The predecessor as the service tells it here: null for the second item of a conversation (RULES §1)."""
    before = previous(server, item_id)
    return None if server.items[0].id == before else before
