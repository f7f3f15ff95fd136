"""Frames and strategies for the tests of the log: what may come over a wire, good and bad."""

import json

from hypothesis import strategies as st

from realtime_sdk.log import redact

__all__ = ["AUDIO", "SMALL", "any_frames", "innocent_frames", "json_objects"]

SMALL = b'{"type":"response.output_text.delta","event_id":"event_1","delta":"hello"}'
AUDIO = (
    b'{"type":"response.output_audio.delta","event_id":"event_2","item_id":"item_1","delta":"'
    + b"AAEC/w+/" * 100
    + b'"}'
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=4)

_AWKWARD = [
    b"",
    b"{}",
    b"{",
    b"}",
    b" {}",
    b"{} ",
    b'{"a":1,"a":2}',
    b'{"a":\n1}',
    b'{"a":\r1}',
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b'{"text":"NaN and Infinity are words here"}',
    b'{"a":"\xff"}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\\ud800"}',
    b'{"a":1},"sender":"client","event":{"b":2}',
    b'{"a":"\x01"}',
    b'{"a":"' + "\u2028\x85é🎈".encode() + b'"}',
    b"[1]",
    b'"text"',
    b"null",
    b"plain text\nof two lines",
    b"\x00\x01\xfe\xff",
    b'{"a":' + b"[" * 300 + b"]" * 300 + b"}",
    b'{"n":123456789012345678901234567890,"f":1e999}',
    AUDIO,
]
any_frames = (
    st.sampled_from(_AWKWARD)
    | st.binary(max_size=60)
    | st.text().map(str.encode)
    | json_objects.map(lambda value: json.dumps(value).encode())
    | json_objects.map(
        lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    )
    | json_objects.map(lambda value: json.dumps(value, indent=1).encode())
)
innocent_frames = any_frames.filter(lambda frame: redact(frame) == (frame, ()))
"""Frames without secrets: the strategies above know the names in this project's sources, and use them."""
