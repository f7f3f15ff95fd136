"""The kinds of anomaly: what a server may do against the rules, each with what the state does about it.

An anomaly is a value in `state.anomalies`; nothing is raised and nothing else is lost. The events are in the log.
"""

from typing import Final

__all__ = ["KINDS"]

KINDS: Final = {
    "unknown_event": "An event of a type or shape the protocol does not know. It is kept whole in the log.",
    "not_json": "A frame that is no JSON object. It is kept whole in the log.",
    "unknown_item": "An event names an item that was never added. The event changes nothing.",
    "unknown_response": "An event names a response that was never created. It is taken in.",
    "unknown_predecessor": "An item was placed after one that is not in the conversation. It goes to the end.",
    "unplaced_item": "An item was finished, but never placed in the conversation. It goes to the end.",
    "deleted_item": "An event names an item that was deleted. It does not come back.",
    "early_delta": "A delta of a response came before its item. It waits until the item is added.",
    "late_delta": "A delta came after the end of its item. It changes nothing.",
    "late_event": "An event came after its response or item had ended. The first end stays.",
    "impossible_part": "An event names a part that its item does not have, or cannot have. The event changes nothing.",
    "missing_id": "An item or response came without an id. It cannot be kept.",
    "session_restarted": "A second session began in one log without a new connection being recorded.",
}
"""Kind → what it is and what the state does."""
