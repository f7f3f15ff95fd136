"""How a message is written by hand: strictly, with its tags, and with nothing added to what the wire said."""

from math import nan
from typing import Any

import pytest
from pydantic import ValidationError

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import client_events, models, server_events
from realtime_sdk.protocol.codec import encode
from realtime_sdk.protocol.wire import ClientEventBase, ServerEventBase, literal_tags


def refusal(write: Any) -> tuple[str, str | None]:
    with pytest.raises(LocalProtocolError) as raised:
        write()
    return str(raised.value), raised.value.field


def test_a_misspelt_keyword_names_the_nearest_field() -> None:
    assert refusal(lambda: client_events.ResponseCancel(respons_id="r")) == (
        "ResponseCancel.respons_id: no such field; nearest is 'response_id'",
        "respons_id",
    )


def test_a_keyword_that_resembles_nothing_names_all_fields() -> None:
    message, field = refusal(lambda: client_events.ResponseCancel(zzz=1))
    assert message == "ResponseCancel.zzz: no such field; it has event_id, type, response_id"
    assert field == "zzz"


def test_a_wrong_value_is_refused_with_its_path() -> None:
    assert refusal(lambda: models.UserMessage(content=[{"type": "input_text", "text": 5}])) == (
        "UserMessage.content.0.text: Input should be a valid string",
        "content.0.text",
    )


def test_a_number_that_json_does_not_have_is_refused_with_its_path_through_unions() -> None:
    session = {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "server_vad", "threshold": nan}}}}
    assert refusal(lambda: client_events.SessionUpdate(session=session)) == (
        "SessionUpdate.session.audio.input.turn_detection: JSON has no NaN and no Infinity",
        "session.audio.input.turn_detection",
    )


def test_a_missing_field_is_refused() -> None:
    assert refusal(lambda: client_events.ConversationItemDelete()) == (
        "ConversationItemDelete.item_id: Field required",
        "item_id",
    )


@pytest.mark.parametrize(
    ("session", "path", "words"),
    [
        ({"type": "realtime", "audio": {"imput": {}}}, "session.audio.imput", "nearest is 'input'"),
        ({"type": "realtime", "tools": [{"type": "web_search"}]}, "session.tools.0", "type 'web_search'"),
        ({"instructions": "Be brief."}, "session", "type None"),
        (
            {"type": "realtime", "audio": {"output": {"voice": {"id": "v", "nam": 1}}}},
            "session.audio.output.voice.nam",
            "",
        ),
        (
            {"type": "realtime", "audio": {"input": {"format": {"rate": 24000}}}},
            "session.audio.input.format",
            "type None",
        ),
    ],
)
def test_a_slip_inside_a_dict_is_refused_with_its_path(session: dict[str, Any], path: str, words: str) -> None:
    message, field = refusal(lambda: client_events.SessionUpdate(session=session))
    assert field == path
    assert words in message


def test_a_slip_inside_a_dict_is_found_below_a_model_too() -> None:
    audio = {"input": {"turn_detection": {"type": "server_vad", "treshold": 0.5}}}
    message, field = refusal(lambda: models.SessionRequest(audio=audio))
    assert field == "audio.input.turn_detection.treshold"
    assert message.endswith("nearest is 'threshold'")


def test_a_slip_inside_a_map_is_found() -> None:
    variables = {"name": {"type": "input_text", "txt": "x"}}
    assert refusal(lambda: models.Prompt(id="p", variables=variables))[1] == "variables.name.txt"


def test_an_unknown_member_made_on_purpose_is_let_through() -> None:
    tool = models.UnknownTool({"type": "web_search"})
    event = client_events.SessionUpdate(session=models.SessionRequest(tools=[tool]))
    assert encode(event) == b'{"type":"session.update","session":{"type":"realtime","tools":[{"type":"web_search"}]}}'


def test_what_came_from_the_wire_may_be_sent_on_with_its_extras() -> None:
    item = models.UserMessage.model_validate({"type": "message", "role": "user", "mood": "glad"})
    event = client_events.ConversationItemCreate(item=item)
    assert encode(event) == (
        b'{"type":"conversation.item.create","item":{"type":"message","role":"user","mood":"glad"}}'
    )


def test_server_events_may_carry_extras_inside() -> None:
    event = server_events.ErrorEvent(error={"message": "m", "trace": "t"})
    assert encode(event) == b'{"type":"error","error":{"message":"m","trace":"t"}}'


def test_tags_are_sent_without_being_given_and_not_added_to_what_was_received() -> None:
    assert models.AudioPcm().model_fields_set == {"type"}
    assert models.AudioPcm.model_validate({}).model_fields_set == set()
    assert literal_tags(models.UserMessage) == {"type", "role"}
    assert literal_tags(models.ContentPart) == frozenset()


def test_a_field_given_as_none_is_sent_as_null() -> None:
    assert encode(client_events.ResponseCreate(response=None)) == b'{"type":"response.create","response":null}'


def test_messages_are_frozen() -> None:
    event = client_events.ResponseCancel(response_id="r")
    with pytest.raises(ValidationError):
        event.response_id = "other"


def test_events_tell_who_says_them() -> None:
    assert issubclass(client_events.SessionUpdate, ClientEventBase)
    assert issubclass(server_events.SessionUpdated, ServerEventBase)
    assert not issubclass(models.Session, ServerEventBase | ClientEventBase)


def test_validation_of_the_wire_stays_pydantic_s_own() -> None:
    with pytest.raises(ValidationError):
        client_events.ConversationItemDelete.model_validate({"type": "conversation.item.delete"})
