"""Names of classes: events after their wire type, models after `spec/names.toml`, the rest derived.

The rule: a name is never numbered and never invented by the generator. What is inline upstream gets
the name of its owner and its field, unless the table says better. A curated name that nothing uses
stops the build.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["NameTable", "NamingError", "pascal"]


class NamingError(Exception):
    """A name is missing, unused, or stands for two different things."""


def pascal(words: str) -> str:
    """`response.output_audio.delta` → `ResponseOutputAudioDelta`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^0-9A-Za-z]+", words))


@dataclass
class NameTable:
    """The curated names of one dialect, and which of them were asked for."""

    dialect: str
    events: Mapping[str, str]
    schemas: Mapping[str, str]
    fields: Mapping[str, str]
    unknown: Mapping[str, str]
    used: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    @classmethod
    def read(cls, dialect: str, tables: Mapping[str, Any]) -> "NameTable":
        """The table of a dialect out of the whole `names.toml`."""
        own = tables[dialect]
        return cls(dialect, tables.get("events", {}), own["schemas"], own["fields"], own["unknown"])

    def event(self, wire_type: str) -> str:
        """The class of an event."""
        return self.events.get(wire_type) or pascal(wire_type)

    def schema(self, upstream: str) -> str:
        """The class of a named schema."""
        return self._curated("schemas", upstream) or upstream.removeprefix("Realtime")

    def inline(self, owner: str, step: str) -> str:
        """The class of what stands inline in a field (or, in a union, under a tag value) of `owner`."""
        return self._curated("fields", f"{owner}.{step}") or owner + pascal(step)

    def unknown_of(self, union: str) -> str:
        """The open member of a union."""
        found = self._curated("unknown", union)
        if not found:
            raise NamingError(f"names.toml [{self.dialect}.unknown] has no open member for the union {union}")
        return found

    def check_all_used(self) -> None:
        """Raise if a curated name was never asked for."""
        for table in ("schemas", "fields", "unknown"):
            for key in getattr(self, table):
                if (table, key) not in self.used:
                    raise NamingError(f"names.toml [{self.dialect}.{table}] {key!r} names nothing")

    def _curated(self, table: str, key: str) -> str | None:
        self.used.add((table, key))
        found: str | None = getattr(self, table).get(key)
        return found
