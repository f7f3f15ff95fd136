"""A function of yours that the assistant calls."""

import json

import anyio

import realtime_sdk as rt

TOOL = rt.models.FunctionTool(
    type="function",
    name="opening_hours",
    description="When a shop is open.",
    parameters={"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]},
)


def opening_hours(day: str) -> str:
    """What the assistant is told."""
    return f"On {day} we are open from 9 to 17."


async def main() -> None:
    """Ask something that needs the tool, give its output, have it answered."""
    async with rt.simulate() as server, rt.connect(server.endpoint, tools=[TOOL]) as session:
        answer = await session.respond("What are your opening hours on Monday?")
        for call in answer.calls:
            print(call.name, call.arguments)
            output = opening_hours(**json.loads(call.arguments or "{}"))
            await session.add_item(rt.models.FunctionCallOutput(call_id=call.call_id, output=output))
        print((await session.respond()).text)


if __name__ == "__main__":
    anyio.run(main)
