"""Scenarios: rules in order, replies that go on after a tool's output, and a check that nothing is left over."""

import re

import pytest

from realtime_sdk.errors import ScenarioError
from realtime_sdk.simulator import (
    Call,
    Fail,
    Say,
    Scenario,
    Think,
    ToolOutput,
    Turn,
    Wait,
    about,
    always,
    on,
    on_turn,
    when,
)
from realtime_sdk.simulator.reply import as_reply


def turn(text: str = "", number: int = 1, output: str | None = None) -> Turn:
    """Return a turn of a user's."""
    outputs = () if output is None else (ToolOutput("c", "f", output),)
    return Turn(response_id="r", number=number, text=text, outputs=outputs)


def test_the_first_rule_that_fits_answers_once() -> None:
    run = Scenario(on("hello").say("one"), on("hello").say("two"), otherwise=lambda _: "else").begin()
    assert [run(turn("Hello you")) for _ in range(3)] == [(Say("one"),), (Say("two"),), "else"]


def test_a_rule_may_look_at_words_patterns_numbers_or_anything() -> None:
    run = Scenario(
        on(re.compile(r"\d{3}")).say("digits"),
        on_turn(2).say("second"),
        when(lambda turn: turn.metadata == {"k": "v"}).say("marked"),
        always().say("any"),
    ).begin()
    assert run(turn("call 123")) == (Say("digits"),)
    assert run(turn("x", 2)) == (Say("second"),)
    assert run(Turn(response_id="r", number=3, text="", metadata={"k": "v"})) == (Say("marked"),)
    assert run(turn()) == run(turn()) == (Say("any"),)
    assert run.left == ()


def test_a_rule_may_ask_what_the_turn_is_about() -> None:
    run = Scenario(
        about("train ticket", "travelling").say("Where to?"), about("weather").say("Wet."), about("").say("x")
    ).begin()
    assert run(turn("Sell me TICKETS for a train")) == (Say("Where to?"),)
    assert run(turn("Tickets, and the weather!")) == (Say("Wet."),)
    assert run.left == ("about(''): say 'x'",)


def test_every_kind_of_step_can_be_scripted() -> None:
    rule = on("x").think(3, ms=5).wait(10).say("a").call("f", x=1).call_json("g", "{").fail("c", "m")
    assert Scenario(rule).begin()(turn("x")) == (
        Think(3, 5),
        Wait(10),
        Say("a"),
        Call("f", {"x": 1}),
        Call("g", "{"),
        Fail("c", "m"),
    )


def test_what_follows_a_call_waits_for_its_output_and_may_quote_it() -> None:
    run = Scenario(on("weather").call("f").then_say("It is {output}."), on("never mind").say("fine")).begin()
    assert run(turn("the weather")) == (Call("f", {}),)
    assert run(turn("never mind")) == (Say("fine"),)
    assert run(turn(output="foggy")) == (Say("It is foggy."),)
    assert run.left == ()


def test_what_follows_words_is_simply_the_next_turn() -> None:
    run = Scenario(on("hello").say("Your name?").then_say("Hello {text}.").then_call("f").then_fail()).begin()
    assert [run(turn("hello")), run(turn("Ann"))] == [(Say("Your name?"),), (Say("Hello Ann."),)]
    assert [run(turn("x")), run(turn(output="y"))] == [(Call("f", {}),), (Fail(),)]


def test_steps_that_were_not_used_are_named() -> None:
    run = Scenario(
        on("hello").say("hi"), on_turn(2).call("f", a=1).then_say("done"), on("x").say("y").every_time()
    ).begin()
    run(turn("hello"))
    assert run.left == ('on_turn(2): call f({"a": 1})', "on_turn(2).then: say 'done'")


def test_a_strict_scenario_fails_what_it_has_no_answer_to() -> None:
    assert Scenario(strict=True).begin()(turn("what?")) == Fail(
        "scenario_has_no_answer", "The scenario has no answer to 'what?'."
    )


def test_a_rule_without_a_step_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"nothing is done in on\('hello'\)") as caught:
        Scenario(on("hello"))
    assert caught.value.steps == ("on('hello')",)


def test_runs_do_not_know_one_another() -> None:
    scenario = Scenario(on("hello").say("hi"), otherwise=lambda _: "else")
    assert [scenario.begin()(turn("hello")) for _ in range(2)] == [(Say("hi"),), (Say("hi"),)]


def test_replies_are_text_steps_or_several_of_them() -> None:
    assert as_reply(None) == ()
    assert as_reply("a") == (Say("a"),)
    assert as_reply(["a", [Call("f")], Wait(1)]) == (Say("a"), Call("f"), Wait(1))
    with pytest.raises(ScenarioError, match="not int"):
        as_reply(5)
