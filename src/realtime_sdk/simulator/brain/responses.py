"""Responses: when one may begin, what it answers, how it ends. What it says stands in `performing`."""

from dataclasses import replace
from math import ceil
from typing import Any

from realtime_sdk.protocol.client_events import ResponseCancel, ResponseCreate
from realtime_sdk.protocol.json_values import JsonObject, is_array, is_object
from realtime_sdk.protocol.models import (
    AssistantMessage,
    FunctionCall,
    FunctionCallOutput,
    ItemReference,
    McpApprovalRequest,
    McpApprovalResponse,
    McpCall,
    RateLimit,
    Response,
    ResponseCreateParams,
    ResponseUsage,
    UserMessage,
)
from realtime_sdk.protocol.server_events import RateLimitsUpdated, ResponseCreated, ResponseDone
from realtime_sdk.simulator.brain import complaints
from realtime_sdk.simulator.brain.closing import close_output
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.config import functions, mcp_servers
from realtime_sdk.simulator.brain.happenings import Answered, ToolOutput, Turn
from realtime_sdk.simulator.brain.items import held_from_wire, release
from realtime_sdk.simulator.brain.mcp import approvals, failure_of, offers
from realtime_sdk.simulator.brain.planning import Delivery, plan
from realtime_sdk.simulator.brain.playing import silence
from realtime_sdk.simulator.brain.saying import find_item, find_live, mint, refuse, say, with_live
from realtime_sdk.simulator.brain.sounds import ms_of
from realtime_sdk.simulator.brain.transcribing import want_words
from realtime_sdk.simulator.brain.usage import cached_by, usage_of
from realtime_sdk.simulator.brain.values import Held, Idling, Live, Server, Terms
from realtime_sdk.simulator.reply import Fail

__all__ = ["answer", "ask_ready", "begin", "begin_unasked", "cancel", "finish", "interrupt"]

TOKENS_PER_MINUTE = 15_000_000


def begin(server: Server, event: ResponseCreate) -> Server:
    """Begin the response that a client asks for."""
    params = event.response or ResponseCreateParams()
    if server.config.intent == "transcription":
        message = "Responses cannot be created in a transcription session."
        return refuse(server, Complaint("invalid_request", message), event.event_id)
    if params.conversation not in (None, "auto", "none", server.conversation_id):
        complaint = complaints.invalid_value("response.conversation", params.conversation, ["auto", "none"])
        return refuse(server, complaint, event.event_id)
    out_of_band = params.conversation == "none"
    running = _default(server)
    if running is not None and not out_of_band:
        return refuse(server, complaints.active_response(running.id), event.event_id)
    server, context, wrong = _context(server, params)
    terms = _terms(server, params)
    wrong = wrong or _against_choice(terms)
    if wrong is not None:
        return refuse(server, wrong, event.event_id)
    return _begun(server, terms, out_of_band=out_of_band, context=context)


def begin_unasked(server: Server) -> Server:
    """Begin the response to a turn that the server itself found."""
    running = _default(server)
    if running is not None:
        return refuse(server, complaints.active_response(running.id))
    terms = _terms(server, ResponseCreateParams())
    wrong = _against_choice(terms)
    return _begun(server, terms) if wrong is None else refuse(server, wrong)


def _begun(
    server: Server, terms: Terms, *, out_of_band: bool = False, context: tuple[Held, ...] | None = None
) -> Server:
    server, response_id = mint(server, "resp")
    live = Live(id=response_id, terms=terms, out_of_band=out_of_band, context=context, begun_ms=server.now_ms)
    server = server.having(lives=(*server.lives, live), idling=None)
    return say(server, ResponseCreated(response=_shown(server, live, status="in_progress")))


def _default(server: Server) -> Live | None:
    """The response in progress of the default conversation."""
    return next((live for live in server.lives if not live.out_of_band), None)


def _context(server: Server, params: ResponseCreateParams) -> tuple[Server, tuple[Held, ...] | None, Complaint | None]:
    """The items that a response was given in place of the conversation."""
    if params.input is None:
        return server, None, None
    held: list[Held] = []
    for place, item in enumerate(params.input):
        where = f"response.input[{place}]"
        if isinstance(item, ItemReference):
            found = find_item(server, item.id)
            if found is None:
                return server, None, Complaint("item_not_found", f"Item '{item.id}' not found.", f"{where}.id")
        else:
            server, found = held_from_wire(server, item)
            if found is None:
                return server, None, complaints.invalid_value(f"{where}.content", "audio", ["base64"])
            if found.words is None:
                server = want_words(server, found, transcription=None)
        held.append(found)
    return server, tuple(held), None


def _terms(server: Server, params: ResponseCreateParams) -> Terms:
    given: JsonObject = params.model_dump(exclude_unset=True)
    config, wire = server.config, server.config.wire
    listed = given.get("tools", wire.get("tools"))
    audio: JsonObject = given.get("audio") or {}
    output: JsonObject = audio.get("output") or {}
    limit = given.get("max_output_tokens", wire.get("max_output_tokens"))
    return Terms(
        modality=_modality(given.get("output_modalities")) or config.modality,
        instructions=given.get("instructions") or str(wire.get("instructions") or ""),
        own_instructions=given.get("instructions"),
        tools=functions(listed),
        mcp=mcp_servers(listed),
        tools_chars=len(str(listed or "")),
        tool_choice=given.get("tool_choice", wire.get("tool_choice")),
        parallel_tool_calls=given.get("parallel_tool_calls", wire.get("parallel_tool_calls")) is not False,
        max_output_tokens=limit if isinstance(limit, int) else None,
        voice=output.get("voice") or config.voice,
        output_format=output.get("format") or config.output_format,
        speed=config.speed,
        metadata=given.get("metadata"),
        interleaves=config.interleaves,
    )


def _against_choice(terms: Terms) -> Complaint | None:
    """A tool_choice that names a function which is not offered."""
    choice = terms.tool_choice
    name = choice.get("name") if is_object(choice) and choice.get("type") == "function" else None
    if name is None or any(tool.name == name for tool in terms.tools):
        return None
    return Complaint("invalid_value", f"Tool choice '{name}' not found in 'tools' parameter.", "tool_choice")


def _modality(given: object) -> Any:
    return given[0] if is_array(given) and given else None


def ask_ready(server: Server) -> Server:
    """Ask for the replies to all responses whose context was heard."""
    for live in server.lives:
        if live.asked or any(held.words is None for held in _items_for(server, live)):
            continue
        server, turn = _turn(server, live)
        server = with_live(server, replace(live, asked=True))
        server = server.having(wanted=(*server.wanted, turn))
    return server


def _items_for(server: Server, live: Live) -> tuple[Held, ...]:
    return server.items if live.context is None else live.context


def _turn(server: Server, live: Live) -> tuple[Server, Turn]:
    held, terms = _items_for(server, live), live.terms
    text, outputs = _unanswered(held)
    if not live.out_of_band and not outputs:
        server = server.having(turns=server.turns + 1)
    return server, Turn(
        response_id=live.id,
        number=server.turns,
        text=text,
        outputs=outputs,
        items=tuple(one.item for one in held),
        instructions=terms.instructions,
        own_instructions=terms.own_instructions,
        tools=terms.tools,
        mcp_tools=offers(held, terms.mcp),
        approvals=approvals(held),
        tool_choice=terms.tool_choice,
        parallel_tool_calls=terms.parallel_tool_calls,
        modality=terms.modality,
        metadata=terms.metadata,
        out_of_band=live.out_of_band,
    )


def _unanswered(held: tuple[Held, ...]) -> tuple[str, tuple[ToolOutput, ...]]:
    """What the user said since the assistant's last item, and what tools gave since anybody's last message."""
    said: list[str] = []
    outputs: list[ToolOutput] = []
    names = {one.item.call_id: one.item.name or "" for one in held if isinstance(one.item, FunctionCall)}
    for one in reversed(held):
        match one.item:
            case FunctionCallOutput(call_id=call_id, output=output) if not said:
                outputs.append(ToolOutput(call_id or "", names.get(call_id, ""), output or ""))
            case McpCall(id=call_id, name=name, output=output, error=error) if not said:
                outputs.append(ToolOutput(call_id or "", name or "", output or failure_of(error)))
            case FunctionCall() | McpApprovalRequest() | McpApprovalResponse() if outputs:
                continue
            case UserMessage() if not outputs:
                said.append(one.words or "")
            case AssistantMessage() | FunctionCall() | UserMessage() | FunctionCallOutput():
                break
            case _:
                continue
    return "\n".join(filter(None, reversed(said))), tuple(reversed(outputs))


def answer(server: Server, answered: Answered) -> Server:
    """The reply to a turn has come: from now on it is carried out. One that is not waited for is dropped."""
    live = find_live(server, answered.response_id)
    if live is None or not live.asked or live.beats:
        return server
    terms, reply = live.terms, answered.reply
    failure, server = server.next_failure, server.having(next_failure=None)
    if failure is not None:
        reply = (Fail(failure.code, failure.message, type=_failure_type(failure.code)),)
    delivery = Delivery(
        spoken=terms.modality == "audio",
        voice=str(terms.voice),
        speed=terms.speed,
        interleaves=terms.interleaves,
        max_tokens=terms.max_output_tokens,
        mcp=terms.mcp,
    )
    return with_live(server, replace(live, beats=plan(reply, delivery), begun_ms=server.now_ms))


def _failure_type(code: str) -> str:
    return "tokens" if code == "rate_limit_exceeded" else "server_error"


def cancel(server: Server, event: ResponseCancel) -> Server:
    """End a response because the client says so: the one it names, or that of the conversation."""
    live = find_live(server, event.response_id) if event.response_id else _default(server)
    if live is None:
        return refuse(server, complaints.no_active_response(), event.event_id)
    return finish(server, live, "cancelled", {"type": "cancelled", "reason": "client_cancelled"})


def interrupt(server: Server) -> Server:
    """End the conversation's response because the user speaks."""
    live = _default(server)
    if live is not None:
        server = finish(server, live, "cancelled", {"type": "cancelled", "reason": "turn_detected"})
    return silence(server)


def finish(server: Server, live: Live, status: str, details: JsonObject | None = None) -> Server:
    """End a response: what is open ends first, then it is done, and nothing comes after."""
    for place, output in enumerate(live.outputs):
        if output.item is None:
            server, live = close_output(server, live, place, "incomplete")
    usage = usage_of(live, _items_before(server, live), cached=server.cached)
    done = _shown(server, live, status=status, details=details, usage=usage if status != "failed" else None)
    server = server.having(
        lives=tuple(other for other in server.lives if other.id != live.id),
        cached=cached_by(usage),
        spent_tokens=server.spent_tokens + (usage.total_tokens or 0),
    )
    if not live.out_of_band:
        server = server.having(idling=Idling(_played_ms(server, live)))
    server = say(server, ResponseDone(response=done))
    if server.settings.rate_limits:
        server = say(server, _limits(usage))
    return release(server)


def _played_ms(server: Server, live: Live) -> int:
    """When a client that plays what it gets has played all of it."""
    sound_ms, speed = sum(ms_of(output.tape.size) for output in live.outputs), server.settings.speed
    if live.sounded_ms is None or not speed:
        return server.now_ms
    return max(server.now_ms, live.sounded_ms + ceil(sound_ms / speed))


def _items_before(server: Server, live: Live) -> tuple[Held, ...]:
    """What the response was made from: its context, without what it added itself."""
    own = {output.id for output in live.outputs}
    return tuple(held for held in _items_for(server, live) if held.id not in own)


def _limits(usage: ResponseUsage) -> RateLimitsUpdated:
    spent = usage.total_tokens or 0
    limit = RateLimit(
        name="tokens",
        limit=TOKENS_PER_MINUTE,
        remaining=TOKENS_PER_MINUTE - spent,
        reset_seconds=round(spent * 60 / TOKENS_PER_MINUTE, 3),
    )
    return RateLimitsUpdated(rate_limits=[limit])


def _shown(
    server: Server, live: Live, *, status: str, details: JsonObject | None = None, usage: ResponseUsage | None = None
) -> Response:
    """A response as its events show it."""
    terms = live.terms
    body: JsonObject = {
        "object": "realtime.response",
        "id": live.id,
        "status": status,
        "status_details": details,
        "output": [output.item for output in live.outputs if output.item is not None],
        "conversation_id": None if live.out_of_band else server.conversation_id,
        "output_modalities": [terms.modality],
        "max_output_tokens": "inf" if terms.max_output_tokens is None else terms.max_output_tokens,
        "audio": {"output": {"format": terms.output_format, "voice": terms.voice}},
        "usage": usage,
        "metadata": terms.metadata,
    }
    return Response.model_validate(body)
