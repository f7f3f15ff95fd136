"""The door for tests in other languages: POST faults as JSON to `…/simulator/faults`, DELETE them there. No socket."""

from typing import Final, Protocol

from realtime_sdk.errors import ScenarioError
from realtime_sdk.simulator.fault_script import parse_faults
from realtime_sdk.simulator.faults import Trouble
from realtime_sdk.simulator.plain_http import Answer, Answering, Asked, refused

__all__ = ["Controlled", "with_control"]

_PATH: Final = "/simulator/faults"


class Controlled(Protocol):
    """What is controlled: a `Simulation`."""

    def fault(self, *faults: Trouble) -> None:
        """Let something go wrong."""
        ...

    def heal(self) -> None:
        """Let nothing go wrong any more."""
        ...


def with_control(controlled: Controlled, otherwise: Answering) -> Answering:
    """Answers what is asked at the door for faults; everything else is answered as `otherwise` does."""

    def answer(asked: Asked) -> Answer:
        return _answer(controlled, asked) if asked.path.rstrip("/").endswith(_PATH) else otherwise(asked)

    return answer


def _answer(controlled: Controlled, asked: Asked) -> Answer:
    if asked.method == "DELETE":
        controlled.heal()
        return Answer(200, {"faults": 0})
    if asked.method != "POST":
        return refused(405, f"Not allowed to {asked.method} on {asked.path}.", code="method_not_supported")
    try:
        faults = parse_faults(asked.body)
    except ScenarioError as wrong:
        return refused(400, str(wrong), code="invalid_fault")
    controlled.fault(*faults)
    return Answer(200, {"faults": len(faults)})
