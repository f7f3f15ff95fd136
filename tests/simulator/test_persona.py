"""The persona: any turn gets an answer, plain instructions are obeyed, tools are called after their schema."""

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.protocol.models import FunctionTool
from realtime_sdk.simulator import Call, Say, ToolOutput, Turn, persona
from realtime_sdk.simulator.arguments import arguments_for
from realtime_sdk.simulator.persona import STORY
from tests.simulator.talk import GET_WEATHER


def tool(name: str, description: str = "", /, **properties: Any) -> FunctionTool:
    """Return a function with these properties, all of them required."""
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    return FunctionTool(name=name, description=description, parameters=schema)


WEATHER = FunctionTool.model_validate(GET_WEATHER)
REMEMBER = tool("remember_name", "Store the name the user introduced themselves with.", name={"type": "string"})
DICE = tool("rollDice", "Roll a die.", sides={"type": "integer", "minimum": 2})
TRAINS = tool("train_search", "Search trains.", query={"type": "string"})


def turn(text: str = "", *tools: FunctionTool, **fields: Any) -> Turn:
    """Return a turn in which the user says this."""
    return Turn(response_id="r", number=1, text=text, tools=tools, **fields)


def said(text: str, **fields: Any) -> str:
    """Return what the persona says to this."""
    (step,) = persona(turn(text, **fields))
    assert isinstance(step, Say)
    return step.text


def called(text: str, *tools: FunctionTool, **fields: Any) -> tuple[str, Any]:
    """Return what the persona calls when it hears this."""
    (step,) = persona(turn(text, *tools, **fields))
    assert isinstance(step, Call)
    return step.name, json.loads(step.json)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("say exactly 'pong' please", "pong"),
        ("Please say exactly: The train leaves at 9.", "The train leaves at 9."),
        ("Respond with only “yes”.", "yes"),
        ("Repeat after me: one two three", "one two three"),
        ("repeat what you hear", "what you hear"),
        ("Say hello.", "Hello."),
        ("What is the capital of France?", "The capital is Paris."),
        ("What is 3 plus 4?", "That is 7."),
        ("count to 5", "1, 2, 3, 4, 5."),
        ("Tell me a long story", STORY),
        ("Thank you, goodbye.", "You are welcome. Goodbye!"),
        ("blue bananas", "You said: blue bananas"),
    ],
)
def test_plain_words_get_a_plain_answer(text: str, answer: str) -> None:
    assert said(text) == answer


def test_greetings_and_silence_are_greeted() -> None:
    assert said("Hello!") == said("") == "Hello! I am the simulated assistant. What can I do for you?"


def test_a_long_story_talks_for_several_seconds() -> None:
    assert len(STORY) * 62.5 > 20_000


def test_instructions_of_the_response_are_obeyed() -> None:
    assert said("", own_instructions="Say exactly: welcome back") == "welcome back"


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("What is the weather in Paris?", ("get_weather", {"city": "Paris"})),
        ("how is the weather in oslo", ("get_weather", {"city": "oslo"})),
        ("Hello, my name is Marcelo.", ("remember_name", {"name": "Marcelo"})),
        ("Use get_weather for Rome", ("get_weather", {"city": "Rome"})),
        ("call get_weather", ("get_weather", {"city": "city"})),
        ('call get_weather with {"city": "Oslo"}', ("get_weather", {"city": "Oslo"})),
        ("roll the dice with 20 sides", ("rollDice", {"sides": 20})),
        (
            "Could you search for trains to Berlin?",
            ("train_search", {"query": "Could you search for trains to Berlin?"}),
        ),
    ],
)
def test_a_tool_is_called_that_the_words_name_or_speak_of(text: str, call: tuple[str, Any]) -> None:
    assert called(text, WEATHER, REMEMBER, DICE, TRAINS) == call


def test_a_function_that_was_not_offered_is_called_when_its_arguments_are_given() -> None:
    assert called('call no_such_tool with {"a": 1}') == ("no_such_tool", {"a": 1})


def test_several_calls_can_be_ordered_at_once() -> None:
    told = 'Please call get_weather with {"city": "Oslo"} and rollDice with {"sides": 6}, and call no_such with {}.'
    expected = [
        Call("get_weather", '{"city": "Oslo"}'),
        Call("rollDice", '{"sides": 6}'),
        Call("no_such", "{}"),
    ]
    assert persona(turn(told, WEATHER, DICE)) == tuple(expected)
    assert persona(turn(told, WEATHER, DICE, parallel_tool_calls=False)) == tuple(expected[:1])
    assert persona(turn("call get_weather and call rollDice", WEATHER, DICE))[1:] == (Call("rollDice", {"sides": 2}),)


def test_arguments_go_out_as_they_were_written_be_they_broken() -> None:
    assert persona(turn("call get_weather with {city: Oslo}", WEATHER)) == (Call("get_weather", "{city: Oslo}"),)


def test_tool_choice_is_obeyed() -> None:
    assert called("hm", WEATHER, REMEMBER, tool_choice="required")[0] == "get_weather"
    assert (
        called("hm", WEATHER, REMEMBER, tool_choice={"type": "function", "name": "remember_name"})[0] == "remember_name"
    )
    (step,) = persona(turn("What is the weather in Paris?", WEATHER, tool_choice="none"))
    assert step == Say("You said: What is the weather in Paris?")


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("foggy", "foggy"),
        ('{"temp_c": 12, "sky": ["fog", "rain"]}', "temp c: 12, sky: fog, rain."),
        ('"fine"', "fine"),
        ("3", "3"),
    ],
)
def test_what_a_tool_gave_is_said(output: str, answer: str) -> None:
    outputs = (ToolOutput("c", "get_weather", output),)
    assert said("What is the weather in Paris?", outputs=outputs, tool_choice="required") == answer


def test_arguments_take_enums_numbers_defaults_and_formats_from_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "maximum": 7},
            "verbose": {"type": "boolean"},
            "when": {"type": "string", "format": "date"},
            "places": {"type": "array", "items": {"type": "string"}},
            "where": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
            "kind": {"const": "x"},
            "left": {"type": ["null", "string"], "default": "d"},
        },
        "required": ["unit", "days", "verbose", "when", "places", "where", "kind", "left"],
    }
    assert arguments_for(schema, "12 days in Rome, in fahrenheit, do not hurry") == {
        "unit": "fahrenheit",
        "days": 7,
        "verbose": False,
        "when": "2026-01-01",
        "places": ["Rome"],
        "where": {"city": "Rome"},
        "kind": "x",
        "left": "Rome",
    }


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("from Oslo to Rome for 2 people at 19", {"from_city": "Oslo", "to_city": "Rome", "people": 2, "hour": 19}),
        ("to Rome from Oslo at hour 19", {"from_city": "Oslo", "to_city": "Rome", "people": 19, "hour": 19}),
        ("Oslo is left for Rome, 3 people", {"from_city": "Rome", "to_city": "Rome", "people": 3, "hour": 3}),
        ("go on", {"from_city": "Bergen", "to_city": "to_city", "people": 0, "hour": 1}),
        ("from Oslo to Rome with code X-17, 5 people", {"people": 5, "hour": 5, "code": "X-17"}),
        ('"Ann" goes from Oslo to Rome, 5 people', {"people": 5, "hour": 5, "code": "Ann"}),
    ],
)
def test_each_argument_takes_what_stands_beside_its_name_else_what_is_left(
    text: str, arguments: dict[str, Any]
) -> None:
    schema = {
        "type": "object",
        "properties": {
            "from_city": {"type": "string", "examples": ["Bergen"]},
            "to_city": {"type": "string"},
            "people": {"type": "integer", "default": 0},
            "hour": {"type": "integer"},
            "code": {"type": "string"},
        },
        "required": ["from_city", "to_city", "people", "hour"],
    }
    assert arguments_for(schema, text) == {"from_city": "Oslo", "to_city": "Rome"} | arguments


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "properties", "required", "items", "enum", "anyOf", "a"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(JSON.filter(lambda value: isinstance(value, dict)), st.text(max_size=20))
def test_no_schema_upsets_the_persona(schema: dict[str, Any], text: str) -> None:
    assert isinstance(arguments_for(schema, text), dict)


@given(st.text(max_size=60), st.sampled_from([(), (WEATHER, DICE)]))
def test_any_turn_gets_an_answer(text: str, tools: tuple[FunctionTool, ...]) -> None:
    assert len(persona(turn(text, *tools))) == 1
