"""The mind of the simulated server, without a body: no loop, no clock, no chance, no socket.

`step(server, happening)` gives the server after it and what it says; a shell with a clock, or a test with virtual
time, drives it. It shares protocol, dialects and audio's numbers with the client, and nothing else.
"""

from realtime_sdk.simulator.brain.happenings import (
    Answered,
    Closing,
    Fault,
    Happening,
    Heard,
    TimePasses,
    ToolOutput,
    Turn,
    Unheard,
    Unreadable,
    Utterance,
    Words,
)
from realtime_sdk.simulator.brain.step import next_due_ms, opened, refused, step
from realtime_sdk.simulator.brain.values import McpServer, Server, Settings, Step

__all__ = [
    "Answered",
    "Closing",
    "Fault",
    "Happening",
    "Heard",
    "McpServer",
    "Server",
    "Settings",
    "Step",
    "TimePasses",
    "ToolOutput",
    "Turn",
    "Unheard",
    "Unreadable",
    "Utterance",
    "Words",
    "next_due_ms",
    "opened",
    "refused",
    "step",
]
