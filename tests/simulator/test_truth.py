"""The simulator against the recordings of real servers: what it answers to the same client, and where it differs.

Every difference stands here, and in the docs with its reason; a new one fails.
"""

from pathlib import Path

import pytest

from realtime_sdk.simulator.brain import Settings
from tests.simulator.talk import Talk, only
from tests.simulator.truth import compared, differences, read

DOCS = Path(__file__).parents[2] / "docs/explanation/truth-of-the-simulator.md"
DOUBLED = [
    "+response.content_part.added: content.transcript: str",
    "+response.content_part.added: content.type: str",
    "+response.content_part.done: content.transcript: str",
    "+response.content_part.done: content.type: str",
]
BETA_FIELDS = [
    "+response.created: response.temperature: float",
    "+session.created: session.client_secret: NoneType",
    "+session.created: session.temperature: float",
    "+session.updated: session.client_secret: NoneType",
    "+session.updated: session.temperature: float",
]
DIFFERENCES = {
    "azure-spoken-turn-tool-audio-answer": DOUBLED,
    "azure-transcription-failed": DOUBLED,
    "beta-text-in-audio-out-full-audio": [
        BETA_FIELDS[0],
        "+response.done: response.temperature: float",
        *BETA_FIELDS[1:],
    ],
    "beta-tool-call-unfinished": ["+ response.output_item.done", "+ response.done", *BETA_FIELDS],
    "ga-2.1-text-tool-round-interleaved": ["+ rate_limits.updated"],
    "ga-history-seeding-with-error": ["- error", "+ error"],
    "ga-spoken-turn-full-audio": [],
    "ga-tool-call-round": [],
    "ga-webrtc-sideband-audio-turn": ["+ response.output_audio_transcript.delta"],
}


def test_every_recording_of_a_server_we_simulate_is_compared(shared_logs: Path) -> None:
    found = {path.stem for path in shared_logs.glob("*.jsonl") if path.stem.startswith(("ga-", "azure-", "beta-"))}
    assert found == set(DIFFERENCES)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_simulator_answers_as_the_recorded_server_did(shared_logs: Path, name: str) -> None:
    assert differences(compared(shared_logs / f"{name}.jsonl")) == DIFFERENCES[name]


def test_the_docs_tell_the_agreement_of_each_recording(shared_logs: Path) -> None:
    told = DOCS.read_text("utf-8")
    for name, differing in DIFFERENCES.items():
        row = next(line for line in told.splitlines() if line.startswith(f"| {name} |"))
        steps = len(compared(shared_logs / f"{name}.jsonl").recorded)
        missed = sum(line.startswith("- ") for line in differing)
        assert f"| {steps - missed} of {steps} |" in row


def test_the_gate_hears_the_recorded_turn_within_a_tenth_of_a_second(shared_logs: Path) -> None:
    said = read(shared_logs / "ga-spoken-turn-full-audio.jsonl")
    recorded = {event["type"]: event for _, event in said}
    talk = Talk(settings=Settings(speed=0, model="gpt-realtime"))
    talk.send(*[event for sender, event in said if sender == "client"])
    for kind, name in (("speech_started", "audio_start_ms"), ("speech_stopped", "audio_end_ms")):
        kind = f"input_audio_buffer.{kind}"
        assert abs(only(talk.said, kind)[name] - recorded[kind][name]) < 100
