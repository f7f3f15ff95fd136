"""What is true: the state of a session, and what an event makes of it. Knows no record and no dialect."""

from realtime_sdk.state.anomalies import KINDS
from realtime_sdk.state.interruption import Cut, cuts, interrupts_by_itself
from realtime_sdk.state.persistent import PMap, PSeq
from realtime_sdk.state.realtime_state import Conversation, Items, RealtimeState, new_state
from realtime_sdk.state.reduce import IGNORED, REDUCERS, reduce
from realtime_sdk.state.selectors import (
    Message,
    Turn,
    is_responding,
    messages,
    pending_approvals,
    pending_calls,
    transcript,
    turns,
)
from realtime_sdk.state.summary import summary
from realtime_sdk.state.usage import Tokens, TranscriptionUsage, Usage
from realtime_sdk.state.values import (
    Anomaly,
    Epoch,
    InputAudio,
    Item,
    OutputAudio,
    Part,
    RateLimit,
    Reported,
    Response,
    Speech,
    TranscriptSegment,
    Translation,
)

__all__ = [
    "IGNORED",
    "KINDS",
    "REDUCERS",
    "Anomaly",
    "Conversation",
    "Cut",
    "Epoch",
    "InputAudio",
    "Item",
    "Items",
    "Message",
    "OutputAudio",
    "PMap",
    "PSeq",
    "Part",
    "RateLimit",
    "RealtimeState",
    "Reported",
    "Response",
    "Speech",
    "Tokens",
    "TranscriptSegment",
    "TranscriptionUsage",
    "Translation",
    "Turn",
    "Usage",
    "cuts",
    "interrupts_by_itself",
    "is_responding",
    "messages",
    "new_state",
    "pending_approvals",
    "pending_calls",
    "reduce",
    "summary",
    "transcript",
    "turns",
]
