"""States share what is being said; still each is what a replay of its own past gives, whichever one goes on."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from realtime_sdk.dialects import OPENAI
from realtime_sdk.fold import Reader, replay
from realtime_sdk.log import EventLog, LogRecord
from realtime_sdk.state import RealtimeState, summary
from realtime_sdk.state.live import Draft, Entry, add_text
from realtime_sdk.state.reducers import placing
from realtime_sdk.state.values import Item
from tests.fold.test_properties import sessions

CARRIED: dict[str, Callable[[RealtimeState], RealtimeState]] = {
    "itself": lambda state: state,
    "looked at": lambda state: (summary(state), state)[1],
    "whole": RealtimeState.whole,
    "copied": copy.copy,
    "copied deeply": copy.deepcopy,
    "pickled": lambda state: pickle.loads(pickle.dumps(state)),
}
PLACE = {"item_id": "i", "response_id": "r", "output_index": 0, "content_index": 0}


def record(**event: object) -> LogRecord:
    return LogRecord(0, None, "server", json.dumps(event).encode())


def log_of(*records: LogRecord) -> EventLog:
    log = EventLog()
    for one in records:
        log.append(one.sender, one.frame, at_ns=None)
    return log


def word(item_id: str = "i") -> LogRecord:
    return record(type="response.output_text.delta", delta="la", **{**PLACE, "item_id": item_id})


BEGUN = record(
    type="conversation.item.added",
    previous_item_id=None,
    item={"id": "i", "type": "message", "role": "assistant", "status": "in_progress", "content": []},
)


def said_after(state: RealtimeState, *records: LogRecord) -> RealtimeState:
    reader = Reader(OPENAI, state=state)
    for one in records:
        reader.step(one)
    return reader.state


@pytest.mark.parametrize("limit", [1, placing.LIVE_LIMIT])
@given(
    log=sessions,
    ways=st.lists(st.tuples(st.just(0) | st.integers(0, 6), st.sampled_from(sorted(CARRIED))), max_size=60),
)
@example(
    log=log_of(BEGUN, word(), word(), word()), ways=[(0, "itself"), (0, "looked at"), (0, "itself"), (1, "itself")]
)
@example(log=log_of(word("early"), BEGUN, word(), word("early")), ways=[(0, "itself")] * 2 + [(0, "pickled")])
def test_whichever_state_goes_on_each_is_the_replay_of_its_own_past(
    limit: int, log: Any, ways: list[tuple[int, str]]
) -> None:
    with living(limit):
        known: list[tuple[RealtimeState, tuple[LogRecord, ...]]] = [(RealtimeState.empty(), ())]
        for number, one in enumerate(log):
            back, carried = ways[number] if number < len(ways) else (0, "itself")
            state, past = known[-1 - back % len(known)]
            known.append((CARRIED[carried](said_after(state, one)), (*past, one)))
        for state, past in (*reversed(known), *known):
            fresh = replay(past, dialect=OPENAI)
            assert state == fresh
            assert dict(state.items) == dict(fresh.items)


@contextmanager
def living(limit: int) -> Iterator[None]:
    """So many items may be said at once."""
    before, placing.LIVE_LIMIT = placing.LIVE_LIMIT, limit  # type: ignore[misc]
    try:
        yield
    finally:
        placing.LIVE_LIMIT = before  # type: ignore[misc]


class Growing(list[Entry]):
    """Becomes longer whenever it is looked into, as it may while a thread looks."""

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        self.append((add_text, 0, "more", len(self)))
        return found


def test_a_state_that_a_thread_reads_does_not_see_what_is_said_meanwhile() -> None:
    draft = Draft()
    draft.entries = Growing([(add_text, 0, "said", 0)])
    assert draft.read(Item("i", "message"), 1).parts[0].text == "said"
    assert draft.read(Item("i", "message"), 2).parts[0].text == "saidmore"
