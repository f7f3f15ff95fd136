"""The four ways in which a scenario is run: in memory and over a real websocket, GA and the beta dialect.

`LEFT_OUT` says of every test that cannot be run in all four which it leaves out and why, `WITHOUT_A_WIRE` which
scenarios have nothing to do with any. The tests of the matrix hold both tables to what is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["BETA_HEADERS", "LEFT_OUT", "MEMORY", "WIRES", "WITHOUT_A_WIRE", "LeftOut", "Wire", "wires_of"]

BETA_HEADERS: Final = {"OpenAI-Beta": "realtime=v1"}


@dataclass(frozen=True)
class Wire:
    """One way: how frames travel, and in whose words."""

    carrier: Literal["memory", "socket"]
    dialect: Literal["ga", "beta"]

    def __str__(self) -> str:
        return f"{self.carrier}-{self.dialect}"

    @property
    def is_beta(self) -> bool:
        return self.dialect == "beta"

    @property
    def is_socket(self) -> bool:
        return self.carrier == "socket"

    @property
    def headers(self) -> dict[str, str]:
        """What a user gives to have this dialect spoken."""
        return dict(BETA_HEADERS) if self.is_beta else {}


MEMORY: Final = Wire("memory", "ga")
WIRES: Final = (MEMORY, Wire("memory", "beta"), Wire("socket", "ga"), Wire("socket", "beta"))


@dataclass(frozen=True)
class LeftOut:
    """A dialect or a carrier that a test does without, and why."""

    what: str
    why: str


LEFT_OUT: Final[Mapping[str, LeftOut]] = {}
"""Name of a test → what of the matrix it leaves out."""

WITHOUT_A_WIRE: Final[Mapping[str, str]] = {
    "K54": "counting a prompt asks no server",
    "K58": "importing asks no server",
    "K59": "Kani's command has no option for a dialect; its tests start it against the simulator's websocket",
    "K61": "the speaker knows no server",
}
"""Scenario → why no server takes part in it."""


def wires_of(test: str) -> tuple[Wire, ...]:
    """The ways in which a test is run."""
    left = LEFT_OUT.get(test)
    return tuple(wire for wire in WIRES if left is None or left.what not in (wire.carrier, wire.dialect))
