"""What a person says, as a message of the user."""

import pytest

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import models
from realtime_sdk.session.content import image_url, user_message

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
