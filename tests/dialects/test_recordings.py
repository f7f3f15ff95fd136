"""Recorded sessions through the dialects: every frame is understood, and comes back as it was."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realtime_sdk.dialects import AZURE, BETA, OPENAI, Dialect
from realtime_sdk.dialects.objects import type_of
from realtime_sdk.protocol.unknown import Unknown, UnknownEvent
from realtime_sdk.protocol.wire import WireModel

Json = dict[str, Any]

IN_BETA = ("beta-text-in-audio-out-full-audio", "beta-tool-call-unfinished")
IN_GA = ("ga-spoken-turn-full-audio", "ga-tool-call-round", "ga-2.1-text-tool-round-interleaved")
IN_GA += ("ga-history-seeding-with-error", "ga-webrtc-sideband-audio-turn")
IN_AZURE = ("azure-spoken-turn-tool-audio-answer", "azure-transcription-failed")
FOREIGN = (
    "voicelive-tool-call-round",
    "xai-tool-call-round",
    "xai-resumption-after-drop-connection-1",
    "xai-resumption-after-drop-connection-2",
)
DIALECT_OF = [*((stem, BETA) for stem in IN_BETA), *((stem, OPENAI) for stem in IN_GA)]
DIALECT_OF += [(stem, AZURE) for stem in IN_AZURE]


def recorded(folder: Path, stem: str) -> list[tuple[Any, Json]]:
    lines = (folder / f"{stem}.jsonl").read_text().splitlines()
    return [(record["sender"], record["event"]) for record in map(json.loads, lines)]


def frame(event: Json) -> bytes:
    return json.dumps(event).encode()


@pytest.mark.parametrize(("stem", "dialect"), DIALECT_OF)
def test_every_frame_is_understood_and_has_a_class_of_its_own(shared_logs: Path, stem: str, dialect: Dialect) -> None:
    for sender, event in recorded(shared_logs, stem):
        read = dialect.read(frame(event), sender)
        assert read
        assert list(unknown((*read, dialect.read_own(frame(event), sender)))) == []


@pytest.mark.parametrize("stem", IN_BETA)
def test_every_beta_frame_comes_back_from_the_events_it_was_read_as(shared_logs: Path, stem: str) -> None:
    for sender, event in recorded(shared_logs, stem):
        written = [out for read in BETA.read(frame(event), sender) for out in BETA.write(read, sender=sender)]
        assert [json.loads(out) for out in written] == [normal(event)]


@pytest.mark.parametrize(("stem", "dialect"), DIALECT_OF)
def test_what_a_ga_session_said_can_be_said_in_beta_and_read_again(
    shared_logs: Path, stem: str, dialect: Dialect
) -> None:
    for sender, event in recorded(shared_logs, stem):
        if dialect is BETA or type_of(event).startswith("conversation.item.") or BETA.cannot_say(event):
            continue
        up, down = (
            (BETA.upcast_server, BETA.downcast_server)
            if sender == "server"
            else (BETA.upcast_client, BETA.downcast_client)
        )
        assert [back for said in down(event) for back in up(said)] == [event]


@pytest.mark.parametrize("dialect", [BETA, OPENAI], ids=["beta", "openai"])
@pytest.mark.parametrize("stem", FOREIGN)
def test_a_foreign_session_goes_through_without_a_loss(shared_logs: Path, stem: str, dialect: Dialect) -> None:
    for sender, event in recorded(shared_logs, stem):
        read = dialect.read(frame(event), sender)
        assert read
        if dialect is OPENAI:
            assert [json.loads(out) for one in read for out in dialect.write(one, sender=sender)] == [event]
        else:
            assert leaves(event) <= sum((leaves(up) for up in BETA.upcast_server(event)), Counter())


def unknown(value: Any) -> Iterator[str]:
    """Give the reasons of everything in events, at any depth, that has no class."""
    if isinstance(value, Unknown | UnknownEvent):
        yield value.why
    elif isinstance(value, WireModel):
        for name in value.model_fields_set:
            yield from unknown(getattr(value, name))
    elif isinstance(value, list | tuple):
        for member in value:
            yield from unknown(member)


def leaves(value: Any) -> Counter[str]:
    """Count every number and text in a JSON value, but for names that the dialects give anew."""
    if isinstance(value, dict):
        return sum((leaves(inner) for key, inner in value.items() if key not in RENAMED), Counter())
    if isinstance(value, list):
        return sum(map(leaves, value), Counter())
    return Counter([repr(value)])


RENAMED = {"type", "object", "modalities", "input_audio_format", "output_audio_format"}


def normal(event: Json) -> Json:
    """Return a recorded beta frame with its modalities in the order that the dialect gives."""
    text = json.dumps(event).replace('["audio", "text"]', '["text", "audio"]')
    normalised: Json = json.loads(text)
    return normalised
