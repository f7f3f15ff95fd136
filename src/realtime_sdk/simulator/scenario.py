"""A scenario: a readable script of what the simulated model does, and a check that all of it was done.

A scenario is a value and can be used for any number of sessions; each session has its own run through it. What no
rule answers, `otherwise` answers: by default the persona, so that a script need not think of everything.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, TypedDict

from realtime_sdk.errors import ScenarioError
from realtime_sdk.simulator.brain.happenings import Turn, Unheard, Words
from realtime_sdk.simulator.brain.values import McpServer
from realtime_sdk.simulator.faults import Trouble
from realtime_sdk.simulator.persona import persona
from realtime_sdk.simulator.reply import Call, CallMcp, Fail, Reply, ReplyStep, Say, Think, Wait
from realtime_sdk.simulator.tool_choice import stems

__all__ = ["Rule", "Run", "Scenario", "ServerOptions", "Voice", "about", "always", "on", "on_turn", "when"]

Fits: TypeAlias = Callable[[Turn], bool]
Voice: TypeAlias = Literal["tones", "espeak"]


class ServerOptions(TypedDict, total=False):
    """How the server is that a scenario is played on; `simulate` takes the same as keywords, and they win."""

    voice: Voice
    """`tones` (default), or `espeak` to speak with espeak-ng."""
    model: str
    """The model of clients that ask for none. Default `gpt-realtime-2.1`, of beta clients one of their time."""
    beta: Literal["accept", "refuse"]
    """What becomes of clients that ask for the beta dialect; refused they are told so, and closed with 4000."""
    rate_limits: bool
    """Send rate_limits.updated after every response, as most servers do. Default True."""
    early_transcripts: bool
    """Tell the words of a turn before its item is committed, as the service was seen to do. Default False."""
    hold_items: bool
    """Acknowledge items that come during a response after it, as Azure was seen to do."""
    session_ms: int
    """How long a session may last. Default one hour."""


@dataclass(frozen=True, slots=True)
class Rule:
    """When a turn fits, what is done in it and in those after it. Made by `on`, `about`, `on_turn`, `when`, `always`.

    Every method gives a new rule with one more step. The methods that begin with `then_` begin the next reply: the
    one to the output of a call, or simply the next turn.
    """

    title: str
    fits: Fits
    replies: tuple[Reply, ...] = ((),)
    repeats: bool = False

    def say(self, text: str, *, sound: bytes | None = None) -> "Rule":
        """Say this; `{output}` stands for what the tool gave, `{text}` for what the user said."""
        return self._with(Say(text, sound))

    def call(self, function: str, /, **arguments: Any) -> "Rule":
        """Call this function with these arguments."""
        return self._with(Call(function, arguments))

    def call_json(self, function: str, arguments: str) -> "Rule":
        """Call this function with this text as its arguments, be it JSON or not."""
        return self._with(Call(function, arguments))

    def call_mcp(self, server_label: str, tool: str, /, *, output: str | None = None, **arguments: Any) -> "Rule":
        """Call this tool of an MCP server; `output` is what it gives."""
        return self._with(CallMcp(server_label, tool, arguments, output))

    def fail(self, code: str = "server_error", message: str = "The simulated model failed.") -> "Rule":
        """End the response as failed."""
        return self._with(Fail(code, message))

    def wait(self, ms: int) -> "Rule":
        """Do nothing for so long."""
        return self._with(Wait(ms))

    def think(self, tokens: int = 64, *, ms: int = 0) -> "Rule":
        """Reason for so many tokens, unseen."""
        return self._with(Think(tokens, ms))

    def then_say(self, text: str, *, sound: bytes | None = None) -> "Rule":
        """In the next turn say this."""
        return self._next().say(text, sound=sound)

    def then_call(self, function: str, /, **arguments: Any) -> "Rule":
        """In the next turn call this function."""
        return self._next().call(function, **arguments)

    def then_fail(self, code: str = "server_error", message: str = "The simulated model failed.") -> "Rule":
        """Fail in the next turn."""
        return self._next().fail(code, message)

    def every_time(self) -> "Rule":
        """The same rule for every turn that fits, not only for the first; it need not be used at all."""
        return replace(self, repeats=True)

    def _with(self, step: ReplyStep) -> "Rule":
        return replace(self, replies=(*self.replies[:-1], (*self.replies[-1], step)))

    def _next(self) -> "Rule":
        return replace(self, replies=(*self.replies, ()))


def on(text: str | re.Pattern[str]) -> Rule:
    """A rule for a turn in which the user says this: the words anywhere in it, in any case, or a pattern."""
    pattern = re.compile(re.escape(text), re.IGNORECASE) if isinstance(text, str) else text
    return Rule(
        f"on({pattern.pattern if isinstance(text, re.Pattern) else text!r})", lambda t: bool(pattern.search(t.text))
    )


def about(*subjects: str) -> Rule:
    """A rule for a turn that speaks of one of these, in any words around it: `about("train ticket", "travelling")`."""
    wanted = [words for subject in subjects if (words := stems(subject))]
    title = f"about({', '.join(map(repr, subjects))})"
    return Rule(title, lambda turn: any(words <= stems(turn.text) for words in wanted))


def on_turn(number: int) -> Rule:
    """A rule for the user's turn with this number, from 1."""
    return Rule(f"on_turn({number})", lambda turn: turn.number == number)


def when(fits: Fits, title: str = "when(…)") -> Rule:
    """A rule for a turn that fits."""
    return Rule(title, fits)


def always() -> Rule:
    """A rule for every turn that no rule before it answers."""
    return Rule("always()", lambda _: True, repeats=True)


class Scenario:
    """Rules in order: the first one that fits and was not used yet answers the turn.

    `hears` gives the words of the session's utterances, first to last: speech need not be recognised then. `Words`
    are told to the client late, `Unheard` fails their transcription.
    `otherwise` answers the turns that no rule fits; `strict=True` fails them instead (`scenario_has_no_answer`).
    `faults` go wrong in every session, `mcp` are servers that can be reached, and `options` say how the server is, as
    those of `simulate` do.
    """

    def __init__(
        self,
        *rules: Rule,
        hears: Sequence[str | Words | Unheard] = (),
        otherwise: Callable[[Turn], object] = persona,
        strict: bool = False,
        faults: Sequence[Trouble] = (),
        mcp: Sequence[McpServer] = (),
        options: ServerOptions | None = None,
    ) -> None:
        empty = [rule.title for rule in rules if not all(rule.replies)]
        if empty:
            raise ScenarioError(f"nothing is done in {', '.join(empty)}", steps=tuple(empty))
        self.rules = rules
        self.hears = tuple(hears)
        self.otherwise = otherwise
        self.strict = strict
        self.faults = tuple(faults)
        self.mcp = tuple(mcp)
        self.options: ServerOptions = options or {}

    def __repr__(self) -> str:
        return f"Scenario({', '.join(rule.title for rule in self.rules)})"

    def begin(self) -> "Run":
        """A run through the scenario, for one session."""
        return Run(self)

    def steps(self) -> tuple[str, ...]:
        """The titles of all replies that must be given once."""
        return tuple(
            _title(rule, place) for rule in self.rules if not rule.repeats for place in range(len(rule.replies))
        )


class Run:
    """Where a session stands in its scenario: called with a turn, it gives the reply."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._used: set[int] = set()
        self._pending: tuple[tuple[Rule, int], ...] = ()
        self.done: tuple[str, ...] = ()
        """The titles of the replies that were given, in order."""

    def __call__(self, turn: Turn) -> object:
        """The reply to a turn."""
        for rule, place in reversed(self._pending):
            if turn.outputs or not _calls(rule, place):
                self._pending = tuple(one for one in self._pending if one != (rule, place))
                return self._give(rule, place, turn)
        for index, rule in enumerate(self._scenario.rules):
            if index not in self._used and rule.fits(turn):
                if not rule.repeats:
                    self._used.add(index)
                return self._give(rule, 0, turn)
        if self._scenario.strict:
            return Fail("scenario_has_no_answer", f"The scenario has no answer to {turn.text!r}.")
        return self._scenario.otherwise(turn)

    @property
    def left(self) -> tuple[str, ...]:
        """The titles of the replies that were not given yet."""
        return tuple(title for title in self._scenario.steps() if title not in self.done)

    def _give(self, rule: Rule, place: int, turn: Turn) -> Reply:
        if place + 1 < len(rule.replies):
            self._pending = (*self._pending, (rule, place + 1))
        self.done = (*self.done, _title(rule, place))
        return tuple(_filled(step, turn) for step in rule.replies[place])


def _calls(rule: Rule, place: int) -> bool:
    """Whether the reply before this one called something, so that this one waits for the output."""
    return any(isinstance(step, Call) for step in rule.replies[place - 1])


def _title(rule: Rule, place: int) -> str:
    steps = ", ".join(map(_named, rule.replies[place]))
    return f"{rule.title}{'.then' * bool(place)}: {steps}"


def _named(step: ReplyStep) -> str:
    match step:
        case Say(text):
            return f"say {text!r}"
        case Call(name):
            return f"call {name}({step.json})"
        case CallMcp(label, name):
            return f"call {label}.{name}({step.json})"
        case Fail(code):
            return f"fail {code}"
        case Wait(ms):
            return f"wait {ms} ms"
        case Think(tokens):
            return f"think {tokens} tokens"


def _filled(step: ReplyStep, turn: Turn) -> ReplyStep:
    if not isinstance(step, Say):
        return step
    given: Mapping[str, str] = {"{output}": ", ".join(one.output for one in turn.outputs), "{text}": turn.text}
    text = step.text
    for name, value in given.items():
        text = text.replace(name, value)
    return replace(step, text=text)
