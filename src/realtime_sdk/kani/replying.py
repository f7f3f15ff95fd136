"""A Kani as the mind of a simulated server: `rt.simulate(reply=reply_with(kani))`."""

from collections.abc import Awaitable, Callable
from typing import Any

from kani import ChatRole, Kani

__all__ = ["reply_with"]


def reply_with(kani: Kani, **kwargs: Any) -> Callable[[Any], Awaitable[str]]:
    """A reply for `rt.simulate`: what a Kani says to the words of a turn. Its own functions are run, the client's not.

    A Kani has one history: give each session its own. `kwargs` go to its rounds.
    """

    async def reply(turn: Any) -> str:
        query = turn.text or "\n".join(output.output for output in turn.outputs) or None
        said = [message async for message in kani.full_round(query, **kwargs)]
        return "\n".join(message.text for message in said if message.role is ChatRole.ASSISTANT and message.text)

    return reply
