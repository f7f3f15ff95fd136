"""The session, its connections, its audio buffers, limits, errors and MCP servers."""

from typing import Any

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol import local
from realtime_sdk.protocol.codec import name
from realtime_sdk.protocol.registries import GA, TRANSLATION
from realtime_sdk.state import Anomaly, Epoch, RateLimit, RealtimeState, Reported, Speech
from tests.said import added, after, assistant, client, created, deleted, ended, heard, item_of, server, text, user

SESSION = {"type": "realtime", "id": "sess_1", "object": "realtime.session", "model": "gpt-realtime-2.1"}


def speech(kind: str, **fields: Any) -> Any:
    return server(f"input_audio_buffer.{kind}", **fields)


def test_the_session_is_what_the_server_last_stated() -> None:
    state = after(server("session.created", session=SESSION))
    state = after(server("session.updated", session={**SESSION, "instructions": "Be brief."}), state=state)
    assert state.session is not None
    assert (state.session.id, state.session.instructions) == ("sess_1", "Be brief.")
    assert state.epochs == (Epoch(0, session_id="sess_1"),)


def test_a_sideband_session_is_known_from_its_first_update() -> None:
    assert after(server("session.updated", session=SESSION)).epochs == (Epoch(0, session_id="sess_1"),)


def test_a_second_session_in_one_log_starts_with_an_empty_conversation() -> None:
    state = after(server("session.created", session=SESSION), added("a", None), created())
    state = after(server("session.created", session={**SESSION, "id": "sess_2"}), added("b", None), state=state)
    assert state.conversation.order == ("b",)
    assert state.epochs == (Epoch(0, session_id="sess_1"), Epoch(1, session_id="sess_2", lost=("a",)))
    assert (state.responses["r"].status, state.active_response_id) == ("incomplete", None)
    assert [a.kind for a in state.anomalies] == ["session_restarted"]


def test_a_recorded_connection_is_an_epoch_and_its_end_breaks_off_what_was_said() -> None:
    opened, closed = local.ConnectionOpened(dialect="openai"), local.ConnectionClosed(code=1006, by="network")
    state = after(opened, server("session.created", session=SESSION), created(), item_of("added", assistant("m")))
    state = after(text("m", "Hal"), closed, state=state)
    assert state.epochs == (
        Epoch(0, "sess_1", "openai", closed=True, close_code=1006, close_reason=None, closed_by="network"),
    )
    assert (state.items["m"].text, state.items["m"].status) == ("Hal", "incomplete")
    assert (state.responses["r"].status, state.responses["r"].reason) == ("incomplete", "connection_closed")
    assert state.active_response_id is None


def test_a_conversation_goes_on_in_the_next_epoch() -> None:
    state = after(
        local.ConnectionOpened(dialect="openai"), server("session.created", session=SESSION), added("a", None)
    )
    state = after(local.ConnectionClosed(code=1006), local.ConnectionOpened(dialect="openai"), state=state)
    state = after(local.EpochStarted(epoch=1, lost=["audio"]), state=state)
    state = after(server("session.created", session={**SESSION, "id": "sess_2"}), added("b", "a"), state=state)
    assert state.conversation.order == ("a", "b")
    assert state.epochs[1] == Epoch(1, "sess_2", "openai", lost=("audio",))


def test_playback_only_grows_and_needs_a_part() -> None:
    said = assistant("m", {"type": "output_audio", "transcript": "Hello"})
    heard_at = [local.PlaybackHeard(item_id="m", heard_ms=ms) for ms in (100, 300, 200)]
    state = after(added(said, None), *heard_at, local.PlaybackHeard(item_id="m", content_index=3, heard_ms=1))
    assert state.items["m"].parts[0].heard_ms == 300
    assert [a.kind for a in state.anomalies] == ["unknown_item"]


def test_speech_is_a_stretch_of_time_and_becomes_an_item() -> None:
    state = after(speech("speech_started", item_id="u", audio_start_ms=200))
    assert (state.input_audio.speaking, state.input_audio.reserved_item_id) == (True, "u")
    assert state.conversation.order == ()
    state = after(speech("speech_stopped", item_id="u", audio_end_ms=1400), state=state)
    state = after(speech("committed", item_id="u"), state=state)
    assert (state.input_audio.speaking, state.input_audio.reserved_item_id) == (False, None)
    assert list(state.input_audio.speeches) == [Speech("u", 200, 1400)]
    assert (list(state.input_audio.commits), state.conversation.order) == (["u"], ())
    state = after(added(user("u", None), None), state=state)
    assert state.items["u"].parts[0].input_audio_ms == 1200


def test_speech_may_start_again_without_having_stopped() -> None:
    starts = [speech("speech_started", item_id="u", audio_start_ms=ms) for ms in (100, 300)]
    state = after(*starts, speech("speech_stopped", item_id="u", audio_end_ms=900))
    assert list(state.input_audio.speeches) == [Speech("u", 100, 900)]


def test_a_manual_commit_is_as_long_as_what_was_sent_before_it() -> None:
    append = client("input_audio_buffer.append", audio="A" * 6400)
    commit = client("input_audio_buffer.commit")
    state = after(append, append, commit, append, speech("committed", item_id="u"), added(user("u", None), None))
    assert state.items["u"].parts[0].input_audio_ms == 200
    state = after(commit, speech("committed", item_id="v"), added(user("v", None), "u"), state=state)
    assert state.items["v"].parts[0].input_audio_ms == 100
    assert state.sent_audio_bytes == 3 * 4800


def test_a_commit_that_cut_speech_short_is_not_counted_to_the_next_item() -> None:
    append = client("input_audio_buffer.append", audio="A" * 6400)
    commit = client("input_audio_buffer.commit")
    state = after(append, speech("speech_started", item_id="u", audio_start_ms=0), commit)
    state = after(speech("speech_stopped", item_id="u", audio_end_ms=80), speech("committed", item_id="u"), state=state)
    state = after(append, append, commit, speech("committed", item_id="v"), added(user("v", None)), state=state)
    assert state.items["v"].parts[0].input_audio_ms == 200


def test_a_turn_awaits_its_answer_until_one_begins() -> None:
    detecting = {**SESSION, "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
    state = after(server("session.created", session=detecting), speech("speech_started", item_id="u", audio_start_ms=0))
    state = after(speech("speech_stopped", item_id="u", audio_end_ms=80), state=state)
    assert state.input_audio.awaiting is None
    state = after(speech("committed", item_id="u"), state=state)
    assert state.input_audio.awaiting == "u"
    assert after(created(), state=state).input_audio.awaiting is None


def test_in_a_session_that_only_transcribes_no_turn_awaits_an_answer() -> None:
    detecting = {"type": "transcription", "id": "s", "audio": {"input": {"turn_detection": {"type": "server_vad"}}}}
    state = after(server("session.created", session=detecting), speech("speech_started", item_id="u", audio_start_ms=0))
    state = after(speech("speech_stopped", item_id="u", audio_end_ms=80), speech("committed", item_id="u"), state=state)
    assert state.session.type == "transcription"
    assert (state.input_audio.awaiting, tuple(state.input_audio.commits)) == (None, ("u",))


def test_a_refused_commit_is_forgotten() -> None:
    append = client("input_audio_buffer.append", audio="A" * 6400)
    commit = client("input_audio_buffer.commit")
    refused = server("error", error={"type": "invalid_request_error", "code": "input_audio_buffer_commit_empty"})
    state = after(commit, refused, append, commit, speech("committed", item_id="u"), added(user("u", None), None))
    assert state.items["u"].parts[0].input_audio_ms == 100


def test_a_cleared_buffer_holds_nothing() -> None:
    append = client("input_audio_buffer.append", audio="A" * 6400)
    state = after(append, speech("speech_started", item_id="u", audio_start_ms=0), speech("cleared"), append)
    assert (state.input_audio.speaking, state.input_audio.reserved_item_id) == (False, None)
    state = after(
        client("input_audio_buffer.commit"), speech("committed", item_id="u"), added(user("u", None), None), state=state
    )
    assert state.items["u"].parts[0].input_audio_ms == 100


def test_an_idle_timeout_is_a_stretch_of_silence() -> None:
    state = after(speech("timeout_triggered", item_id="u", audio_start_ms=672, audio_end_ms=5792))
    state = after(speech("committed", item_id="u"), added(user("u", None), None), state=state)
    assert list(state.input_audio.timeouts) == [Speech("u", 672, 5792)]
    assert state.items["u"].parts[0].input_audio_ms == 5120


def test_telephone_keys_are_kept_in_order() -> None:
    keys = [speech("dtmf_event_received", event=key, received_at=1) for key in "1#9"]
    assert after(*keys).input_audio.dtmf == "1#9"


def test_the_output_buffer_says_what_is_playing() -> None:
    def buffer(kind: str, response_id: str) -> Any:
        return server(f"output_audio_buffer.{kind}", response_id=response_id)

    state = after(buffer("started", "a"))
    assert state.output_audio.playing == "a"
    assert after(buffer("stopped", "z"), state=state).output_audio.playing == "a"
    assert after(buffer("stopped", "a"), state=state).output_audio.playing is None
    cleared = after(buffer("cleared", "a"), state=state)
    assert (cleared.output_audio.playing, list(cleared.output_audio.cleared)) == (None, ["a"])


def test_rate_limits_are_merged_by_name() -> None:
    first = [{"name": "tokens", "limit": 10, "remaining": 9, "reset_seconds": 0.5}, {"name": "requests", "limit": 3}]
    state = after(server("rate_limits.updated", rate_limits=first))
    state = after(
        server("rate_limits.updated", rate_limits=[{"name": "tokens", "limit": 10, "remaining": 8}]), state=state
    )
    assert dict(state.rate_limits) == {
        "tokens": RateLimit("tokens", 10, 8, None),
        "requests": RateLimit("requests", 3, None, None),
    }


def test_errors_name_the_event_of_ours_that_caused_them() -> None:
    error = {"type": "invalid_request_error", "code": "invalid_value", "message": "No.", "param": "x", "event_id": "e7"}
    state = after(server("error", error=error))
    assert list(state.errors) == [Reported("invalid_value", "No.", "invalid_request_error", "x", "e7", "event_1")]


def test_mcp_listings_and_calls_say_where_they_stand() -> None:
    listing = {"id": "l", "type": "mcp_list_tools", "server_label": "docs", "tools": []}
    tools = [{"name": "search", "input_schema": {}}]
    state = after(added(listing, None), server("mcp_list_tools.in_progress", item_id="l"))
    assert state.items["l"].mcp_status == "in_progress"
    state = after(
        server("mcp_list_tools.completed", item_id="l"), server("mcp_list_tools.failed", item_id="l"), state=state
    )
    state = after(server("conversation.item.done", item={**listing, "tools": tools}), state=state)
    assert (state.items["l"].mcp_status, state.items["l"].tools) == ("completed", ("search",))
    assert [a.kind for a in after(server("mcp_list_tools.failed", item_id="z")).anomalies] == ["unknown_item"]


def test_an_mcp_call_streams_its_arguments_and_fails_with_a_reason() -> None:
    begun = {"id": "c", "type": "mcp_call", "server_label": "docs", "name": "search", "arguments": ""}
    ended_badly = {**begun, "arguments": '{"q":1}', "error": {"type": "tool_execution_error", "message": "boom"}}
    of = {"item_id": "c", "output_index": 0, "response_id": "r"}
    state = after(created(), item_of("added", begun), added(begun, None))
    state = after(server("response.mcp_call_arguments.delta", delta='{"q"', **of), state=state)
    assert state.items["c"].arguments == '{"q"'
    state = after(
        server("response.mcp_call_arguments.done", arguments='{"q":1}', **of),
        server("response.mcp_call.failed", item_id="c", output_index=0),
        item_of("done", ended_badly),
        state=state,
    )
    item = state.items["c"]
    assert (item.arguments, item.mcp_status, item.error) == ('{"q":1}', "failed", "boom")


def test_an_unknown_event_changes_nothing_but_the_anomalies() -> None:
    state = after(server("session.created", session=SESSION), added("a", None))
    ping = name({"type": "ping", "n": 1}, GA.server)
    known = after(ping, state=state)
    assert known.having(anomalies=state.anomalies) == state
    assert list(known.anomalies) == [Anomaly("unknown_event", "no event has the type 'ping'", "ping")]


def test_a_frame_that_is_no_json_is_an_anomaly() -> None:
    assert [a.kind for a in after(RemoteProtocolError("no", frame=b"{")).anomalies] == ["not_json"]


def test_deleting_what_was_never_added_is_noted() -> None:
    assert [a.kind for a in after(deleted("z")).anomalies] == ["unknown_item"]


def test_very_many_unfinished_transcriptions_do_not_pile_up() -> None:
    state = RealtimeState.empty()
    for number in range(100):
        state = after(added(user(f"u{number}", None)), heard(f"u{number}", "some"), state=state)
    assert len(state.live) <= 32
    assert {item.input_transcript for item in state.items.values()} == {"some"}
    assert after(heard("u0", " more"), state=state).items["u0"].input_transcript == "some more"


def test_a_translation_is_two_transcripts_and_an_amount_of_audio() -> None:
    def say(kind: str, **fields: Any) -> Any:
        return name({"type": kind, "event_id": "e", **fields}, TRANSLATION.server)

    state = after(
        say("session.input_transcript.delta", delta="Guten", elapsed_ms=100),
        say("session.output_transcript.delta", delta="Good"),
        say("session.input_transcript.delta", delta=" Tag", elapsed_ms=400),
        say("session.output_audio.delta", delta="AAAA"),
        say("session.output_transcript.delta", delta=" day"),
        name({"type": "session.input_audio_buffer.append", "audio": "AAAAAAAA"}, TRANSLATION.client),
        say("session.closed"),
    )
    spoken = state.translation
    assert (spoken.input_transcript, spoken.output_transcript) == ("Guten Tag", "Good day")
    assert (spoken.audio_bytes, spoken.elapsed_ms, spoken.closed, state.sent_audio_bytes) == (3, 400, True, 6)


def test_a_state_says_briefly_what_it_is() -> None:
    state = after(server("session.created", session=SESSION), added("a", None), created(), ended())
    assert repr(state) == "<RealtimeState session='sess_1' items=1 responses=1 errors=0 anomalies=0>"
