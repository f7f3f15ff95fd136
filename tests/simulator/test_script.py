"""Scripts in JSON and YAML say the same as scenarios in Python, and a slip is told with its place."""

import json
from pathlib import Path
from typing import Any

import pytest

from realtime_sdk.errors import ScenarioError
from realtime_sdk.protocol.codec import parse
from realtime_sdk.simulator import Call, CallMcp, Fail, Say, Think, ToolOutput, Turn, Unheard, Wait, Words, simulate
from realtime_sdk.simulator.script import load_scenario, read_script
from realtime_sdk.transport import connect

SCRIPT: dict[str, Any] = {
    "hears": ["What is the weather?"],
    "rules": [
        {"on": "weather", "do": {"call": "get_weather", "with": {"city": "Paris"}}, "then": ["It is {output}."]},
        {
            "pattern": "^bye",
            "do": [{"think": 8, "ms": 5}, {"wait": 100}, "Goodbye.", {"call_json": "f", "with": "{"}, {"fail": "x"}],
        },
        {"turn": 7, "do": "seven", "every_time": True},
        {
            "about": ["train ticket", "travelling"],
            "do": {"call_mcp": "rail.book", "with": {"to": "Oslo"}, "output": "ok"},
        },
        {"about": "seats", "do": {"call_mcp": "rail.seats", "error": "full"}},
        {"always": True, "do": {"say": "hm"}},
    ],
}
YAML = """
hears: ["What is the weather?"]
rules:
  - on: weather
    do: {call: get_weather, with: {city: Paris}}
    then: ["It is {output}."]
"""


def turn(text: str, number: int = 1, **fields: Any) -> Turn:
    """Return a turn of a user's."""
    return Turn(response_id="r", number=number, text=text, **fields)


def test_a_script_is_a_scenario() -> None:
    run = read_script(SCRIPT).begin()
    assert run(turn("the weather")) == (Call("get_weather", {"city": "Paris"}),)
    assert run(turn("", outputs=(ToolOutput("c", "f", "foggy"),))) == (Say("It is foggy."),)
    assert run(turn("Bye!")) == (Think(8, 5), Wait(100), Say("Goodbye."), Call("f", "{"), Fail("x"))
    assert run(turn("x", 7)) == run(turn("y", 7)) == (Say("seven"),)
    assert run(turn("Two tickets for the train, please")) == (CallMcp("rail", "book", {"to": "Oslo"}, "ok"),)
    assert run(turn("A seat!")) == (CallMcp("rail", "seats", {}, error="full"),)
    assert run(turn("A ticket?")) == (Say("hm"),)
    assert run.left == ()


def test_a_script_brings_mcp_servers() -> None:
    tools = [{"name": "book", "description": "Book a seat.", "input_schema": {"type": "object"}}, {"name": "seats"}]
    (server,) = read_script({"mcp": [{"label": "rail", "tools": tools, "outputs": {"book": "done"}}]}).mcp
    assert (server.label, [tool.name for tool in server.tools]) == ("rail", ["book", "seats"])
    assert server.tools[0].input_schema == {"type": "object"}
    assert server.output("book") == "done"


def test_a_script_says_what_is_heard_late_and_not_at_all() -> None:
    hears = [
        "now",
        {"words": "later", "after_ms": 500},
        {"words": "w"},
        {"fail": "busy", "message": "m"},
        {"fail": "f"},
    ]
    assert read_script({"hears": hears}).hears == (
        "now",
        Words("later", 500),
        Words("w"),
        Unheard("busy", "m"),
        Unheard("f"),
    )


async def test_a_script_says_how_the_server_is_and_keywords_win() -> None:
    scenario = read_script({"options": {"beta": "refuse", "model": "gpt-x", "rate_limits": False}})
    async with simulate(scenario, model="gpt-y") as server:
        async with connect(server.url, headers={"OpenAI-Beta": "realtime=v1"}) as transport:
            assert parse(await transport.receive())["error"]["code"] == "beta_api_shape_disabled"
        async with connect(server.url) as transport:
            assert parse(await transport.receive())["session"]["model"] == "gpt-y"
            await transport.send(b'{"type": "response.create"}')
            while (last := parse(await transport.receive())["type"]) != "response.done":
                pass
            await transport.send(b'{"type": "response.cancel"}')
            assert (last, parse(await transport.receive())["type"]) == ("response.done", "error")


@pytest.mark.parametrize(("name", "text"), [("s.json", json.dumps(SCRIPT)), ("s.yaml", YAML), ("s.yml", YAML)])
def test_scripts_are_read_from_files(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    scenario = load_scenario(path)
    assert scenario.hears == ("What is the weather?",)
    assert scenario.begin()(turn("weather")) == (Call("get_weather", {"city": "Paris"}),)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ([], "the script is not an object"),
        ({"rule": []}, "the script has no field 'rule'; it may have rules, hears, strict, faults, mcp"),
        ({"options": {"session_ms": True}}, "options.session_ms is not a whole number"),
        ({"options": {"rate_limits": 1}}, "options.rate_limits is not true or false"),
        ({"options": {"beta": "no"}}, "options.beta is not 'accept' or 'refuse'"),
        ({"options": {"speed": 1}}, "options has no field 'speed'; it may have voice, model"),
        ({"mcp": [{"tools": []}]}, r"mcp\[0\].label is not a text"),
        ({"mcp": [{"label": "x", "tools": [{"nam": "y"}]}]}, r"mcp\[0\].tools\[0\] has no field 'nam'"),
        ({"rules": [{"turn": 1, "do": {"call_mcp": "docs"}}]}, r"rules\[0\].do\[0\].call_mcp is not SERVER.TOOL"),
        ({"rules": {}}, "rules is not a list"),
        ({"hears": [3]}, r"hears\[0\] is not a text"),
        ({"hears": [{"word": "x"}]}, r"hears\[0\] has no field 'word'; it may have words, after_ms, fail, message"),
        ({"hears": [{"after_ms": 3}]}, r"hears\[0\].words is not a text"),
        ({"rules": [{"do": "x"}]}, r"rules\[0\] needs one of on, pattern, about, turn, always"),
        ({"rules": [{"on": "a", "turn": 2, "do": "x"}]}, r"rules\[0\] needs one of"),
        ({"rules": [{"turn": "two", "do": "x"}]}, r"rules\[0\].turn is not a whole number"),
        ({"rules": [{"pattern": "(", "do": "x"}]}, r"rules\[0\].pattern is no pattern"),
        ({"rules": [{"on": "a", "do": [{"sing": "la"}]}]}, r"rules\[0\].do\[0\] has no field 'sing'"),
        ({"rules": [{"on": "a", "do": [{"with": {}}]}]}, r"rules\[0\].do\[0\] needs one of say, call"),
        ({"rules": [{"on": "a"}]}, r"rules\[0\].do\[0\] is not an object"),
        ({"rules": [{"on": "a", "do": "x", "then": [[{"say": 1}]]}]}, r"rules\[0\].then\[0\]\[0\].say is not a text"),
    ],
)
def test_a_slip_is_told_with_its_place(script: Any, complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        read_script(script)


def test_a_file_that_is_no_json_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text("{")
    with pytest.raises(ScenarioError, match=r"s\.json is not JSON"):
        load_scenario(path)


def test_a_file_that_is_no_yaml_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("rules: [what?]")
    with pytest.raises(ScenarioError, match=r"s\.yaml is not YAML"):
        load_scenario(path)


def test_yaml_without_pyyaml_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(YAML)
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(ScenarioError, match="pip install pyyaml"):
        load_scenario(path)
