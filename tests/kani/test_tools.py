"""Tools in rounds, which Kani runs: K19 to K24, and Kani's public example with only the engine exchanged."""

import asyncio
import enum
from typing import Annotated, Any

import pytest
from kani import AIParam, ChatRole, Kani, ai_function

from realtime_sdk.kani.engine import RealtimeEngine
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.simulator import Scenario, on
from tests.kani.talk import Simulating, Talking, asked, created, function, history


class WithTools(OpenAIRealtimeKani):
    """Two tools, the first of which ends last."""

    attempts: tuple[int, ...] = ()

    @ai_function()
    async def f(self) -> str:
        """First."""
        await self.g_ran.wait()
        return "f done"

    @ai_function()
    async def g(self) -> str:
        """Second."""
        self.g_ran.set()
        return "g done"

    @ai_function()
    def fails(self) -> str:
        """Fail."""
        raise ValueError("it broke")

    @ai_function(after=ChatRole.USER)
    def quiet(self) -> str:
        """Do it and say nothing."""
        return "done"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.g_ran = asyncio.Event()
        super().__init__(*args, **kwargs)

    async def handle_function_call_exception(self, call: Any, err: Any, attempt: int, tool_call_id: Any = None) -> Any:
        self.attempts = (*self.attempts, attempt)
        return await super().handle_function_call_exception(call, err, attempt, tool_call_id)


async def test_k19_parallel_calls_run_together_and_are_answered_in_order(talking: Talking) -> None:
    async with talking(make=WithTools) as (ai, world):
        world.server.calling(("f", "{}", "c1"), ("g", "{}", "c2"))
        said = [message async for message in ai.full_round("go")]
        assert [(message.role.value, message.text) for message in said] == [
            ("assistant", None),
            ("function", "f done"),
            ("function", "g done"),
            ("assistant", "hello"),
        ]
        assert [call.id for call in said[0].tool_calls] == ["c1", "c2"]
        assert created(world.server) == [
            "user go",
            "function_call_output c1 f done",
            "function_call_output c2 g done",
        ]
        assert asked(world.server) == [{}, {}]
        kinds = [event["type"].rpartition(".")[2] + event["type"][:1] for event in world.server.said]
        assert kinds == ["createc", "creater", "createc", "createc", "creater"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (("fails", "{}", "c1"), "it broke"),
        (("nobody", "{}", "c1"), "The function 'nobody' is not defined. Only use the provided functions."),
        (("fails", "{half", "c1"), "Expecting property name"),
    ],
    ids=["raises", "unknown", "arguments"],
)
async def test_k20_a_call_that_fails_is_told_and_tried_again(
    talking: Talking, call: tuple[str, str, str], error: str
) -> None:
    async with talking(make=WithTools) as (ai, world):
        world.server.calling(call)
        world.server.calling((call[0], call[1], "c2"))
        said = [message async for message in ai.full_round("go")]
        outputs = [message for message in said if message.role is ChatRole.FUNCTION]
        assert all(message.is_tool_call_error for message in outputs)
        assert all(error in message.text for message in outputs)
        assert ai.attempts == (0, 1)
        assert asked(world.server) == [{}, {}, {"tool_choice": "none"}]


async def test_k21_a_tool_after_which_the_user_speaks_ends_the_round(talking: Talking) -> None:
    async with talking(make=WithTools) as (ai, world):
        world.server.calling(("quiet", "{}", "c1"))
        assert [message.role.value async for message in ai.full_round("go")] == ["assistant", "function"]
        assert created(world.server) == ["user go"]
        assert len(asked(world.server)) == 1
        await ai.chat_round("and?", include_functions=False)
        assert created(world.server) == ["user go", "function_call_output c1 done", "user and?"]


async def test_k22_after_the_last_function_round_no_tool_may_be_called(talking: Talking) -> None:
    async with talking(make=WithTools) as (ai, world):
        world.server.calling(("g", "{}", "c1"))
        world.server.calling(("g", "{}", "c2"))
        with pytest.warns(UserWarning, match="maximum number of function rounds"):
            said = [message async for message in ai.full_round("go", max_function_rounds=1)]
        assert [message.role.value for message in said] == ["assistant", "function", "assistant"]
        assert asked(world.server) == [{}, {"tool_choice": "none"}]
        world.server.calling(("g", "{}", "c3"))
        with pytest.warns(UserWarning, match="maximum number of function rounds"):
            said = [message async for message in ai.full_round("go", max_function_rounds=0)]
        assert [message.role.value for message in said] == ["assistant"]


async def test_k23_a_function_that_is_turned_off_is_not_offered_but_run(talking: Talking) -> None:
    async with talking(make=WithTools) as (ai, world):
        ai.functions["g"].enabled = False
        world.server.calling(("g", "{}", "c1"))
        said = [message.text async for message in ai.full_round("go")]
        assert said == [None, "g done", "hello"]
        assert [tool["name"] for tool in asked(world.server)[0]["tools"]] == ["f", "fails", "quiet"]


async def test_k24_what_is_kani_s_reaches_kani(talking: Talking) -> None:
    def shout(text: str) -> str:
        return text.upper()

    async with talking(functions=[function(shout)], retry_attempts=3, desired_response_tokens=99) as (ai, world):
        assert (ai.retry_attempts, ai.desired_response_tokens) == (3, 99)
        world.server.calling(("shout", '{"text":"a"}', "c1"))
        assert [message.text async for message in ai.full_round("go")] == [None, "A", "hello"]


async def test_long_call_ids_are_shortened_alike(talking: Talking) -> None:
    async with talking(connected=False) as (ai, world):
        long = "c" * 40
        ai.chat_history = [
            message.copy_with(extra={})
            for message in (
                _assistant(long),
                _output(long),
            )
        ]
        await ai.connect()
        call, output = (event["item"]["call_id"] for event in world.server.heard_of("conversation.item.create"))
        assert call == output
        assert len(call) <= 32


def _assistant(call_id: str) -> Any:
    from kani import ChatMessage, ToolCall

    return ChatMessage.assistant(None, tool_calls=[ToolCall.from_function("f", call_id_=call_id)])


def _output(call_id: str) -> Any:
    from kani import ChatMessage

    return ChatMessage.function("f", "r", tool_call_id=call_id)


class Unit(enum.Enum):
    FAHRENHEIT = "fahrenheit"
    CELSIUS = "celsius"


class Weather(Kani):
    """Kani's own example of function calling."""

    @ai_function()
    def get_weather(
        self,
        location: Annotated[str, AIParam(desc="The city and state, e.g. San Francisco, CA")],
        unit: Unit,
    ) -> str:
        """Get the current weather in a given location."""
        degrees = 72 if unit == Unit.FAHRENHEIT else 22
        return f"Weather in {location}: Sunny, {degrees} degrees {unit.value}."


async def test_kani_s_example_needs_another_engine_and_nothing_else(simulating: Simulating) -> None:
    scenario = Scenario(
        on("weather").call("get_weather", location="Tokyo", unit="celsius").then_say("It is sunny: {output}")
    )
    async with simulating(scenario) as (_, how):
        engine = RealtimeEngine("k", **how)
        ai = Weather(engine)
        said = [text async for text in ai.full_round_str("What's the weather in Tokyo?")]
        assert said[-1] == "It is sunny: Weather in Tokyo: Sunny, 22 degrees celsius."
        assert history(ai)[2][:2] == ("function", "Weather in Tokyo: Sunny, 22 degrees celsius.")
        await engine.close()
