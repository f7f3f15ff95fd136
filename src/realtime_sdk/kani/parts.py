"""Parts of Kani messages that hold sound. Values: how they are saved, loaded and shown; nothing is sent here.

Kani saves the name of a part's class, so these two keep the name under which users know them
(`kani.ext.realtime.interop`), wherever they live.
"""

import io
from collections.abc import Mapping
from typing import Any, cast

import pybase64
from kani import MessagePart
from kani.utils import saveload
from pydantic import ValidationInfo, model_serializer, model_validator

from realtime_sdk.audio.pcm import PCM16_24K, PcmFormat
from realtime_sdk.audio.resample import resample
from realtime_sdk.audio.wav import Sound, read_wav, wav_bytes

__all__ = ["AudioPart", "TextPart"]


class AudioPart(MessagePart):
    """Sound: mono PCM16 in `pcm` at `sample_rate` Hz, and its words in `transcript` where they are known.

    Can be made from base64 as well (`audio_b64=`). `str()` gives the words. Saved as a WAV file in a `.kani` archive,
    as base64 in JSON.
    """

    __module__ = "kani.ext.realtime.interop"

    oai_type: str = "input_audio"
    pcm: bytes = b""
    sample_rate: int = 24_000
    transcript: str | None = None

    def __str__(self) -> str:
        return self.transcript or ""

    def __repr__(self) -> str:
        return f"AudioPart({self.duration_ms} ms, transcript={self.transcript!r})"

    @property
    def audio_b64(self) -> str | None:
        """The sound as base64, None if there is none."""
        return pybase64.b64encode(self.pcm).decode() if self.pcm else None

    @property
    def audio_bytes(self) -> bytes | None:
        """The sound, None if there is none."""
        return self.pcm or None

    @property
    def duration_ms(self) -> int:
        """How long it lasts, in whole milliseconds."""
        return PcmFormat(self.sample_rate).ms_in_bytes(len(self.pcm))

    def at_24k(self) -> bytes:
        """The sound at 24 kHz. Another rate needs the `audio` extra (MissingExtraError)."""
        return resample(self.pcm, PcmFormat(self.sample_rate), PCM16_24K)

    def to_multimodal(self) -> Any:
        """The same sound as a part of kani-multimodal-core. ImportError if that is not installed."""
        from kani.ext.multimodal_core import AudioPart as Multimodal  # type: ignore[import-not-found]

        return Multimodal(raw=self.pcm, sample_rate=self.sample_rate)

    @classmethod
    def from_multimodal(cls, part: Any) -> "AudioPart":
        """The sound of a part of kani-multimodal-core."""
        return cls(pcm=part.raw, sample_rate=part.sample_rate)

    @model_serializer(mode="wrap")
    def _serialize_sound(self, _: Any, info: Any) -> dict[str, Any]:
        saved = {"oai_type": self.oai_type, "transcript": self.transcript, "sample_rate": self.sample_rate}
        archive = saveload.get_ctx(info)
        if archive is not None and self.pcm:
            sound = Sound(self.pcm, PcmFormat(self.sample_rate))
            saved["archive_path"] = archive.save_bytes(wav_bytes(sound), suffix=".wav")
        else:
            saved["audio_b64"] = self.audio_b64
        return {**saved, "extra": self.extra, **self._type_key()}

    def _type_key(self) -> dict[str, str]:
        return self._get_typekey_dict()  # type: ignore[no-untyped-call, no-any-return]

    @model_validator(mode="before")
    @classmethod
    def _with_sound(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, Mapping):
            return given
        fields = dict(cast("Mapping[str, Any]", given))
        encoded, path = fields.pop("audio_b64", None), fields.pop("archive_path", None)
        archive = saveload.get_ctx(info)
        if encoded:
            fields["pcm"] = pybase64.b64decode(encoded)
        elif path and archive is not None:
            fields["pcm"] = read_wav(io.BytesIO(archive.load_bytes(path))).pcm
        return fields


class TextPart(MessagePart):
    """Text with the type it has on the wire. Read from old files; new messages hold plain text."""

    __module__ = "kani.ext.realtime.interop"

    oai_type: str = "text"
    text: str

    def __str__(self) -> str:
        return self.text
