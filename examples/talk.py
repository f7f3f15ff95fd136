"""Microphone and speaker: a conversation that can be interrupted.

As it stands it talks to the simulator through silent devices, and ends after one answer. With `--live` it talks to
OpenAI through the devices of this machine, until Ctrl-C; `--headphones` lets you speak over the assistant.
"""

import sys

import anyio

import realtime_sdk as rt
from realtime_sdk.audio.devices import Microphone, Speaker
from realtime_sdk.audio.echo import EchoGate
from realtime_sdk.protocol.local import PlaybackHeard
from realtime_sdk.session import RealtimeSession

LIVE = "--live" in sys.argv
HEADPHONES = "--headphones" in sys.argv


async def listen(session: RealtimeSession, microphone: Microphone, speaker: Speaker) -> None:
    """Send what the microphone hears; silence while the assistant is heard, unless the user has headphones on."""
    gate = EchoGate(headphones=HEADPHONES)
    async for sound in gate.through(microphone, speaker):
        await session.append_audio(sound)


async def talk(session: RealtimeSession, microphone: Microphone, speaker: Speaker) -> None:
    """Play what the assistant says, and report what of it was heard."""

    def report(heard: PlaybackHeard) -> None:
        if heard.item_id in session.state.items:  # it may have been deleted meanwhile
            session.heard(heard.item_id, heard.heard_ms, content_index=heard.content_index)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listen, session, microphone, speaker)
        tasks.start_soon(speaker.tell, report)
        async for event in session.events(rt.server_events.ResponseOutputAudioDelta, rt.server_events.ResponseDone):
            if isinstance(event, rt.server_events.ResponseOutputAudioDelta):
                speaker.feed(event)
            elif not LIVE:
                await speaker.drained()
                tasks.cancel_scope.cancel()


async def main() -> None:
    """Open the devices and a session between them. The session stops the speaker when the user speaks."""
    async with (
        rt.simulate() as server,
        Microphone(null=not LIVE) as microphone,
        Speaker(null=not LIVE) as speaker,
        rt.connect("gpt-realtime-2.1" if LIVE else server.endpoint, stop_playback=speaker.interrupt) as session,
    ):
        await session.send(rt.client_events.ResponseCreate())
        await talk(session, microphone, speaker)
        for position in speaker.positions():
            print(f"{position.heard_ms} of {position.received_ms} ms were heard")


if __name__ == "__main__":
    try:
        anyio.run(main)
    except KeyboardInterrupt:
        print()
