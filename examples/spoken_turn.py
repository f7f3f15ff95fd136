"""Speech into a session under voice detection, and what comes back: the transcripts of both sides."""

from importlib.resources import as_file, files

import anyio

import realtime_sdk as rt
from realtime_sdk.audio.pacing import pace
from realtime_sdk.audio.pcm import chunks
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.state import transcript

QUESTION = files("realtime_sdk") / "simulator" / "clips" / "hello.wav"


async def main() -> None:
    """Speak a recorded question at real time, and wait for the answer to it."""
    with as_file(QUESTION) as path:
        sound = read_wav(path)  # mono PCM16 at 24 kHz, which is what a session takes unless it is told otherwise
    silence = sound.pcm_format.silence(ms=800)  # a pause, by which the server knows that the user has finished
    pieces = chunks(sound.pcm + silence, sound.pcm_format.bytes_in_ms(20))

    async with rt.simulate() as server, rt.connect(server.endpoint, transcription="gpt-4o-mini-transcribe") as session:
        await session.append_audio(pace(pieces, 20))
        await session.until(lambda state: any(not response.is_active for response in state.responses.values()))
        print(transcript(session.state))


if __name__ == "__main__":
    anyio.run(main)
