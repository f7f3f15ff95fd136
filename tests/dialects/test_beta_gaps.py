"""What beta cannot say is not said, and the reason can be asked for."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.dialects import beta_casts as beta
from realtime_sdk.dialects.gaps import cannot_say
from tests.dialects import beta_objects as make
from tests.docs.pages import ROOT

Json = dict[str, Any]

MCP_ITEM = {"type": "mcp_approval_response", "approval_request_id": "m", "approve": True}
PICTURE = {"type": "message", "role": "user", "content": [{"type": "input_text"}, {"type": "input_image"}]}
MCP_TOOL = {"type": "mcp", "server_label": "docs"}


@pytest.mark.parametrize("name", beta.GAPS.events)
def test_events_that_beta_has_no_word_for_are_not_said(name: str) -> None:
    event = {"type": name, "item_id": "i"}
    assert beta.downcast_server(event) == ()
    assert cannot_say(beta.GAPS, event) == f"{name}: {beta.GAPS.events[name]}"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"type": "conversation.item.create", "item": MCP_ITEM}, "item mcp_approval_response: MCP came with GA"),
        ({"type": "conversation.item.create", "item": PICTURE}, "content input_image: images came with GA"),
        ({"type": "response.create", "response": {"input": [PICTURE]}}, "content input_image: images came with GA"),
        ({"type": "response.create", "response": {"tools": [MCP_TOOL]}}, "tool mcp: MCP came with GA"),
        ({"type": "session.update", "session": {"tools": [{}, MCP_TOOL]}}, "tool mcp: MCP came with GA"),
        ({"type": "session.update", "session": {"tool_choice": MCP_TOOL}}, "tool mcp: MCP came with GA"),
    ],
)
def test_client_events_with_something_beta_has_no_word_for_are_not_said(event: Json, reason: str) -> None:
    assert beta.downcast_client(event) == ()
    assert cannot_say(beta.GAPS, event) == reason


@pytest.mark.parametrize(
    "name", ["conversation.item.added", "conversation.item.retrieved", "response.output_item.done"]
)
def test_server_events_about_an_item_beta_has_no_word_for_are_not_said(name: str) -> None:
    assert beta.downcast_server({"type": name, "item": {"type": "mcp_call", "id": "i"}}) == ()


def test_a_response_is_said_to_the_end_even_if_it_holds_a_foreign_item() -> None:
    done = {"type": "response.done", "response": {"output": [{"type": "mcp_call", "object": "realtime.item"}]}}
    assert beta.downcast_server(done) == (done,)


def test_an_item_that_is_done_was_said_already_and_is_no_gap() -> None:
    done = {"type": "conversation.item.done", "item": {"type": "message"}}
    assert beta.downcast_server(done) == ()
    assert cannot_say(beta.GAPS, done) is None


def test_an_upcast_lets_through_what_only_ga_knows() -> None:
    event = {"type": "mcp_list_tools.completed", "item_id": "i"}
    assert beta.upcast_server(event) == (event,)


foreign_kinds = st.sampled_from([*beta.GAPS.items, "message"])
foreign_items = st.builds(lambda kind: {"type": kind}, foreign_kinds) | st.just(PICTURE)
ga_events = (
    make.ga_server_events
    | make.ga_added_items
    | make.event(*beta.GAPS.events)
    | make.event("conversation.item.added", "response.output_item.done", item=foreign_items)
)


@given(event=ga_events | make.mangled(ga_events))
def test_a_server_event_is_left_out_exactly_when_there_is_a_reason(event: Json) -> None:
    assert (beta.downcast_server(event) == ()) == (cannot_say(beta.GAPS, event) is not None)


@pytest.mark.parametrize("gaps", [beta.GAPS.events, beta.GAPS.items, beta.GAPS.parts, beta.GAPS.tools])
def test_the_reference_lists_every_gap(gaps: Json) -> None:
    page = (ROOT / "docs" / "reference" / "dialects.md").read_text("utf-8")
    assert [name for name, reason in gaps.items() if f"| `{name}` | {reason} |" not in page] == []
