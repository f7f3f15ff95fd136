"""The client's state and the simulator's own conversation agree after every event of any session, whatever happens.

A state machine plays the client: it updates, creates, inserts, deletes, retrieves, truncates, speaks, commits, clears,
asks, cancels, waits, and lets things go wrong; items and responses are named that are there, and some that are not.
"""

from typing import Any

from hypothesis import settings as profile, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from realtime_sdk.protocol.codec import decode
from realtime_sdk.simulator.brain import Fault, McpServer, Settings, Unheard, Words
from realtime_sdk.simulator.brain.sounds import ms_of
from realtime_sdk.state import Item, RealtimeState, reduce
from tests.simulator.order import violations
from tests.simulator.talk import GET_WEATHER, Talk, kinds, user_text
from tests.simulator.test_brain_laws import LOUD, QUIET, REPLIES

PLACES = st.integers(0, 6)
DOCS = McpServer("docs", outputs={"f": "found"})
MCP = {"type": "mcp", "server_label": "docs", "server_url": "https://x"}
SOUNDS = {"speech": LOUD, "half a sample": LOUD[:4_801], "a pause": QUIET, "silence": QUIET * 4}
DETECTIONS: list[dict[str, Any] | None] = [
    None,
    {"type": "server_vad", "create_response": False},
    {"type": "server_vad", "interrupt_response": False, "idle_timeout_ms": 5_000},
    {"type": "semantic_vad", "eagerness": "high"},
]
UPDATES = st.one_of(
    st.builds(lambda text: {"instructions": text}, st.text(max_size=3)),
    st.sampled_from(
        [{"tools": [GET_WEATHER]}, {"tools": [MCP]}, {"output_modalities": ["text"]}, {"tool_choice": "none"}]
    ),
    st.sampled_from(
        [{"max_output_tokens": 3}, {"max_output_tokens": "inf"}, {"nonsense": 1}, {"type": "transcription"}]
    ),
    st.builds(lambda voice: {"audio": {"output": {"voice": voice}}}, st.sampled_from(["ash", "cedar"])),
    st.builds(lambda found: {"audio": {"input": {"turn_detection": found}}}, st.sampled_from(DETECTIONS)),
    st.builds(
        lambda model: {"audio": {"input": {"transcription": {"model": model}}}}, st.sampled_from(["whisper-1", "x"])
    ),
    st.just({"audio": {"input": {"transcription": None}}}),
)
CONTENTS = st.sampled_from(
    [
        {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "s"}]},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AAAA"}]},
        {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "out"},
        {"type": "message", "role": "user", "content": [{"type": "text", "text": "wrong"}]},
        user_text("words")["item"],
    ]
)
PARAMS = st.sampled_from(
    [
        {},
        {"conversation": "none"},
        {"conversation": "none", "input": []},
        {"max_output_tokens": 2},
        {"metadata": {"k": "v"}},
        {"output_modalities": ["text"]},
        {"output_modalities": ["no"]},
    ]
)


class Session(RuleBasedStateMachine):
    """A client and its server; `state` is what the client believes."""

    @initialize(
        speed=st.sampled_from([0, 1, 20]),
        early=st.booleans(),
        hold=st.booleans(),
        heard=st.sampled_from(["words", "well,", Unheard(), Words("late", 400)]),
    )
    def begin(self, speed: float, early: bool, hold: bool, heard: Any) -> None:
        self.reply: tuple[Any, ...] = ()
        self.made = 0
        rules = Settings(speed=speed, early_transcripts=early, hold_items=hold, mcp=(DOCS,))
        self.talk = Talk(reply=lambda _: self.reply, settings=rules, hear=lambda _: heard)
        self.state = RealtimeState.empty()
        self.told = 0
        self.follow()

    def follow(self) -> None:
        """Let the client take in what was said."""
        for frame in self.talk.frames[self.told :]:
            self.state = reduce(self.state, decode(frame))
        self.told = len(self.talk.frames)

    def send(self, kind: str, **fields: Any) -> None:
        self.talk.send({"type": kind, **fields})
        self.follow()

    def item_id(self, place: int) -> str:
        """Return the id of an item that is there, or none of any."""
        items = self.talk.server.items
        return items[place].id if place < len(items) else "gone"

    # --- what a client does ---------------------------------------------------------------------------------------

    @rule(session=UPDATES)
    def update(self, session: dict[str, Any]) -> None:
        self.send("session.update", session={"type": "realtime", **session})

    @rule(item=CONTENTS, named=st.booleans())
    def create(self, item: dict[str, Any], named: bool) -> None:
        self.made += 1
        self.send("conversation.item.create", item={**item, **({"id": f"mine_{self.made}"} if named else {})})

    @rule(item=CONTENTS, after=PLACES | st.just("root"))
    def insert(self, item: dict[str, Any], after: int | str) -> None:
        behind = after if isinstance(after, str) else self.item_id(after)
        self.send("conversation.item.create", item=item, previous_item_id=behind)

    @rule(place=PLACES)
    def create_again(self, place: int) -> None:
        item_id = self.item_id(place)
        if item_id != "gone":  # to the client's state a deleted item does not come back
            self.send("conversation.item.create", item={**user_text("again")["item"], "id": item_id})

    @rule(place=PLACES, verb=st.sampled_from(["delete", "retrieve"]))
    def look_at_or_delete(self, place: int, verb: str) -> None:
        self.send(f"conversation.item.{verb}", item_id=self.item_id(place))

    @rule(place=PLACES, end_ms=st.integers(-1, 600))
    def truncate(self, place: int, end_ms: int) -> None:
        self.send("conversation.item.truncate", item_id=self.item_id(place), content_index=0, audio_end_ms=end_ms)

    @rule(sound=st.sampled_from(sorted(SOUNDS)))
    def speak(self, sound: str) -> None:
        self.talk.speak(SOUNDS[sound], piece_ms=400)
        self.follow()

    @rule(kind=st.sampled_from(["input_audio_buffer.commit", "input_audio_buffer.clear", "output_audio_buffer.clear"]))
    def end_the_buffer(self, kind: str) -> None:
        self.send(kind)

    @rule(reply=REPLIES, params=PARAMS)
    def respond(self, reply: list[Any], params: dict[str, Any]) -> None:
        self.reply = tuple(reply)
        self.send("response.create", response=params)

    @rule(named=st.sampled_from(["none", "newest", "gone"]))
    def cancel(self, named: str) -> None:
        newest = self.talk.server.lives[-1].id if self.talk.server.lives else "gone"
        name = {"none": {}, "newest": {"response_id": newest}, "gone": {"response_id": "gone"}}[named]
        self.send("response.cancel", **name)

    @rule(ms=st.integers(1, 3_000))
    def wait(self, ms: int) -> None:
        self.talk.wait(ms)
        self.follow()

    @rule(kind=st.sampled_from(["error", "fail", "rate_limit"]))
    def go_wrong(self, kind: Any) -> None:
        self.talk.happen(Fault(kind))
        self.follow()

    # --- what holds -----------------------------------------------------------------------------------------------

    @invariant()
    def the_conversation_is_the_same(self) -> None:
        items, held = self.state.conversation.items, self.talk.server.items
        assert list(items) == [one.id for one in held]
        assert [believed(items[one.id], one.item) for one in held] == [known(one.item) for one in held]

    @invariant()
    def what_is_said_in_it_is_the_same(self) -> None:
        opened = {
            output.id: output for live in self.talk.server.lives for output in live.outputs if output.item is None
        }
        for held in self.talk.server.items:
            item = self.state.items[held.id]
            if held.id in opened:
                said = item.arguments if opened[held.id].kind in ("function_call", "mcp_call") else item.text
                assert (said or "") == opened[held.id].text
            elif item.truncated_ms is None:
                heard = item.input_transcript if written(held.item) else None  # shown by the server once it is whole
                assert (item.text or heard or "") == written(held.item)
            elif held.sounds:
                assert item.truncated_ms >= ms_of(len(held.sounds[0]))
                assert written(held.item) == ""

    @invariant()
    def the_settings_are_the_same(self) -> None:
        assert self.state.session == self.talk.server.config.shown

    @invariant()
    def the_responses_are_the_same(self) -> None:
        lives = self.talk.server.lives
        assert {one.id for one in self.state.responses.values() if one.is_active} == {live.id for live in lives}
        assert self.state.active_response_id == next((live.id for live in lives if not live.out_of_band), None)

    @invariant()
    def the_user_speaks_for_both_or_for_none(self) -> None:
        speech = self.talk.server.buffer.speech
        assert self.state.input_audio.speaking == (speech is not None)
        assert speech is None or self.state.input_audio.reserved_item_id == speech.item_id

    @invariant()
    def the_client_wonders_at_nothing(self) -> None:
        assert self.state.anomalies == ()

    def teardown(self) -> None:
        if not hasattr(self, "talk"):
            return
        self.wait(120_000)
        for _ in range(60):  # where silence makes the server speak again and again, it is silent in between
            if self.talk.server.lives:
                self.wait(1_000)
        assert self.talk.server.lives == ()
        assert violations(self.talk.said) == []
        assert kinds(self.talk.happen(Fault("expire"))) == ["error"]
        assert self.talk.wait(1_000) == self.talk.send({"type": "response.create"}) == []


def believed(item: Item, shown: Any) -> tuple[Any, ...]:
    """Return what the client knows of an item; where the wire tells no status, the client has one of its own."""
    status = item.status if getattr(shown, "status", None) else None
    arguments = item.arguments if status != "in_progress" and item.type != "mcp_call" else None
    return item.type, item.role, status, item.name, item.call_id, item.output, arguments


def known(item: Any) -> tuple[Any, ...]:
    """Return the same of the server's."""
    names = ("type", "role", "status", "name", "call_id", "output", "arguments")
    told = {name: getattr(item, name, None) for name in names}
    if told["status"] == "in_progress" or told["type"] == "mcp_call":
        told["arguments"] = None
    return tuple(told.values())


def written(item: Any) -> str:
    """Return the words of an item as the wire shows them."""
    return "".join(
        part.text or getattr(part, "transcript", None) or "" for part in getattr(item, "content", None) or ()
    )


TestAgreement = Session.TestCase
TestAgreement.settings = profile(stateful_step_count=20, max_examples=max(10, profile.default.max_examples // 4))
