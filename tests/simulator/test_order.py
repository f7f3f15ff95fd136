"""The order rules themselves: every recorded GA session keeps them, and a stream that does not is told so."""

import json
from pathlib import Path

import pytest

from realtime_sdk.dialects import BETA
from realtime_sdk.protocol.codec import encode, parse
from tests.simulator.order import Event, violations

RECORDINGS = (
    "azure-spoken-turn-tool-audio-answer",
    "azure-transcription-failed",
    "ga-2.1-text-tool-round-interleaved",
    "ga-history-seeding-with-error",
    "ga-spoken-turn-full-audio",
    "ga-tool-call-round",
    "ga-webrtc-sideband-audio-turn",
)


def recorded(path: Path) -> list[Event]:
    """Return what the server said in a recording."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line["event"] for line in lines if line["sender"] == "server"]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_session_keeps_the_rules_of_order(shared_logs: Path, name: str) -> None:
    assert violations(recorded(shared_logs / f"{name}.jsonl"), fresh="sideband" not in name) == []


def test_every_recording_in_our_dialects_is_checked(shared_logs: Path) -> None:
    found = {path.stem for path in shared_logs.glob("*.jsonl") if path.stem.startswith(("ga-", "azure-", "beta-"))}
    assert found == {*RECORDINGS, *BREACHES_OF_BETA}


BREACHES_OF_BETA = {
    "beta-text-in-audio-out-full-audio": [
        "3: event id event_DBIfJIu0flqAwAWOhhK9u twice",
        "22: response.content_part.done right before response.output_item.done",
    ],
    "beta-tool-call-unfinished": ["3: event id event_DBIfUYKxrEE2rPPypfIo3 twice", "a response has no end"],
}
"""Beta has one event for added and done, none for the end of an item that the server made; one recording just stops."""


@pytest.mark.parametrize("name", BREACHES_OF_BETA)
def test_a_recorded_beta_session_read_as_ga_breaks_only_the_rules_it_has_no_words_for(
    shared_logs: Path, name: str
) -> None:
    events = [
        parse(encode(event))
        for said in recorded(shared_logs / f"{name}.jsonl")
        for event in BETA.read(json.dumps(said).encode(), "server")
    ]
    assert violations(events) == BREACHES_OF_BETA[name]


def test_a_second_response_a_late_delta_and_an_open_item_are_found() -> None:
    created = {"type": "response.created", "response": {"id": "r", "conversation_id": "c"}}
    added = {"type": "response.output_item.added", "response_id": "r", "output_index": 0, "item": {"id": "i"}}
    placed = {"type": "conversation.item.added", "previous_item_id": None, "item": {"id": "i"}}
    done = {"type": "response.done", "response": {"id": "r", "output": [{"id": "i"}]}}
    late = {"type": "response.output_text.delta", "response_id": "r", "item_id": "i", "delta": "x"}
    events = [{"type": "session.created"}, created, added, placed, created, done, late]
    assert violations([event | {"event_id": str(place)} for place, event in enumerate(events)]) == [
        "4: a second response while one is active",
        "5: response.done lists ['i'], its events []",
        "6: response.output_text.delta after response.done",
    ]
