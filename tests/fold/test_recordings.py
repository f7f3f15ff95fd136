"""What the recorded sessions of `../shared/logs` reduce to: the conversation that a reader would write down."""

from pathlib import Path
from typing import Any

import pytest

from realtime_sdk.fold import replay, updates
from realtime_sdk.log import EventLog
from realtime_sdk.state import RealtimeState, pending_calls, transcript

WEATHER = '{"city":"London"}'
FOGGY = "It is foggy and 12 degrees in London."
ALICE = (
    "Hey there, Alice! Your name is Alice and your favorite color is teal—what a fantastic combo! Teal is such a"
    " vibrant, calming color. Let’s dive into something fun with that in mind. What’s on your mind today?"
)

# file → (what stands in the conversation, tokens in all)
GOLDEN: dict[str, tuple[list[tuple[Any, ...]], int]] = {
    "azure-spoken-turn-tool-audio-answer": (
        [
            ("user", "Hello, my name is Marcelo."),
            ("call", "remember_name", '{  \n  "name": "Marcelo" \n} \n', "completed"),
            ("output", "Stored Marcelo."),
            ("assistant", "Hello Marcelo, it's great to meet you! How can I help you today?"),
        ],
        338,
    ),
    "azure-transcription-failed": (
        [
            ("user", None),
            ("assistant", "Hi Marcelo, it's great to meet you. How can I help you today?"),
        ],
        148,
    ),
    "beta-text-in-audio-out-full-audio": (
        [("user", "Say hello in exactly three words."), ("assistant", "Hi there, friend!")],
        65,
    ),
    "beta-tool-call-unfinished": (
        [("user", "What is the weather in London?"), ("call", "get_weather", WEATHER, "in_progress")],
        0,
    ),
    "ga-2.1-text-tool-round-interleaved": (
        [
            ("user", "What is the weather in London?"),
            ("assistant", "I’ll check the current weather in London for you."),
            ("call", "get_weather", WEATHER, "completed"),
            ("output", FOGGY),
            ("assistant", "It’s foggy and 12 degrees in London."),
        ],
        799,
    ),
    "ga-history-seeding-with-error": (
        [
            ("user", "My name is Alice and my favorite color is teal."),
            ("user", "What is my name and favorite color?"),
            ("assistant", ALICE),
        ],
        189,
    ),
    "ga-spoken-turn-full-audio": (
        [
            ("user", "Hello, my name is Marcelo."),
            ("assistant", "Hi Marcelo, it’s great to meet you! How can I help you today?"),
        ],
        146,
    ),
    "ga-tool-call-round": (
        [
            ("user", "What is the weather in London?"),
            ("call", "get_weather", '{  \n  "city": "London" \n} \n', "completed"),
            ("output", FOGGY),
            ("assistant", FOGGY),
        ],
        201,
    ),
    "ga-webrtc-sideband-audio-turn": ([("user", "Say hello."), ("assistant", "Hello there.")], 82),
}


def read(state: RealtimeState) -> list[tuple[Any, ...]]:
    """The conversation as tuples: who said what, calls and outputs."""
    lines: list[tuple[Any, ...]] = []
    for item in state.conversation.items.values():
        if item.type == "function_call":
            lines.append(("call", item.name, item.arguments, item.status))
        elif item.type == "function_call_output":
            lines.append(("output", item.output))
        else:
            lines.append((item.role, item.text if item.text is not None else item.input_transcript))
    return lines


@pytest.mark.parametrize("name", GOLDEN)
def test_a_recording_reduces_to_the_conversation_one_would_write_down(name: str, shared_logs: Path) -> None:
    state = replay(EventLog.load(shared_logs / f"{name}.jsonl"))
    conversation, tokens = GOLDEN[name]
    assert read(state) == conversation
    assert state.usage.total_tokens == tokens
    assert list(state.anomalies) == []
    assert pending_calls(state) == ()


def test_every_recording_of_our_dialects_has_its_golden_text(shared_logs: Path) -> None:
    ours = {path.stem for path in shared_logs.glob("*.jsonl") if not path.stem.startswith(("xai", "voicelive"))}
    assert ours == GOLDEN.keys()


def test_the_dialect_is_found_from_the_first_frames(shared_logs: Path) -> None:
    found = {path.stem: next(updates(EventLog.load(path))) for path in shared_logs.glob("*.jsonl")}
    dialects = {name: update.dialect.name for name, update in found.items()}
    assert dialects == {name: "beta" if name.startswith(("beta", "voicelive")) else "openai" for name in dialects}


def test_a_failed_transcription_stands_on_its_item(shared_logs: Path) -> None:
    state = replay(EventLog.load(shared_logs / "azure-transcription-failed.jsonl"))
    (part,) = next(iter(state.items.values())).parts
    assert (part.transcript, part.transcript_error) == (None, "DeploymentNotFound")
    assert list(state.errors) == []


def test_a_refused_item_is_an_error_that_names_its_field(shared_logs: Path) -> None:
    state = replay(EventLog.load(shared_logs / "ga-history-seeding-with-error.jsonl"))
    assert [(e.code, e.param, e.client_event_id) for e in state.errors] == [
        ("invalid_value", "item.content[0].type", None)
    ]


def test_whole_audio_is_counted_in_milliseconds(shared_logs: Path) -> None:
    beta = replay(EventLog.load(shared_logs / "beta-text-in-audio-out-full-audio.jsonl"))
    spoken = replay(EventLog.load(shared_logs / "ga-spoken-turn-full-audio.jsonl"))
    assert [item.audio_ms for item in beta.items.values()] == [0, 1600]
    (user, _) = spoken.items.values()
    (speech,) = spoken.input_audio.speeches
    assert user.parts[0].input_audio_ms == speech.length_ms


def test_sessions_of_other_servers_go_through_without_a_loss(shared_logs: Path) -> None:
    for path in sorted(shared_logs.glob("xai*.jsonl")) + sorted(shared_logs.glob("voicelive*.jsonl")):
        log = EventLog.load(path)
        told = list(updates(log))
        assert [update.record for update in told] == list(log)
        assert {anomaly.kind for anomaly in told[-1].after.anomalies} <= {"unknown_event", "unknown_response"}
        assert "London" in transcript(told[-1].after) or "cobalt" in transcript(told[-1].after)


def test_any_part_of_a_recording_replays_to_where_the_whole_one_was(shared_logs: Path) -> None:
    for path in shared_logs.glob("*.jsonl"):
        log = EventLog.load(path)
        told = list(updates(log))
        for at in range(0, len(log) + 1, 7):
            dialect = told[0].dialect
            first = replay(log, until=at)
            assert first == (told[at - 1].after if at else RealtimeState.empty())
            assert replay(log[at:], initial=first, dialect=dialect) == told[-1].after
