"""Errors of the server by code: how far they reach, whom they mean, and when to try again."""

import pytest

from realtime_sdk.protocol.server_events import ErrorEvent
from realtime_sdk.session.server_errors import BENIGN, BLAME, LEVELS, level_of, retry_after_s, server_error


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("insufficient_quota", "account"),
        ("invalid_api_key", "account"),
        ("account_deactivated", "account"),
        ("billing_hard_limit_reached", "account"),
        ("session_expired", "session"),
        ("beta_api_shape_disabled", "session"),
        ("rate_limit_exceeded", "response"),
        ("unknown_parameter", "request"),
        ("brand_new_code", "request"),
        (None, "request"),
    ],
)
def test_only_a_refused_account_is_the_end(code: str | None, level: str) -> None:
    assert level_of(code) == level


def test_the_tables_agree() -> None:
    assert not set(BENIGN) & set(LEVELS)
    assert set(BENIGN) <= set(BLAME)


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached. Please try again in 1.898s. Visit …", 1.898),
        ("Please try again in 250ms.", 0.25),
        ("Try again in 6m0s.", 360.0),
        ("try again in 1h2m3s", 3723.0),
        ("try again later", None),
        ("", None),
        (None, None),
    ],
)
def test_when_to_try_again_is_read_from_the_message(message: str | None, seconds: float | None) -> None:
    assert retry_after_s(message) == seconds


def test_the_exception_has_all_that_the_event_says() -> None:
    error = {"type": "t", "code": "c", "message": "m", "param": "p", "event_id": "evt_1"}
    event = ErrorEvent.model_validate({"type": "error", "event_id": "event_1", "error": error})
    raised = server_error(event)
    assert (raised.type, raised.code, raised.param, raised.client_event_id) == ("t", "c", "p", "evt_1")
    assert raised.event is event
    assert str(raised) == "the server refused: m (c)"
