"""The order rules themselves: every recorded GA session keeps them, and a stream that does not is told so."""

import json
from pathlib import Path

import pytest

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


def test_every_recording_in_the_ga_dialect_is_checked(shared_logs: Path) -> None:
    found = {path.stem for path in shared_logs.glob("*.jsonl") if path.stem.startswith(("ga-", "azure-"))}
    assert found == set(RECORDINGS)


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
