"""A chat in the terminal, typed into a pipe, with a server on any wire: K60. The rest of it is in `test_terminal`."""

import io
import sys
from typing import Any

import pytest

from realtime_sdk.kani.terminal import chat_in_terminal_audio_async
from tests.kani.talk import Talking, asked, created, history


@pytest.mark.parametrize("mode", ["chat", "stream"])
async def test_k60_a_typed_chat_is_the_same_on_every_wire(
    talking: Talking, mode: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("hi\nstop\n"))
    async with talking(connected=False) as (ai, world):
        await chat_in_terminal_audio_async(ai, mode=mode, stopword="stop", ai_first=True)
        assert capsys.readouterr().out.splitlines()[0] == "AI: hello"
        assert (len(asked(world.server)), created(world.server)) == (2, ["user hi"])
        assert history(ai) == [("assistant", "hello", None), ("user", "hi", None), ("assistant", "hello", None)]
