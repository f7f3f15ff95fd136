"""MCP servers: their tools are listed, called by the service, and where the client wants it, approved."""

from typing import Any

import pytest

from realtime_sdk.protocol.models import McpListedTool
from realtime_sdk.simulator import CallMcp, McpServer, Say
from realtime_sdk.simulator.brain import Settings
from tests.simulator.order import violations
from tests.simulator.talk import Talk, codes, kinds, only

SEARCH = McpListedTool(
    name="search_docs",
    description="Search the documentation.",
    input_schema={"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
DOCS = McpServer("docs", (SEARCH,), {"search_docs": "It is on page three."})
LISTED = [
    "session.updated",
    "conversation.item.added",
    "mcp_list_tools.in_progress",
    "mcp_list_tools.completed",
    "conversation.item.done",
]
CALLED = [
    "response.output_item.added",
    "conversation.item.added",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]


def talking(require_approval: Any = "never", **fields: Any) -> Talk:
    """Return a talk whose session names the documentation's server."""
    talk = Talk(settings=Settings(speed=0, mcp=(DOCS,)), **fields)
    tool = {"type": "mcp", "server_label": "docs", "server_url": "https://docs", "require_approval": require_approval}
    talk.update(tools=[tool], output_modalities=["text"])
    return talk


def outputs(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items of the response that ended."""
    return only(events, "response.done")["response"]["output"]


def test_the_tools_of_a_server_are_listed_once() -> None:
    talk = talking()
    assert kinds(talk.said)[1:] == LISTED
    item = talk.said[-1]["item"]
    assert (item["type"], item["server_label"], [tool["name"] for tool in item["tools"]]) == (
        "mcp_list_tools",
        "docs",
        ["search_docs"],
    )
    assert kinds(talk.update(instructions="Be brief.")) == ["session.updated"]


def test_a_server_that_cannot_be_reached_fails_to_list() -> None:
    talk = Talk()
    said = talk.update(tools=[{"type": "mcp", "server_label": "nowhere", "server_url": "https://x"}])
    assert kinds(said)[3] == "mcp_list_tools.failed"
    assert said[-1]["item"]["tools"] == []


def test_a_tool_is_called_by_the_service_and_its_output_is_said() -> None:
    talk = talking()
    said = talk.ask("Where do I find it? Search the docs for it.")
    assert kinds(said)[3:] == CALLED
    (call,) = outputs(said)
    assert (call["type"], call["name"], call["output"], call["error"]) == (
        "mcp_call",
        "search_docs",
        "It is on page three.",
        None,
    )
    assert outputs(talk.send({"type": "response.create"}))[0]["content"][0]["text"] == "It is on page three."
    assert violations(talk.said) == []


@pytest.mark.parametrize("approve", [True, False])
def test_a_tool_is_called_when_the_client_approves(approve: bool) -> None:
    talk = talking(require_approval="always")
    (request,) = outputs(talk.ask("Search the docs"))
    assert (request["type"], request["server_label"], request["name"]) == (
        "mcp_approval_request",
        "docs",
        "search_docs",
    )
    answer = {"type": "mcp_approval_response", "id": "mine", "approval_request_id": request["id"], "approve": approve}
    assert codes(talk.send({"type": "conversation.item.create", "item": answer})) == []
    (item,) = outputs(talk.send({"type": "response.create"}))
    if approve:
        assert (item["type"], item["approval_request_id"]) == ("mcp_call", request["id"])
    else:
        assert item["content"][0]["text"] == "Very well, I leave it."
    assert violations(talk.said) == []


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (None, "mcp_approval_request"),
        ({"never": {"tool_names": ["search_docs"]}}, "mcp_call"),
        ({"never": {"tool_names": ["another"]}}, "mcp_approval_request"),
        ({"always": {"tool_names": ["search_docs"]}}, "mcp_approval_request"),
    ],
)
def test_approval_is_asked_for_as_the_session_has_it(rule: Any, kind: str) -> None:
    talk = talking(**({} if rule is None else {"require_approval": rule}))
    if rule is None:
        talk = Talk(settings=Settings(speed=0, mcp=(DOCS,)))
        talk.update(tools=[{"type": "mcp", "server_label": "docs", "server_url": "https://docs"}])
    assert [item["type"] for item in outputs(talk.ask("Search the docs"))] == [kind]


def test_a_call_can_fail() -> None:
    talk = talking(
        reply=lambda turn: Say(turn.outputs[0].output) if turn.outputs else CallMcp("docs", "x", error="gone")
    )
    said = talk.ask("go")
    assert "response.mcp_call.failed" in kinds(said)
    assert outputs(said)[0]["error"] == {"type": "tool_execution_error", "message": "gone"}
    assert outputs(talk.send({"type": "response.create"}))[0]["content"][0]["text"] == "gone"


def test_a_call_that_is_cut_off_is_never_made() -> None:
    talk = Talk(reply=lambda _: CallMcp("docs", "search_docs", {"query": "x"}), settings=Settings(speed=1, mcp=(DOCS,)))
    talk.update(tools=[{"type": "mcp", "server_label": "docs", "server_url": "https://d", "require_approval": "never"}])
    talk.ask("go")
    talk.wait(280)
    said = talk.send({"type": "response.cancel"})
    assert "response.mcp_call.completed" not in kinds(said)
    assert outputs(said)[0]["output"] is None
    assert violations(talk.said) == []


def test_an_answer_to_a_request_that_was_not_made_is_refused() -> None:
    answer = {"type": "mcp_approval_response", "id": "mine", "approval_request_id": "gone", "approve": True}
    assert codes(talking().send({"type": "conversation.item.create", "item": answer})) == [
        ("invalid_value", "item.approval_request_id")
    ]


@pytest.mark.parametrize(
    ("choice", "tool"),
    [
        ({"type": "mcp", "server_label": "docs"}, "search_docs"),
        ({"type": "mcp", "server_label": "docs", "name": "search_docs"}, "search_docs"),
        ("required", "search_docs"),
        ({"type": "mcp", "server_label": "docs", "name": "another"}, None),
        ("none", None),
        ("auto", None),
    ],
)
def test_the_clients_choice_of_a_tool_is_obeyed(choice: Any, tool: str | None) -> None:
    (item,) = outputs(talking().ask("hm", tool_choice=choice))
    assert item.get("name") == tool


@pytest.mark.parametrize(
    ("allowed", "kind"),
    [
        (["search_docs"], "mcp_call"),
        ({"tool_names": ["search_docs"]}, "mcp_call"),
        (["another"], "message"),
        ({"read_only": True}, "mcp_call"),
    ],
)
def test_only_tools_that_the_client_allows_are_called(allowed: Any, kind: str) -> None:
    talk = talking()
    server = {"type": "mcp", "server_label": "docs", "server_url": "https://docs", "require_approval": "never"}
    talk.update(tools=[server | {"allowed_tools": allowed}])
    assert [item["type"] for item in outputs(talk.ask("Search the docs"))] == [kind]
