"""The table of close codes, and what may be put into a close frame."""

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost, LocalProtocolError
from realtime_sdk.transport.closing import MEANINGS, Close, closed_by_peer, closed_here, sendable


@given(st.integers(0, 70_000), st.text(max_size=200))
def test_every_close_is_an_error_with_its_code_and_reason(code: int, reason: str) -> None:
    error = closed_by_peer(Close(code, reason))
    assert (error.code, error.reason) == (code, reason)
    assert str(code) in str(error)


@given(st.integers(0, 70_000).filter(lambda code: code not in MEANINGS and not 3000 <= code < 5000))
def test_a_code_that_nobody_knows_is_a_lost_connection(code: int) -> None:
    assert type(closed_by_peer(Close(code))) is ConnectionLost


@given(st.integers(3000, 4999))
def test_a_code_of_the_servers_own_is_a_decision_not_a_loss(code: int) -> None:
    assert type(closed_by_peer(Close(code))) is ConnectionClosed


@pytest.mark.parametrize("reason", ["Your session hit the maximum duration of 60 minutes.", "session_expired"])
@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 4001])
def test_a_reason_that_tells_of_the_duration_is_an_expiry(code: int, reason: str) -> None:
    assert type(closed_by_peer(Close(code, reason))) is ConnectionExpired


def test_an_own_close_is_neither_lost_nor_expired() -> None:
    error = closed_here(Close(1001, "maximum duration"))
    assert (type(error), error.code, error.reason) == (ConnectionClosed, 1001, "maximum duration")


@given(st.text())
def test_a_reason_is_cut_between_characters_to_what_fits(reason: str) -> None:
    reason = reason.encode(errors="ignore").decode()
    cut = sendable(1000, reason).reason
    assert reason.startswith(cut)
    assert len(cut.encode()) <= 123
    assert cut == reason or len(reason.encode()) > 123


@given(st.integers(-5, 70_000))
def test_only_codes_that_a_frame_may_carry_are_sendable(code: int) -> None:
    from websockets.exceptions import ProtocolError
    from websockets.frames import Close as Frame

    try:
        Frame(code, "").serialize()
    except (ProtocolError, ValueError):
        with pytest.raises(LocalProtocolError):
            sendable(code, "")
    else:
        assert sendable(code, "") == Close(code, "")
