"""Ids that look like the service's and are the same in every run: a key out of the seed, and a number.

`item_` + 15 characters of the session + 6 digits: 26 characters, of the 32 that an id may have.
"""

from dataclasses import dataclass, replace
from hashlib import blake2b
from string import ascii_letters, digits

__all__ = ["Ids", "filler"]

_ALPHABET = digits + ascii_letters
_KEY_LENGTH = 15
_LONGEST_FILLER = 16


@dataclass(frozen=True, slots=True)
class Ids:
    """What the ids of a session are made from: `key` is the session's, `count` how many were given out."""

    key: str
    count: int = 0

    @classmethod
    def seeded(cls, seed: str) -> "Ids":
        """The ids of a session; equal seeds give equal ids."""
        number = int.from_bytes(blake2b(seed.encode(), digest_size=16).digest())
        return cls(
            "".join(_ALPHABET[number // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(_KEY_LENGTH))
        )

    def of(self, kind: str, number: int) -> str:
        """The id of a kind with this number."""
        return f"{kind}_{self.key}{number:06d}"

    def next(self, kind: str) -> "tuple[Ids, str]":
        """A new id of this kind (`item`, `resp`, `call`, …)."""
        return replace(self, count=self.count + 1), self.of(kind, self.count)


def filler(delta: str, number: int) -> str:
    """What the service adds to a delta as `obfuscation`, so that its length does not tell the text's."""
    wanted = max(_LONGEST_FILLER - len(delta), 0)
    return "".join(_ALPHABET[(number * 31 + place * 17 + len(delta)) % len(_ALPHABET)] for place in range(wanted))
