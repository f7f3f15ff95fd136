"""`realtime-sdk serve` and `record`: servers that run until a signal. First on stdout comes the URL, then the paths."""

import signal
import ssl
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Literal, Protocol

import anyio

import realtime_sdk as rt
from realtime_sdk.audio.packed import open_log
from realtime_sdk.cli.ending import MISUSED, Ending
from realtime_sdk.cli.lines import visible
from realtime_sdk.errors import LocalProtocolError, ReplayMismatch, ScenarioError
from realtime_sdk.simulator import Fault, load_scenario
from realtime_sdk.simulator.proxy import record_proxy
from realtime_sdk.simulator.replaying import replay_server
from realtime_sdk.simulator.simulation import Options, Simulation
from realtime_sdk.simulator.sockets import LOOPBACK, Where
from realtime_sdk.transport.script import Check

__all__ = ["Where", "options_of", "place_of", "record", "refuse_beside_replay", "replay", "simulate", "tls_of"]

GOING_AWAY = Fault("close", message="the server is going away", close_code=1001)


class _Listening(Protocol):
    @property
    def url(self) -> str: ...


def simulate(
    where: Where, options: Options, *, speed: float, scenario: Path | None, log: Path | None, faults: Sequence[str]
) -> None:
    """Run the simulator until a signal. An Ending also where steps of the scenario are left over then."""
    _check_speed(speed)
    options = {**options, "keep": False, "tls": where.get("tls")}
    try:
        script = None if scenario is None else load_scenario(scenario)
        if faults:
            from realtime_sdk.simulator.fault_script import parse_faults

            options["faults"] = tuple(one for text in faults for one in parse_faults(text))
    except ScenarioError as error:
        raise Ending(str(error), MISUSED) from None
    if log is not None:
        _check_folder(log)
    host, port = where.get("host", LOOPBACK), where.get("port", 0)
    opening = partial(rt.simulate, script, speed=speed, host=host, port=port, log_dir=log, **options)
    try:
        _run(opening, where, *(() if log is None else (f"logs: {log}",)))
    except ExceptionGroup as failed:  # what replies raised; the clients were told that they failed
        first = failed.exceptions[0]
        raise Ending(f"a reply failed: {type(first).__name__}: {visible(str(first))}") from None


def replay(where: Where, log: Path, *, match: Check, speed: float) -> None:
    """Speak a log until a signal. What clients sent that the log does not have is said on stderr."""
    _check_speed(speed)
    with open_log(log) as stream:
        records = tuple(stream)
    _run(partial(replay_server, records, check=match, speed=speed, on_mismatch=_tell_mismatch, **where), where)


def record(where: Where, to: str, *, log: Path, redact: Sequence[str]) -> None:
    """Pass on and record until a signal; the path of each log is printed when its session begins."""
    _check_folder(log)
    try:
        opening = partial(record_proxy, to, log_dir=log, on_log=partial(print, flush=True), redact=redact, **where)
        _run(opening, where)
    except LocalProtocolError as error:
        raise Ending(str(error), MISUSED) from None


def _run(opening: Callable[[], AbstractAsyncContextManager[_Listening]], where: Where, *lines: str) -> None:
    """Open the server, print its URL and these lines, and wait for a signal, with which the command ends."""
    try:
        number = anyio.run(partial(_serve, opening, lines))
    except OSError as error:
        if error.filename is not None or isinstance(error, BrokenPipeError):
            raise
        place = f"{where.get('host')}:{where.get('port')}"
        raise Ending(f"cannot listen at {place}: {error.strerror}") from None
    raise Ending("", 128 + number)


async def _serve(opening: Callable[[], AbstractAsyncContextManager[_Listening]], lines: Sequence[str]) -> int:
    async with opening() as server:
        print(server.url, *lines, sep="\n", flush=True)
        number = await _told_to_end()
        if isinstance(server, Simulation):
            server.fault(GOING_AWAY)
    return number


async def _told_to_end() -> int:
    """The number of the signal that ends the command: Ctrl-C, or a polite kill. On Windows Ctrl-C is raised instead."""
    if sys.platform == "win32":
        await anyio.sleep_forever()
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        return await anext(signals)


def _tell_mismatch(mismatch: ReplayMismatch) -> None:
    print(f"mismatch: {visible(str(mismatch))}", file=sys.stderr, flush=True)


# --- what was asked for -----------------------------------------------------------------------------------------------


def options_of(
    *, seed: str, beta: Literal["accept", "refuse"] | None, kani: str | None, scenario: Path | None
) -> Options:
    """What was asked for of the simulation; what was not is left to the script."""
    options: Options = {"seed": seed}
    if beta is not None:
        options["beta"] = beta
    if kani is not None:
        if scenario is not None:
            raise Ending("--kani cannot be used with --scenario", MISUSED)
        from realtime_sdk.cli.minds import kani_replies

        options["new_reply"] = kani_replies(kani)
    return options


def refuse_beside_replay(**asked: object) -> None:
    """A replay says what was said: options that would change it are refused."""
    for name, value in asked.items():
        if value:
            raise Ending(f"--{name} cannot be used with --replay", MISUSED)


def place_of(listen: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `HOST` or `PORT`; the host in brackets if it is an IPv6 address."""
    host, _, port = (listen if ":" in listen else f":{listen}" if listen.isdigit() else f"{listen}:0").rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise Ending(f"--listen {listen} is no HOST:PORT", MISUSED)
    return host.strip("[]") or "127.0.0.1", int(port)


def tls_of(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """The TLS context of a certificate and its key, None without them."""
    if cert is None and key is None:
        return None
    if cert is None:
        raise Ending("--tls-key needs --tls-cert", MISUSED)
    for path in (cert, key):
        if path is not None and not path.is_file():
            raise Ending(f"{path}: No such file", MISUSED)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except ssl.SSLError as error:
        raise Ending(f"{cert} and {key or cert} are no certificate and its key ({error.reason})", MISUSED) from None
    return context


def _check_speed(speed: float) -> None:
    if not isfinite(speed):
        raise Ending(f"--speed {speed} is no speed", MISUSED)


def _check_folder(log: Path) -> None:
    if log.exists() and not log.is_dir():
        raise Ending(f"--log {log} is no folder", MISUSED)
