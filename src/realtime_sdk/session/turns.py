"""The user's turns: who finds their end, whether one is about to be answered, and ending one that nobody else ends."""

from typing import TYPE_CHECKING, Any, Final

from realtime_sdk.audio.wires import input_wire
from realtime_sdk.errors import ServerError
from realtime_sdk.session.server_errors import BENIGN
from realtime_sdk.state import RealtimeState, Response, is_responding

if TYPE_CHECKING:
    from realtime_sdk.session.session import RealtimeSession

__all__ = ["end_turn", "is_floor_free", "transcription", "turn_detection", "until_floor_free"]

_SILENCE_MS: Final = 1_000
_LEAST_COMMIT_MS: Final = 100


def turn_detection(state: RealtimeState) -> Any:
    """How a session finds the end of a turn, None if it does not: then the client commits."""
    return getattr(_input(state), "turn_detection", None)


def transcription(state: RealtimeState) -> Any:
    """How a session writes down what the user says, None if it does not."""
    return getattr(_input(state), "transcription", None)


def is_floor_free(state: RealtimeState) -> bool:
    """Whether nobody answers or speaks, and voice detection is not about to answer what was said last."""
    if is_responding(state):
        return False
    audio, detection = state.input_audio, turn_detection(state)
    if detection is None:  # nobody says any more when speech that had begun ends
        return True
    is_answered = getattr(detection, "create_response", None) is not False
    is_due = is_answered and (audio.awaiting is not None or audio.reserved_item_id is not None)
    return not audio.speaking and not is_due


async def until_floor_free(
    session: "RealtimeSession", *, since: RealtimeState, timeout: float | None = None
) -> tuple[Response, ...]:
    """Wait until the floor is free. Returns the responses of the conversation that began after `since`: whoever wants
    an answer to what stood there then, may have it already.

    Raises as `session.until` does.
    """
    state = await session.until(is_floor_free, timeout=timeout)
    began = (state.responses[response_id] for response_id in state.responses if response_id not in since.responses)
    return tuple(response for response in began if not response.out_of_band)


async def end_turn(session: "RealtimeSession") -> bool:
    """The microphone has ended: have what was said until now committed, as silence would have. Whether it was committed
    from here, so that an answer must still be asked for.

    A rest below 100 ms is left out, which servers refuse. Raises as `session.commit` does.
    """
    wire = input_wire(session.state)
    detects = turn_detection(session.state) is not None
    if detects:
        await session.append_audio(wire.silence(_SILENCE_MS))
    await session.update()  # it is answered when all sound before it was heard
    state = session.state
    left_ms = wire.ms_in_bytes(state.sent_audio_bytes - state.input_audio.emptied_at)
    if not state.input_audio.speaking and (detects or left_ms < _LEAST_COMMIT_MS):
        return False
    try:
        return await session.commit() is not None
    except ServerError as refused:
        if refused.code not in BENIGN:
            raise
        return False


def _input(state: RealtimeState) -> Any:
    return getattr(getattr(state.session, "audio", None), "input", None)
