"""The client's rules, each with the tests that hold the session to it; and the rules that stand in no other file."""

import ast
import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime_sdk.errors import LocalProtocolError, RemoteProtocolError, ServerError
from realtime_sdk.protocol import models
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.session.restoring import restoration
from tests.said import added, after
from tests.session.scripted import Server, Servers, talking
from tests.session.test_interruption import cut, listening, speaking, user_speaks

RULES: dict[int, tuple[str, ...]] = {
    1: ("test_nothing_is_cut_while_no_position_is_known", "test_what_was_not_heard_is_cut_when_the_user_speaks"),
    2: ("test_a_turn_that_was_heard_whole_is_not_cut",),
    3: ("test_an_item_of_which_nothing_was_heard_is_deleted",),
    4: (
        "test_a_position_before_the_beginning_or_of_nothing_is_refused",
        "test_a_position_that_goes_back_changes_nothing",
    ),
    5: ("test_a_server_that_interrupts_is_told_to_cancel_by_force_alone",),
    6: ("test_a_position_is_whole_ms_and_never_beyond_the_audio",),
    7: ("test_a_server_that_does_not_interrupt_is_told_to_cancel_first_and_only_when_asked",),
    8: ("test_after_all_was_heard_and_nothing_runs_an_interruption_does_nothing",),
    9: ("test_of_a_turn_in_several_items_each_is_cut_at_its_own_place",),
    10: ("test_a_position_is_measured_in_the_format_that_is_spoken",),
    11: ("test_text_during_a_response_goes_in_now_and_its_create_waits_for_the_end",),
    12: ("test_three_such_texts_get_one_answer",),
    13: ("test_a_text_after_the_create_went_out_but_before_it_began_gets_an_answer_of_its_own",),
    14: ("test_an_error_about_something_else_leaves_the_create_in_place",),
    15: ("test_an_error_without_a_name_frees_the_create_that_is_alone_in_flight",),
    16: ("test_calls_run_together_and_are_answered_in_their_order_with_one_response",),
    17: ("test_raw_creates_queue_and_are_not_joined",),
    18: ("test_the_first_response_create_of_an_idle_session_goes_out_at_once",),
    19: ("test_cancelling_when_nothing_runs_is_no_error",),
    20: ("test_an_empty_commit_is_a_race_under_voice_detection_and_a_mistake_without",),
    21: (
        "test_a_refused_account_ends_the_session_and_other_errors_do_not",
        "test_after_a_refusal_of_the_account_nobody_connects_again",
    ),
    22: ("test_an_error_that_names_an_item_create_fails_that_call_at_once",),
    23: (
        "test_a_call_is_run_once_and_another_under_its_id_is_not_run",
        "test_an_output_that_is_ready_after_a_break_is_told_with_its_call",
    ),
    24: ("test_a_call_is_run_once_and_another_under_its_id_is_not_run",),
    25: ("test_what_a_tool_raises_and_a_tool_that_takes_too_long_are_told_to_the_model",),
    26: ("test_a_message_without_content_is_not_told_again",),
    27: ("test_sound_of_the_assistant_is_refused_before_anything_is_sent",),
    28: ("test_an_output_that_is_ready_after_a_break_is_told_with_its_call",),
    29: ("test_iterations_end_as_the_close_code_says",),
    30: ("test_iterations_end_as_the_close_code_says",),
    31: ("test_closing_it_ourselves_ends_iterations_and_is_no_error",),
    32: (
        "test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_timeout",
        "test_a_slow_handshake_times_out_and_leaves_no_socket",
    ),
    33: ("test_a_frame_that_is_no_event_is_told_of_and_the_session_goes_on_without_logging_it",),
    34: (
        "test_senders_wait_for_the_new_connection_and_go_out_in_order",
        "test_with_a_limit_too_much_waiting_is_refused_and_nothing_of_it_is_recorded",
    ),
}
"""Number of the rule (its row in the rules for clients) → the tests that fail where the session breaks it."""

HERE = Path(__file__).parent
ROOMS = (HERE, HERE.parent / "transport")


def named_in(*paths: Path) -> Iterator[str]:
    for path in paths:
        nodes = ast.walk(ast.parse(path.read_text()))
        functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        yield from (function.name for function in functions if function.name.startswith("test_"))


def test_every_rule_has_its_tests_and_they_exist() -> None:
    known = {name for room in ROOMS for name in named_in(*room.glob("test_*.py"))}
    assert {name for names in RULES.values() for name in names} - known == set()
    assert list(RULES) == [*range(1, len(RULES) + 1)]


def test_what_stands_in_this_file_is_named_by_a_rule() -> None:
    named = {name for names in RULES.values() for name in names}
    about_the_table = {name for name in named_in(Path(__file__)) if "rule" in name}
    assert {*named_in(Path(__file__))} - about_the_table - named == set()


def test_there_are_as_many_rules_as_were_written_down(shared: Path) -> None:
    written = (shared / "protocol" / "RULES.md").read_text()
    (section,) = re.findall(r"^## 3 .*?(?=^## )", written, re.MULTILINE | re.DOTALL)
    rows = [line for line in section.splitlines() if line.startswith("| ") and not line.startswith("| given")]
    assert len(rows) == len(RULES)


async def test_a_position_that_goes_back_changes_nothing() -> None:
    async with talking(**listening()) as (session, server):
        await speaking(session, server)
        session.heard("item_a", 400)
        session.heard("item_a", 100)
        await user_speaks(server)
        assert cut(server) == [("truncate", "item_a", 400)]


@pytest.mark.parametrize(("output_format", "whole_ms"), [("audio/pcm", 1_000), ("audio/pcmu", 6_000)])
async def test_a_position_is_measured_in_the_format_that_is_spoken(output_format: str, whole_ms: int) -> None:
    async with talking(output_format=output_format, **listening()) as (session, server):
        await server.respond_by_itself("resp_1")
        item = {"id": "item_a", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        where = {"response_id": "resp_1", "item_id": "item_a", "output_index": 0, "content_index": 0}
        await server.say("conversation.item.added", item=item)
        await server.say("response.content_part.added", **where, part={"type": "audio", "transcript": ""})
        await server.say("response.output_audio.delta", **where, delta=base64.b64encode(bytes(48_000)).decode())
        state = await session.until(lambda state: "item_a" in state.items and state.items["item_a"].audio_ms)
        assert state.items["item_a"].audio_ms == whole_ms
        session.heard("item_a", 100_000)
        assert session.state.items["item_a"].parts[0].heard_ms == whole_ms


@pytest.mark.parametrize(
    "code", ["insufficient_quota", "invalid_api_key", "account_deactivated", "billing_hard_limit_reached"]
)
async def test_after_a_refusal_of_the_account_nobody_connects_again(code: str) -> None:
    async with Servers().talking() as (session, servers):
        await servers.last.error(code)
        await servers.last.transport.aclose(1011)
        with pytest.raises(ServerError) as caught:
            await session.until_ended(timeout=5)
        assert (caught.value.code, servers.tries) == (code, 1)


def test_a_message_without_content_is_not_told_again() -> None:
    empty = {"id": "item_1", "type": "message", "role": "user", "status": "completed", "content": []}
    names = iter(("item_2",))
    plan = restoration(after(added(empty)), new_id=lambda: next(names))
    assert (plan.items, plan.lost) == ((), ("item_1",))


async def test_sound_of_the_assistant_is_refused_before_anything_is_sent() -> None:
    spoken = models.AssistantMessage(content=[models.AssistantMessageContent(type="output_audio", audio="AAAA")])
    async with talking() as (session, server):
        with pytest.raises(LocalProtocolError, match="as text only"):
            await session.add_item(spoken)
        with pytest.raises(LocalProtocolError, match="as text only"):
            await session.respond("Hello", items=[spoken])
        await session.add_item("Hi")
        assert server.kinds == ["conversation.item.create"]


async def test_a_frame_that_is_no_event_is_told_of_and_the_session_goes_on_without_logging_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")

    class Rambling(Server):
        async def ramble(self) -> None:
            await self.transport.send(b"{secret words")
            await self.say("response.done", response="secret words")

    async with talking(Rambling) as (session, server):
        assert isinstance(server, Rambling)
        updates = session.updates()
        await server.ramble()
        first, second = await anext(updates), await anext(updates)
        assert first.record.frame == b"{secret words"
        assert isinstance(first.event, RemoteProtocolError)
        assert isinstance(second.event, UnknownEvent)
        assert (await session.respond("Hello")).text == "Paris."
    assert len(session.state.anomalies) == 2
    assert "secret words" not in caplog.text
