"""The simulator against the recordings of real servers: what it answers to the same client, and where it differs.

Every difference stands here with its reason; a new one fails. The table in the docs is made from it.
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


_DOUBLED = "Azure says each content part twice, the second time as `content`"
_INSIDE = "the simulator speaks GA inside, which has neither"
REASONS = {
    "azure-spoken-turn-tool-audio-answer": _DOUBLED,
    "azure-transcription-failed": _DOUBLED,
    "beta-text-in-audio-out-full-audio": _INSIDE,
    "beta-tool-call-unfinished": f"the recording stops inside the response, the simulator ends it; {_INSIDE}",
    "ga-2.1-text-tool-round-interleaved": "the server sent `rate_limits.updated` after one of two responses, the "
    "simulator after both",
    "ga-history-seeding-with-error": "the server refuses an item before it acknowledges the one that was sent earlier; "
    "the simulator answers in the order of the questions",
    "ga-spoken-turn-full-audio": "none",
    "ga-tool-call-round": "none",
    "ga-webrtc-sideband-audio-turn": "the server had written the whole transcript before the sound began to play; the "
    "simulator plays while it writes",
}
OTHERS = {"voicelive": "Azure Voice Live", "xai": "xAI"}
"""Servers that are recorded and not simulated: how their files begin, and their names."""


def row(folder: Path, name: str) -> str:
    """Return the row of the docs' table for a recording."""
    agreement = compared(folder / f"{name}.jsonl")
    missed = sum(line.startswith("- ") for line in differences(agreement))
    paths = [line.split(": ")[1].removeprefix("response.").removeprefix("session.") for line in agreement.fields]
    missing = sorted({f"`{path.split('.')[0]}`" for path in paths})
    fields = f"all but {' and '.join(missing)}" if missing else "all"
    steps = len(agreement.recorded)
    return f"| {name} | {steps - missed} of {steps} | {fields} | {REASONS[name]} |"


def test_every_recording_of_a_server_we_simulate_is_compared(shared_logs: Path) -> None:
    found = {path.stem for path in shared_logs.glob("*.jsonl") if path.stem.startswith(("ga-", "azure-", "beta-"))}
    assert found == set(DIFFERENCES)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_the_simulator_answers_as_the_recorded_server_did(shared_logs: Path, name: str) -> None:
    assert differences(compared(shared_logs / f"{name}.jsonl")) == DIFFERENCES[name]


def test_the_table_in_the_docs_is_the_agreement_of_each_recording(shared_logs: Path) -> None:
    told = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith(("| ga-", "| azure-", "| beta-"))]
    assert sorted(told) == sorted(row(shared_logs, name) for name in DIFFERENCES)


def test_the_docs_name_the_recorded_servers_that_are_not_simulated(shared_logs: Path) -> None:
    others = {path.stem for path in shared_logs.glob("*.jsonl")} - set(DIFFERENCES)
    assert {name.split("-")[0] for name in others} == set(OTHERS)
    assert all(server in DOCS.read_text("utf-8") for server in OTHERS.values())


def test_the_gate_hears_the_recorded_turn_within_a_tenth_of_a_second(shared_logs: Path) -> None:
    said = read(shared_logs / "ga-spoken-turn-full-audio.jsonl")
    recorded = {event["type"]: event for _, event in said}
    talk = Talk(settings=Settings(speed=0, model="gpt-realtime"))
    talk.send(*[event for sender, event in said if sender == "client"])
    for kind, name in (("speech_started", "audio_start_ms"), ("speech_stopped", "audio_end_ms")):
        kind = f"input_audio_buffer.{kind}"
        assert abs(only(talk.said, kind)[name] - recorded[kind][name]) < 100
