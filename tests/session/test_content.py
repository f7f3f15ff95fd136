"""What a person says, as a message of the user."""

from collections.abc import Callable
from typing import Any

import pytest
from anyio import fail_after

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import client_events, models
from realtime_sdk.protocol.unknown import UnknownEvent, UnknownItem
from realtime_sdk.session.content import as_event, as_item, image_url, user_message
from tests.session.scripted import talking

PNG = b"\x89PNG\r\n\x1a\n..."


def test_text_sound_and_pictures_are_parts_in_this_order() -> None:
    part = models.UserMessageContent
    assert user_message("Hi", audio=b"\0\1", image=[PNG, "https://host/a.png"]) == models.UserMessage(
        content=[
            part(type="input_text", text="Hi"),
            part(type="input_audio", audio="AAE="),
            part(type="input_image", image_url=image_url(PNG)),
            part(type="input_image", image_url="https://host/a.png"),
        ]
    )


def test_nothing_said_is_no_message_but_an_empty_text_is_one() -> None:
    assert user_message() is None
    assert user_message("") == models.UserMessage(content=[models.UserMessageContent(type="input_text", text="")])


def test_pictures_are_told_apart_by_their_first_bytes() -> None:
    assert image_url(PNG).startswith("data:image/png;base64,iVBORw0KGgo")
    assert image_url(b"\xff\xd8\xff\xe0").startswith("data:image/jpeg;base64,")
    with pytest.raises(LocalProtocolError, match="neither PNG"):
        image_url(b"not a picture")
    with pytest.raises(LocalProtocolError, match="https: or data:"):
        image_url("picture.png")


@pytest.mark.parametrize(
    ("take", "given", "said"),
    [
        (as_item, 5, "an item is a model, a dictionary or text, and this is int"),
        (as_event, {"type": "response.create"}, "an event is one of client_events, and this is dict"),
        (as_event, client_events.ResponseCreate, "and this is ResponseCreate"),
        (lambda given: user_message(audio=given), "AAE=", "audio is bytes, and this is str"),
    ],
)
def test_what_cannot_be_said_is_refused_with_what_would_be(
    take: Callable[[Any], object], given: Any, said: str
) -> None:
    with pytest.raises(LocalProtocolError, match=said):
        take(given)


def test_what_the_protocol_does_not_know_may_be_said() -> None:
    unknown = UnknownEvent("response.sing", {"type": "response.sing"}, "unknown type")
    assert as_event(unknown) is unknown


async def test_an_item_without_a_class_is_put_into_the_conversation_as_it_is() -> None:
    with fail_after(5):
        async with talking() as (session, server):
            item = await session.add_item(UnknownItem({"type": "song", "words": "la"}))
            assert server.heard[-1]["item"] == {"type": "song", "words": "la", "id": item.id}
            assert session.state.conversation.order == (item.id,)
