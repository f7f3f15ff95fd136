"""Client secrets as the service gives them to browsers: what is answered to POST …/client_secrets. No socket, no clock.

A secret is made up, any key opens a session here; its shape and its session are those of the service.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from realtime_sdk.protocol.client_events import SessionUpdate
from realtime_sdk.protocol.json_values import JsonObject, is_object
from realtime_sdk.simulator.brain.checks import complaint_about
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.config import merged, opening
from realtime_sdk.simulator.brain.ids import Ids
from realtime_sdk.simulator.plain_http import Answer, Asked, nothing_here, refused

__all__ = ["ClientSecrets"]

_REALTIME: Final = "/realtime/client_secrets"
_TRANSLATION: Final = "/realtime/translations/client_secrets"
_LIFE_S: Final = 600
_SHORTEST_S, _LONGEST_S = 10, 7_200


@dataclass(slots=True)
class ClientSecrets:
    """Answers requests for client secrets. `model` is that of sessions that name none, `now_s` the wall clock."""

    seed: str
    model: str
    now_s: Callable[[], int]
    given: int = field(default=0, init=False)

    def answer(self, asked: Asked) -> Answer:
        """The answer to any request: a secret, or what is wrong; 404 for other paths, 405 for other methods."""
        path = asked.path.rstrip("/")
        if not path.endswith((_REALTIME, _TRANSLATION)):
            return nothing_here(asked)
        if asked.method != "POST":
            return refused(405, f"Not allowed to {asked.method} on {asked.path}.", code="method_not_supported")
        wish = _wish(asked.body)
        if isinstance(wish, Answer):
            return wish
        seconds = _seconds(wish.get("expires_after"))
        if isinstance(seconds, Answer):
            return seconds
        session = self._session(wish.get("session"), translates=path.endswith(_TRANSLATION))
        return session if isinstance(session, Answer) else self._secret(session, seconds)

    def _secret(self, session: JsonObject, seconds: int) -> Answer:
        self.given += 1
        key = Ids.seeded(f"{self.seed}/secret/{self.given}").of("ek", self.given)
        return Answer(200, {"value": key, "expires_at": self.now_s() + seconds, "session": session})

    def _session(self, wanted: object, *, translates: bool) -> JsonObject | Answer:
        patch: JsonObject = wanted if is_object(wanted) else {}
        ids = Ids.seeded(f"{self.seed}/secret session/{self.given}")
        if translates:
            head = {"id": ids.of("sess", 0), "type": "translation", "expires_at": 0}
            return {**head, **patch}
        patch = {"type": "realtime", **patch}
        complaint = complaint_about({"type": "session.update", "session": patch}, SessionUpdate)
        if complaint is not None:
            return _complained(complaint)
        intent: Any = "transcription" if patch["type"] == "transcription" else "realtime"
        model = patch.get("model") or self.model
        return merged(opening(ids.of("sess", 0), model=model, expires_at=0, intent=intent), patch).wire


def _wish(body: bytes) -> JsonObject | Answer:
    """The object that a body is; none is an empty one."""
    try:
        wish: object = json.loads(body or b"{}")
    except ValueError:
        return refused(400, "We could not parse the JSON body of your request.")
    return wish if is_object(wish) else refused(400, "The body of your request is no JSON object.")


def _seconds(expires_after: object) -> int | Answer:
    """For how long the secret is good."""
    wanted: JsonObject = expires_after if is_object(expires_after) else {}
    seconds = wanted.get("seconds", _LIFE_S)
    if isinstance(seconds, int) and _SHORTEST_S <= seconds <= _LONGEST_S:
        return seconds
    message = f"Invalid 'expires_after.seconds': expected a value from {_SHORTEST_S} to {_LONGEST_S}."
    return _complained(Complaint("invalid_value", message, "expires_after.seconds"))


def _complained(complaint: Complaint) -> Answer:
    return Answer(
        400,
        {
            "error": {
                "message": complaint.message,
                "type": complaint.type,
                "param": complaint.param,
                "code": complaint.code,
            }
        },
    )
