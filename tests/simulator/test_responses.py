"""Responses: their order, their rules, how they end, and what they cost."""

import json
from typing import Any

import pytest

from realtime_sdk.simulator.brain import Answered, Fault, Settings, TimePasses
from realtime_sdk.simulator.reply import Call, Fail, Say, Think, Wait
from tests.simulator.order import violations
from tests.simulator.talk import GET_WEATHER, Talk, clip, codes, kinds, of_kind, only, user_text

SPOKEN = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


def done(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the response that ended."""
    return only(events, "response.done")["response"]


def test_a_spoken_answer_has_the_recorded_order() -> None:
    talk = Talk(reply=lambda _: "Yes")
    talk.write("hello")
    assert kinds(talk.send({"type": "response.create"})) == SPOKEN
    assert violations(talk.said) == []


def test_a_written_answer_streams_word_by_word() -> None:
    talk = Talk(reply=lambda _: "It’s foggy, and 12 degrees.")
    said = talk.ask("hello", output_modalities=["text"])
    deltas = [event["delta"] for event in of_kind(said, "response.output_text.delta")]
    assert deltas == ["It’s", " foggy", ",", " and", " 12", " degrees", "."]
    assert done(said)["output"][0]["content"] == [{"type": "output_text", "text": "It’s foggy, and 12 degrees."}]
    assert violations(talk.said) == []


def test_the_transcript_runs_ahead_of_the_sound() -> None:
    talk = Talk(reply=lambda _: "one two three four five six", settings=Settings(speed=1))
    talk.ask("hello")
    talk.wait(250 + 10 + 130 + 1)
    assert [e["delta"] for e in of_kind(talk.said, "response.output_audio_transcript.delta")] == ["one"]
    assert len(of_kind(talk.said, "response.output_audio.delta")) == 1
    talk.wait(60_000)
    assert done(talk.said)["status"] == "completed"


def test_speech_is_paced_at_the_speed_that_was_asked_for() -> None:
    lengths = {}
    for speed in (1, 2):
        talk = Talk(reply=lambda _: "x" * 32, settings=Settings(speed=speed))
        talk.ask("hello")
        lengths[speed] = next(ms for ms in range(5_000) if of_kind(talk.wait(1), "response.done"))
    # 32 characters are 2,000 ms of sound in ten pieces; the last one leaves 200 ms before the end of the sound
    assert lengths[1] == 250 + 130 + 1_800 - 1
    assert lengths[2] == lengths[1] // 2


def test_a_tool_round() -> None:
    talk = Talk()
    talk.update(tools=[GET_WEATHER], output_modalities=["text"])
    call = done(talk.ask("What is the weather in Paris?"))["output"][0]
    assert (call["type"], call["name"], json.loads(call["arguments"])) == (
        "function_call",
        "get_weather",
        {"city": "Paris"},
    )
    assert len(call["call_id"]) <= 32
    talk.send(
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": call["call_id"], "output": "foggy"},
        }
    )
    answer = done(talk.send({"type": "response.create"}))
    assert answer["output"][0]["content"] == [{"type": "output_text", "text": "foggy"}]
    assert [turn.number for turn in talk.turns] == [1, 1]
    assert violations(talk.said) == []


def test_a_model_of_the_second_series_interleaves_and_tells_phases() -> None:
    def reply(_: object) -> tuple[Say, Call]:
        return Say("Let me look."), Call("get_weather", {"city": "Rome"})

    new, old = Talk(reply=reply), Talk(reply=reply, settings=Settings(speed=0, model="gpt-realtime"))
    for talk in (new, old):
        talk.ask("go", output_modalities=["text"])
        assert violations(talk.said) == []
    ends = [
        [e["type"] for e in talk.said if e["type"].endswith((".added", "_text.done", "arguments.done"))]
        for talk in (new, old)
    ]
    assert ends[0].index("response.output_text.done") > ends[0].index("response.output_item.added", 4)
    assert ends[1].index("response.output_text.done") < ends[1].index("response.output_item.added", 4)
    assert [item.get("phase") for item in done(new.said)["output"]] == ["commentary", None]
    assert [item.get("phase") for item in done(old.said)["output"]] == [None, None]


def test_parallel_calls_are_items_of_one_response() -> None:
    talk = Talk(reply=lambda _: (Call("a", {}), Call("b", {"x": 1})))
    assert [item["name"] for item in done(talk.ask("go"))["output"]] == ["a", "b"]
    assert violations(talk.said) == []


def test_a_choice_of_a_function_that_is_not_offered_is_refused_and_nothing_begins() -> None:
    talk = Talk()
    choice = {"type": "function", "name": "get_weather"}
    asked = {"type": "response.create", "event_id": "mine", "response": {"tool_choice": choice}}
    (refused,) = talk.send(asked)
    assert (refused["error"]["code"], refused["error"]["param"], refused["error"]["event_id"]) == (
        "invalid_value",
        "tool_choice",
        "mine",
    )
    talk.update(tools=[GET_WEATHER])
    assert done(talk.send(asked))["output"][0]["name"] == "get_weather"
    talk.update(tools=[], tool_choice=choice)
    (refused,) = talk.send({"type": "response.create"})
    assert refused["error"]["message"] == "Tool choice 'get_weather' not found in 'tools' parameter."


def test_a_second_response_is_refused_and_the_first_one_goes_on() -> None:
    talk = Talk(settings=Settings(speed=1))
    talk.ask("hello")
    assert codes(talk.send({"type": "response.create", "event_id": "mine"})) == [
        ("conversation_already_has_active_response", None)
    ]
    assert talk.said[-1]["error"]["event_id"] == "mine"
    talk.wait(60_000)
    assert done(talk.said)["status"] == "completed"


def test_a_response_out_of_band_leaves_the_conversation_alone_and_runs_beside_another() -> None:
    talk = Talk(reply=lambda turn: "aside" if turn.out_of_band else "in band", settings=Settings(speed=1))
    talk.ask("hello")
    said = talk.send(
        {"type": "response.create", "response": {"conversation": "none", "metadata": {"for": "me"}, "input": []}}
    )
    created = only(said, "response.created")["response"]
    assert (created["conversation_id"], created["metadata"]) == (None, {"for": "me"})
    talk.wait(60_000)
    ended = {e["response"]["id"]: e["response"] for e in of_kind(talk.said, "response.done")}
    assert ended[created["id"]]["metadata"] == {"for": "me"}
    aside = ended[created["id"]]["output"][0]["id"]
    assert aside not in [held.id for held in talk.server.items]
    assert aside not in [e["item"]["id"] for e in of_kind(talk.said, "conversation.item.added")]
    assert violations(talk.said) == []


def test_given_input_replaces_the_context() -> None:
    talk = Talk(reply=lambda turn: f"heard {turn.text}")
    talk.send(user_text("in the conversation", id="mine"))
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "given"}]}
    for given, expected in (
        ([item], "given"),
        ([], ""),
        ([{"type": "item_reference", "id": "mine"}], "in the conversation"),
    ):
        said = talk.send({"type": "response.create", "response": {"conversation": "none", "input": given}})
        assert done(said)["output"][0]["content"][0]["transcript"] == f"heard {expected}"
    wrong = talk.send({"type": "response.create", "response": {"input": [{"type": "item_reference", "id": "gone"}]}})
    assert codes(wrong) == [("item_not_found", "response.input[0].id")]


def test_a_cancelled_response_ends_its_items_first() -> None:
    talk = Talk(reply=lambda _: ("a", Call("f", {}), Say("x" * 100)), settings=Settings(speed=1))
    talk.ask("hello")
    talk.wait(2_000)
    said = talk.send({"type": "response.cancel"})
    ended = done(said)
    assert ended["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert [item["status"] for item in ended["output"]] == ["completed", "completed", "incomplete"]
    assert violations(talk.said) == []
    assert talk.wait(60_000) == []


def test_a_response_can_be_cancelled_by_its_id_and_before_its_answer() -> None:
    talk = Talk(answering=False)
    response_id = only(talk.ask("hello"), "response.created")["response"]["id"]
    assert codes(talk.send({"type": "response.cancel", "response_id": "another"})) == [
        ("response_cancel_not_active", None)
    ]
    ended = done(talk.send({"type": "response.cancel", "response_id": response_id}))
    assert (ended["status"], ended["output"]) == ("cancelled", [])
    assert talk.happen(Answered(response_id, (Say("too late"),))) == []


def test_a_cancel_of_nothing_is_an_error() -> None:
    assert codes(Talk().send({"type": "response.cancel"})) == [("response_cancel_not_active", None)]


def test_a_reply_can_fail() -> None:
    talk = Talk(reply=lambda _: (Say("Well"), Fail("content_filter_down", "No.")))
    ended = done(talk.ask("hello"))
    assert ended["status"] == "failed"
    assert ended["status_details"] == {
        "type": "failed",
        "error": {"type": "server_error", "code": "content_filter_down", "message": "No."},
    }
    assert [item["status"] for item in ended["output"]] == ["completed"]
    assert violations(talk.said) == []


def test_a_reply_can_be_filtered_in_the_middle() -> None:
    talk = Talk(reply=lambda _: [Say("Well,"), Fail("content_filter")])
    response = done(talk.ask("go"))
    assert (response["status"], response["status_details"]) == (
        "incomplete",
        {"type": "incomplete", "reason": "content_filter"},
    )
    assert [item["status"] for item in response["output"]] == ["completed"]


def test_too_many_tokens_make_an_incomplete_response() -> None:
    talk = Talk(reply=lambda _: "one two three four five six seven eight")
    ended = done(talk.ask("hello", output_modalities=["text"], max_output_tokens=4))
    assert (ended["status"], ended["status_details"]) == (
        "incomplete",
        {"type": "incomplete", "reason": "max_output_tokens"},
    )
    assert ended["max_output_tokens"] == 4
    assert [item["status"] for item in ended["output"]] == ["incomplete"]
    assert ended["usage"]["output_tokens"] <= 4
    assert violations(talk.said) == []


def test_waiting_and_thinking_take_time_and_tokens() -> None:
    talk = Talk(reply=lambda _: (Think(10, 500), Wait(1_000), Say("now")), settings=Settings(speed=1))
    talk.ask("hello", output_modalities=["text"])
    assert of_kind(talk.wait(250 + 1_499), "response.output_item.added") == []
    assert len(of_kind(talk.wait(1), "response.output_item.added")) == 1
    talk.wait(1_000)
    assert done(talk.said)["usage"]["output_token_details"] == {
        "text_tokens": 11,
        "audio_tokens": 0,
        "reasoning_tokens": 10,
    }


def test_usage_counts_every_modality_and_what_comes_from_the_cache() -> None:
    talk = Talk(reply=lambda _: "x" * 16)
    talk.update(instructions="i" * 400)
    first, second = done(talk.ask("u" * 40))["usage"], done(talk.ask("u" * 40))["usage"]
    assert first["input_token_details"] == {
        "text_tokens": 100 + 4 + 10,
        "audio_tokens": 0,
        "image_tokens": 0,
        "cached_tokens": 0,
        "cached_tokens_details": {"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
    }
    assert first["output_token_details"] == {"text_tokens": 4, "audio_tokens": 20}
    assert first["total_tokens"] == first["input_tokens"] + first["output_tokens"]
    assert second["input_token_details"]["cached_tokens"] == 64
    assert second["input_token_details"]["audio_tokens"] == 20


def test_sound_comes_out_of_the_cache_too_in_blocks() -> None:
    talk = Talk(reply=lambda _: "x" * 80)  # 100 tokens of sound
    details = [done(talk.ask("u"))["usage"]["input_token_details"] for _ in range(3)]
    assert [one["audio_tokens"] for one in details] == [0, 100, 200]
    assert [one["cached_tokens_details"]["audio_tokens"] for one in details] == [0, 64, 192]
    assert all(one["cached_tokens"] == sum(one["cached_tokens_details"].values()) for one in details)
    talk.update(instructions="others")
    assert done(talk.ask("u"))["usage"]["input_token_details"]["cached_tokens"] == 0


def test_faults_fail_the_next_response_or_the_running_one() -> None:
    talk = Talk()
    talk.happen(Fault("rate_limit"))
    failed = done(talk.ask("hello"))["status_details"]["error"]
    assert (failed["code"], failed["type"]) == ("rate_limit_exceeded", "tokens")
    slow = Talk(settings=Settings(speed=1))
    slow.ask("hello")
    slow.wait(400)
    assert done(slow.happen(Fault("fail", code="overloaded")))["status_details"]["error"]["code"] == "overloaded"
    assert violations(slow.said) == []


def test_a_session_ends_after_its_longest_duration() -> None:
    talk = Talk()
    said = talk.happen(TimePasses(3_600_000))
    assert codes(said) == [("session_expired", None)]
    assert talk.closing is not None
    assert (talk.closing.code, talk.closing.reason) == (1001, "Your session hit the maximum duration of 60 minutes.")
    assert talk.write("too late") == []


@pytest.mark.parametrize("modality", ["text", "audio"])
def test_an_empty_reply_is_a_complete_response_without_items(modality: str) -> None:
    ended = done(Talk(reply=lambda _: ()).ask("hello", output_modalities=[modality]))
    assert (ended["status"], ended["output"]) == ("completed", [])


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        ({str(place): "x" for place in range(17)}, "object_above_max_properties"),
        ({"k" * 65: "x"}, "property_name_above_max_length"),
        ({"k": "x" * 513}, "string_above_max_length"),
        ({"k": 5}, "invalid_type"),
    ],
)
def test_metadata_has_its_limits(metadata: dict[str, Any], code: str) -> None:
    said = Talk().send({"type": "response.create", "response": {"metadata": metadata}})
    assert [error for error, _ in codes(said)] == [code]


def test_a_sideband_gets_no_sound_and_a_buffer_that_plays() -> None:
    talk = Talk(reply=lambda _: "x" * 16, settings=Settings(speed=1, sideband=True))
    assert talk.said == []
    talk.ask("hello")
    talk.wait(60_000)
    order = kinds(talk.said)
    assert "response.output_audio.delta" not in order
    assert order.index("output_audio_buffer.started") < order.index("response.output_audio.done")
    assert order[-3:] == ["response.done", "rate_limits.updated", "output_audio_buffer.stopped"]


def test_what_a_sideband_plays_can_be_cleared_and_is_by_the_users_voice() -> None:
    talk = Talk(reply=lambda _: "x" * 160, settings=Settings(speed=1, sideband=True))
    talk.ask("hello")
    talk.wait(2_000)
    talk.send({"type": "response.cancel"})
    assert kinds(talk.send({"type": "output_audio_buffer.clear"})) == ["output_audio_buffer.cleared"]
    talk.ask("again")
    talk.wait(2_000)
    assert kinds(talk.speak(clip("weather")))[-1] == "output_audio_buffer.cleared"
    assert talk.send({"type": "output_audio_buffer.clear"}) == []


def test_a_client_that_plays_itself_cannot_clear_the_buffer() -> None:
    assert codes(Talk().send({"type": "output_audio_buffer.clear"})) == [("invalid_value", "type")]
