"""Client secrets as the service gives them to browsers: what is answered to POST …/client_secrets, and what one opens.

No socket, no clock. A secret is made up, its shape and its session are the service's: who connects with it has the
session's settings from the start, and is turned away once it has expired. Any other key opens any session.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from realtime_sdk.protocol import translation
from realtime_sdk.protocol.client_events import SessionUpdate
from realtime_sdk.protocol.json_values import JsonObject, is_object
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.simulator.brain import Fault, Settings, opened
from realtime_sdk.simulator.brain.checks import complaint_about
from realtime_sdk.simulator.brain.complaints import Complaint, missing
from realtime_sdk.simulator.brain.config import Intent
from realtime_sdk.simulator.brain.ids import Ids
from realtime_sdk.simulator.plain_http import Answer, Asked, nothing_here, refused

__all__ = ["Bound", "ClientSecrets", "key_of"]

_REALTIME: Final = "/realtime/client_secrets"
_TRANSLATION: Final = "/realtime/translations/client_secrets"
_INTENTS: Final[Mapping[str, Intent]] = {
    "realtime": "realtime",
    "transcription": "transcription",
    "translation": "translation",
}
_LIFE_S: Final = 600
_SHORTEST_S, _LONGEST_S = 10, 7_200
_IN_SUBPROTOCOL: Final = "openai-insecure-api-key."
_REFUSED: Final = Fault(
    "close",
    code="invalid_api_key",
    message="Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
    close_code=3000,
)


def key_of(headers: Mapping[str, str], subprotocols: Iterable[str]) -> str | None:
    """The key that a client brought: in a header (names in small letters) or, from a browser, in a subprotocol."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    told = (one.removeprefix(_IN_SUBPROTOCOL) for one in subprotocols if one.startswith(_IN_SUBPROTOCOL))
    return (token.strip() if scheme.lower() == "bearer" else "") or headers.get("api-key") or next(told, None)


@dataclass(frozen=True, slots=True)
class Bound:
    """What a client secret is bound to: a kind of session, and settings that it has from the start."""

    intent: Intent
    session: JsonObject
    expires_at: int

    @property
    def model(self) -> str | None:
        """The session's model, if it was named."""
        return self.session.get("model")

    def refusal(self, *, now_s: int, translates: bool) -> Fault | None:
        """Why it opens no session now, or none here: the service's answer to a wrong key."""
        return _REFUSED if now_s >= self.expires_at or translates != (self.intent == "translation") else None


@dataclass(slots=True)
class ClientSecrets:
    """Answers requests for client secrets. `model` is that of sessions that name none, `now_s` the wall clock."""

    seed: str
    model: str
    now_s: Callable[[], int]
    given: dict[str, Bound] = field(default_factory=dict[str, Bound], init=False)
    """What was given out, by its value."""

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
        wanted: JsonObject = wish["session"] if is_object(wish.get("session")) else {}
        translates = path.endswith(_TRANSLATION)
        complaint = _against(wish.get("expires_after")) or (_translated if translates else _spoken)(wanted)
        kind = "translation" if translates else str(wanted.get("type", "realtime"))
        return _told(complaint) if complaint else self._secret(wanted, wish.get("expires_after"), kind)

    def _secret(self, wanted: JsonObject, expires_after: object, kind: str) -> Answer:
        number = len(self.given) + 1
        seconds = expires_after.get("seconds", _LIFE_S) if is_object(expires_after) else _LIFE_S
        bound = Bound(_INTENTS[kind], {"type": kind, **wanted}, self.now_s() + seconds)
        key = Ids.seeded(f"{self.seed}/secret/{number}").of("ek", number)
        self.given[key] = bound
        return Answer(200, {"value": key, "expires_at": bound.expires_at, "session": self._shown(bound, number)})

    def _shown(self, bound: Bound, number: int) -> JsonObject:
        """The session as it will be; it expires when it is opened, and so says 0."""
        settings = Settings(
            seed=f"{self.seed}/secret session/{number}",
            model=bound.model or self.model,
            intent=bound.intent,
            session=bound.session,
        )
        return {**opened(settings).server.config.wire, "expires_at": 0}


def _wish(body: bytes) -> JsonObject | Answer:
    """The object that a body is; none is an empty one."""
    try:
        wish: object = json.loads(body or b"{}")
    except ValueError:
        return refused(400, "We could not parse the JSON body of your request.")
    return wish if is_object(wish) else refused(400, "The body of your request is no JSON object.")


def _against(expires_after: object) -> Complaint | None:
    """What is wrong with how long the secret shall be good."""
    seconds = expires_after.get("seconds", _LIFE_S) if is_object(expires_after) else _LIFE_S
    if isinstance(seconds, int) and _SHORTEST_S <= seconds <= _LONGEST_S:
        return None
    message = f"Invalid 'expires_after.seconds': expected a value from {_SHORTEST_S} to {_LONGEST_S}."
    return Complaint("invalid_value", message, "expires_after.seconds")


def _spoken(wanted: JsonObject) -> Complaint | None:
    """What is wrong with a session that is wanted: as in session.update."""
    return _in_update({"type": "realtime", **wanted}, SessionUpdate)


def _translated(wanted: JsonObject) -> Complaint | None:
    """The same for a translation, whose model and type are set here and never changed."""
    if "model" not in wanted:
        return missing("session.model")
    rest = {name: value for name, value in wanted.items() if name not in ("model", "type")}
    return _in_update(rest, translation.client_events.SessionUpdate)


def _in_update(session: JsonObject, cls: type[WireModel]) -> Complaint | None:
    event: dict[str, Any] = {"type": "session.update", "session": session}
    return complaint_about(event, cls)


def _told(complaint: Complaint) -> Answer:
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
