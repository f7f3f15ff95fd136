"""What a person says, as items: text, sound and pictures put into a user's message. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import pybase64

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import client_events, models
from realtime_sdk.protocol.unknown import Unknown, UnknownEvent
from realtime_sdk.protocol.wire import WireModel

__all__ = ["as_event", "as_item", "image_url", "user_message"]

_PICTURES: Final = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"RIFF", "webp"), (b"GIF8", "gif"))
_ADDRESS: Final = re.compile(r"(?:https?|data):", re.IGNORECASE)


def user_message(
    text: str | None = None,
    *,
    audio: bytes | None = None,
    image: str | bytes | Sequence[str | bytes] | None = None,
    item_id: str | None = None,
) -> models.UserMessage | None:
    """A message of the user with what is given, None if nothing is. `audio` is in the session's input format."""
    parts: list[models.UserMessageContent] = []
    if text is not None:
        parts.append(models.UserMessageContent(type="input_text", text=text))
    if audio is not None:
        given: Any = audio
        if not isinstance(given, (bytes, bytearray, memoryview)):
            raise LocalProtocolError(f"audio is bytes, and this is {_a(given)}", field="audio")
        encoded = pybase64.b64encode(audio).decode()
        parts.append(models.UserMessageContent(type="input_audio", audio=encoded))
    pictures = map(image_url, _pictures(image))
    parts.extend(models.UserMessageContent(type="input_image", image_url=url) for url in pictures)
    if not parts:
        return None
    identity: dict[str, Any] = {} if item_id is None else {"id": item_id}
    return models.UserMessage(content=parts, **identity)


def as_item(given: Any) -> Any:
    """An item as a model: a model as it is, a dictionary as the protocol has it, text as a message of the user.

    Raises LocalProtocolError for a dictionary that is no item, and for what is none of these.
    """
    if isinstance(given, str):
        return user_message(given)
    if isinstance(given, Mapping):
        item: Any = {**cast("Mapping[str, Any]", given)}
        return client_events.ConversationItemCreate(item=item).item
    if not isinstance(given, WireModel | Unknown):
        raise LocalProtocolError(f"an item is a model, a dictionary or text, and this is {_a(given)}", field="item")
    return given


def as_event(given: Any) -> Any:
    """An event of the client's, as it is. Raises LocalProtocolError for what is none."""
    if not isinstance(given, WireModel | UnknownEvent):
        raise LocalProtocolError(f"an event is one of client_events, and this is {_a(given)}", field="event")
    return given


def image_url(picture: str | bytes) -> str:
    """The address of a picture: its own, or a data URL that holds it (PNG, JPEG, WebP, GIF).

    Raises LocalProtocolError for bytes that are none of these, and for text that is no address.
    """
    if isinstance(picture, str):
        if not _ADDRESS.match(picture):
            raise LocalProtocolError("an image is given as bytes, or as an https: or data: address", field="image")
        return picture
    for magic, kind in _PICTURES:
        if picture.startswith(magic):
            return f"data:image/{kind};base64,{pybase64.b64encode(picture).decode()}"
    raise LocalProtocolError("the image is neither PNG, JPEG, WebP nor GIF", field="image")


def _a(given: object) -> str:
    return given.__name__ if isinstance(given, type) else type(given).__name__


def _pictures(image: str | bytes | Sequence[str | bytes] | None) -> Sequence[str | bytes]:
    if image is None:
        return ()
    return (image,) if isinstance(image, str | bytes) else image
