"""MCP servers: their tools are listed when a session names them, and called by the service itself, asked for or not."""

from collections.abc import Iterable
from typing import Any

from realtime_sdk.protocol.json_values import JsonObject, is_array, is_object
from realtime_sdk.protocol.models import (
    FunctionTool,
    McpApprovalRequest,
    McpApprovalResponse,
    McpCall,
    McpError,
    McpListedTool,
    McpListTools,
    McpToolExecutionError,
)
from realtime_sdk.protocol.server_events import (
    ConversationItemAdded,
    ConversationItemDone,
    McpListToolsCompleted,
    McpListToolsFailed,
    McpListToolsInProgress,
)
from realtime_sdk.simulator.brain.config import mcp_servers
from realtime_sdk.simulator.brain.happenings import Approval, McpOffer
from realtime_sdk.simulator.brain.items import place, previous
from realtime_sdk.simulator.brain.saying import mint, say, with_item
from realtime_sdk.simulator.brain.values import Held, McpServer, Output, Server

__all__ = ["approvals", "failure_of", "find_server", "list_tools", "made_call", "offers"]


def find_server(server: Server, label: str) -> McpServer | None:
    """The MCP server of the simulation with this label."""
    return next((one for one in server.settings.mcp if one.label == label), None)


def list_tools(server: Server) -> Server:
    """List the tools of the MCP servers that the session names and nobody has listed yet."""
    listed = {held.item.server_label for held in server.items if isinstance(held.item, McpListTools)}
    for tool in mcp_servers(server.config.wire.get("tools")):
        if tool["server_label"] not in listed:
            server = _list(server, str(tool["server_label"]))
    return server


def _list(server: Server, label: str) -> Server:
    server, item_id = mint(server, "mcpl")
    item = McpListTools(id=item_id, server_label=label, tools=[])
    server = place(server, Held(item_id, item))
    before = previous(server, item_id)
    server = say(
        server, ConversationItemAdded(previous_item_id=before, item=item), McpListToolsInProgress(item_id=item_id)
    )
    known = find_server(server, label)
    if known is None:
        server = say(server, McpListToolsFailed(item_id=item_id))
    else:
        item = McpListTools(id=item_id, server_label=label, tools=[_whole(tool) for tool in known.tools])
        server = say(with_item(server, Held(item_id, item)), McpListToolsCompleted(item_id=item_id))
    return say(server, ConversationItemDone(previous_item_id=before, item=item))


def _whole(tool: McpListedTool) -> McpListedTool:
    """A tool as servers list it: with a schema, be it empty."""
    return tool if tool.input_schema is not None else tool.model_copy(update={"input_schema": {}})


def offers(context: Iterable[Held], named: Iterable[JsonObject]) -> tuple[McpOffer, ...]:
    """The tools that may be called: listed ones that the response allows of the servers it names."""
    allowed = {tool.get("server_label"): _allowed(tool.get("allowed_tools")) for tool in named}
    return tuple(
        McpOffer(
            held.item.server_label,
            FunctionTool(name=tool.name, description=tool.description, parameters=tool.input_schema),
        )
        for held in context
        if isinstance(held.item, McpListTools) and held.item.server_label in allowed and held.item.server_label
        for tool in held.item.tools or ()
        if (names := allowed[held.item.server_label]) is None or tool.name in names
    )


def _allowed(tools: object) -> list[Any] | None:
    """The names of the tools that a client allows; None if it allows all."""
    names = tools.get("tool_names") if is_object(tools) else tools
    return names if is_array(names) else None


def approvals(context: Iterable[Held]) -> tuple[Approval, ...]:
    """The client's answers to requests that no call has used yet."""
    items = [held.item for held in context]
    asked = {item.id: item for item in items if isinstance(item, McpApprovalRequest)}
    used = {item.approval_request_id for item in items if isinstance(item, McpCall)}
    return tuple(
        Approval(
            request.id or "",
            request.server_label or "",
            request.name or "",
            request.arguments or "",
            bool(item.approve),
        )
        for item in items
        if isinstance(item, McpApprovalResponse) and item.approval_request_id not in used
        if (request := asked.get(item.approval_request_id)) is not None
    )


def made_call(output: Output, *, ended: bool) -> McpCall:
    """The item of an MCP call: with what it gave, if it was made to its end."""
    error = McpToolExecutionError(message=output.error) if ended and output.error is not None else None
    return McpCall(
        id=output.id,
        server_label=output.server_label,
        name=output.name,
        arguments=output.text,
        approval_request_id=output.approval_request_id,
        output=output.result if ended and error is None else None,
        error=error,
    )


def failure_of(error: McpError | None) -> str:
    """What a failed call says."""
    return str(getattr(error, "message", None) or "")
