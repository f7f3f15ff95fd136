"""What there is to say about a session beside its conversation: which it was, errors, oddities, ends, tokens. Pure."""

from collections import Counter
from collections.abc import Iterator

from realtime_sdk.cli.lines import Line
from realtime_sdk.state import Epoch, RealtimeState, Reported, Tokens

__all__ = ["heading", "remarks"]


def heading(state: RealtimeState, *, dialect: str, records: int) -> Line:
    """Which session it was."""
    session_id = getattr(state.session, "id", None) or next((e.session_id for e in state.epochs if e.session_id), None)
    model = getattr(state.session, "model", None)
    said = (session_id, model, f"dialect {dialect}", _count(records, "record"))
    return Line("session", ", ".join(str(word) for word in said if word))


def remarks(state: RealtimeState) -> tuple[Line, ...]:
    """Errors, anomalies (the same one counted, not repeated), what became of the connections, and the usage."""
    return (*_errors(state), *_anomalies(state), *_connections(state), *_usage(state))


def _errors(state: RealtimeState) -> Iterator[Line]:
    for error in state.errors:
        yield Line("error", _error(error), f"at {error.param}" if error.param else "")


def _error(error: Reported) -> str:
    return ": ".join(filter(None, (error.code or error.type, error.message))) or "without a word"


def _anomalies(state: RealtimeState) -> Iterator[Line]:
    for (kind, detail), times in Counter((found.kind, found.detail) for found in state.anomalies).items():
        yield Line("anomaly", f"{kind}: {detail}", f"{times} times" if times > 1 else "")


def _connections(state: RealtimeState) -> Iterator[Line]:
    for epoch in state.epochs:
        if epoch.number:
            lost = f"{_count(len(epoch.lost), 'item')} could not be restored" if epoch.lost else ""
            yield Line("epoch", f"{epoch.number}: a new connection", lost)
        if epoch.closed:
            yield _closed(epoch)


def _closed(epoch: Epoch) -> Line:
    words = " ".join(str(word) for word in (epoch.close_code, epoch.close_reason) if word)
    by = "" if epoch.closed_by is None else f"by the {epoch.closed_by}"
    return Line("closed", words or "without a code", by)


def _usage(state: RealtimeState) -> Iterator[Line]:
    usage, heard = state.usage, state.transcription_usage
    if usage.total_tokens:
        given, made = _tokens("in", usage.input), _tokens("out", usage.output)
        yield Line("usage", f"{_count(usage.total_tokens, 'token')}: {given}, {made}")
    else:
        yield Line("usage", "no tokens stated")
    if tokens := heard.input_tokens + heard.output_tokens:
        yield Line("usage", f"transcription: {_count(tokens, 'token')}")
    if heard.seconds:
        yield Line("usage", f"transcription: {heard.seconds:g} s of speech")


def _tokens(direction: str, tokens: Tokens) -> str:
    kinds = {"text": tokens.text, "audio": tokens.audio, "image": tokens.image}
    parts = {"cached": tokens.cached, "reasoning": tokens.reasoning}
    by_kind = ", ".join(f"{n:,} {kind}" for kind, n in kinds.items() if n)
    of_them = ", ".join(f"{n:,} {kind}" for kind, n in parts.items() if n)
    details = "; of these ".join(filter(None, (by_kind, of_them)))
    return f"{tokens.total:,} {direction}{f' ({details})' if details else ''}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
