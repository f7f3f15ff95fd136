"""A log, folded: the state at any record, and an answer of your own. Takes the path of a log, or makes one."""

import sys
from pathlib import Path

import anyio

import realtime_sdk as rt
from realtime_sdk.fold import fold
from realtime_sdk.state import transcript


def none_yet() -> dict[str, int]:
    """Before the first record nobody has said anything."""
    return {}


def count_words(words: dict[str, int], update: rt.Update) -> dict[str, int]:
    """What one record adds: the words of what the assistant says, as they come."""
    for event in update.events:
        if isinstance(event, rt.server_events.ResponseOutputAudioTranscriptDelta):
            words = {**words, event.item_id: words.get(event.item_id, 0) + len(event.delta.split())}
    return words


def longest(words: dict[str, int]) -> int:
    """The length of the longest answer."""
    return max(words.values(), default=0)


async def record(path: Path) -> None:
    """Make a log: every frame of a short conversation."""
    async with rt.simulate(speed=0) as server, rt.connect(server.endpoint, log=path) as session:
        await session.respond("Hello!")
        await session.respond("What can you do?")


def main(path: Path) -> None:
    """Say what a log holds: at its end, in its middle, and by a fold."""
    log = rt.EventLog.load(path)
    half = rt.replay(log, until=len(log) // 2)
    print(f"{len(log)} records, {len(half.conversation.items)} items after half of them; at the end:")
    print(transcript(rt.replay(log)))
    print("The longest answer has", fold(log, rt.Fold(none_yet, count_words, longest)), "words.")


if __name__ == "__main__":
    log = Path(sys.argv[1] if len(sys.argv) > 1 else "hello.jsonl")
    if len(sys.argv) == 1 and not log.exists():
        anyio.run(record, log)
    main(log)
