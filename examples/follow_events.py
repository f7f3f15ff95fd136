"""Every event as it comes, and the answer as sound in a WAV file."""

from collections import Counter

import anyio

import realtime_sdk as rt
from realtime_sdk.audio.wav import Sound, wav_bytes


async def main() -> None:
    """Send the raw events of a turn, and look at what the server says to them."""
    sound, seen = bytearray(), Counter[str]()
    async with rt.simulate(speed=0) as server, rt.connect(server.endpoint) as session:
        updates = session.updates()
        words = rt.models.UserMessageContent(type="input_text", text="Hello!")
        message = rt.models.UserMessage(role="user", content=[words])
        await session.send(rt.client_events.ConversationItemCreate(item=message))
        await session.send(rt.client_events.ResponseCreate())
        async for update in updates:
            seen[f"{update.record.sender}: {update.event.type}"] += 1
            match update.event:
                case rt.server_events.ResponseOutputAudioDelta() as delta:
                    sound += delta.pcm
                case rt.server_events.ResponseDone():
                    break
    for kind, times in seen.items():
        print(f"{times:4} {kind}")
    await anyio.Path("answer.wav").write_bytes(wav_bytes(Sound(bytes(sound))))


if __name__ == "__main__":
    anyio.run(main)
