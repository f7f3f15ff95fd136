"""A question, its answer, and what it took."""

import anyio

import realtime_sdk as rt


async def main() -> None:
    """Ask two questions in one session."""
    async with rt.simulate() as server, rt.connect(server.endpoint, output_modalities=["text"]) as session:
        for question in ("What is the capital of France?", "What is 6 times 7?"):
            answer = await session.respond(question)
            print(f"{question} {answer.text}")
        print(session.state.usage.total_tokens, "tokens")


if __name__ == "__main__":
    anyio.run(main)
