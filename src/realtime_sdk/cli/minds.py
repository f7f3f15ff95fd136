"""Whom `serve --kani module:name` lets answer: a Kani of the user's, or one that a function makes for each session."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from realtime_sdk.cli.ending import MISUSED, Ending

__all__ = ["kani_replies"]


def kani_replies(place: str) -> Callable[[], Callable[[Any], object]]:
    """What makes the reply of each session. An Ending if there is nothing like it at `module:name`."""
    found: Any = _found(place)
    try:
        from realtime_sdk.kani.replying import reply_with
    except ModuleNotFoundError as missing:
        raise Ending(f"--kani needs {missing.name}: pip install 'realtime-sdk[kani]'", MISUSED) from None
    if _is_kani(found):
        return lambda: reply_with(found)
    if callable(found):
        make: Callable[[], Any] = found
        return lambda: reply_with(make())
    raise Ending(f"--kani {place} is neither a Kani nor a function that makes one", MISUSED)


def _is_kani(found: object) -> bool:
    return hasattr(found, "full_round") and not isinstance(found, type)


def _found(place: str) -> Any:
    """What stands at `module:name`; modules are looked for in the current folder, too."""
    module, colon, name = place.partition(":")
    if not (module and colon and name):
        raise Ending(f"--kani {place} is no MODULE:NAME", MISUSED)
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as missing:
        raise Ending(f"--kani {place}: there is no module {missing.name}", MISUSED) from None
    except AttributeError:
        raise Ending(f"--kani {place}: {module} has no {name}", MISUSED) from None
    finally:
        sys.path.remove(here)
