"""The other side of the wire: a realtime server that needs no key, no network and no sound card.

`simulate()` runs it; `brain` is its mind, without loop and clock; scenario, reply and persona say what it answers.
Loading it opens nothing; what needs an event loop is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from realtime_sdk.simulator.brain import Fault, McpServer, ToolOutput, Turn, Unheard, Utterance, Words
from realtime_sdk.simulator.ear import Clip, Ear, known_clips
from realtime_sdk.simulator.fault_script import parse_faults, read_faults
from realtime_sdk.simulator.faults import Trouble, WireFault
from realtime_sdk.simulator.persona import persona
from realtime_sdk.simulator.reply import Call, CallMcp, Fail, Reply, ReplyStep, Say, Think, Wait
from realtime_sdk.simulator.scenario import Rule, Scenario, ServerOptions, about, always, on, on_turn, when
from realtime_sdk.simulator.script import load_scenario

if TYPE_CHECKING:
    from realtime_sdk.simulator.proxy import RecordProxy, record_proxy
    from realtime_sdk.simulator.replaying import ReplayServer, replay_server
    from realtime_sdk.simulator.session import SimulatedSession
    from realtime_sdk.simulator.simulation import Simulation, simulate

__all__ = [
    "Call",
    "CallMcp",
    "Clip",
    "Ear",
    "Fail",
    "Fault",
    "McpServer",
    "RecordProxy",
    "ReplayServer",
    "Reply",
    "ReplyStep",
    "Rule",
    "Say",
    "Scenario",
    "ServerOptions",
    "SimulatedSession",
    "Simulation",
    "Think",
    "ToolOutput",
    "Trouble",
    "Turn",
    "Unheard",
    "Utterance",
    "Wait",
    "WireFault",
    "Words",
    "about",
    "always",
    "known_clips",
    "load_scenario",
    "on",
    "on_turn",
    "parse_faults",
    "persona",
    "read_faults",
    "record_proxy",
    "replay_server",
    "simulate",
    "when",
]

_LATER: Final = {
    "RecordProxy": "realtime_sdk.simulator.proxy",
    "ReplayServer": "realtime_sdk.simulator.replaying",
    "SimulatedSession": "realtime_sdk.simulator.session",
    "Simulation": "realtime_sdk.simulator.simulation",
    "record_proxy": "realtime_sdk.simulator.proxy",
    "replay_server": "realtime_sdk.simulator.replaying",
    "simulate": "realtime_sdk.simulator.simulation",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_LATER[name]), name)
        return value
