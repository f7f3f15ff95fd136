"""Secrets out of a frame before it is remembered. Pure; the one thing that may change a byte of a frame.

What counts as a secret is a table: names of fields, and shapes of keys (`ek_…`, `sk-…`, a bearer token). A frame
without any of their traces is told apart by one scan, because that is nearly every frame; all else here may be slow.
"""

import json
import re
from functools import lru_cache
from typing import Final

import pybase64
from pydantic_core import SchemaValidator, core_schema, from_json

from realtime_sdk.log.audio_payload import SMALLEST_PAYLOAD, payload_start
from realtime_sdk.log.json_text import JsonPath, StringSpan, pointer, strings, unquote

__all__ = ["REDACTED", "may_hold_secret", "redact", "replace_secrets"]

REDACTED: Final = "[redacted]"

# How the name of a secret field ends, in lower case and without punctuation: `X-Api-Key` is `xapikey`.
_SECRET_NAMES: Final = (
    "authorization",
    "apikey",
    "clientsecret",
    "accesstoken",
    "bearertoken",
    "refreshtoken",
    "password",
    "subscriptionkey",
)
_LONGEST_NAME: Final = 64
# Under this name every string is a secret, whatever the names below it.
_SECRET_PARENTS: Final = ("headers",)

# Traces that every secret leaves in a frame: pieces of names in the spellings that occur (`api_key`, `apiKey`,
# `Api-Key`, `API_KEY`), starts of keys, and ASCII letters written as \u escapes. What has none is no secret. Plain
# literals, so that the scan looks for all of them at once.
_TRACES: Final = "|".join(
    (
        "ek_",
        "sk-",
        r"\\u00[2-7]",
        "uthorization|UTHORIZATION",
        "pi[-_. ]?[kK]ey|PI[-_. ]?(?:KEY|Key)",
        "ecret|ECRET",
        "(?:ess|resh)[-_. ]?[tT]oken|(?:ESS|RESH)[-_. ]?TOKEN",
        "earer|EARER",
        "assword|ASSWORD",
        "ubscription|UBSCRIPTION",
        "eaders|EADERS",
    )
)
_has_trace = SchemaValidator(core_schema.str_schema(pattern=_TRACES, regex_engine="rust-regex")).isinstance_python

_KEY: Final = re.compile(
    r"(?P<keep>\b(?:[Bb]earer|BEARER)\s+)(?:sk-[\w-]+|[\w.~+/=-]{16,})"  # a bearer token, whatever it looks like
    r"|(?:(?<![A-Za-z0-9_])|(?<=%[0-9A-Fa-f]{2}))(?:ek_[\w-]+|sk-[\w-]{8,})",  # also after %20 and the like
    re.ASCII,
)
_NAME: Final = (
    r"[\w-]*(?:authorization|api[-_ ]?key|client[-_]?secret|(?:access|bearer|refresh)[-_]?token|password"
    r"|subscription[-_]?key)"
)
_FIELD_IN_TEXT: Final = re.compile(rf'(?P<keep>"{_NAME}"\s*:\s*")(?:\\.|[^"\\])+', re.ASCII | re.IGNORECASE)
# The same in JSON inside of JSON: the quotes have backslashes before them.
_FIELD_DEEPER: Final = re.compile(
    rf'(?P<keep>(?P<slashes>\\{{1,15}})"{_NAME}(?P=slashes)"\s*:\s*(?P=slashes)")(?:(?!(?P=slashes)").)+',
    re.ASCII | re.IGNORECASE,
)
_LINE_IN_TEXT: Final = re.compile(
    rf"(?P<keep>^{_NAME}[ \t]*:[ \t]*)\S[^\r\n]*", re.ASCII | re.IGNORECASE | re.MULTILINE
)


def redact(frame: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The frame without its secrets, and JSON pointers to the strings that were changed, in order, each once.

    A secret field's value becomes `"[redacted]"`; a key inside a longer text is replaced where it stands. All other
    bytes stay. In a frame that is not JSON (or where a secret stands outside of its strings) the pointer is `""`.
    """
    return replace_secrets(frame) if may_hold_secret(frame) else (frame, ())


def may_hold_secret(frame: bytes) -> bool:
    """False if no secret can be in the frame; True means: look closer. Nothing is looked for in base64 audio."""
    if len(frame) >= SMALLEST_PAYLOAD:
        quote = payload_start(frame)
        if quote >= 0 and _is_base64(memoryview(frame)[quote + 1 : -2]):
            frame = frame[:quote]
    try:
        return _has_trace(frame.decode())
    except UnicodeDecodeError:
        return True


def _is_base64(text: memoryview) -> bool:
    try:
        pybase64.b64decode(text, None, True)
    except ValueError:
        return False
    return True


def replace_secrets(frame: bytes) -> tuple[bytes, tuple[str, ...]]:
    """What `redact` gives, without the scan before it."""
    pieces: list[bytes] = []
    pointers: dict[str, None] = {}
    done = 0
    for span in strings(frame):
        token = frame[span.start : span.end]
        clean = _clean_string(span, token)
        if clean != token:
            pieces += (frame[done : span.start], clean)
            pointers[pointer(_clean_path(span.path))] = None
            done = span.end
    kept = b"".join((*pieces, frame[done:])) if pieces else frame
    if _is_json(kept):
        return kept, tuple(pointers)
    swept = _clean_text(kept.decode("latin-1")).encode("latin-1")
    if swept != kept:
        pointers[""] = None
    return swept, tuple(pointers)


def _is_json(frame: bytes) -> bool:
    """Whether all text of the frame stands in its strings, which have been looked at one by one."""
    try:
        from_json(frame)
    except ValueError:
        return False
    return True


def _clean_string(span: StringSpan, token: bytes) -> bytes:
    text = unquote(token)
    if not span.is_key and _is_secret(span.path):
        return f'"{REDACTED}"'.encode() if text else token
    clean = _clean_text(text)
    if clean == text:
        return token
    if b"\\" in token:
        return json.dumps(clean).encode()
    return b'"' + clean.encode("utf-8", "surrogateescape") + b'"'


def _clean_text(text: str) -> str:
    """A text without keys, without values of secret fields of JSON in it, and without secret header lines."""
    if not _has_trace(text.encode("ascii", "replace")):
        return text
    for pattern in (_KEY, _FIELD_IN_TEXT, _FIELD_DEEPER, _LINE_IN_TEXT):
        text = pattern.sub(_keep_the_rest, text)
    return text


def _keep_the_rest(match: re.Match[str]) -> str:
    return (match["keep"] or "") + REDACTED


def _clean_path(path: JsonPath) -> JsonPath:
    return tuple(_clean_text(step) if isinstance(step, str) else step for step in path)


def _is_secret(path: JsonPath) -> bool:
    return any(_names_secret(step) and not _is_in_schema(path, at) for at, step in enumerate(path))


def _names_secret(step: str | int) -> bool:
    return isinstance(step, str) and _ends_as_secret(step[-_LONGEST_NAME:])


@lru_cache(maxsize=512)
def _ends_as_secret(step: str) -> bool:
    name = re.sub(r"[^a-z0-9]", "", step.lower()) if _has_trace(step.encode("ascii", "replace")) else ""
    return name.endswith(_SECRET_NAMES) or name in _SECRET_PARENTS


def _is_in_schema(path: JsonPath, at: int) -> bool:
    """Whether the name at this place is a property that a JSON schema describes (a tool with a `password` argument)."""
    return at > 0 and path[at - 1] == "properties" and at + 1 < len(path)
