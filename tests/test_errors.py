"""The error tree: what every error has in common."""

import pickle
from typing import Any

import pytest

from realtime_sdk import errors

ARGUMENTS: dict[type[errors.RealtimeError], dict[str, Any]] = {
    errors.RemoteProtocolError: {"frame": b"\xff"},
    errors.SubscriberTooSlow: {"missed": 3},
    errors.OutboundFull: {"queued": 9, "limit": 8},
    errors.LocalProtocolError: {"field": "session.audio"},
    errors.ConnectionExpired: {"code": 1001, "reason": "too long"},
    errors.RequestTimeout: {"seconds": 1.5},
}


@pytest.mark.parametrize("name", errors.__all__)
def test_an_error_travels_to_another_process_with_its_attributes(name: str) -> None:
    kind: type[errors.RealtimeError] = getattr(errors, name)
    error = kind("It broke.", **ARGUMENTS.get(kind, {}))
    other = pickle.loads(pickle.dumps(error))
    assert (type(other), str(other), other.args, vars(other)) == (kind, "It broke.", ("It broke.",), vars(error))
