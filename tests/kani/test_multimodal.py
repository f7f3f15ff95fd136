"""Parts of kani-multimodal-core, the real ones. Its imports warn, so it has an environment of its own."""

import base64
import io
import os
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from kani import ChatMessage

from realtime_sdk.audio.pcm import PCM16_24K, PcmFormat
from realtime_sdk.audio.resample import resample
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.translate.items import fingerprint, items_of, tokens_of
from tests.kani.talk import created, talking

if not os.environ.get("MULTIMODAL"):
    pytest.skip("kani-multimodal-core is met in `nox -s multimodal`", allow_module_level=True)

from kani.ext.multimodal_core import AudioPart as TheirSound, ImagePart as TheirPicture
from PIL import Image

SOUND = bytes(range(200)) * 12


def picture(colour: tuple[int, int, int] = (255, 0, 0)) -> TheirPicture:
    return TheirPicture(image=Image.new("RGB", (4, 3), colour))


def content_of(*parts: Any) -> list[dict[str, Any]]:
    numbers = count(1)
    (item,) = items_of(ChatMessage.user([*parts]), new_id=lambda: f"item_{next(numbers)}")
    return [part.model_dump(exclude_unset=True) for part in item.content]


def test_k18_their_picture_goes_out_as_a_picture() -> None:
    (part,) = content_of(picture())
    head, _, encoded = part["image_url"].partition(",")
    assert (part["type"], head) == ("input_image", "data:image/png;base64")
    shown = Image.open(io.BytesIO(base64.b64decode(encoded)))
    assert (shown.size, shown.getpixel((0, 0))) == ((4, 3), (255, 0, 0))


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 24_000, 44_100])
def test_k18_their_sound_of_any_rate_goes_out_at_24_khz(rate_hz: int) -> None:
    (part,) = content_of(TheirSound(raw=SOUND, sample_rate=rate_hz))
    expected = resample(SOUND, PcmFormat(rate_hz), PCM16_24K)
    assert (part["type"], base64.b64decode(part["audio"])) == ("input_audio", expected)


def test_sound_is_the_same_in_both_libraries() -> None:
    ours, theirs = AudioPart(pcm=SOUND, sample_rate=8_000), TheirSound(raw=SOUND, sample_rate=8_000)
    made = ours.to_multimodal()
    assert (type(made), made.raw, made.sample_rate) == (TheirSound, SOUND, 8_000)
    assert AudioPart.from_multimodal(theirs) == ours == AudioPart.from_multimodal(made)
    assert theirs.duration == pytest.approx(ours.duration_ms / 1_000)


def test_k54_their_sound_is_counted_by_its_duration_and_a_picture_as_one() -> None:
    second = TheirSound(raw=bytes(32_000), sample_rate=16_000)
    assert tokens_of(ChatMessage.user(["four", second])) == 11
    assert tokens_of(ChatMessage.user(["four", second, picture()])) == 776


def test_another_picture_is_another_message() -> None:
    red, blue = picture(), picture((0, 0, 255))
    assert fingerprint(ChatMessage.user([red])) == fingerprint(ChatMessage.user([picture()]))
    assert fingerprint(ChatMessage.user([red])) != fingerprint(ChatMessage.user([blue]))


@pytest.mark.parametrize("name", ["chat.kani", "chat.json"])
async def test_a_round_with_both_is_heard_saved_and_loaded(name: str, tmp_path: Path) -> None:
    async with talking() as (ai, world):
        message = await ai.chat_round(["look:", picture(), TheirSound(raw=SOUND, sample_rate=24_000)])
        assert message.text == "hello"
        assert created(world.server) == ["user look:+input_image+input_audio"]
        ai.save(tmp_path / name)
        await ai.chat_round("and now?")
        assert created(world.server) == ["user look:+input_image+input_audio", "user and now?"]
    async with talking() as (ai, world):
        ai.load(tmp_path / name)
        await ai.chat_round("and now?")
        assert created(world.server) == ["user look:+input_image+input_audio", "assistant hello", "user and now?"]
        _, shown, heard = ai.chat_history[0].parts
        assert (type(shown), shown.size, type(heard), heard.raw) == (TheirPicture, (4, 3), TheirSound, SOUND)
