"""A state as lines for people: who said what, what was called, how it ended. Pure: a state in, lines out."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from realtime_sdk.cli.lines import Line
from realtime_sdk.state import Item, Part, RealtimeState, Response, pending_calls

__all__ = ["conversation", "lines_of"]


def conversation(state: RealtimeState) -> tuple[Line, ...]:
    """The items in order with the ends of responses behind them, what was said out of band, and who speaks now."""
    return (*_items(state), *_out_of_band(state), *_translation(state), *_speaking(state))


def _items(state: RealtimeState) -> Iterator[Line]:
    waiting = {item.id for item in pending_calls(state)}
    ends = _ends(state)
    for item in state.conversation.items.values():
        yield from lines_of(item, is_pending=item.id in waiting)
        yield from ends.pop(item.id, ())
    for left in ends.values():
        yield from left


def _ends(state: RealtimeState) -> dict[str, list[Line]]:
    """Lines about responses that did not complete, by the item they stand behind (its own id if it has none)."""
    found: dict[str, list[Line]] = {}
    for response in state.responses.values():
        if response.status != "completed" and not response.out_of_band:
            placed = [item_id for item_id in response.item_ids if item_id in state.conversation.items]
            found.setdefault(placed[-1] if placed else response.id, []).append(_end(response))
    return found


def _end(response: Response) -> Line:
    why = ": ".join(filter(None, (response.reason or response.error_code, response.error_message)))
    return Line("response", f"{_spaced(response.status)}{f' ({why})' if why else ''}", response.id)


def _out_of_band(state: RealtimeState) -> Iterator[Line]:
    for response in state.responses.values():
        if response.out_of_band:
            items = [state.items[item_id] for item_id in response.item_ids if item_id in state.items]
            lines = [line for item in items for line in lines_of(item)]
            ends = [] if response.status == "completed" else [_end(response)]
            yield from (replace(line, note=_notes("out of band", line.note)) for line in (*lines, *ends))


def _translation(state: RealtimeState) -> Iterator[Line]:
    if state.translation.input_chunks:
        yield Line("user", state.translation.input_transcript.strip())
    if state.translation.output_chunks:
        yield Line("translated", state.translation.output_transcript.strip())


def _speaking(state: RealtimeState) -> Iterator[Line]:
    if state.input_audio.speaking:
        yield Line("user", "", "speaking")


# --- items ------------------------------------------------------------------------------------------------------------


def lines_of(item: Item, *, is_pending: bool = False) -> Iterator[Line]:
    """One item: its words and what stands under them. `is_pending`: a call that has no output yet."""
    tell = ITEMS.get(item.type, _unknown) if item.unknown is None else _unknown
    first, *rest = tell(item)
    yield replace(first, note=_notes(first.note, "waits for its output" if is_pending else ""))
    yield from rest


def _message(item: Item) -> Iterator[Line]:
    phase = "" if item.phase == "final_answer" else item.phase
    yield Line(item.role or "unknown", _words(item), _notes(phase, _standing(item)))
    if item.truncated_ms is not None:
        yield Line("heard", item.heard_text or "", f"cut at {item.truncated_ms} ms")


def _words(item: Item) -> str:
    between = "" if item.role == "assistant" else " "
    return between.join(_part(part) for part in item.parts).strip() or "(nothing)"


def _part(part: Part) -> str:
    if part.unknown is not None:
        return f"({part.type})"
    return PARTS.get(part.type, _written)(part)


def _written(part: Part) -> str:
    text = part.transcript if part.text is None else part.text
    return f"({part.type})" if text is None else text


def _spoken_by_user(part: Part) -> str:
    if part.transcript is not None:
        return part.transcript
    length = "speech" if part.input_audio_ms is None else f"{part.input_audio_ms / 1000:.1f} s of speech"
    failed = f"transcription failed: {part.transcript_error}" if part.transcript_error else "not transcribed"
    return f"({length}, {failed})"


def _image(part: Part) -> str:
    return "(image)"


def _standing(item: Item) -> str:
    status = item.status or item.mcp_status
    return "" if status in (None, "completed") else _spaced(status)


def _call(item: Item) -> Iterator[Line]:
    name = ".".join(filter(None, (item.server_label, item.name))) or "?"
    yield Line("call", f"{name} {_compact(item.arguments or '')}".rstrip(), _notes(_standing(item)))


def _compact(arguments: str) -> str:
    """JSON without line breaks; anything else as it is."""
    try:
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    except (ValueError, RecursionError):
        return arguments.strip()


def _output(item: Item) -> Iterator[Line]:
    yield Line("output", item.output or "")


def _mcp_call(item: Item) -> Iterator[Line]:
    yield from _call(item)
    if item.output is not None:
        yield from _output(item)
    if item.error is not None:
        yield Line("error", item.error)


def _mcp_tools(item: Item) -> Iterator[Line]:
    tools = "(not listed)" if item.tools is None else ", ".join(item.tools)
    yield Line("tools", f"{item.server_label or '?'}: {tools}", _standing(item))


def _approval_request(item: Item) -> Iterator[Line]:
    (line,) = _call(item)
    yield replace(line, note="asks for approval")


def _approval_response(item: Item) -> Iterator[Line]:
    yield Line("approval", "given" if item.approve else "refused", item.reason or "")


def _unknown(item: Item) -> Iterator[Line]:
    yield Line(item.role or "item", f"({item.type})", _notes("unknown to this version", _standing(item)))


def _spaced(word: str) -> str:
    return word.replace("_", " ")


def _notes(*notes: str | None) -> str:
    return ", ".join(filter(None, notes))


PARTS: Final[Mapping[str, Callable[[Part], str]]] = {
    "input_audio": _spoken_by_user,
    "input_image": _image,
}
ITEMS: Final[Mapping[str, Callable[[Item], Iterator[Line]]]] = {
    "message": _message,
    "function_call": _call,
    "function_call_output": _output,
    "mcp_call": _mcp_call,
    "mcp_list_tools": _mcp_tools,
    "mcp_approval_request": _approval_request,
    "mcp_approval_response": _approval_response,
}
