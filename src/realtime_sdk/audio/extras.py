"""The optional packages of sound, imported at their first use. An absent one says which extra brings it."""

from importlib import import_module
from typing import Any

from realtime_sdk.errors import RealtimeError

__all__ = ["Extra", "MissingExtraError"]


class MissingExtraError(RealtimeError, ModuleNotFoundError):
    """A package of an extra is not installed, or cannot load here. `extra` is the extra that brings it."""

    def __init__(self, message: str, *, name: str, extra: str) -> None:
        super().__init__(message, name=name)
        self.extra = extra


class Extra:
    """A module that is imported when something of it is first asked for.

    Raises MissingExtraError where that fails.
    """

    def __init__(self, module: str, *, extra: str, package: str | None = None) -> None:
        self._module = module
        self._extra = extra
        self._package = package or module

    # Any: the modules behind it are foreign, and typed where they are used.
    def __getattr__(self, name: str) -> Any:
        found = getattr(self._load(), name)
        setattr(self, name, found)
        return found

    def _load(self) -> object:
        try:
            return import_module(self._module)
        # OSError: the package is there, the library it binds is not.
        except (ImportError, OSError) as error:
            raise MissingExtraError(
                f'{self._package} cannot be imported ({error}): pip install "realtime-sdk[{self._extra}]"',
                name=self._module,
                extra=self._extra,
            ) from error
