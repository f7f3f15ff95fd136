"""The lines of the file form: what a record looks like in a file, and what a line is read as."""

import json

import pytest
from hypothesis import example, given, strategies as st

from realtime_sdk.errors import LogFormatError
from realtime_sdk.log import LogHeader, LogRecord
from realtime_sdk.log.format import encode_header, encode_record, is_event, read_capture_line, read_format_1, read_start
from tests.log.frames import AUDIO, SMALL, any_frames

HEADER = LogHeader(
    dialect="openai", spec="0123abcd", sdk="0.1.0", started_at="2026-11-24T10:00:00.000Z", meta={"call": "c-1"}
)
HEADER_LINE = (
    b'{"log":"realtime_sdk","format":1,"dialect":"openai","spec":"0123abcd","sdk":"0.1.0",'
    b'"started_at":"2026-11-24T10:00:00.000Z","meta":{"call":"c-1"}}\n'
)
records = st.builds(
    LogRecord,
    st.integers(0, 10**15),
    st.none() | st.integers(-(10**15), 10**25),
    st.sampled_from(["client", "server", "local"]),
    any_frames,
    st.lists(st.text().map(lambda name: "/" + name), max_size=2).map(tuple),
    st.integers(0, 10**6),
)


def lenient(line: bytes) -> LogRecord | None:
    """Read a line the slow way: with blanks where this package's writer has none."""
    return read_format_1(line.replace(b'{"seq":', b'{ "seq": ', 1), 0)


def test_the_header_is_the_first_line() -> None:
    assert encode_header(HEADER) == HEADER_LINE
    start = read_start(HEADER_LINE.rstrip())
    assert (start.header, start.is_record, start.read_line) == (HEADER, False, read_format_1)
    assert read_start(encode_header(LogHeader()).rstrip()).header == LogHeader()


def test_secrets_in_the_header_are_replaced() -> None:
    header = LogHeader(meta={"headers": {"api-key": "0123"}, "url": "wss://h/?token=ek_0123"})
    assert b"0123" not in encode_header(header)
    assert read_start(encode_header(header).rstrip()).header.meta == {
        "headers": {"api-key": "[redacted]"},
        "url": "wss://h/?token=[redacted]",
    }


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (LogRecord(0, 0, "client", b"{}"), b'{"seq":0,"at_ns":0,"sender":"client","event":{}}\n'),
        (LogRecord(7, 12, "server", SMALL), b'{"seq":7,"at_ns":12,"sender":"server","event":' + SMALL + b"}\n"),
        (LogRecord(8, None, "local", SMALL), b'{"seq":8,"at_ns":null,"sender":"local","event":' + SMALL + b"}\n"),
        (LogRecord(9, 13, "server", b" {}"), b'{"seq":9,"at_ns":13,"sender":"server","text":" {}"}\n'),
        (LogRecord(9, 13, "server", b'{"a":\n1}'), b'{"seq":9,"at_ns":13,"sender":"server","text":"{\\"a\\":\\n1}"}\n'),
        (LogRecord(9, 13, "server", b"\xff\x00"), b'{"seq":9,"at_ns":13,"sender":"server","bytes":"/wA="}\n'),
        (
            LogRecord(9, 13, "client", b'{"a":"[redacted]"}', ("/a",)),
            b'{"seq":9,"at_ns":13,"sender":"client","redacted":["/a"],"event":{"a":"[redacted]"}}\n',
        ),
        (
            LogRecord(9, 13, "client", b'{"audio":""}', (), 44),
            b'{"seq":9,"at_ns":13,"sender":"client","audio_left_out":44,"event":{"audio":""}}\n',
        ),
    ],
)
def test_a_record_is_one_line(record: LogRecord, line: bytes) -> None:
    assert encode_record(record) == line
    assert read_format_1(line[:-1], 0) == lenient(line[:-1]) == record


@given(records)
def test_any_record_comes_back_from_its_line(record: LogRecord) -> None:
    line = encode_record(record)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert b"\r" not in line
    assert read_format_1(line[:-1], 0) == lenient(line[:-1]) == record


@given(records)
def test_any_line_is_json_that_says_what_the_record_says(record: LogRecord) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    value = json.loads(encode_record(record), parse_constant=refuse)
    assert (value["seq"], value["at_ns"], value["sender"]) == record[:3]
    assert tuple(value.get("redacted", ())) == record.redacted
    assert ("event" in value) == is_event(record.frame)


@given(any_frames)
@example(b'{"a":"' + b"N" * 2000 + b'NaN"}')
@example(b'{"a":NaN,"b":"' + b"x" * 2000 + b'"}')
@example(b'{"a":"\xff","b":"' + b"x" * 2000 + b'"}')
def test_only_an_object_on_one_line_stands_as_event(frame: bytes) -> None:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    if is_event(frame):
        assert isinstance(json.loads(frame, parse_constant=refuse), dict)
        assert frame.strip() == frame
        assert not set(frame) & {10, 13}


@pytest.mark.parametrize(
    ("frame", "stands"),
    [
        (b"{}", True),
        (SMALL, True),
        (AUDIO, True),
        (b'{"a":1,"a":2}', True),
        (b'{"text":"NaN"}', True),
        (b'{"text":"\xc3\xa9\xe2\x80\xa8"}', True),
        *((frame, False) for frame in (b"", b"{", b"}", b"{}}", b" {}", b"{}\n", b"[]", b"1", b'{"a":NaN}')),
        *((frame, False) for frame in (b'{"a":\r1}', b'{"a":"\xff"}', b'{"\xff":1}', b'{"a":"\x00"}', b'{"a":1,}')),
        (b'{"a":1},"sender":"client","event":{"b":2}', False),
        (AUDIO[:-1] + b',"a":Infinity}', False),
        (AUDIO[:-1] + b',\n"a":1}', False),
    ],
)
def test_a_frame_is_fit_to_stand_as_it_is(frame: bytes, stands: bool) -> None:
    assert is_event(frame) is stands


@pytest.mark.parametrize(
    "line",
    [
        b'{"at_ns":5,"sender":"server","event":{"a":1},"seq":3}',
        b'  {"sender" : "server", "seq":3 , "event":{"a":1}, "at_ns":5,"added_later":[1]}  ',
        b'{"seq":3,"at_ns":5,"sender":"server","event":{"a":1},"added_later":{"event":{}}}',
    ],
)
def test_members_may_stand_in_any_order_and_unknown_ones_are_passed_over(line: bytes) -> None:
    assert read_format_1(line, 0) == LogRecord(3, 5, "server", b'{"a":1}')


def test_an_event_is_cut_out_byte_for_byte_in_foreign_layouts_too() -> None:
    line = b'{"seq": 3, "at_ns": null, "sender": "server", "event": {"b" : 1.0, "a":"\\u0041","a":2} }'
    assert read_format_1(line, 0) == LogRecord(3, None, "server", b'{"b" : 1.0, "a":"\\u0041","a":2}')


def test_a_blank_line_is_no_record() -> None:
    assert read_format_1(b" \r", 0) is None
    assert read_capture_line(b"", 0) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"no json", "not a JSON object"),
        (b'{"seq":0,"at_ns":0,"sender":"server","event":{"a":1}', "not a JSON object"),
        (b'{"seq":0,"at_ns":0,"sender":"server","event":{"a":}}', "not a JSON object"),
        (b'{"seq":0,"at_ns":0,"sender":"server","event":{"a":"\xff"}}', "not a JSON object"),
        (b'{"seq":0,"at_ns":0,"sender":"server","event":{},"event":{}}', "not a JSON object"),
        (b'{"seq":0,"at_ns":0,"sender":"server","event":[]}', "`event` is missing, or no object"),
        (b'{"seq":0,"at_ns":0,"sender":"server","text":1}', "`text` is missing, or no string"),
        (b'{"seq":0,"at_ns":0,"sender":"server","text":"\\ud800"}', "the frame cannot be restored"),
        (b'{"seq":0,"at_ns":0,"sender":"server","bytes":"?"}', "the frame cannot be restored"),
        (b'{"seq":0,"at_ns":0,"sender":"server"}', "not exactly one of"),
        (b'{"seq":0,"at_ns":0,"sender":"server","event":{},"text":""}', "not exactly one of"),
        (b'{"seq":0,"at_ns":0,"sender":"me","event":{}}', "`sender` is none of"),
        (b'{"seq":0,"at_ns":0,"sender":"\\ud800","event":{}}', "`sender` is none of"),
        (b'{"seq":0,"at_ns":0,"event":{}}', "`sender` is missing, or no string"),
        (b'{"at_ns":0,"sender":"server","event":{}}', "`seq` is missing, or no whole number"),
        (b'{"seq":true,"at_ns":0,"sender":"server","event":{}}', "`seq` is missing, or no whole number"),
        (b'{"seq":-1,"at_ns":0,"sender":"server","event":{}}', "a number is below 0"),
        (b'{"seq":0,"at_ns":0.5,"sender":"server","event":{}}', "`at_ns` is missing, or no whole number"),
        (b'{"seq":0,"at_ns":0,"sender":"server","redacted":1,"event":{}}', "`redacted` is missing, or no array"),
    ],
)
def test_a_damaged_line_says_what_is_wrong(line: bytes, why: str) -> None:
    with pytest.raises(LogFormatError, match=why):
        read_format_1(line, 0)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (HEADER_LINE.replace(b'"format":1', b'"format":2'), "format 2 is newer than 1, .*: upgrade realtime-sdk"),
        (HEADER_LINE.replace(b'"format":1', b'"format":0'), "there is no format 0"),
        (HEADER_LINE.replace(b'"format":1', b'"format":"1"'), "`format` is missing, or no whole number"),
        (HEADER_LINE.replace(b'"meta":{', b'"meta":[{').replace(b"}}", b"}]}"), "`meta` is missing, or no object"),
        (b'{"log":"another","format":1}', "neither a log's header, nor a captured event"),
        (b'{"a":1}', "neither a log's header, nor a captured event"),
        (b"[]", "not a JSON object"),
        (b"\x89PNG\r", "not a JSON object"),
    ],
)
def test_a_file_that_is_no_log_says_so(line: bytes, why: str) -> None:
    with pytest.raises(LogFormatError, match=why):
        read_start(line.rstrip(b"\n"))


def test_a_newer_writer_of_the_same_format_may_say_more() -> None:
    line = HEADER_LINE.rstrip().replace(b'"format":1', b'"format":1,"added_later":{}')
    assert read_start(line).header == HEADER


@given(st.binary(max_size=40))
def test_any_line_is_a_record_or_damaged(tail: bytes) -> None:
    for head in (b"", b"{", b'{"seq":0,"at_ns":0,"sender":"server","event":{'):
        for read in (read_format_1, read_capture_line):
            try:
                record = read(head + tail, 0)
            except LogFormatError:
                continue
            assert record is None or isinstance(record.frame, bytes)
